//! The events, and the facts about the store.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// Writers of SQLite take turns, so that its positions grow in the order of commits.
const SQLITE: &str = "
    CREATE TABLE room_events (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        room_id BLOB NOT NULL,
        seq INTEGER NOT NULL,
        event_id BLOB NOT NULL,
        class INTEGER NOT NULL,
        dedup_key TEXT NOT NULL,
        actor_id BLOB,
        create_time INTEGER NOT NULL,
        traceparent TEXT,
        tracestate TEXT,
        content_hash BLOB NOT NULL,
        payload TEXT NOT NULL
    ) STRICT;
";

/// A position is the number of the transaction that wrote the event: a scan reads on from the oldest that may still be
/// running, so that none of them is passed over, in whatever order they commit.
const POSTGRES: &str = "
    CREATE TABLE room_events (
        position BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
        room_id UUID NOT NULL,
        seq BIGINT NOT NULL,
        event_id UUID NOT NULL,
        class SMALLINT NOT NULL,
        dedup_key TEXT NOT NULL,
        actor_id UUID,
        create_time BIGINT NOT NULL,
        traceparent TEXT,
        tracestate TEXT,
        content_hash BYTEA NOT NULL,
        payload TEXT NOT NULL
    );
    CREATE INDEX room_events_position ON room_events (position);
";

/// The first two are the fence between writers.
const INDEXES: &str = "
    CREATE UNIQUE INDEX room_events_place ON room_events (room_id, seq);
    CREATE UNIQUE INDEX room_events_dedup_key ON room_events (room_id, dedup_key);
    CREATE INDEX room_events_class ON room_events (room_id, class, seq);
    CREATE INDEX room_events_event ON room_events (room_id, event_id);
    CREATE TABLE room_log_facts (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let is_sqlite = db.get_database_backend() == DbBackend::Sqlite;
        db.execute_unprepared(if is_sqlite { SQLITE } else { POSTGRES }).await?;
        db.execute_unprepared(INDEXES).await?;
        Ok(())
    }
}
