//! Signing keys: the first one is made once.

use super::{
    harness::{Database, at},
    on_every_database,
};
use crate::{ports::KeyStore as _, service::ensure_signing_keys, signing::make_key};

on_every_database!(replicas_that_start_at_once_sign_with_one_key, the_newest_key_comes_first);

async fn replicas_that_start_at_once_sign_with_one_key(database: &Database) {
    let replicas = [database.open().await, database.open().await, database.open().await];
    let make = |generation| make_key(generation, at(0));
    let [a, b, c] = &replicas;
    let (a, b, c) =
        tokio::join!(ensure_signing_keys(a, make), ensure_signing_keys(b, make), ensure_signing_keys(c, make));
    let (a, b, c) = (a.unwrap(), b.unwrap(), c.unwrap());
    assert_eq!(a.len(), 1);
    assert!(a == b && b == c, "{a:?} {b:?} {c:?}");
}

async fn the_newest_key_comes_first(database: &Database) {
    let store = database.open().await;
    let [one, two] = [1, 2].map(|generation| make_key(generation, at(0)).unwrap());
    store.offer(&two).await.unwrap();
    store.offer(&one).await.unwrap();
    store.offer(&make_key(2, at(1)).unwrap()).await.unwrap();
    assert_eq!(ensure_signing_keys(&store, |_| unreachable!("there are keys")).await.unwrap(), [two, one]);
}
