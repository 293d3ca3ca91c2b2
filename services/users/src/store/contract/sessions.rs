//! Sessions: their ends, in order, and what is forgotten.

use loquat_ids::{IdSource as _, RandomIds, SessionId, Timestamp};
use sea_orm::{ConnectionTrait as _, Statement};
use uuid::Uuid;

use super::{
    harness::{Database, at, registered, rotation, session},
    on_every_database,
};
use crate::{
    model::{NewSession, Rotation},
    ports::SessionStore as _,
    store::SqlStore,
};

on_every_database!(
    a_session_ends_once,
    an_ended_session_cannot_be_refreshed,
    a_session_that_fails_in_the_middle_is_not_begun,
    a_session_may_have_no_device_name,
    ended_sessions_are_read_in_pages_in_the_order_of_their_ends,
    a_session_that_runs_out_is_swept_and_then_forgotten,
    a_sweep_takes_no_more_than_it_is_told,
);

const FIRST: SessionId = SessionId::from_uuid(Uuid::nil());

async fn begun(store: &SqlStore, name: &str) -> NewSession {
    let user = registered(store, name, name).await;
    let session = session(&user, &format!("first of {name}"));
    store.begin(&session).await.unwrap();
    session
}

async fn ended_after(store: &SqlStore, position: (Timestamp, SessionId), limit: u64) -> Vec<SessionId> {
    store.ended_after(position, limit).await.unwrap().iter().map(|ended| ended.session_id).collect()
}

async fn a_session_ends_once(database: &Database) {
    let store = database.open().await;
    let session = begun(&store, "ada").await;
    assert_eq!(ended_after(&store, (at(-1), FIRST), 10).await, [], "it has not ended");
    let first = store.end(session.id, at(1), at(51)).await.unwrap().unwrap();
    assert_eq!((first.session_id, first.end_time, first.forget_time), (session.id, at(1), at(51)));
    assert_eq!(store.end(session.id, at(2), at(52)).await.unwrap(), Some(first));
    assert_eq!(store.end(SessionId::from_uuid(RandomIds.fresh()), at(2), at(52)).await.unwrap(), None);
}

async fn an_ended_session_cannot_be_refreshed(database: &Database) {
    let store = database.open().await;
    let session = begun(&store, "ada").await;
    store.end(session.id, at(1), at(51)).await.unwrap();
    assert_eq!(store.rotate(&rotation("first of ada", "second", 2)).await.unwrap(), Rotation::Refused);
}

async fn a_session_that_fails_in_the_middle_is_not_begun(database: &Database) {
    let store = database.open().await;
    let user = registered(&store, "ada", "Ada").await;
    store.begin(&session(&user, "first")).await.unwrap();
    // The token is there already: the second insert of the transaction fails.
    let second = session(&user, "first");
    assert!(store.begin(&second).await.is_err());
    assert_eq!(store.end(second.id, at(1), at(51)).await.unwrap(), None);
}

async fn a_session_may_have_no_device_name(database: &Database) {
    let store = database.open().await;
    let user = registered(&store, "ada", "Ada").await;
    store.begin(&NewSession { device_name: None, ..session(&user, "first") }).await.unwrap();
    store.begin(&session(&user, "second")).await.unwrap();
    let raw = database.raw().await;
    let select = "SELECT device_name FROM sessions ORDER BY device_name IS NULL";
    let rows = raw.query_all_raw(Statement::from_string(raw.get_database_backend(), select)).await.unwrap();
    let names: Vec<Option<String>> = rows.iter().map(|row| row.try_get("", "device_name").unwrap()).collect();
    assert_eq!(names, [Some("Firefox on Linux".to_owned()), None]);
}

async fn ended_sessions_are_read_in_pages_in_the_order_of_their_ends(database: &Database) {
    let store = database.open().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(begun(&store, &format!("user{number}")).await.id);
    }
    // Three at one moment, ordered by id; one before, one after.
    for (id, second) in [(ids[3], 1), (ids[0], 2), (ids[2], 2), (ids[1], 2), (ids[4], 3)] {
        store.end(id, at(second), at(60)).await.unwrap();
    }
    assert_eq!(ended_after(&store, (at(1), FIRST), 2).await, [ids[3], ids[0]]);
    assert_eq!(ended_after(&store, (at(2), ids[0]), 2).await, [ids[1], ids[2]]);
    assert_eq!(ended_after(&store, (at(2), ids[2]), 2).await, [ids[4]]);
    assert_eq!(ended_after(&store, (at(3), ids[4]), 2).await, []);
}

async fn a_session_that_runs_out_is_swept_and_then_forgotten(database: &Database) {
    let store = database.open().await;
    let session = begun(&store, "ada").await;
    assert_eq!(store.sweep(at(99), at(149), at(39), 10).await.unwrap(), 0);
    assert_eq!(store.sweep(at(100), at(150), at(40), 10).await.unwrap(), 1);
    assert_eq!(store.sweep(at(101), at(151), at(41), 10).await.unwrap(), 0, "it ends once");
    let ended = store.ended_after((at(100), FIRST), 10).await.unwrap();
    assert_eq!((ended[0].session_id, ended[0].end_time, ended[0].forget_time), (session.id, at(100), at(150)));

    store.sweep(at(300), at(350), at(149), 10).await.unwrap();
    assert_eq!(ended_after(&store, (at(100), FIRST), 10).await, [session.id]);
    store.sweep(at(300), at(350), at(150), 10).await.unwrap();
    assert_eq!(ended_after(&store, (at(100), FIRST), 10).await, []);
    assert_eq!(store.rotate(&rotation("first of ada", "second", 2)).await.unwrap(), Rotation::Refused);
}

async fn a_sweep_takes_no_more_than_it_is_told(database: &Database) {
    let store = database.open().await;
    for number in 0..5 {
        begun(&store, &format!("user{number}")).await;
    }
    assert_eq!(store.sweep(at(100), at(150), at(40), 2).await.unwrap(), 2);
    assert_eq!(store.sweep(at(100), at(150), at(40), 10).await.unwrap(), 3);
}
