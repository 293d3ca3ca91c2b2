//! Connecting to a database by its URL.

use std::{num::NonZeroU32, str::FromStr as _, time::Duration};

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr,
    sqlx::{
        postgres::PgConnectOptions,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
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
    options
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
    use super::*;

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
