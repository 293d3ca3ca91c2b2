//! One store for SQLite and PostgreSQL, through sea-orm.
//!
//! Moments are kept as microseconds since 1970 in 64-bit integers, so that both give back what they were given; names that
//! are compared or ordered are compared by their bytes on both.

use std::{fmt, future::Future, str::FromStr as _, time::Duration};

use backon::{ConstantBuilder, Retryable as _};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait as _,
    sqlx::{
        Connection as _,
        postgres::PgConnectOptions,
        sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::time::timeout;
use tracing::{Instrument as _, Span};

use crate::error::{Error, Result};

mod accounts;
mod entities;
mod keys;
mod migrations;
mod rotation;
mod schema;
mod sessions;

/// How long an operation may take, with its wait for a connection.
const DEADLINE: Duration = Duration::from_secs(5);
/// How many connections a PostgreSQL store holds at most.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How many connections read a SQLite file. One more writes.
const SQLITE_READERS: u32 = 4;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The URL is of neither database, or cannot be read. It is not shown: it may hold a password.
    #[error("it must be `sqlite:` and a path, or `postgres://user:password@host/name`")]
    UrlInvalid,
    /// The schema has changes that this program does not know.
    #[error("the database is newer than this program: it has {0}")]
    Newer(String),
    /// The database does not answer.
    #[error("the database of accounts cannot be opened")]
    Database(#[from] DbErr),
    /// The database does not answer in time.
    #[error("the database of accounts did not answer within {0:?}")]
    Late(Duration),
}

/// Accounts, sessions and keys in one SQL database.
pub(crate) struct SqlStore {
    /// What reads. On PostgreSQL the same pool as `writer`.
    reader: DatabaseConnection,
    /// What changes. On SQLite a single connection, because SQLite has one writer at a time: so writers wait here, in
    /// order, and not in SQLite's busy loop.
    writer: DatabaseConnection,
    deadline: Duration,
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SqlStore").field("backend", &self.backend()).finish_non_exhaustive()
    }
}

impl SqlStore {
    /// Opens a database by its URL (`sqlite:` with a path, or `postgres://`) and brings its schema up to date. A SQLite
    /// file is made where there is none.
    ///
    /// # Errors
    ///
    /// `Newer` where the schema has changes that this program does not know.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let (reader, writer) = if url.starts_with("sqlite:") {
            SqliteConnectOptions::from_str(url).map_err(|_| StoreError::UrlInvalid)?;
            let writer = connect_sqlite(url, 1).await?;
            (connect_sqlite(url, SQLITE_READERS).await?, writer)
        } else if let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) {
            let url = format!("postgres://{rest}");
            PgConnectOptions::from_str(&url).map_err(|_| StoreError::UrlInvalid)?;
            let pool = Database::connect(postgres(&url)).await?;
            (pool.clone(), pool)
        } else {
            return Err(StoreError::UrlInvalid);
        };
        let store = Self { reader, writer, deadline: DEADLINE };
        schema::bring_up_to_date(&store).await?;
        Ok(store)
    }

    /// Returns whether the database answers.
    pub(crate) async fn ping(&self) -> Result<()> {
        self.within("answer at all", self.reader.ping()).await
    }

    /// Closes the connections.
    pub(crate) async fn close(self) -> Result<()> {
        self.within("close", async {
            self.reader.close_by_ref().await?;
            self.writer.close_by_ref().await
        })
        .await
    }

    fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// Does one operation within the deadline. What is dropped at the deadline is rolled back, unless the database had
    /// committed already.
    async fn within<T>(&self, doing: &'static str, work: impl Future<Output = Result<T, DbErr>>) -> Result<T> {
        match timeout(self.deadline, work.instrument(self.span(doing))).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(Error::StoreUnavailable { doing, source: error.into() }),
            Err(elapsed) => Err(Error::StoreUnavailable { doing, source: elapsed.into() }),
        }
    }

    /// The operation's place in the trace of the call that it is of. What the process does by itself makes no trace.
    fn span(&self, doing: &'static str) -> Span {
        if Span::current().is_none() {
            return Span::none();
        }
        let system = if self.backend() == DbBackend::Sqlite { "sqlite" } else { "postgresql" };
        tracing::info_span!("store", otel.name = doing, otel.kind = "client", db.system.name = system)
    }

    /// Begins a transaction that writes. On SQLite it takes the write lock at once: one that only takes it at its first
    /// write fails when somebody else has written since its first read.
    async fn begin_write(&self) -> Result<DatabaseTransaction, DbErr> {
        let mode = (self.backend() == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
        self.writer.begin_with_options(options).await
    }
}

/// Opens a SQLite file. The first one to open a new file changes its journal to WAL, which somebody else who opens it at
/// that moment meets as a locked file, without SQLite's own waiting.
async fn connect_sqlite(url: &str, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let retries = ConstantBuilder::new().with_delay(Duration::from_millis(50)).with_max_times(40);
    (|| Database::connect(sqlite(url, connections)))
        .retry(retries)
        .when(|error| error.to_string().contains("database is locked"))
        .await
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).acquire_timeout(DEADLINE).sqlx_logging(false).map_sqlx_sqlite_opts(
        |options| {
            options
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // An acknowledged change survives the loss of power.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(5))
                .foreign_keys(true)
        },
    );
    options.map_sqlx_sqlite_before_acquire(|connection, _| Box::pin(async { Ok(is_usable(connection)) }));
    options
}

/// Tells whether a connection may be used again. When a disk is full or fails, SQLite rolls a transaction back by itself; sqlx
/// counts it as open for ever, and everything after it would be acknowledged inside a transaction that nobody commits
/// (<https://www.sqlite.org/lang_transaction.html>, "Response To Errors Within A Transaction"). Such a connection is closed.
fn is_usable(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

fn postgres(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(DEADLINE)
        // The server gives up where this program has: nothing goes on that nobody waits for.
        .statement_timeout(DEADLINE)
        .set_application_name("loquat-users")
        .sqlx_logging(false);
    options
}

/// A stored value that the model refuses, which says that somebody else has written it.
fn unreadable(what: impl fmt::Display) -> DbErr {
    DbErr::Type(format!("a stored value cannot be read: {what}"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use loquat_ids::{IdSource as _, RandomIds, UserId};
    use sea_orm::ConnectionTrait as _;

    use super::*;
    use crate::{model::DisplayName, ports::AccountStore as _};

    #[tokio::test]
    async fn a_store_that_does_not_answer_is_given_up_at_the_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("users.db").display());
        let store = SqlStore { deadline: Duration::from_millis(100), ..SqlStore::open(&url).await.unwrap() };
        let other = Database::connect(sqlite(&url, 1)).await.unwrap();
        other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();

        let begun = Instant::now();
        let id = UserId::from_uuid(RandomIds.fresh());
        let refused = store.rename(id, &DisplayName::parse("Ada").unwrap()).await;
        assert!(matches!(refused, Err(Error::StoreUnavailable { .. })), "{refused:?}");
        assert!(begun.elapsed() < Duration::from_secs(2), "long before SQLite gives up by itself");
        other.execute_unprepared("ROLLBACK").await.unwrap();
    }

    #[tokio::test]
    async fn a_wrong_url_is_refused_and_not_shown() {
        for url in ["", "mysql://user:hush@host/name", "postgres://user:hush@host:port/name", "users.db"] {
            let error = SqlStore::open(url).await.unwrap_err();
            assert!(matches!(error, StoreError::UrlInvalid) && !error.to_string().contains("hush"), "{url}: {error}");
        }
    }
}
