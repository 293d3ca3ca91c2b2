//! The schema's version, and bringing it up to date.

use sea_orm::{ConnectionTrait as _, DbBackend};
use sea_orm_migration::MigratorTrait;
use tokio::time::timeout;

use super::{DEADLINE, SqlStore, StoreError, migrations};

/// A number that only this schema's migrations lock (PostgreSQL advisory lock): "lqtusers" in ASCII.
const MIGRATION_LOCK: i64 = 0x6c71_7475_7365_7273;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn sea_orm_migration::MigrationTrait>> {
        migrations::all()
    }
}

/// Applies what is missing, all of it or nothing, in one transaction: of replicas that start at once one does, and the
/// others wait and find it done.
pub(super) async fn bring_up_to_date(store: &SqlStore) -> Result<(), StoreError> {
    // Ten times an operation's time: another replica may be migrating.
    let limit = DEADLINE * 10;
    timeout(limit, migrate(store)).await.map_err(|_| StoreError::Late(limit))?
}

async fn migrate(store: &SqlStore) -> Result<(), StoreError> {
    let transaction = store.begin_write().await?;
    if store.backend() == DbBackend::Postgres {
        let lock = format!("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
        transaction.execute_unprepared(&lock).await?;
    }
    let known: Vec<String> = migrations::all().iter().map(|migration| migration.name().to_owned()).collect();
    let applied = Migrator::get_migration_models(&transaction).await?;
    if let Some(unknown) = applied.into_iter().find(|applied| !known.contains(&applied.version)) {
        return Err(StoreError::Newer(unknown.version));
    }
    Migrator::up(&transaction, None).await?;
    transaction.commit().await?;
    Ok(())
}
