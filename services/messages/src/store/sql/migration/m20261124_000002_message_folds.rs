//! What has become of messages, and how far rooms are folded.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const SQLITE: &str = "
    CREATE TABLE message_folds (
        room_id BLOB NOT NULL,
        message_seq INTEGER NOT NULL,
        as_of INTEGER NOT NULL,
        payload TEXT NOT NULL,
        PRIMARY KEY (room_id, message_seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE room_folds (
        room_id BLOB NOT NULL PRIMARY KEY,
        folded_seq INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

const POSTGRES: &str = "
    CREATE TABLE message_folds (
        room_id UUID NOT NULL,
        message_seq BIGINT NOT NULL,
        as_of BIGINT NOT NULL,
        payload TEXT NOT NULL,
        CONSTRAINT message_folds_place PRIMARY KEY (room_id, message_seq)
    );
    CREATE TABLE room_folds (
        room_id UUID NOT NULL CONSTRAINT room_folds_room PRIMARY KEY,
        folded_seq BIGINT NOT NULL
    );
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let is_sqlite = db.get_database_backend() == DbBackend::Sqlite;
        db.execute_unprepared(if is_sqlite { SQLITE } else { POSTGRES }).await?;
        Ok(())
    }
}
