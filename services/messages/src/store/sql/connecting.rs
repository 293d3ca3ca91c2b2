//! Reaching the database.

use std::{path::Path, time::Duration};

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbErr, Statement,
    sqlx::{
        Connection as _,
        sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::time::Instant;

use super::{
    super::{Founding, OpenError},
    errors::is_busy,
};

const IDLE: Duration = Duration::from_secs(1);
const SQLITE_READERS: u32 = 4;
const SQLITE_BUSY: Duration = Duration::from_secs(5);
const LOCKED_RETRY: Duration = Duration::from_millis(20);
const POSTGRES_CONNECTIONS: u32 = 16;

/// Connects a writer and readers. On PostgreSQL they are one pool.
pub(super) async fn connect(
    url: &str,
    deadline: Duration,
) -> Result<(DatabaseConnection, DatabaseConnection), OpenError> {
    let mut options = ConnectOptions::new(url);
    options.sqlx_logging(false).acquire_timeout(deadline).connect_timeout(deadline);
    // A connection in use is not asked whether it is alive: that would cost every query a round trip.
    options.test_before_acquire_if_idle_for(IDLE);
    if let Some(path) = url.strip_prefix("sqlite:") {
        make_folder_of(path)?;
        options.map_sqlx_sqlite_before_acquire(|connection, _| Box::pin(async { Ok(is_usable(connection)) }));
        let mut writer = options.clone();
        writer.max_connections(1).map_sqlx_sqlite_opts(durable);
        let writer = connect_once_free(writer, deadline).await?;
        options.max_connections(SQLITE_READERS);
        options.map_sqlx_sqlite_opts(|options| durable(options).pragma("query_only", "ON"));
        return Ok((writer, Database::connect(options).await?));
    }
    // A statement that outlives its deadline is ended by the server too, so that what lands late does not land much later.
    options.max_connections(POSTGRES_CONNECTIONS).statement_timeout(deadline);
    let pool = Database::connect(options).await?;
    Ok((pool.clone(), pool))
}

/// Connects the writer. While another process switches the same new file to WAL, SQLite answers "database is locked" at once,
/// without its busy wait: so it is waited for here.
async fn connect_once_free(options: ConnectOptions, deadline: Duration) -> Result<DatabaseConnection, DbErr> {
    let by = Instant::now() + deadline;
    loop {
        match Database::connect(options.clone()).await {
            Err(error) if is_busy(&error) && Instant::now() < by => tokio::time::sleep(LOCKED_RETRY).await,
            outcome => return outcome,
        }
    }
}

/// With WAL and full synchronisation a commit returns after its fdatasync (<https://www.sqlite.org/pragma.html>).
fn durable(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(SQLITE_BUSY)
        .foreign_keys(true)
}

/// Tells whether a connection may be used again. When a disk is full or fails, SQLite rolls a transaction back by itself; sqlx
/// counts it as open for ever, and everything after it would be acknowledged inside a transaction that nobody commits
/// (<https://www.sqlite.org/lang_transaction.html>, "Response To Errors Within A Transaction"). Such a connection is closed.
fn is_usable(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

fn make_folder_of(path: &str) -> Result<(), OpenError> {
    let path = path.split('?').next().unwrap_or_default();
    let path = path.strip_prefix("//").unwrap_or(path);
    match Path::new(path).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            std::fs::create_dir_all(folder).map_err(|error| OpenError::Sql(DbErr::Custom(error.to_string())))
        }
        _ => Ok(()),
    }
}

/// Makes the store's identity, or reads the one that somebody made before.
pub(super) async fn identity(db: &DatabaseConnection, founding: &Founding) -> Result<Founding, OpenError> {
    let backend = db.get_database_backend();
    let facts = [(Founding::EPOCH, founding.epoch.to_string()), (Founding::CONTENT_KEY, founding.content_key_text())];
    let mut kept = Vec::new();
    for (name, value) in facts {
        let insert = "INSERT INTO room_log_facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        db.execute_raw(Statement::from_sql_and_values(backend, insert, [name.into(), value.into()])).await?;
        let select = "SELECT value FROM room_log_facts WHERE name = $1";
        let row = db.query_one_raw(Statement::from_sql_and_values(backend, select, [name.into()])).await?;
        kept.push(row.ok_or(OpenError::Foreign(name))?.try_get_by_index::<String>(0)?);
    }
    Founding::from_stored(&kept[0], &kept[1]).ok_or(OpenError::Foreign("identity"))
}
