//! Changes of the schema, in order. One that has been released is never edited: add another.

use sea_orm_migration::MigrationTrait;

mod m0001_accounts_and_sessions;

pub(super) fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(m0001_accounts_and_sessions::Migration)]
}
