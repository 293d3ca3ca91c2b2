//! Answers of the store that never come, and what fails in the middle: what was asked for is done, or a part of it, and the
//! same again does nothing twice.
//!
//! An answer is lost in two ways. Whoever asked leaves once the store has done it, as at a deadline, on every store. And the
//! connection breaks when the server answers, where there is a connection.

use std::{collections::BTreeMap, pin::pin, sync::Arc};

use loquat_ids::RoomId;

use super::{
    Place,
    behaviours::{ALL, as_kept},
    fold_behaviours::fold,
    line::Line,
};
use crate::{
    model::{
        Change, ChangeKind, DedupKey, MessageFold, RoomEvent, Seq,
        fixture::{ALICE, event, room, send},
    },
    ports::{AppendError, FoldedRoom, MessageStore, StoreError},
};

/// A place that a question is known by: its bytes are the same from either end, as drivers send numbers.
const FATEFUL: [u8; 8] = [1, 2, 3, 4, 4, 3, 2, 1];
const FATEFUL_SEQ: u64 = u64::from_be_bytes(FATEFUL);

/// A store that gives no answer.
struct Unanswered {
    store: Arc<dyn MessageStore>,
    line: Option<Line>,
}

impl Unanswered {
    /// Opens one for each way in which answers are lost.
    async fn all(place: &Place) -> Vec<Self> {
        let left = Self { store: place.open().await, line: None };
        let cut = place.open_on_a_line().await.map(|(store, line)| Self { store, line: Some(line) });
        std::iter::once(left).chain(cut).collect()
    }

    /// Asks for something with some bytes in its last question, and loses the answer once it is done.
    async fn ask(
        &self,
        fateful: &[u8],
        ask: impl AsyncFnOnce(&dyn MessageStore) -> Result<(), StoreError>,
        is_done: impl AsyncFn() -> bool,
    ) {
        assert!(!is_done().await, "it is done before it is asked for");
        match &self.line {
            None => {
                let mut question = pin!(ask(&*self.store));
                while futures::poll!(&mut question).is_pending() && !is_done().await {}
            }
            Some(line) => {
                line.lose_the_answer_to(fateful);
                let outcome = ask(&*self.store).await;
                assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
                assert!(line.has_lost_an_answer());
            }
        }
        assert!(is_done().await, "it is done");
    }
}

fn message(room: RoomId, seq: u64) -> Arc<RoomEvent> {
    event(room, seq, send(ALICE, u128::from(seq), &format!("request-{seq}"), &format!("message {seq}")))
}

pub(super) async fn a_batch_whose_answer_is_lost_stands_once(place: &Place) {
    let other = place.open().await;
    for (unanswered, room) in Unanswered::all(place).await.into_iter().zip((1..).map(room)) {
        let log: Vec<_> = (1..=4).map(|seq| message(room, seq)).collect();
        other.append_batch(room, &log[..1]).await.expect("a batch");
        let batch = &log[1..];
        let keys: Vec<DedupKey> = batch.iter().map(|event| event.dedup_key.clone()).collect();
        let found = async || {
            let mut found = other.find_repeats(room, &keys).await.expect("events");
            found.sort_by_key(|event| event.seq);
            found
        };
        let last = batch[2].event_id.as_uuid().into_bytes();
        let append = async |store: &dyn MessageStore| match store.append_batch(room, batch).await {
            Err(AppendError::Store(error)) => Err(error),
            Err(AppendError::Conflict) => panic!("its places and keys are free"),
            Ok(()) => Ok(()),
        };
        unanswered.ask(&last, append, async || found().await.len() == batch.len()).await;

        assert_eq!(found().await, as_kept(batch, &*other));
        for store in [&unanswered.store, &other] {
            let again = store.append_batch(room, batch).await;
            assert!(matches!(again, Err(AppendError::Conflict)), "{again:?}");
        }
        assert_eq!(other.read_events(room, ALL, 10).await.expect("events"), as_kept(&log, &*other));
        // The connection that the answer was lost on is in nobody's way.
        unanswered.store.append_batch(room, &[message(room, 5)]).await.expect("a batch");
        assert_eq!(other.head(room).await.expect("a head"), Some(message(room, 5).head()));
    }
}

/// Returns a room folded so far: two of its messages, of which the first was deleted.
fn folded(room: RoomId, folded_to: u64, as_of: u64) -> FoldedRoom {
    let blank = Change::Blanked { was: ChangeKind::MessageSent, message: None };
    FoldedRoom {
        room,
        folded_to: Seq::new(folded_to),
        folds: [1, 2].map(|seq| (Seq::new(seq), fold(as_of, &format!("{seq} as of {as_of}")))).into(),
        erased: vec![(Seq::new(1), blank)],
    }
}

/// What a store says of a room: how far it is folded, the folds, and whether the first message is erased.
async fn kept(store: &dyn MessageStore, room: RoomId) -> (u64, BTreeMap<Seq, MessageFold>, bool) {
    let folds = store.read_folds(room, &[1, 2].map(Seq::new)).await.expect("folds");
    let first = store.read_places(room, &[Seq::new(1)]).await.expect("events").remove(0);
    (folds.folded_to.get(), folds.folds.into_iter().collect(), matches!(first.change, Change::Blanked { .. }))
}

fn wholly(folded: &FoldedRoom) -> (u64, BTreeMap<Seq, MessageFold>, bool) {
    (folded.folded_to.get(), folded.folds.iter().cloned().collect(), true)
}

pub(super) async fn folds_whose_answer_is_lost_are_kept_and_can_be_kept_again(place: &Place) {
    let other = place.open().await;
    for (unanswered, room) in Unanswered::all(place).await.into_iter().zip((1..).map(room)) {
        other.append_batch(room, &[message(room, 1), message(room, 2)]).await.expect("a batch");
        let batch = [folded(room, FATEFUL_SEQ, 7)];
        let keep = async |store: &dyn MessageStore| store.keep_folds(&batch).await;
        unanswered.ask(&FATEFUL, keep, async || kept(&*other, room).await.0 == FATEFUL_SEQ).await;
        assert_eq!(kept(&*other, room).await, wholly(&batch[0]));
        unanswered.store.keep_folds(&batch).await.expect("the same again");
        assert_eq!(kept(&*other, room).await, wholly(&batch[0]));

        // Whoever repeats it after another folder got further takes nothing back.
        let further = folded(room, FATEFUL_SEQ + 1, 9);
        other.keep_folds(std::slice::from_ref(&further)).await.expect("folds");
        unanswered.store.keep_folds(&batch).await.expect("the same again");
        assert_eq!(kept(&*other, room).await, wholly(&further));
    }
}

pub(super) async fn rooms_whose_keeping_fails_in_the_middle_are_told_as_far_as_they_are_kept(place: &Place) {
    let other = place.open().await;
    let [ahead, before, fateful, after] = [1, 2, 3, 4].map(room);
    for room in [ahead, before, fateful, after] {
        other.append_batch(room, &[message(room, 1), message(room, 2)]).await.expect("a batch");
    }
    let further = folded(ahead, 30, 29);
    other.keep_folds(std::slice::from_ref(&further)).await.expect("folds");

    let mut batch = [ahead, before, fateful, after].map(|room| folded(room, 20, 19));
    let blank = batch[2].erased[0].1.clone();
    batch[2].erased.push((Seq::new(FATEFUL_SEQ), blank));
    let outcome = match place.open_on_a_line().await {
        Some((store, line)) => {
            line.lose_the_answer_to(&FATEFUL);
            let outcome = store.keep_folds(&batch).await;
            assert!(line.has_lost_an_answer());
            outcome
        }
        None => {
            place.refuse_changes_of(fateful).await;
            let outcome = other.keep_folds(&batch).await;
            place.take_changes().await;
            outcome
        }
    };
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");

    assert_eq!(kept(&*other, ahead).await, wholly(&further));
    for folded in &batch[1..] {
        let (folded_to, folds, is_erased) = kept(&*other, folded.room).await;
        if folded_to == 0 {
            assert!(folds.iter().all(|(seq, fold)| folded.folds.contains(&(*seq, fold.clone()))), "{folds:?}");
        } else {
            assert_eq!((folded_to, folds, is_erased), wholly(folded), "whoever reads how far finds it kept");
        }
    }
    let is_erased = async |room| kept(&*other, room).await.2;
    assert_eq!((is_erased(before).await, is_erased(after).await), (true, false), "it was in the middle");

    for _ in 0..2 {
        other.keep_folds(&batch).await.expect("the same again");
        assert_eq!(kept(&*other, ahead).await, wholly(&further));
        for folded in &batch[1..] {
            assert_eq!(kept(&*place.open().await, folded.room).await, wholly(folded));
        }
    }
}
