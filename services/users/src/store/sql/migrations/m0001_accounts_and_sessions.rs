//! Users, what signs in to their accounts, their sessions, and the keys of their tokens.

use sea_orm::{DbBackend, DeriveMigrationName};
use sea_orm_migration::{
    MigrationTrait, SchemaManager,
    async_trait::async_trait,
    sea_orm,
    sea_orm::{ConnectionTrait as _, DbErr},
};

#[derive(DeriveMigrationName)]
pub(in super::super) struct Migration;

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(&in_dialect(statement, backend)).await?;
        }
        Ok(())
    }
}

/// The schema, with words for what the two databases name differently.
///
/// NAME is text ordered and compared by its bytes: SQLite does so by itself, PostgreSQL by the collation "C", without which
/// neither the order of pages nor the range of a prefix would be that of an index.
const STATEMENTS: &[&str] = &[
    "CREATE TABLE users (
        id ID PRIMARY KEY,
        handle NAME NOT NULL,
        display_name TEXT NOT NULL,
        display_name_key NAME NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE UNIQUE INDEX users_by_handle ON users (handle)",
    "CREATE INDEX users_by_display_name ON users (display_name_key, handle)",
    "CREATE TABLE credentials (
        user_id ID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        password_hash TEXT NOT NULL
    )",
    "CREATE TABLE sessions (
        id ID PRIMARY KEY,
        user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        device_name TEXT,
        created_at BIGINT NOT NULL,
        expire_at BIGINT NOT NULL,
        ended_at BIGINT,
        forget_at BIGINT
    )",
    "CREATE INDEX sessions_by_user ON sessions (user_id)",
    "CREATE INDEX sessions_by_end ON sessions (ended_at, id)",
    "CREATE INDEX sessions_by_expiry ON sessions (expire_at)",
    "CREATE INDEX sessions_by_forgetting ON sessions (forget_at)",
    "CREATE TABLE refresh_tokens (
        hash BYTES PRIMARY KEY,
        session_id ID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        issued_at BIGINT NOT NULL,
        expire_at BIGINT NOT NULL,
        spent_at BIGINT,
        successor BYTES NULL
    )",
    "CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id)",
    "CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expire_at)",
    "CREATE TABLE signing_keys (
        generation INTEGER PRIMARY KEY,
        key_id TEXT NOT NULL UNIQUE,
        private_pkcs8 BYTES NOT NULL,
        public_ed25519 BYTES NOT NULL,
        created_at BIGINT NOT NULL
    )",
];

fn in_dialect(statement: &str, backend: DbBackend) -> String {
    let (id, name, bytes) = match backend {
        DbBackend::Postgres => ("UUID", r#"TEXT COLLATE "C""#, "BYTEA"),
        _ => ("BLOB", "TEXT", "BLOB"),
    };
    [(" ID ", id), (" NAME ", name), (" BYTES ", bytes)]
        .into_iter()
        .fold(statement.to_owned(), |text, (word, column)| text.replace(word, &format!(" {column} ")))
}
