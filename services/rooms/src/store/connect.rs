//! Connecting to a database by its URL.

use std::{num::NonZeroU32, str::FromStr as _, time::Duration};

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr,
    sqlx::{
        Connection as _,
        postgres::PgConnectOptions,
        sqlite::{SqliteConnection, SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::time::timeout;

use super::migration;

/// How long a statement of SQLite waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a migration may take, and the end of the connections that it took.
const MIGRATION_DEADLINE: Duration = Duration::from_secs(60);
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is of no database that this code has a store for.
    #[error("the database must be sqlite:<file> or postgres://…")]
    Url,
    /// The database does not answer, or refuses.
    #[error("the database cannot be opened")]
    Unavailable(#[from] DbErr),
    /// A newer program has migrated the database.
    #[error("the database has schema version {version}, which is newer than this program")]
    Newer {
        /// The version that is not known here.
        version: String,
    },
    /// Bringing the schema up to date took too long.
    #[error("the schema could not be brought up to date within {} seconds", MIGRATION_DEADLINE.as_secs())]
    MigrationDeadline,
}

/// The connections to one database.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    /// Where decisions are written. On SQLite a single connection, so that writers queue here and not at the file's lock.
    pub(super) writer: DatabaseConnection,
    /// Where lists are read. On PostgreSQL the same pool as the writer.
    pub(super) reader: DatabaseConnection,
}

/// The URL of a database, as sea-orm can take it: it panics at one that is none.
#[derive(Debug, PartialEq, Eq)]
enum DatabaseUrl {
    Sqlite(String),
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads a URL. A database in memory is none of ours: each of its connections would have another.
    fn parse(url: &str) -> Result<Self, OpenError> {
        if let Some(file) = url.strip_prefix("sqlite:") {
            let file = file.strip_prefix("//").unwrap_or(file);
            let is_in_memory = file.contains(":memory:") || file.contains("mode=memory");
            // Without slashes the file is a path and not a host, which may have no spaces.
            return if file.is_empty() || is_in_memory {
                Err(OpenError::Url)
            } else {
                Ok(Self::Sqlite(format!("sqlite:{file}")))
            };
        }
        let is_server = url.starts_with("postgres://") || url.starts_with("postgresql://");
        if is_server && PgConnectOptions::from_str(url).is_ok() {
            Ok(Self::Postgres(url.to_owned()))
        } else {
            Err(OpenError::Url)
        }
    }

    async fn connect(&self, count: u32, deadline: Duration) -> Result<DatabaseConnection, DbErr> {
        let mut options = match self {
            Self::Sqlite(url) => sqlite_options(url),
            Self::Postgres(url) => {
                let mut options = ConnectOptions::new(url);
                // What nobody waits for any more ends in the server too.
                options.statement_timeout(deadline);
                options
            }
        };
        options.max_connections(count).connect_timeout(deadline).acquire_timeout(deadline).sqlx_logging(false);
        Database::connect(options).await
    }
}

fn sqlite_options(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
    });
    options.map_sqlx_sqlite_before_acquire(|connection, _| Box::pin(async { Ok(is_usable(connection)) }));
    options
}

/// Tells whether a connection may be used again. When a disk is full or fails, SQLite rolls a transaction back by itself; sqlx
/// counts it as open for ever, and everything after it would be acknowledged inside a transaction that nobody commits
/// (<https://www.sqlite.org/lang_transaction.html>, "Response To Errors Within A Transaction"). Such a connection is closed.
fn is_usable(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

/// Opens a database and brings its schema up to date.
pub(super) async fn connect(url: &str, count: NonZeroU32, deadline: Duration) -> Result<Connections, OpenError> {
    let url = DatabaseUrl::parse(url)?;
    let migrating = url.connect(2, MIGRATION_DEADLINE).await?;
    let migrated = timeout(MIGRATION_DEADLINE, migration::migrate(&migrating)).await;
    if timeout(CLOSE_DEADLINE, migrating.close_by_ref()).await.is_err() {
        tracing::warn!("the connections that migrated did not close in time");
    }
    if let Some(version) = migrated.map_err(|_| OpenError::MigrationDeadline)?? {
        return Err(OpenError::Newer { version });
    }
    let reader = url.connect(count.get(), deadline).await?;
    let writer = match url {
        DatabaseUrl::Sqlite(_) => url.connect(1, deadline).await?,
        DatabaseUrl::Postgres(_) => reader.clone(),
    };
    Ok(Connections { writer, reader })
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait as _, TransactionTrait as _};

    use super::*;

    /// SQLite rolls the transaction of a full disk back by itself. What is acknowledged after it must be committed.
    #[tokio::test]
    async fn what_is_written_after_a_full_disk_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = DatabaseUrl::parse(&format!("sqlite:{}", folder.path().join("a.sqlite").display())).expect("a URL");
        let second = Duration::from_secs(1);
        let writer = url.connect(1, second).await.expect("a file");
        for statement in ["CREATE TABLE words (word TEXT)", "PRAGMA max_page_count = 10"] {
            writer.execute_unprepared(statement).await.expect("a statement");
        }
        let full = writer.begin().await.expect("a transaction");
        let much = full.execute_unprepared("INSERT INTO words VALUES (randomblob(1000000))").await;
        assert!(much.expect_err("there is no room").to_string().contains("full"));
        drop(full);
        // One that finds nothing to change, then one that does.
        writer.begin().await.expect("a transaction").rollback().await.expect("nothing to change");
        let change = writer.begin().await.expect("a transaction");
        change.execute_unprepared("INSERT INTO words VALUES ('kept')").await.expect("there is room for this");
        change.commit().await.expect("it is acknowledged");
        let reader = url.connect(1, second).await.expect("the file");
        let row = reader
            .query_one_raw(sea_orm::Statement::from_string(reader.get_database_backend(), "SELECT word FROM words"));
        assert!(row.await.expect("an answer").is_some(), "an acknowledged change is not there");
    }

    #[test]
    fn only_files_and_servers_are_stores() {
        for url in ["sqlite://data/rooms.db", "sqlite:rooms.db?mode=rwc", "sqlite:///my data/rooms.db"] {
            assert!(matches!(DatabaseUrl::parse(url), Ok(DatabaseUrl::Sqlite(_))), "{url}");
        }
        for url in ["postgres://a@b/c", "postgresql://a:p@b:5432/c"] {
            assert!(matches!(DatabaseUrl::parse(url), Ok(DatabaseUrl::Postgres(_))), "{url}");
        }
        let none = [
            "",
            "sqlite:",
            "sqlite::memory:",
            "sqlite://x?mode=memory",
            "mysql://a@b/c",
            "rooms.db",
            "postgres://a b/c",
        ];
        for url in none {
            assert!(matches!(DatabaseUrl::parse(url), Err(OpenError::Url)), "{url}");
        }
    }
}
