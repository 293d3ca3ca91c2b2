//! The schema, and its versions.

mod m20261101_000001_room_events;
mod m20261124_000002_message_folds;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, TransactionTrait as _};
use sea_orm_migration::{
    MigrationTrait, MigratorTrait,
    sea_query::{DynIden, IntoIden as _},
};

use super::super::OpenError;

/// Any number that no other service locks.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_xact_lock(7620136)";

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261101_000001_room_events::Migration), Box::new(m20261124_000002_message_folds::Migration)]
    }

    /// A table of its own: services may share a database.
    fn migration_table_name() -> DynIden {
        "room_log_migrations".into_iden()
    }
}

/// Brings the schema up to this program's version, one node at a time.
pub(super) async fn bring_up(db: &DatabaseConnection) -> Result<(), OpenError> {
    let transaction = db.begin().await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(POSTGRES_LOCK).await?;
    }
    match Migrator::up(&transaction, None).await {
        Ok(()) => Ok(transaction.commit().await?),
        // The database has migrations that this program does not know.
        Err(DbErr::Custom(message)) if message.contains("file is missing") => Err(OpenError::Newer),
        Err(error) => Err(error.into()),
    }
}
