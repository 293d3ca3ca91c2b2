//! Actors on a store that goes wrong.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use loquat_ids::{FixedClock, RoomId, Timestamp};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::*;
use crate::{
    model::{
        Deed, MessagePlace, Placed, RoomEvent, Seq,
        fixture::{ALICE, BOB, about, created, decided, emoji, moved, room, send, text},
    },
    ports::{Cause, RoomNews},
    store::faulty::{Fault, FaultyStore},
};

const ROOM: RoomId = room(1);

/// Actors of one node, over a store that others may share.
struct Node {
    actors: Arc<RoomActors>,
    clock: Arc<FixedClock>,
    stop: CancellationToken,
    news: mpsc::Receiver<Arc<RoomEvent>>,
    heads: Arc<HeadBoard>,
}

/// Hands what is told to a test.
#[derive(Debug)]
struct Told(mpsc::Sender<Arc<RoomEvent>>);

#[async_trait]
impl RoomNews for Told {
    async fn tell(&self, event: &RoomEvent) -> Result<(), Cause> {
        Ok(self.0.send(Arc::new(event.clone())).await?)
    }
}

impl Node {
    fn on(store: &Arc<FaultyStore>) -> Self {
        Self::with(store, ActorLimits { settle_within: Duration::from_secs(5), ..ActorLimits::default() })
    }

    fn with(store: &Arc<FaultyStore>, limits: ActorLimits) -> Self {
        let (told, news) = mpsc::channel(10_000);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let told: Arc<dyn RoomNews> = Arc::new(Told(told));
        let desk = NewsDesk::open(&told, &tasks, &stop);
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1_000)));
        let heads = Arc::new(HeadBoard::default());
        let actors = RoomActors::new(store.clone(), clock.clone(), heads.clone(), desk, limits, tasks, stop.clone());
        Self { actors, clock, stop, news, heads }
    }

    async fn submit(&self, command: Command) -> Result<Placed, MessagesError> {
        self.actors.place(ROOM, command).await
    }

    /// Submits something that is to be done to a message.
    async fn change(&self, command: Command) -> Result<Done, MessagesError> {
        self.actors.submit(ROOM, command).await
    }

    /// Submits without waiting for the answer.
    fn begin(&self, command: Command) -> tokio::task::JoinHandle<Result<Placed, MessagesError>> {
        let actors = Arc::clone(&self.actors);
        tokio::spawn(async move { actors.place(ROOM, command).await })
    }

    fn living(&self) -> usize {
        self.actors.living.lock().expect("no panic").len()
    }
}

/// A room with Alice and Bob in it.
async fn begun() -> (Arc<FaultyStore>, Node) {
    let store = Arc::new(FaultyStore::default());
    let node = Node::on(&store);
    node.submit(decided(1, created(&[ALICE, BOB]))).await.expect("a room");
    (store, node)
}

fn seqs(store: &FaultyStore) -> Vec<u64> {
    store.log(ROOM).iter().map(|event| event.seq.get()).collect()
}

#[tokio::test]
async fn a_message_takes_the_next_place_and_is_told() {
    let (store, mut node) = begun().await;
    let placed = node.submit(send(ALICE, 2, "request-1", "hello")).await.expect("a place");
    assert_eq!((placed.event.seq.get(), placed.is_repeat), (2, false));
    assert_eq!(node.news.recv().await.expect("news").seq.get(), 1);
    assert_eq!(node.news.recv().await.expect("news"), placed.event);
    assert_eq!(seqs(&store), [1, 2]);
}

#[tokio::test]
async fn a_stranger_and_a_room_that_is_not_there_look_the_same() {
    let (_, node) = begun().await;
    let stranger = crate::model::fixture::user(9);
    let refused = node.submit(send(stranger, 2, "request-1", "hello")).await;
    assert!(matches!(refused, Err(MessagesError::RoomNotFound { .. })));
    let nowhere = node.actors.submit(room(7), send(ALICE, 3, "request-1", "hello")).await;
    assert!(matches!(nowhere, Err(MessagesError::RoomNotFound { .. })));
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_first_place_even_after_its_sender_was_removed() {
    let (store, node) = begun().await;
    let first = node.submit(send(BOB, 2, "request-1", "hello")).await.expect("a place");
    node.submit(decided(3, moved(2, BOB, None))).await.expect("a removal");
    let again = node.submit(send(BOB, 4, "request-1", "hello")).await.expect("the first place");
    assert_eq!((again.event, again.is_repeat), (first.event, true));
    let new = node.submit(send(BOB, 5, "request-2", "still here?")).await;
    assert!(matches!(new, Err(MessagesError::RoomNotFound { .. })));
    assert_eq!(seqs(&store), [1, 2, 3]);
}

#[tokio::test]
async fn a_repeat_with_other_content_is_refused() {
    let (store, node) = begun().await;
    node.submit(send(ALICE, 2, "request-1", "hello")).await.expect("a place");
    let other = node.submit(send(ALICE, 3, "request-1", "goodbye")).await;
    assert!(matches!(other, Err(MessagesError::RequestIdReused { .. })));
    node.submit(send(BOB, 4, "request-1", "another sender's id is another id")).await.expect("a place");
    assert_eq!(seqs(&store), [1, 2, 3]);
}

#[tokio::test]
async fn versions_stand_in_order_and_once() {
    let (store, node) = begun().await;
    let early = node.submit(decided(3, moved(3, BOB, None))).await;
    assert!(matches!(early, Err(MessagesError::VersionOutOfOrder { .. })));
    let first = node.submit(decided(2, moved(2, BOB, None))).await.expect("a place");
    let again = node.submit(decided(2, moved(2, BOB, None))).await.expect("the first place");
    assert_eq!((again.event, again.is_repeat), (first.event, true));
    let taken = node.submit(decided(4, moved(2, BOB, None))).await;
    assert!(matches!(taken, Err(MessagesError::VersionOutOfOrder { .. })));
    assert_eq!(seqs(&store), [1, 2]);
}

#[tokio::test]
async fn what_waits_is_written_as_one_batch_and_a_repeat_within_it_is_a_repeat() {
    let (store, node) = begun().await;
    store.expect([Fault::Held]);
    let held = node.begin(send(ALICE, 2, "request-0", "holds the actor"));
    store.is_held.notified().await;
    let waiting =
        [(3, "request-1", "one"), (4, "request-1", "one"), (5, "request-1", "other"), (6, "request-2", "two")]
            .map(|(number, request, text)| node.begin(send(ALICE, number, request, text)));
    while node.actors.living.lock().expect("no panic")[&ROOM].capacity() > 256 - waiting.len() {
        tokio::task::yield_now().await;
    }
    store.release();
    held.await.expect("no panic").expect("a place");
    let mut outcomes = Vec::new();
    for answer in waiting {
        outcomes.push(answer.await.expect("no panic").map(|placed| (placed.event.seq.get(), placed.is_repeat)));
    }
    assert_eq!(store.batches(), [1, 1, 2]);
    // The tasks may have posted in any order, but one of the first two is the other's repeat, or both give way to "other".
    let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert!(refused == 1 || refused == 2, "{outcomes:?}");
    assert_eq!(seqs(&store), [1, 2, 3, 4]);
}

#[tokio::test]
async fn nothing_is_acknowledged_or_told_before_the_store_has_it() {
    let (store, mut node) = begun().await;
    node.news.recv().await.expect("the room's news");
    store.expect([Fault::Held]);
    let mut answer = node.begin(send(ALICE, 2, "request-1", "hello"));
    store.is_held.notified().await;
    // Everything else that can run has run when this yields back, many times over.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(futures::poll!(&mut answer).is_pending());
    assert!(node.news.try_recv().is_err());
    assert_eq!(seqs(&store), [1]);
    store.release();
    answer.await.expect("no panic").expect("a place");
    node.news.recv().await.expect("news");
}

#[tokio::test]
async fn an_unknown_outcome_that_landed_is_acknowledged_and_told_once() {
    let (store, mut node) = begun().await;
    store.expect([Fault::Landed]);
    let placed = node.submit(send(ALICE, 2, "request-1", "hello")).await.expect("a place");
    assert_eq!((placed.event.seq.get(), placed.is_repeat), (2, false));
    node.submit(send(ALICE, 3, "request-2", "more")).await.expect("a place");
    for seq in 1..=3 {
        assert_eq!(node.news.recv().await.expect("news").seq.get(), seq);
    }
    assert_eq!(seqs(&store), [1, 2, 3]);
}

#[tokio::test]
async fn an_unknown_outcome_that_did_not_land_is_written_again() {
    let (store, node) = begun().await;
    store.expect([Fault::Lost, Fault::Lost, Fault::Landed]);
    let placed = node.submit(send(ALICE, 2, "request-1", "hello")).await.expect("a place");
    assert_eq!((placed.event.seq.get(), placed.is_repeat), (2, false));
    assert_eq!(seqs(&store), [1, 2]);
}

#[tokio::test]
async fn a_write_that_lands_late_changes_nothing() {
    let (store, node) = begun().await;
    store.expect([Fault::Late]);
    let placed = node.submit(send(ALICE, 2, "request-1", "hello")).await.expect("a place");
    store.land_late();
    node.submit(send(ALICE, 3, "request-2", "more")).await.expect("a place");
    assert_eq!(placed.event, store.log(ROOM)[1]);
    assert_eq!(seqs(&store), [1, 2, 3]);
}

#[tokio::test]
async fn a_write_that_lands_after_it_was_given_up_is_found_by_its_repeat() {
    let (store, node) = begun().await;
    store.expect([Fault::Late]);
    store.fail_reads(true);
    let given_up = node.submit(send(ALICE, 2, "request-1", "hello")).await;
    assert!(matches!(given_up, Err(MessagesError::StoreUnavailable(_))));
    store.fail_reads(false);
    store.land_late();
    let again = node.submit(send(ALICE, 3, "request-1", "hello")).await.expect("the first place");
    assert_eq!((again.event.seq.get(), again.is_repeat), (2, true));
    assert_eq!(seqs(&store), [1, 2]);
}

#[tokio::test]
async fn of_a_batch_of_which_a_prefix_stands_each_command_is_answered_as_the_log_has_it() {
    let (store, node) = begun().await;
    store.expect([Fault::Held, Fault::Prefix]);
    let held = node.begin(send(ALICE, 2, "request-0", "holds the actor"));
    store.is_held.notified().await;
    let waiting = [3, 4, 5].map(|number| node.begin(send(ALICE, number, &format!("request-{number}"), "hello")));
    while node.actors.living.lock().expect("no panic")[&ROOM].capacity() > 256 - waiting.len() {
        tokio::task::yield_now().await;
    }
    store.release();
    held.await.expect("no panic").expect("a place");
    let log = {
        let mut placed = Vec::new();
        for answer in waiting {
            placed.push(answer.await.expect("no panic").expect("a place"));
        }
        assert!(placed.iter().all(|placed| !placed.is_repeat));
        placed.sort_by_key(|placed| placed.event.seq);
        placed.into_iter().map(|placed| placed.event).collect::<Vec<_>>()
    };
    assert_eq!(store.log(ROOM)[2..], log);
    assert_eq!(seqs(&store), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_full_disk_refuses_and_the_next_send_succeeds() {
    let (store, node) = begun().await;
    store.expect([Fault::Refused]);
    let refused = node.submit(send(ALICE, 2, "request-1", "hello")).await;
    assert!(matches!(refused, Err(MessagesError::StoreRefused(_))));
    assert_eq!(seqs(&store), [1]);
    let placed = node.submit(send(ALICE, 3, "request-1", "hello")).await.expect("a place");
    assert_eq!((placed.event.seq.get(), placed.is_repeat), (2, false));
}

#[tokio::test]
async fn a_store_that_hangs_is_given_up_and_what_it_wrote_after_all_is_found() {
    let store = Arc::new(FaultyStore::default());
    let limits = ActorLimits { settle_within: Duration::from_millis(20), ..ActorLimits::default() };
    let node = Node::with(&store, limits);
    node.submit(decided(1, created(&[ALICE]))).await.expect("a room");
    store.expect([Fault::Held]);
    let given_up = node.submit(send(ALICE, 2, "request-1", "hello")).await;
    assert!(matches!(given_up, Err(MessagesError::StoreUnavailable(_))));
    store.release();
    let again = node.submit(send(ALICE, 3, "request-1", "hello")).await.expect("the first place");
    assert_eq!((again.event.seq.get(), again.is_repeat), (2, true));
}

#[tokio::test]
async fn conflicts_without_end_are_given_up() {
    let store = Arc::new(FaultyStore::default());
    let limits = ActorLimits { settle_within: Duration::from_millis(50), ..ActorLimits::default() };
    let node = Node::with(&store, limits);
    store.expect([Fault::Conflict; 1_000]);
    let given_up = node.submit(decided(1, created(&[ALICE]))).await;
    assert!(matches!(given_up, Err(MessagesError::StoreUnavailable(_))));
    assert!(store.batches().len() < 100, "it does not spin");
}

#[tokio::test]
async fn two_nodes_on_one_room_number_without_holes_and_neither_decides_on_the_past() {
    let (store, one) = begun().await;
    let other = Node::on(&store);
    one.submit(send(BOB, 2, "request-1", "hello")).await.expect("a place");
    other.submit(send(ALICE, 3, "request-1", "hello")).await.expect("a place");
    // `one` has not seen the removal: its write meets the index, and it learns of it.
    other.submit(decided(4, moved(2, BOB, None))).await.expect("a removal");
    let removed = one.submit(send(BOB, 5, "request-2", "am I still here?")).await;
    assert!(matches!(removed, Err(MessagesError::RoomNotFound { .. })));
    // Nor does it refuse by what it knew: Bob is back before it looks.
    other.submit(decided(6, moved(3, BOB, Some(crate::model::Role::Member)))).await.expect("a return");
    one.submit(send(BOB, 7, "request-3", "back")).await.expect("a place");
    let repeat = other.submit(send(BOB, 8, "request-1", "hello")).await.expect("the first place");
    assert_eq!((repeat.event.seq.get(), repeat.is_repeat), (2, true));
    assert_eq!(seqs(&store), [1, 2, 3, 4, 5, 6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_at_once_lose_nothing_and_write_nothing_twice() {
    let (store, one) = begun().await;
    let other = Node::on(&store);
    let mut answers = Vec::new();
    for number in 0..200 {
        // Every message is sent to both nodes.
        for (node, offset) in [(&one, 10), (&other, 1_000)] {
            answers.push(node.begin(send(ALICE, number + offset, &format!("request-{number}"), "hello")));
        }
    }
    let mut firsts = 0;
    for answer in answers {
        firsts += usize::from(!answer.await.expect("no panic").expect("a place").is_repeat);
    }
    assert_eq!(firsts, 200);
    assert_eq!(seqs(&store), (1..=201).collect::<Vec<_>>());
}

#[tokio::test]
async fn create_time_never_falls_along_the_log() {
    let (store, node) = begun().await;
    node.clock.set(Timestamp::from_micros(9_000));
    node.submit(send(ALICE, 2, "request-1", "hello")).await.expect("a place");
    node.clock.set(Timestamp::from_micros(5));
    node.submit(send(ALICE, 3, "request-2", "hello")).await.expect("a place");
    let times: Vec<_> = store.log(ROOM).iter().map(|event| event.create_time.as_micros()).collect();
    assert_eq!(times, [1_000, 9_000, 9_000]);
}

#[tokio::test]
async fn a_room_with_too_much_waiting_is_busy() {
    let store = Arc::new(FaultyStore::default());
    let node = Node::with(&store, ActorLimits { mailbox_commands: 2, ..ActorLimits::default() });
    node.submit(decided(1, created(&[ALICE]))).await.expect("a room");
    store.expect([Fault::Held]);
    let held = node.begin(send(ALICE, 2, "request-0", "holds the actor"));
    store.is_held.notified().await;
    let waiting = [3, 4].map(|number| node.begin(send(ALICE, number, &format!("request-{number}"), "hello")));
    while node.actors.living.lock().expect("no panic")[&ROOM].capacity() > 0 {
        tokio::task::yield_now().await;
    }
    let busy = node.submit(send(ALICE, 5, "request-5", "hello")).await;
    assert!(matches!(busy, Err(MessagesError::RoomBusy { .. })));
    store.release();
    held.await.expect("no panic").expect("a place");
    for answer in waiting {
        answer.await.expect("no panic").expect("a place");
    }
}

#[tokio::test]
async fn an_actor_with_a_letter_in_its_mailbox_may_not_leave() {
    let (_, node) = begun().await;
    let elsewhere = room(2);
    let (mailbox, mut letters) = mpsc::channel(1);
    node.actors.living.lock().expect("no panic").insert(elsewhere, mailbox);
    let (answer, _) = oneshot::channel();
    // It arrives after the actor found its mailbox empty, and before it asks to leave.
    node.actors.post(elsewhere, (answer, send(ALICE, 2, "request-1", "hello"))).expect("a mailbox with room");
    assert!(!node.actors.leave(elsewhere, &letters));
    letters.recv().await.expect("the letter");
    assert!(node.actors.leave(elsewhere, &letters));
    assert!(!node.actors.living.lock().expect("no panic").contains_key(&elsewhere));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_command_is_lost_to_an_actor_that_ends() {
    let store = Arc::new(FaultyStore::default());
    // Actors end as soon as nothing waits: nearly every command meets one that is leaving.
    let node = Node::with(&store, ActorLimits { idle_after: Duration::ZERO, ..ActorLimits::default() });
    node.submit(decided(1, created(&[ALICE]))).await.expect("a room");
    let senders = (0..8).map(|sender| {
        let actors = Arc::clone(&node.actors);
        tokio::spawn(async move {
            for number in 0..200 {
                let id = 10 + sender * 1_000 + number;
                let command = send(ALICE, id, &format!("request-{id}"), "hello");
                actors.submit(ROOM, command).await.expect("a place");
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.expect("no panic");
    }
    assert_eq!(seqs(&store), (1..=1_601).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_idle_actor_ends_and_the_process_waits_for_the_others() {
    let store = Arc::new(FaultyStore::default());
    let node = Node::with(&store, ActorLimits { idle_after: Duration::from_millis(1), ..ActorLimits::default() });
    node.submit(decided(1, created(&[ALICE]))).await.expect("a room");
    while node.living() > 0 {
        tokio::task::yield_now().await;
    }
    store.expect([Fault::Held]);
    let held = node.begin(send(ALICE, 2, "request-1", "hello"));
    store.is_held.notified().await;
    node.stop.cancel();
    store.release();
    held.await.expect("no panic").expect("a place");
    node.submit(send(ALICE, 3, "request-2", "a last word")).await.expect("a place, also while the process ends");
    node.actors.tasks.close();
    while node.living() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_head_is_posted_for_what_was_written() {
    let (_, node) = begun().await;
    let mut watch = node.heads.watch();
    let placed = node.submit(send(ALICE, 2, "request-1", "hello")).await.expect("a place");
    assert_eq!(watch.next_batch().await.expect("a batch"), [(ROOM, placed.event.head())]);
}

#[tokio::test]
async fn a_panic_strands_neither_the_room_nor_what_waits_in_it() {
    let store = Arc::new(FaultyStore::default());
    let node = Node::with(&store, ActorLimits { batch_events: 1, ..ActorLimits::default() });
    node.submit(decided(1, created(&[ALICE]))).await.expect("a room");
    store.expect([Fault::Held, Fault::Panic]);
    let held = node.begin(send(ALICE, 2, "request-0", "holds the actor"));
    store.is_held.notified().await;
    let mut waiting = Vec::new();
    for (number, request) in [(3, "request-1"), (4, "request-2")] {
        waiting.push(node.begin(send(ALICE, number, request, "hello")));
        while node.actors.living.lock().expect("no panic")[&ROOM].capacity() > 256 - waiting.len() {
            tokio::task::yield_now().await;
        }
    }
    store.release();
    held.await.expect("no panic").expect("a place");
    // The one was in the actor's hands, the other in its mailbox.
    let lost = waiting.remove(0).await.expect("no panic");
    assert!(matches!(lost, Err(MessagesError::StoreUnavailable(_))), "{lost:?}");
    waiting.remove(0).await.expect("no panic").expect("a place");
    let again = node.submit(send(ALICE, 5, "request-1", "hello")).await.expect("a place");
    assert_eq!((again.event.seq.get(), again.is_repeat), (4, false));
    assert_eq!(seqs(&store), [1, 2, 3, 4]);
}

/// A room in which Alice has said something at 2.
async fn with_message() -> (Arc<FaultyStore>, Node, MessagePlace) {
    let (store, node) = begun().await;
    let placed = node.submit(send(ALICE, 2, "request-1", "hello")).await.expect("a place");
    (store, node, MessagePlace { id: placed.event.message_id(), seq: placed.event.seq })
}

fn placed(done: Result<Done, MessagesError>) -> Placed {
    match done.expect("a place") {
        Done::Placed(placed) => placed,
        Done::Unchanged(message) => panic!("nothing changed: {message:?}"),
    }
}

#[tokio::test]
async fn what_is_done_to_a_message_is_answered_with_the_message_as_of_then() {
    let (store, node, message) = with_message().await;
    let edit = placed(node.change(about(ALICE, 3, "request-2", message.id, Deed::Edit(text("other")))).await);
    let after = edit.message.expect("the message");
    assert_eq!(
        (after.as_of, after.text().map(|text| text.as_str().to_owned())),
        (Seq::new(3), Some("other".to_owned()))
    );
    let reaction = placed(node.change(about(BOB, 4, "request-3", message.id, Deed::AddReaction(emoji("👍")))).await);
    assert_eq!(reaction.message.expect("the message").reactions()[0].users, [BOB]);
    let again = node.change(about(BOB, 5, "request-4", message.id, Deed::AddReaction(emoji("👍")))).await;
    let Done::Unchanged(message) = again.expect("an answer") else { panic!("it changed something") };
    assert_eq!(message.as_of, Seq::new(4));
    assert_eq!(seqs(&store), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_repeat_of_a_change_is_found_on_another_node_and_by_any_method() {
    let (store, one, message) = with_message().await;
    let other = Node::on(&store);
    let edit = about(ALICE, 3, "request-2", message.id, Deed::Edit(text("other")));
    let first = placed(one.change(edit.clone()).await);
    for node in [&other, &one] {
        let again = placed(node.change(Command { event_id: crate::model::fixture::event_id(9), ..edit.clone() }).await);
        assert_eq!((again.event, again.is_repeat), (Arc::clone(&first.event), true));
        for deed in [Deed::Edit(text("yet another")), Deed::Delete] {
            let reused = node.change(about(ALICE, 10, "request-2", message.id, deed)).await;
            assert!(matches!(reused, Err(MessagesError::RequestIdReused { .. })), "{reused:?}");
        }
        let reused = node.submit(send(ALICE, 11, "request-2", "a message")).await;
        assert!(matches!(reused, Err(MessagesError::RequestIdReused { .. })), "{reused:?}");
    }
    assert_eq!(seqs(&store), [1, 2, 3]);
}

#[tokio::test]
async fn neither_of_two_nodes_decides_on_what_a_message_was() {
    let (store, one, message) = with_message().await;
    let other = Node::on(&store);
    // `one` knows the message as it was before the other deletes it.
    placed(one.change(about(ALICE, 3, "request-2", message.id, Deed::Edit(text("other")))).await);
    placed(other.change(about(ALICE, 4, "request-3", message.id, Deed::Delete)).await);
    let late = one.change(about(BOB, 5, "request-4", message.id, Deed::AddReaction(emoji("👍")))).await;
    assert!(matches!(late, Err(MessagesError::MessageDeleted)), "{late:?}");
    // And does not find that nothing changes by what it knew.
    let fresh = placed(one.change(send(ALICE, 6, "request-5", "hello again")).await);
    let id = fresh.event.message_id();
    placed(one.change(about(BOB, 7, "request-6", id, Deed::AddReaction(emoji("👍")))).await);
    placed(other.change(about(BOB, 8, "request-7", id, Deed::RemoveReaction(emoji("👍")))).await);
    placed(one.change(about(BOB, 9, "request-8", id, Deed::AddReaction(emoji("👍")))).await);
    assert_eq!(seqs(&store), (1..=8).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_found() {
    let (store, node, message) = with_message().await;
    store.expect([Fault::Landed]);
    let edit = placed(node.change(about(ALICE, 3, "request-2", message.id, Deed::Edit(text("other")))).await);
    assert_eq!((edit.event.seq.get(), edit.is_repeat, edit.message), (3, false, None));
    store.expect([Fault::Late]);
    placed(node.change(about(ALICE, 4, "request-3", message.id, Deed::Edit(text("another")))).await);
    store.land_late();
    let edits = store.log(ROOM).iter().filter(|event| event.change.message().is_some()).count();
    assert_eq!((edits, seqs(&store)), (2, vec![1, 2, 3, 4]));
}

#[tokio::test]
async fn after_a_conflict_a_room_goes_on_from_what_was_written_since_and_reads_nothing_anew() {
    let (store, node, message) = with_message().await;
    let other = Node::on(&store);
    let thumb = || Deed::AddReaction(emoji("👍"));
    placed(node.change(about(ALICE, 40, "request-40", message.id, thumb())).await);
    placed(other.change(about(BOB, 41, "request-41", message.id, thumb())).await);
    let reads = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&reads);
    store.before_folds(move |_| counted.store(1, std::sync::atomic::Ordering::SeqCst));
    // What this node knows ends before what the other wrote.
    let deed = Deed::RemoveReaction(emoji("👍"));
    let removed = placed(node.change(about(ALICE, 42, "request-42", message.id, deed)).await);
    assert_eq!(removed.event.seq.get(), store.log(ROOM).len() as u64);
    let now = removed.message.expect("the message as of then");
    assert_eq!(now.reactions().iter().map(|reaction| reaction.users.clone()).collect::<Vec<_>>(), [vec![BOB]]);
    assert_eq!(reads.load(std::sync::atomic::Ordering::SeqCst), 0, "no fold was read");
    assert_eq!(*store.batches().last().expect("a batch"), 1);
}
