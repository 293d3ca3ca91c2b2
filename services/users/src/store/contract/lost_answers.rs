//! Answers that never come: what was asked for is done, and asking again does not do it twice.
//!
//! An answer is lost in two ways. Whoever asked leaves once the store has done it, as at a deadline, on every database. And
//! the connection breaks when the server answers, where there is a connection.

use std::pin::pin;

use loquat_ids::SessionId;
use sea_orm::{ConnectionTrait as _, Statement};
use uuid::Uuid;

use super::{
    harness::{Database, account, at, registered, rotation, session},
    line::Line,
    on_every_database,
};
use crate::{
    error::{Error, Result},
    model::Rotation,
    ports::{AccountStore as _, KeyStore as _, SessionStore as _},
    signing::make_key,
    store::SqlStore,
};

on_every_database!(
    a_registration_whose_answer_is_lost_is_made_once,
    a_rotation_whose_answer_is_lost_is_made_anew_within_the_grace,
    an_end_whose_answer_is_lost_is_told_again,
    a_key_whose_answer_is_lost_is_kept_once,
);

/// A replica that gets no answer.
struct Unanswered {
    /// How it comes to that, which is also a name that no other way has.
    way: &'static str,
    store: SqlStore,
    line: Option<Line>,
}

impl Unanswered {
    /// Opens one for each way in which answers are lost on a database.
    async fn all(database: &Database) -> Vec<Self> {
        let left = Self { way: "left", store: database.open().await, line: None };
        let cut = database.open_on_a_line().await;
        let cut = cut.map(|(store, line)| Self { way: "cut", store, line: Some(line) });
        std::iter::once(left).chain(cut).collect()
    }

    /// Asks for something with some bytes in its last question, and loses the answer once it is done.
    async fn ask<T>(
        &self,
        fateful: &[u8],
        ask: impl AsyncFnOnce(&SqlStore) -> Result<T>,
        is_done: impl AsyncFn() -> bool,
    ) {
        assert!(!is_done().await, "{}: it is done before it is asked for", self.way);
        match &self.line {
            None => {
                let mut question = pin!(ask(&self.store));
                // One step at a time: between two the store does what it was asked.
                while futures::poll!(&mut question).is_pending() && !is_done().await {}
            }
            Some(line) => {
                line.lose_the_answer_to(fateful);
                let unknown = ask(&self.store).await.err();
                assert!(matches!(unknown, Some(Error::StoreUnavailable { .. })), "{unknown:?}");
                assert!(line.has_lost_an_answer());
            }
        }
        assert!(is_done().await, "{}: it is done", self.way);
    }
}

async fn a_registration_whose_answer_is_lost_is_made_once(database: &Database) {
    let other = database.open().await;
    for unanswered in Unanswered::all(database).await {
        let ada = account(unanswered.way, "Ada");
        let is_done = async || other.user(ada.user.id).await.unwrap().is_some();
        unanswered.ask(b"COMMIT", async |store| store.register(&ada).await, is_done).await;

        // Whoever asks again has another account in mind. The connection that the answer was lost on is free.
        for store in [&unanswered.store, &other] {
            let again = store.register(&account(unanswered.way, "Ada")).await;
            assert!(matches!(again, Err(Error::HandleTaken { .. })), "{again:?}");
        }
        let credential = other.credential(&ada.user.handle).await.unwrap().unwrap();
        assert_eq!((credential.user, credential.password), (ada.user, ada.password));
    }
}

async fn a_rotation_whose_answer_is_lost_is_made_anew_within_the_grace(database: &Database) {
    let other = database.open().await;
    let raw = database.raw().await;
    for unanswered in Unanswered::all(database).await {
        let way = unanswered.way;
        let session = session(&registered(&other, way, "Ada").await, &format!("{way} first"));
        other.begin(&session).await.unwrap();
        let rotated = Rotation::Rotated { session_id: session.id, user_id: session.user_id };
        let rotate = async |store: &SqlStore, presented: &str, next: &str, second| {
            store.rotate(&rotation(&format!("{way} {presented}"), &format!("{way} {next}"), second)).await
        };
        let is_done = async || {
            let count = "SELECT COUNT(*) AS count FROM refresh_tokens WHERE session_id = $1";
            let count =
                Statement::from_sql_and_values(raw.get_database_backend(), count, [session.id.as_uuid().into()]);
            raw.query_one_raw(count).await.unwrap().unwrap().try_get::<i64>("", "count").unwrap() == 2
        };
        unanswered.ask(b"COMMIT", async |store| rotate(store, "first", "lost", 60).await, is_done).await;

        assert_eq!(rotate(&unanswered.store, "first", "second", 65).await.unwrap(), rotated, "{way}");
        assert_eq!(rotate(&other, "second", "third", 66).await.unwrap(), rotated, "{way}");
        // Nobody was given the lost one: whoever has it has no right to it.
        let stolen = rotate(&other, "lost", "stolen", 67).await.unwrap();
        assert!(matches!(stolen, Rotation::Reused(ended) if ended.session_id == session.id), "{way}");
    }
}

async fn an_end_whose_answer_is_lost_is_told_again(database: &Database) {
    let other = database.open().await;
    for unanswered in Unanswered::all(database).await {
        let session = session(&registered(&other, unanswered.way, "Ada").await, unanswered.way);
        other.begin(&session).await.unwrap();
        let ended = async || other.ended_after((at(0), SessionId::from_uuid(Uuid::nil())), 9).await.unwrap();
        let is_done = async || ended().await.iter().any(|ended| ended.session_id == session.id);
        unanswered.ask(b"COMMIT", async |store| store.end(session.id, at(9), at(59)).await, is_done).await;

        for store in [&unanswered.store, &other] {
            let again = store.end(session.id, at(20), at(70)).await.unwrap().unwrap();
            assert_eq!((again.end_time, again.forget_time), (at(9), at(59)), "it ended once");
        }
        assert_eq!(ended().await.iter().filter(|ended| ended.session_id == session.id).count(), 1);
    }
}

async fn a_key_whose_answer_is_lost_is_kept_once(database: &Database) {
    let other = database.open().await;
    for (unanswered, generation) in Unanswered::all(database).await.into_iter().zip(1..) {
        let key = make_key(generation, at(0)).unwrap();
        let newest = async || other.keys().await.unwrap().into_iter().next();
        let is_done = async || newest().await.as_ref() == Some(&key);
        unanswered.ask(&key.public, async |store| store.offer(&key).await, is_done).await;

        // Whoever offers again has made another key.
        for store in [&unanswered.store, &other] {
            store.offer(&make_key(generation, at(1)).unwrap()).await.unwrap();
        }
        assert_eq!(newest().await.as_ref(), Some(&key), "{}", unanswered.way);
        assert_eq!(other.keys().await.unwrap().len(), usize::try_from(generation).unwrap());
    }
}
