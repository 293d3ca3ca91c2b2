//! Refresh tokens: single use, the grace for a lost answer, and what a second use does.

use std::time::Duration;

use futures::future::join_all;

use super::{
    harness::{Database, at, registered, rotation, session},
    on_every_database,
};
use crate::{
    model::{NewSession, Rotation, RotationRequest},
    ports::SessionStore as _,
    store::SqlStore,
};

on_every_database!(
    a_token_is_changed_for_the_next_and_so_on,
    an_unknown_token_is_refused,
    of_two_refreshes_at_once_exactly_one_wins,
    of_two_refreshes_at_once_within_the_grace_one_successor_holds,
    a_lost_answer_is_given_anew_within_the_grace,
    a_spent_token_ends_the_session_after_the_grace,
    a_spent_token_ends_the_session_when_its_successor_is_used,
    a_successor_that_was_replaced_ends_the_session,
    a_reuse_ends_no_other_session,
    a_session_past_its_time_is_refused,
    each_refresh_carries_the_session_on,
);

async fn begun(database: &Database) -> (SqlStore, NewSession) {
    let store = database.open().await;
    let ada = registered(&store, "ada", "Ada").await;
    let session = session(&ada, "first");
    store.begin(&session).await.unwrap();
    (store, session)
}

fn without_grace(request: RotationRequest) -> RotationRequest {
    RotationRequest { grace: Duration::ZERO, ..request }
}

async fn rotate(store: &SqlStore, presented: &str, next: &str, second: i64) -> Rotation {
    store.rotate(&rotation(presented, next, second)).await.unwrap()
}

fn rotated(session: &NewSession) -> Rotation {
    Rotation::Rotated { session_id: session.id, user_id: session.user_id }
}

fn is_reused(outcome: &Rotation, session: &NewSession) -> bool {
    matches!(outcome, Rotation::Reused(ended) if ended.session_id == session.id)
}

async fn a_token_is_changed_for_the_next_and_so_on(database: &Database) {
    let (store, session) = begun(database).await;
    assert_eq!(rotate(&store, "first", "second", 60).await, rotated(&session));
    assert_eq!(rotate(&store, "second", "third", 120).await, rotated(&session));
    assert_eq!(rotate(&store, "third", "fourth", 180).await, rotated(&session));
}

async fn an_unknown_token_is_refused(database: &Database) {
    let (store, _) = begun(database).await;
    assert_eq!(rotate(&store, "made up", "second", 1).await, Rotation::Refused);
}

async fn of_two_refreshes_at_once_exactly_one_wins(database: &Database) {
    let replicas = [database.open().await, database.open().await];
    let ada = registered(&replicas[0], "ada", "Ada").await;
    for round in 0..10 {
        let session = session(&ada, &format!("first {round}"));
        replicas[0].begin(&session).await.unwrap();
        let attempts = (0..8).map(|number| {
            let request = rotation(&format!("first {round}"), &format!("second {round}.{number}"), 1);
            let replica = &replicas[number % 2];
            async move { replica.rotate(&without_grace(request)).await.unwrap() }
        });
        let outcomes = join_all(attempts).await;
        let winners = outcomes.iter().filter(|outcome| **outcome == rotated(&session)).count();
        assert_eq!(winners, 1, "{outcomes:?}");
        let has_lost = |outcome: &&Rotation| is_reused(outcome, &session) || **outcome == Rotation::Refused;
        assert_eq!(outcomes.iter().filter(has_lost).count(), 7, "{outcomes:?}");
        let ended = replicas[0].end(session.id, at(9), at(59)).await.unwrap().unwrap();
        assert_eq!(ended.end_time, at(1), "the first loser ended it");
    }
}

async fn of_two_refreshes_at_once_within_the_grace_one_successor_holds(database: &Database) {
    let replicas = [database.open().await, database.open().await];
    let ada = registered(&replicas[0], "ada", "Ada").await;
    for round in 0..10 {
        let session = session(&ada, &format!("first {round}"));
        replicas[0].begin(&session).await.unwrap();
        let [one, other] = [0, 1].map(|number| rotation(&format!("first {round}"), &format!("{number} {round}"), 1));
        let (a, b) = tokio::join!(replicas[0].rotate(&one), replicas[1].rotate(&other));
        assert_eq!((a.unwrap(), b.unwrap()), (rotated(&session), rotated(&session)));
        let a = rotate(&replicas[0], &format!("0 {round}"), &format!("next 0 {round}"), 2).await;
        let b = rotate(&replicas[0], &format!("1 {round}"), &format!("next 1 {round}"), 2).await;
        // The one that holds goes on, unless the other one, which was replaced, came before it and ended the session.
        assert!(
            (a == rotated(&session) && is_reused(&b, &session)) || (is_reused(&a, &session) && b == Rotation::Refused),
            "{a:?} {b:?}"
        );
    }
}

async fn a_lost_answer_is_given_anew_within_the_grace(database: &Database) {
    let (store, session) = begun(database).await;
    assert_eq!(rotate(&store, "first", "lost", 60).await, rotated(&session));
    assert_eq!(rotate(&store, "first", "lost again", 65).await, rotated(&session));
    assert_eq!(rotate(&store, "first", "second", 70).await, rotated(&session), "ten seconds from the first use");
    assert_eq!(rotate(&store, "second", "third", 71).await, rotated(&session));
}

async fn a_spent_token_ends_the_session_after_the_grace(database: &Database) {
    let (store, session) = begun(database).await;
    assert_eq!(rotate(&store, "first", "second", 60).await, rotated(&session));
    let outcome = rotate(&store, "first", "stolen", 71).await;
    let Rotation::Reused(ended) = outcome else { panic!("{outcome:?}") };
    assert_eq!((ended.session_id, ended.end_time, ended.forget_time), (session.id, at(71), at(121)));
    assert_eq!(rotate(&store, "second", "third", 72).await, Rotation::Refused);
    assert_eq!(rotate(&store, "stolen", "third", 72).await, Rotation::Refused);
}

async fn a_spent_token_ends_the_session_when_its_successor_is_used(database: &Database) {
    let (store, session) = begun(database).await;
    assert_eq!(rotate(&store, "first", "second", 60).await, rotated(&session));
    assert_eq!(rotate(&store, "second", "third", 61).await, rotated(&session));
    assert!(is_reused(&rotate(&store, "first", "stolen", 62).await, &session), "within the grace, but not lost");
    assert_eq!(rotate(&store, "third", "fourth", 63).await, Rotation::Refused);
}

async fn a_successor_that_was_replaced_ends_the_session(database: &Database) {
    let (store, session) = begun(database).await;
    assert_eq!(rotate(&store, "first", "lost", 60).await, rotated(&session));
    assert_eq!(rotate(&store, "first", "second", 61).await, rotated(&session));
    assert!(is_reused(&rotate(&store, "lost", "stolen", 62).await, &session));
    assert_eq!(rotate(&store, "second", "third", 63).await, Rotation::Refused);
}

async fn a_reuse_ends_no_other_session(database: &Database) {
    let (store, session) = begun(database).await;
    let ada = registered(&store, "ada2", "Ada").await;
    let other = super::harness::session(&ada, "other");
    store.begin(&other).await.unwrap();
    assert_eq!(rotate(&store, "first", "second", 10).await, rotated(&session));
    assert!(is_reused(&rotate(&store, "first", "stolen", 60).await, &session));
    assert_eq!(rotate(&store, "other", "next", 61).await, rotated(&other));
}

async fn a_session_past_its_time_is_refused(database: &Database) {
    let (store, _) = begun(database).await;
    assert_eq!(rotate(&store, "first", "second", 100).await, Rotation::Refused, "its last moment is the one before");
}

async fn each_refresh_carries_the_session_on(database: &Database) {
    let (store, session) = begun(database).await;
    assert_eq!(rotate(&store, "first", "second", 99).await, rotated(&session));
    assert_eq!(rotate(&store, "second", "third", 198).await, rotated(&session));
    assert_eq!(rotate(&store, "third", "fourth", 298).await, Rotation::Refused);
}
