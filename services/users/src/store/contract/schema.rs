//! Opening a database: new, again, newer than the program.

use sea_orm::ConnectionTrait as _;

use super::{
    harness::{Database, registered, rotation, session},
    on_every_database,
};
use crate::{
    model::Rotation,
    ports::{AccountStore as _, SessionStore as _},
    store::SqlStore,
};

on_every_database!(
    reopening_keeps_what_was_written,
    replicas_that_open_an_empty_database_at_once_all_succeed,
    a_database_newer_than_the_program_is_refused,
);

async fn reopening_keeps_what_was_written(database: &Database) {
    let store = database.open().await;
    let ada = registered(&store, "ada", "Ada").await;
    store.begin(&session(&ada, "first")).await.unwrap();
    store.close().await.unwrap();

    let store = database.open().await;
    assert_eq!(store.user(ada.id).await.unwrap().as_ref(), Some(&ada));
    let outcome = store.rotate(&rotation("first", "second", 1)).await.unwrap();
    assert!(matches!(outcome, Rotation::Rotated { user_id, .. } if user_id == ada.id), "{outcome:?}");
}

async fn replicas_that_open_an_empty_database_at_once_all_succeed(database: &Database) {
    let (a, b, c) = tokio::join!(database.open(), database.open(), database.open());
    let ada = registered(&a, "ada", "Ada").await;
    assert_eq!(b.user(ada.id).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(c.user(ada.id).await.unwrap().as_ref(), Some(&ada));
}

async fn a_database_newer_than_the_program_is_refused(database: &Database) {
    database.open().await.close().await.unwrap();
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_to_come', 0)";
    database.raw().await.execute_unprepared(newer).await.unwrap();
    let error = SqlStore::open(database.url()).await.unwrap_err();
    assert_eq!(error.to_string(), "the database is newer than this program: it has m9999_to_come");
}
