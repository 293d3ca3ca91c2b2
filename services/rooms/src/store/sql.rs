//! The store as one object, and what its parts stand on: transactions and the deadline.

use std::{future::Future, num::NonZeroU32, time::Duration};

use loquat_ids::Clock;
use sea_orm::{
    AccessMode, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait as _,
};

use super::{
    connect::{Connections, OpenError, connect},
    key, life,
};
use crate::{
    model::Life,
    ports::{StoreError, StoreKey},
};

/// Rooms, lists and outbox in one SQL database. Clones share connections.
#[derive(Debug, Clone)]
pub struct SqlRoomStore {
    connections: Connections,
    /// How long each call of a port may take.
    deadline: Duration,
    /// In which the store gives out versions of lists.
    life: Life,
}

impl SqlRoomStore {
    /// Opens the database of a URL (`sqlite:<file>`, `postgres://…`), brings its schema up to date and begins a life of its
    /// lists. It holds at most `count` connections (on SQLite as many that read, and one that writes); each call may take
    /// as long as the deadline.
    ///
    /// # Errors
    ///
    /// The URL is of no known database, the database does not answer, or a newer program has migrated it.
    pub async fn open(url: &str, count: NonZeroU32, deadline: Duration, clock: &dyn Clock) -> Result<Self, OpenError> {
        let connections = connect(url, count, deadline).await?;
        let begun = tokio::time::timeout(deadline, life::begin(&connections.writer, clock.now())).await;
        let life = begun.unwrap_or(Err(StoreError::Deadline)).map_err(OpenError::Life)?;
        Ok(Self { connections, deadline, life })
    }

    /// Returns the store's key, made when it is first asked for.
    ///
    /// # Errors
    ///
    /// The store does not answer, or holds a key that none of ours can be.
    pub async fn key(&self) -> Result<StoreKey, StoreError> {
        self.within(key::load(&self.connections.writer)).await
    }

    /// Tells whether the store answers.
    pub async fn is_ready(&self) -> bool {
        let asked = async { Ok(self.connections.reader.ping().await?) };
        self.within::<_, StoreError>(asked).await.is_ok()
    }

    /// The connections that write.
    pub(super) const fn writer(&self) -> &DatabaseConnection {
        &self.connections.writer
    }

    /// The connections that read single statements. What was committed before is seen.
    pub(super) const fn latest(&self) -> &DatabaseConnection {
        &self.connections.reader
    }

    /// The life that versions of lists are given out in.
    pub(super) const fn life(&self) -> Life {
        self.life
    }

    /// Does some work within the deadline.
    pub(super) async fn within<T, E: From<StoreError>>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        tokio::time::timeout(self.deadline, work).await.unwrap_or_else(|_| Err(StoreError::Deadline.into()))
    }

    /// Begins to write. On SQLite it takes the write lock at once: a transaction that begins by reading and then writes
    /// is refused when somebody else wrote in between.
    pub(super) async fn begin_write(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.connections.writer.begin_with_options(options).await
    }

    /// Begins to read from one snapshot: what it reads is of one moment, however many statements it takes.
    pub(super) async fn begin_read(&self) -> Result<DatabaseTransaction, DbErr> {
        let reader = &self.connections.reader;
        match reader.get_database_backend() {
            DbBackend::Postgres => {
                reader.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await
            }
            _ => reader.begin().await,
        }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        Self::Unavailable(error.into())
    }
}
