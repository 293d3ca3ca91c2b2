//! Reading the store of rooms from outside, to be judged against the rooms' logs: what `loquat verify`, `repair`, `backup`
//! and `restore` need of this service.
//!
//! Reading changes nothing, neither data nor schema, and may go on while processes write. It goes by rows of its own, not
//! through the ports: what is judged may be what no port would let in.

mod reading;
mod rebuilding;
mod settling;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use loquat_ids::{EventId, RoomId, Timestamp, UserId};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, IsolationLevel, Statement, TransactionTrait as _, sqlx::sqlite::SqliteConnectOptions,
};
use sea_orm_migration::MigratorTrait as _;
use tokio::sync::{OnceCell, mpsc};

use super::migration::Migrator;
use crate::model::{Change, Life, Membership, Role, Room};

/// How long one statement may take.
const DEADLINE: Duration = Duration::from_secs(60);
/// How many rooms wait to be judged.
const WAITING_ROOMS: usize = 16;

/// Why a store cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The URL is of no store that this service has.
    #[error("it must be sqlite:<file> or postgres://…")]
    UnknownKind,
    /// There is nothing, or nothing of this service.
    #[error("it holds no store of rooms: {0}")]
    NotThere(String),
    /// A later program has written it.
    #[error("it is newer than this program: it has {0}")]
    Newer(String),
    /// It has not been brought up to date.
    #[error("it is older than this program, which brings it up to date when it is started on it: it lacks {0}")]
    Older(String),
    /// The database refuses or does not answer.
    #[error("the store of rooms does not answer")]
    Sql(#[from] DbErr),
}

/// A room as its store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedRoom {
    /// The room's id. There is something of it in the store.
    pub id: RoomId,
    /// The room, or why it cannot be read. Nothing where rows of other tables name a room that is not there.
    pub room: Option<Result<Room, String>>,
    /// Who is in it, by id.
    pub members: Vec<AuditedMember>,
    /// In whose lists it stands or stood, by id, and whether they say that their owner is a member.
    pub listed: Vec<(UserId, bool)>,
    /// The changes that the outbox still has, by version.
    pub outbox: Vec<AuditedDecision>,
}

impl AuditedRoom {
    /// Gives each change of the outbox its place in the log, or none, and returns those that had another: what
    /// [`RoomAudit::settle_outbox`] does in the store.
    pub fn settle_outbox(&mut self, place: impl Fn(&AuditedDecision) -> Option<u64>) -> Vec<(EventId, Option<u64>)> {
        let mut settled = Vec::new();
        for row in &mut self.outbox {
            let seq = place(row);
            if row.seq != seq {
                row.seq = seq;
                settled.push((row.event_id, seq));
            }
        }
        settled
    }
}

/// A membership as the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditedMember {
    /// Who.
    pub user: UserId,
    /// What the person is to the room. Nothing where the store holds no role that there is.
    pub role: Option<Role>,
    /// When the person came.
    pub join_time: Timestamp,
}

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedDecision {
    /// The event.
    pub event_id: EventId,
    /// The version of the room that it leads to.
    pub version: u64,
    /// Its place in the log, where the store knows of one.
    pub seq: Option<u64>,
    /// What changed, or why that cannot be read.
    pub change: Result<Change, String>,
}

/// What the store must have of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RebuiltRoom {
    /// The room.
    pub room: Room,
    /// Who is in it.
    pub members: Vec<Membership>,
    /// The events that the outbox may have, with the places of those that are in the log. Others go.
    pub outbox: BTreeMap<EventId, Option<u64>>,
}

/// A store of rooms, opened to be judged.
#[derive(Debug, Clone)]
pub struct RoomAudit {
    db: DatabaseConnection,
    /// The life of lists that mending begins, once.
    mending_life: Arc<OnceCell<Life>>,
}

impl RoomAudit {
    /// Opens the store of a URL as [`Settings`](crate::Settings) names it. It makes nothing where there is nothing.
    ///
    /// # Errors
    ///
    /// Where there is no store, it is of another version than this program, or it does not answer.
    pub async fn open(url: &str) -> Result<Self, AuditError> {
        let mut options = ConnectOptions::new(url);
        options.sqlx_logging(false).max_connections(4).acquire_timeout(DEADLINE).connect_timeout(DEADLINE);
        // See `without_upkeep` in `connect`.
        options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
        match url.split_once(':') {
            Some(("sqlite", path)) => {
                let there: SqliteConnectOptions =
                    path.parse().map_err(|_| AuditError::NotThere("its URL names no file".to_owned()))?;
                if !there.get_filename().is_file() {
                    return Err(AuditError::NotThere(format!("{} is not there", there.get_filename().display())));
                }
                options.map_sqlx_sqlite_opts(|sqlite| sqlite.create_if_missing(false));
            }
            Some(("postgres" | "postgresql", _)) => {}
            _ => return Err(AuditError::UnknownKind),
        }
        let audit = Self { db: Database::connect(options).await?, mending_life: Arc::default() };
        audit.check_schema().await?;
        Ok(audit)
    }

    async fn check_schema(&self) -> Result<(), AuditError> {
        let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let query = Statement::from_string(self.backend(), "SELECT version FROM seaql_migrations");
        let rows = self.db.query_all_raw(query).await.map_err(|error| {
            let text = error.to_string();
            if text.contains("no such table") || text.contains("does not exist") {
                AuditError::NotThere("its tables are not there".to_owned())
            } else {
                error.into()
            }
        })?;
        let applied: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?;
        if let Some(newer) = applied.iter().find(|version| !known.contains(version)) {
            return Err(AuditError::Newer(newer.clone()));
        }
        known
            .into_iter()
            .find(|version| !applied.contains(version))
            .map_or(Ok(()), |lacking| Err(AuditError::Older(lacking)))
    }

    /// Runs the database's own check of its file, where it has one, and returns what that finds.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn judge_database(&self) -> Result<Vec<String>, AuditError> {
        if self.backend() != DbBackend::Sqlite {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for check in
            ["PRAGMA integrity_check(100)", "SELECT \"table\" || ' has a row of no room' FROM pragma_foreign_key_check"]
        {
            let rows = self.db.query_all_raw(Statement::from_string(DbBackend::Sqlite, check)).await?;
            for row in rows {
                found.push(row.try_get_by_index::<String>(0)?);
            }
        }
        found.retain(|told| told != "ok");
        Ok(found)
    }

    /// Reads every room of which there is anything, in the order of ids, all as of the moment at which this was called.
    ///
    /// The last thing that comes is an error where there was one.
    #[must_use]
    pub fn rooms(&self) -> mpsc::Receiver<Result<AuditedRoom, AuditError>> {
        let (sender, rooms) = mpsc::channel(WAITING_ROOMS);
        tokio::spawn(reading::read_all(self.clone(), sender));
        rooms
    }

    /// Reads one room as it is now. Nothing where there is nothing of it.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn room(&self, id: RoomId) -> Result<Option<AuditedRoom>, AuditError> {
        reading::read_one(self, id).await
    }

    /// Gives changes in the outbox their places in the log. What has none is taken there again by whoever serves.
    ///
    /// # Errors
    ///
    /// The store does not answer, or refuses.
    pub async fn settle_outbox(&self, places: &[(EventId, Option<u64>)]) -> Result<(), AuditError> {
        settling::settle_outbox(self, places).await
    }

    /// Makes what the store has of a room what it must be; of a room that must not be there it takes all away. The people
    /// concerned find it in their lists as a change.
    ///
    /// # Errors
    ///
    /// The store does not answer, or refuses.
    pub async fn rebuild(&self, id: RoomId, wanted: Option<&RebuiltRoom>) -> Result<(), AuditError> {
        rebuilding::rebuild(self, id, wanted).await
    }

    /// Closes the connections, so that nothing of them is left beside a file.
    ///
    /// # Errors
    ///
    /// The store does not let go.
    pub async fn close(self) -> Result<(), AuditError> {
        Ok(self.db.close_by_ref().await?)
    }

    fn backend(&self) -> DbBackend {
        self.db.get_database_backend()
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
}
