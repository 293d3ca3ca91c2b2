//! Signing everybody out: no token from before holds, and none is taken for stolen.

use super::{
    harness::{Database, registered, rotation, session},
    on_every_database,
};
use crate::{
    model::Rotation,
    ports::{KeyStore as _, SessionStore as _},
    signing::make_key,
};

on_every_database!(no_token_from_before_holds_and_none_is_taken_for_stolen);

async fn no_token_from_before_holds_and_none_is_taken_for_stolen(database: &Database) {
    let mut store = database.open().await;
    let ada = registered(&store, "ada", "Ada").await;
    let session = session(&ada, "first");
    store.begin(&session).await.unwrap();
    store.rotate(&rotation("first", "second", 1)).await.unwrap();
    store.offer(&make_key(1, super::harness::at(0)).unwrap()).await.unwrap();

    assert_eq!(store.sign_everybody_out().await.unwrap(), 1);
    for spent_or_not in ["first", "second", "never seen"] {
        let outcome = store.rotate(&rotation(spent_or_not, "third", 2)).await.unwrap();
        assert_eq!(outcome, Rotation::Refused, "{spent_or_not}");
    }
    assert!(store.keys().await.unwrap().is_empty(), "access tokens from before are signed by no key that there is");
    let again = super::harness::session(&ada, "again");
    store.begin(&again).await.unwrap();
    assert!(matches!(store.rotate(&rotation("again", "next", 2)).await.unwrap(), Rotation::Rotated { .. }));
}
