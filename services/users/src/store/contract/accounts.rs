//! Accounts: unique handles, atomic registration, search.

use futures::future::join_all;
use loquat_ids::{IdSource as _, RandomIds, UserId};
use sea_orm::ConnectionTrait as _;

use super::{
    harness::{Database, account, display_name, handle, registered},
    on_every_database,
};
use crate::{
    error::Error,
    model::{NewAccount, SearchPrefix},
    ports::AccountStore as _,
    store::SqlStore,
};

on_every_database!(
    a_registered_account_is_found_by_its_id_and_by_its_handle,
    an_account_without_a_password_has_none,
    of_many_who_register_one_handle_at_once_exactly_one_succeeds,
    a_registration_that_fails_in_the_middle_leaves_nothing,
    users_that_do_not_exist_are_left_out,
    a_search_finds_beginnings_of_both_names_in_the_byte_order_of_handles,
    a_search_takes_wildcards_for_what_they_are,
    pages_follow_each_other_without_a_gap_or_a_repeat,
    a_new_display_name_is_found_and_the_old_one_is_not,
    nobody_cannot_be_renamed,
);

async fn a_registered_account_is_found_by_its_id_and_by_its_handle(database: &Database) {
    let store = database.open().await;
    let ada = account("ada", "Ada Łoś 🦀");
    store.register(&ada).await.unwrap();
    assert_eq!(store.user(ada.user.id).await.unwrap().as_ref(), Some(&ada.user));
    let credential = store.credential(&handle("ada")).await.unwrap().unwrap();
    assert_eq!((credential.user, credential.password), (ada.user, ada.password));
    assert_eq!(store.credential(&handle("bob")).await.unwrap(), None);
}

async fn an_account_without_a_password_has_none(database: &Database) {
    let store = database.open().await;
    store.register(&NewAccount { password: None, ..account("loquat", "Loquat") }).await.unwrap();
    assert_eq!(store.credential(&handle("loquat")).await.unwrap().unwrap().password, None);
}

async fn of_many_who_register_one_handle_at_once_exactly_one_succeeds(database: &Database) {
    let replicas = [database.open().await, database.open().await];
    let accounts: Vec<NewAccount> = (0..8).map(|number| account("ada", &format!("Ada {number}"))).collect();
    let attempts = accounts.iter().enumerate().map(|(number, account)| replicas[number % 2].register(account));
    let outcomes = join_all(attempts).await;
    let winners: Vec<&NewAccount> =
        outcomes.iter().zip(&accounts).filter(|(outcome, _)| outcome.is_ok()).map(|(_, account)| account).collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    let losers = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::HandleTaken { .. }))).count();
    assert_eq!(losers, 7, "{outcomes:?}");
    assert_eq!(replicas[0].credential(&handle("ada")).await.unwrap().unwrap().user, winners[0].user);
}

async fn a_registration_that_fails_in_the_middle_leaves_nothing(database: &Database) {
    let store = database.open().await;
    database.raw().await.execute_unprepared("ALTER TABLE credentials RENAME TO elsewhere").await.unwrap();
    let ada = account("ada", "Ada");
    let refused = store.register(&ada).await;
    assert!(matches!(refused, Err(Error::StoreUnavailable { .. })), "{refused:?}");
    assert_eq!(store.user(ada.user.id).await.unwrap(), None);
    database.raw().await.execute_unprepared("ALTER TABLE elsewhere RENAME TO credentials").await.unwrap();
    store.register(&ada).await.unwrap();
}

async fn users_that_do_not_exist_are_left_out(database: &Database) {
    let store = database.open().await;
    let (ada, bob) = (registered(&store, "ada", "Ada").await, registered(&store, "bob", "Bob").await);
    let nobody = UserId::from_uuid(RandomIds.fresh());
    let mut found = store.users(&[bob.id, nobody, ada.id]).await.unwrap();
    found.sort_by(|a, b| a.handle.cmp(&b.handle));
    assert_eq!(found, [ada, bob]);
    assert_eq!(store.users(&[]).await.unwrap(), []);
    assert_eq!(store.user(nobody).await.unwrap(), None);
}

async fn a_search_finds_beginnings_of_both_names_in_the_byte_order_of_handles(database: &Database) {
    let store = database.open().await;
    for (name, shown) in [
        ("zoe", "Ada Byron"),
        ("ada", "Countess"),
        ("ada-b", "ADA B"),
        ("ada.a", "x"),
        ("ada_c", "x"),
        ("ada0", "x"),
        ("bob", "an Ada"),
        ("carl", "Ädam"),
        ("0ad", "ad"),
    ] {
        registered(&store, name, shown).await;
    }
    assert_eq!(found(&store, "Ada").await, ["ada", "ada-b", "ada.a", "ada0", "ada_c", "zoe"]);
    assert_eq!(found(&store, "äDA").await, ["carl"]);
    assert_eq!(found(&store, "countess").await, ["ada"]);
    assert!(found(&store, "nobody").await.is_empty());
}

async fn a_search_takes_wildcards_for_what_they_are(database: &Database) {
    let store = database.open().await;
    registered(&store, "a_b", "100% Ada").await;
    registered(&store, "axb", "100 \\Ada").await;
    assert_eq!(found(&store, "a_").await, ["a_b"]);
    assert_eq!(found(&store, "100%").await, ["a_b"]);
    assert_eq!(found(&store, "100 \\").await, ["axb"]);
    assert!(found(&store, "%").await.is_empty());
}

async fn pages_follow_each_other_without_a_gap_or_a_repeat(database: &Database) {
    let store = database.open().await;
    let mut all = Vec::new();
    for number in 0..23 {
        // By its handle, by its display name, by both.
        let (name, shown) = match number % 3 {
            0 => (format!("kim{number:02}"), "Somebody"),
            1 => (format!("a{number:02}"), "Kim"),
            _ => (format!("kim.{number:02}"), "Kim"),
        };
        registered(&store, &name, shown).await;
        all.push(name);
    }
    all.sort_unstable();
    let (prefix, mut pages, mut after) = (SearchPrefix::parse("kim").unwrap(), Vec::new(), None);
    loop {
        let page = store.search(&prefix, after.as_ref(), 5).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.handle.clone());
        pages.extend(page.into_iter().map(|user| user.handle.to_string()));
    }
    assert_eq!(pages, all);
}

async fn a_new_display_name_is_found_and_the_old_one_is_not(database: &Database) {
    let store = database.open().await;
    let ada = registered(&store, "ada", "Countess").await;
    let bob = registered(&store, "bob", "Bob").await;
    let renamed = store.rename(ada.id, &display_name("Lovelace")).await.unwrap().unwrap();
    assert_eq!(renamed.display_name, display_name("Lovelace"));
    assert_eq!(store.user(ada.id).await.unwrap(), Some(renamed));
    assert_eq!(found(&store, "love").await, ["ada"]);
    assert!(found(&store, "count").await.is_empty());
    assert_eq!(store.user(bob.id).await.unwrap(), Some(bob), "nobody else is renamed");
}

async fn nobody_cannot_be_renamed(database: &Database) {
    let store = database.open().await;
    let nobody = UserId::from_uuid(RandomIds.fresh());
    assert_eq!(store.rename(nobody, &display_name("Nobody")).await.unwrap(), None);
}

async fn found(store: &SqlStore, query: &str) -> Vec<String> {
    let users = store.search(&SearchPrefix::parse(query).unwrap(), None, 50).await.unwrap();
    users.into_iter().map(|user| user.handle.to_string()).collect()
}
