//! The schema and its versions. A database that a newer program has migrated is refused.

mod m20261124_000001_rooms;
mod m20261124_000002_list_lives;

use sea_orm::{DatabaseConnection, DbErr, TransactionTrait as _};
use sea_orm_migration::prelude::*;

/// All versions of the schema, the oldest first.
pub(super) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261124_000001_rooms::Migration), Box::new(m20261124_000002_list_lives::Migration)]
    }
}

/// What keeps two processes that start at once from migrating at once: a number that means nothing but this.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(7305809920114386001)";

/// Brings the schema up to date. `Some`: a version that this program does not know, with nothing changed.
pub(super) async fn migrate(database: &DatabaseConnection) -> Result<Option<String>, DbErr> {
    let turn = match database.get_database_backend() {
        sea_orm::DbBackend::Postgres => {
            let turn = database.begin().await?;
            turn.execute_unprepared(MIGRATION_LOCK).await?;
            Some(turn)
        }
        _ => None,
    };
    let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let applied = Migrator::get_migration_models(database).await?;
    if let Some(newer) = applied.into_iter().find(|applied| !known.contains(&applied.version)) {
        return Ok(Some(newer.version));
    }
    Migrator::up(database, None).await?;
    if let Some(turn) = turn {
        turn.commit().await?;
    }
    Ok(None)
}
