//! Folding, with what may go wrong.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use loquat_ids::RoomId;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    head_board::HeadBoard,
    model::{
        Change, RoomEvent, ScanPosition, Seq,
        fixture::{ALICE, changed, created, deleted, edited, reacted, room, send_event},
    },
    ports::{Cause, DeadLetter, DeadLetters, MessageFolds as _, RoomLogStore as _},
    store::faulty::FaultyStore,
};

const ROOM: RoomId = room(1);

/// Keeps letters, or refuses them.
#[derive(Debug, Default)]
struct Letters {
    buried: Mutex<Vec<DeadLetter>>,
    is_away: Mutex<bool>,
}

#[async_trait]
impl DeadLetters for Letters {
    async fn bury(&self, letter: DeadLetter) -> Result<(), Cause> {
        if *self.is_away.lock().expect("no panic") {
            return Err("the bus is away".into());
        }
        self.buried.lock().expect("no panic").push(letter);
        Ok(())
    }
}

impl Letters {
    fn buried(&self) -> Vec<u64> {
        self.buried.lock().expect("no panic").iter().map(|letter| letter.seq.get()).collect()
    }
}

async fn store_with(events: &[Arc<RoomEvent>]) -> Arc<FaultyStore> {
    let store = Arc::new(FaultyStore::default());
    store
        .append_batch(ROOM, &[changed(ROOM, 1, ALICE, created(&[ALICE])), send_event(2, ALICE, "hello")])
        .await
        .expect("a batch");
    store.append_batch(ROOM, events).await.expect("a batch");
    store
}

fn folder(store: &Arc<FaultyStore>, letters: &Arc<Letters>) -> Folder {
    Folder { store: store.clone(), letters: letters.clone(), queue: Arc::new(FoldQueue::default()) }
}

fn up_to(seq: u64) -> Vec<(RoomId, Seq)> {
    vec![(ROOM, Seq::new(seq))]
}

#[tokio::test]
async fn a_poisoned_event_is_buried_and_the_position_moves_on() {
    let store = store_with(&[
        changed(ROOM, 3, ALICE, edited(2, 1, "one")),
        changed(ROOM, 4, ALICE, reacted(2, "👍", true)),
        // It says that the message comes after it.
        changed(ROOM, 5, ALICE, reacted(9, "👍", true)),
        changed(ROOM, 6, ALICE, edited(2, 2, "two")),
    ])
    .await;
    store.poison(ROOM, 4);
    let letters = Arc::new(Letters::default());
    folder(&store, &letters).round(up_to(6)).await.expect("a round");
    assert_eq!(letters.buried(), [4, 5]);
    let folds = store.read_folds(ROOM, &[Seq::new(2), Seq::new(9)]).await.expect("folds");
    assert_eq!((folds.folded_to.get(), folds.folds.len()), (6, 1));
    let fold = &folds.folds[0].1;
    assert_eq!((fold.edits.len(), fold.reactions.len()), (2, 0));
    // It is past them.
    folder(&store, &letters).round(up_to(6)).await.expect("a round");
    assert_eq!((letters.buried().len(), store.folded(ROOM)), (2, (6, 1)));
}

#[tokio::test]
async fn nothing_is_passed_over_that_could_not_be_buried() {
    let store = store_with(&[
        changed(ROOM, 3, ALICE, edited(2, 1, "one")),
        changed(ROOM, 4, ALICE, reacted(9, "👍", true)),
        changed(ROOM, 5, ALICE, edited(2, 2, "two")),
    ])
    .await;
    let letters = Arc::new(Letters::default());
    *letters.is_away.lock().expect("no panic") = true;
    folder(&store, &letters).round(up_to(5)).await.expect_err("a letter that is not buried");
    assert_eq!(store.folded(ROOM).0, 3, "what came before it is kept");
    *letters.is_away.lock().expect("no panic") = false;
    folder(&store, &letters).round(up_to(5)).await.expect("a round");
    assert_eq!((letters.buried(), store.folded(ROOM).0), (vec![4], 5));
}

#[tokio::test]
async fn after_a_deletion_nothing_of_a_text_is_left() {
    let store =
        store_with(&[changed(ROOM, 3, ALICE, edited(2, 1, "one")), changed(ROOM, 4, ALICE, deleted(2, false))]).await;
    let letters = Arc::new(Letters::default());
    folder(&store, &letters).round(up_to(4)).await.expect("a round");
    let blank = store.log(ROOM).iter().filter(|event| matches!(event.change, Change::Blanked { .. })).count();
    assert_eq!(blank, 2);
    let folds = store.read_folds(ROOM, &[Seq::new(2)]).await.expect("folds");
    assert!(folds.folds[0].1.is_deleted && folds.folds[0].1.text.is_none());
}

#[tokio::test]
async fn a_room_is_never_folded_beyond_its_log() {
    let store = store_with(&[changed(ROOM, 3, ALICE, edited(2, 1, "one")), send_event(4, ALICE, "more")]).await;
    let folder = folder(&store, &Arc::new(Letters::default()));
    // News of another life of the log, which was longer.
    assert!(folder.queue.want(ROOM, Seq::new(900)));
    for _ in 0..2 {
        folder.round(up_to(900)).await.expect("a round");
        assert_eq!(store.folded(ROOM), (3, 1));
    }
    assert!(futures::poll!(std::pin::pin!(folder.queue.take(8))).is_pending(), "it waits no more");
    store.write(&[changed(ROOM, 5, ALICE, edited(2, 2, "two"))]);
    assert!(folder.queue.want(ROOM, Seq::new(5)));
    folder.round(up_to(5)).await.expect("a round");
    assert_eq!(store.folded(ROOM), (5, 2));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_is_left_to_others_for_most_of_the_time() {
    let store = store_with(&[changed(ROOM, 3, ALICE, edited(2, 1, "one"))]).await;
    store.slow_folds(Duration::from_secs(1));
    let folder = folder(&store, &Arc::new(Letters::default()));
    let (queue, stop) = (Arc::clone(&folder.queue), CancellationToken::new());
    let running = tokio::spawn(folder.run(stop.clone()));
    let began = tokio::time::Instant::now();
    for seq in 4..14 {
        store.write(&[changed(ROOM, seq, ALICE, reacted(2, "👍", seq % 2 == 0))]);
        assert!(queue.want(ROOM, Seq::new(seq)));
        while !queue.is_folded(ROOM, Seq::new(seq)) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let (_, rounds) = store.folded(ROOM);
    assert_eq!(rounds, 10);
    assert!(began.elapsed() >= Duration::from_secs(5 * 9), "{:?}", began.elapsed());
    stop.cancel();
    running.await.expect("no panic");
}

#[tokio::test]
async fn more_than_a_page_is_folded_page_by_page() {
    let mut events = Vec::new();
    for seq in 3..=1_302 {
        events.push(changed(ROOM, seq, ALICE, reacted(2, "👍", seq % 2 == 1)));
    }
    let store = store_with(&events).await;
    let letters = Arc::new(Letters::default());
    let folder = folder(&store, &letters);
    let queue = Arc::clone(&folder.queue);
    assert!(queue.want(ROOM, Seq::new(1_302)));
    let stop = CancellationToken::new();
    let running = tokio::spawn(folder.run(stop.clone()));
    while !queue.is_folded(ROOM, Seq::new(1_302)) {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.folded(ROOM), (1_302, 3));
    stop.cancel();
    running.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn the_scan_has_folded_what_nobody_told_and_keeps_how_far_that_is() {
    let store = store_with(&[changed(ROOM, 3, ALICE, edited(2, 1, "one"))]).await;
    let letters = Arc::new(Letters::default());
    let folder = folder(&store, &letters);
    let queue = Arc::clone(&folder.queue);
    let stop = CancellationToken::new();
    let heads = Arc::new(HeadBoard::default());
    let scan = scan_heads(store.clone(), heads, Arc::clone(&queue), Duration::from_millis(50), stop.clone());
    let running = [tokio::spawn(scan), tokio::spawn(folder.run(stop.clone()))];
    while store.folded_position().await.expect("an answer").is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(store.folded(ROOM), (3, 1), "a position is kept once all up to it is folded");
    assert_eq!(store.folded_position().await.expect("an answer"), Some(ScanPosition(7)));
    stop.cancel();
    for task in running {
        task.await.expect("no panic");
    }
}

#[tokio::test]
async fn a_room_that_is_folded_far_enough_is_not_wanted() {
    let queue = FoldQueue::default();
    assert!(queue.want(ROOM, Seq::new(5)));
    assert_eq!(queue.take(8).await, up_to(5));
    queue.done(ROOM, Seq::new(4));
    assert_eq!(queue.take(8).await, up_to(5), "more was wanted");
    queue.done(ROOM, Seq::new(6));
    assert!(queue.want(ROOM, Seq::new(6)));
    assert!(queue.is_folded(ROOM, Seq::new(6)) && !queue.is_folded(ROOM, Seq::new(7)));
    assert!(futures::poll!(std::pin::pin!(queue.take(8))).is_pending());
}
