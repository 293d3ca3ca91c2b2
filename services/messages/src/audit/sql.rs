//! Logs on SQLite and PostgreSQL.

use std::time::Duration;

use futures::StreamExt as _;
use loquat_ids::{EventId, RoomId, UserId};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, IsolationLevel, QueryResult, Statement, StreamTrait as _, TransactionTrait as _, Value,
    sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions},
};
use uuid::Uuid;

use super::{
    AuditError, DEADLINE, LogDamage, LogFault, Row, Rows,
    folds::{FoldFacts, FoldWindow, KeptFold},
};
use crate::model::Seq;

/// The schema that is judged, oldest first: what `store/sql/migration` makes.
const SCHEMA: [&str; 2] = ["m20261101_000001_room_events", "m20261124_000002_message_folds"];

/// The two indexes that are the fence between writers, each with how it is made.
pub(super) const FENCE: [(&str, &str); 2] = [
    ("room_events_place", "CREATE UNIQUE INDEX room_events_place ON room_events (room_id, seq)"),
    ("room_events_dedup_key", "CREATE UNIQUE INDEX room_events_dedup_key ON room_events (room_id, dedup_key)"),
];

/// How many places of one kind of damage that is no one log's are told.
const LISTED: &str = "100";

/// A database of logs.
#[derive(Debug, Clone)]
pub(super) struct SqlLogs {
    db: DatabaseConnection,
}

impl SqlLogs {
    pub(super) async fn open(url: &str) -> Result<Self, AuditError> {
        let mut options = ConnectOptions::new(url);
        options.sqlx_logging(false).max_connections(4).acquire_timeout(DEADLINE).connect_timeout(DEADLINE);
        // As where the store connects: see its `without_upkeep`.
        options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
        if let Some(path) = url.strip_prefix("sqlite:") {
            // The pool would make the file, and wait for one that is not there.
            let there =
                path.parse::<SqliteConnectOptions>().map_err(|error| AuditError::NotThere(error.to_string()))?;
            if !there.get_filename().is_file() {
                return Err(AuditError::NotThere(format!("{} is not there", there.get_filename().display())));
            }
            options.map_sqlx_sqlite_opts(|options| options.create_if_missing(false).disable_statement_logging());
        }
        let logs = Self { db: Database::connect(options).await? };
        logs.check_schema().await?;
        Ok(logs)
    }

    pub(super) const fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    async fn check_schema(&self) -> Result<(), AuditError> {
        let query = Statement::from_string(self.backend(), "SELECT version FROM room_log_migrations ORDER BY version");
        let rows = self.db.query_all_raw(query).await.map_err(|error| {
            if is_absent(&error) { AuditError::NotThere("its tables are not there".to_owned()) } else { error.into() }
        })?;
        let applied: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?;
        if let Some(newer) = applied.iter().find(|version| !SCHEMA.contains(&version.as_str())) {
            return Err(AuditError::Newer(newer.clone()));
        }
        match SCHEMA.iter().find(|version| !applied.iter().any(|applied| applied == *version)) {
            Some(lacking) => Err(AuditError::Older((*lacking).to_owned())),
            None => Ok(()),
        }
    }

    pub(super) async fn judge_store(&self) -> Result<Vec<LogDamage>, AuditError> {
        let mut damages = Vec::new();
        if self.backend() == DbBackend::Sqlite {
            for row in self.rows("PRAGMA integrity_check(100)").await? {
                let told: String = row.try_get_by_index(0)?;
                if told != "ok" {
                    damages.push(LogDamage::of_store(LogFault::Database(told)));
                }
            }
        }
        let there = match self.backend() {
            DbBackend::Postgres => "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'room_events'",
            _ => {
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'room_events' AND sql IS NOT NULL"
            }
        };
        let there: Vec<(String, String)> = self
            .rows(there)
            .await?
            .iter()
            .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
            .collect::<Result<_, DbErr>>()?;
        for (name, _) in FENCE {
            let is_fence = |(index, sql): &(String, String)| index == name && sql.contains("CREATE UNIQUE INDEX");
            if !there.iter().any(is_fence) {
                damages.push(LogDamage::of_store(LogFault::IndexMissing(name)));
            }
        }
        damages.extend(self.twice("dedup_key").await?);
        damages.extend(self.twice("event_id").await?);
        damages.extend(self.folds_without_log().await?);
        damages.extend(self.positions_ahead().await?);
        Ok(damages)
    }

    /// PostgreSQL's positions are numbers of transactions, which another server counts anew.
    async fn positions_ahead(&self) -> Result<Option<LogDamage>, AuditError> {
        if self.backend() != DbBackend::Postgres {
            return Ok(None);
        }
        // In this order: what is written in between is below the next.
        let query = "SELECT COALESCE(MAX(position), 0) FROM room_events";
        let reached: i64 = self.rows(query).await?.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
        let query = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
        let next: i64 = self.rows(query).await?.first().map_or(Ok(i64::MAX), |row| row.try_get_by_index(0))?;
        Ok((reached >= next).then(|| LogDamage::of_store(LogFault::PositionsAhead { reached, next })))
    }

    /// Finds what is kept of rooms that have no log. In those that have one it is found with the log.
    async fn folds_without_log(&self) -> Result<Vec<LogDamage>, AuditError> {
        let query = format!(
            "SELECT room_id FROM (SELECT room_id FROM message_folds UNION SELECT room_id FROM room_folds) AS kept \
             WHERE NOT EXISTS (SELECT 1 FROM room_events WHERE room_events.room_id = kept.room_id) \
             ORDER BY room_id LIMIT {LISTED}"
        );
        let damage = |row: &QueryResult| {
            let room = Some(RoomId::from_uuid(row.try_get_by_index::<Uuid>(0)?));
            Ok(LogDamage { room, seq: None, fault: LogFault::FoldWithoutMessage })
        };
        Ok(self.rows(&query).await?.iter().map(damage).collect::<Result<_, DbErr>>()?)
    }

    /// Finds what stands more than once in one log.
    async fn twice(&self, column: &'static str) -> Result<Vec<LogDamage>, AuditError> {
        let query = format!(
            "SELECT room_id, {column}, MAX(seq) AS seq FROM room_events GROUP BY room_id, {column} HAVING COUNT(*) > 1 \
             LIMIT {LISTED}"
        );
        let damage = |row: &QueryResult| {
            let fault = match column {
                "event_id" => LogFault::EventTwice(EventId::from_uuid(row.try_get_by_index(1)?)),
                _ => LogFault::KeyTwice(row.try_get_by_index(1)?),
            };
            let room = Some(RoomId::from_uuid(row.try_get_by_index::<Uuid>(0)?));
            let seq = row.try_get_by_index::<i64>(2)?.try_into().ok();
            Ok(LogDamage { room, seq, fault })
        };
        Ok(self.rows(&query).await?.iter().map(damage).collect::<Result<_, DbErr>>()?)
    }

    async fn rows(&self, query: &str) -> Result<Vec<QueryResult>, DbErr> {
        self.db.query_all_raw(Statement::from_string(self.backend(), query)).await
    }

    /// Begins to read from one snapshot.
    async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        match self.backend() {
            DbBackend::Postgres => {
                self.db.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await
            }
            _ => self.db.begin().await,
        }
    }

    /// Reads all events, or those of one room, as they are at this moment.
    pub(super) async fn stream(self, only: Option<RoomId>, rows: Rows) {
        if let Err(error) = self.stream_into(only, &rows).await {
            // Whoever asked may have left.
            drop(rows.send(Err(error)).await);
        }
    }

    async fn stream_into(&self, only: Option<RoomId>, rows: &Rows) -> Result<(), AuditError> {
        let snapshot = self.snapshot().await?;
        let mut found = snapshot.stream_raw(self.events_statement(only)).await?;
        while let Some(row) = tokio::time::timeout(DEADLINE, found.next()).await.map_err(|_| AuditError::Silent)? {
            if rows.send(Ok(to_row(&row?)?)).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Reads how far a room is folded, and whether anything is kept of its messages.
    pub(super) async fn fold_facts(&self, room: RoomId) -> Result<FoldFacts, AuditError> {
        let folded_to = "SELECT folded_seq FROM room_folds WHERE room_id = $1";
        let folded_to = Statement::from_sql_and_values(self.backend(), folded_to, [room.as_uuid().into()]);
        let folded_to = self.db.query_one_raw(folded_to).await?.map(|row| row.try_get_by_index(0)).transpose()?;
        let any = "SELECT 1 FROM message_folds WHERE room_id = $1 LIMIT 1";
        let any = Statement::from_sql_and_values(self.backend(), any, [room.as_uuid().into()]);
        let has_folds = self.db.query_one_raw(any).await?.is_some();
        Ok(FoldFacts { folded_to: Seq::from_stored(folded_to.unwrap_or(0)), has_folds })
    }

    /// Goes through a room for a window of its messages: first what is kept of them, then the events, of one moment.
    pub(super) async fn fold(&self, room: RoomId, window: &mut FoldWindow) -> Result<(), AuditError> {
        let snapshot = self.snapshot().await?;
        let folded_to = "SELECT folded_seq FROM room_folds WHERE room_id = $1";
        let folded_to = Statement::from_sql_and_values(self.backend(), folded_to, [room.as_uuid().into()]);
        let folded_to = snapshot.query_one_raw(folded_to).await?.map(|row| row.try_get_by_index(0)).transpose()?;
        let kept = "SELECT message_seq, as_of, payload FROM message_folds WHERE room_id = $1 AND message_seq > $2 \
                    ORDER BY message_seq LIMIT $3";
        let values = [room.as_uuid().into(), window.after().to_stored().into(), FoldWindow::LIMIT.into()];
        let kept = snapshot.query_all_raw(Statement::from_sql_and_values(self.backend(), kept, values)).await?;
        let kept = kept.iter().map(|row| {
            let payload: String = row.try_get_by_index(2)?;
            let fold = serde_json::from_str(&payload).map_err(|error| error.to_string());
            Ok(KeptFold {
                message: Seq::from_stored(row.try_get_by_index(0)?),
                as_of: Seq::from_stored(row.try_get_by_index(1)?),
                fold,
            })
        });
        window.begin(Seq::from_stored(folded_to.unwrap_or(0)), kept.collect::<Result<_, DbErr>>()?);
        let mut found = snapshot.stream_raw(self.events_statement(Some(room))).await?;
        while let Some(row) = tokio::time::timeout(DEADLINE, found.next()).await.map_err(|_| AuditError::Silent)? {
            window.take(&to_row(&row?)?);
        }
        Ok(())
    }

    fn events_statement(&self, only: Option<RoomId>) -> Statement {
        let filter = if only.is_some() { "WHERE room_id = $1 " } else { "" };
        let query = format!(
            "SELECT room_id, seq, event_id, actor_id, class, create_time, payload FROM room_events \
             {filter}ORDER BY room_id, seq, create_time, event_id"
        );
        let values: Vec<Value> = only.map(|room| room.as_uuid().into()).into_iter().collect();
        Statement::from_sql_and_values(self.backend(), query, values)
    }
}

fn to_row(row: &QueryResult) -> Result<Row, DbErr> {
    let payload: String = row.try_get("", "payload")?;
    Ok(Row {
        room: RoomId::from_uuid(row.try_get("", "room_id")?),
        seq: row.try_get("", "seq")?,
        event_id: EventId::from_uuid(row.try_get("", "event_id")?),
        actor: row.try_get::<Option<Uuid>>("", "actor_id")?.map(UserId::from_uuid),
        class: row.try_get("", "class")?,
        create_time: row.try_get("", "create_time")?,
        change: serde_json::from_str(&payload).map_err(|error| error.to_string()),
    })
}

/// Neither SQLite nor PostgreSQL has a code of its own for a missing table that sea-orm hands on.
fn is_absent(error: &DbErr) -> bool {
    let text = error.to_string();
    text.contains("no such table") || text.contains("does not exist")
}
