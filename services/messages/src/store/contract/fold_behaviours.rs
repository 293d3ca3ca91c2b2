//! What every store does with what has become of messages.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use loquat_ids::{MessageId, RoomId, UserId};
use tokio_util::sync::CancellationToken;

use super::Place;
use crate::{
    folding::{FoldQueue, Folder, read_messages},
    model::{
        Change, ChangeKind, EventClass, FoldedMessage, MessageFold, Reaction, RoomEvent, RoomState, ScanPosition, Seq,
        fixture::{
            ALICE, BOB, blanked, changed, created, decided, deleted, edited, emoji, event, message_id, moved, pinned,
            reacted, room, send, send_event, text,
        },
    },
    ports::{Cause, DeadLetter, DeadLetters, FoldedRoom, Folds, MessageStore, Stretch},
    room_actor::read_state,
};

const ROOM: RoomId = room(1);
const ALL: Stretch = Stretch { after: Seq::ZERO, through: Seq::new(u64::MAX) };

pub(super) fn fold(as_of: u64, text_now: &str) -> MessageFold {
    MessageFold {
        as_of: Seq::new(as_of),
        text: Some(text(text_now)),
        edits: vec![Seq::new(as_of)],
        edit_time: Some(loquat_ids::Timestamp::from_micros(-5)),
        is_deleted: false,
        reactions: vec![Reaction { emoji: emoji("👍"), users: vec![ALICE, BOB] }],
    }
}

fn folded(folded_to: u64, folds: &[(u64, MessageFold)]) -> FoldedRoom {
    FoldedRoom {
        room: ROOM,
        folded_to: Seq::new(folded_to),
        folds: folds.iter().map(|(message, fold)| (Seq::new(*message), fold.clone())).collect(),
        erased: Vec::new(),
    }
}

async fn kept(store: &dyn MessageStore, messages: &[u64]) -> (u64, BTreeMap<u64, MessageFold>) {
    let messages: Vec<_> = messages.iter().copied().map(Seq::new).collect();
    let Folds { folded_to, folds } = store.read_folds(ROOM, &messages).await.expect("folds");
    (folded_to.get(), folds.into_iter().map(|(message, fold)| (message.get(), fold)).collect())
}

pub(super) async fn a_room_that_nothing_was_folded_of_has_no_folds(place: &Place) {
    let store = place.open().await;
    assert_eq!(kept(&*store, &[1, 2]).await, (0, BTreeMap::new()));
    assert_eq!(kept(&*store, &[]).await, (0, BTreeMap::new()));
    assert_eq!(store.folded_position().await.expect("an answer"), None);
    store.keep_folds(&[]).await.expect("nothing to keep");
    assert!(store.read_entries(ROOM, EventClass::Change, ALL, 10).await.expect("an answer").is_empty());
}

pub(super) async fn a_fold_is_kept_with_how_far_its_room_is_folded(place: &Place) {
    let store = place.open().await;
    let longest = fold(8, &"\u{10FFFF}".repeat(4_000));
    store.keep_folds(&[folded(9, &[(2, fold(7, "other")), (3, longest.clone())])]).await.expect("folds");
    assert_eq!(kept(&*store, &[1, 2, 3]).await, (9, [(2, fold(7, "other")), (3, longest)].into()));
    assert_eq!(kept(&*store, &[1]).await, (9, BTreeMap::new()));
    let elsewhere = store.read_folds(room(2), &[Seq::new(2)]).await.expect("folds");
    assert_eq!(elsewhere, Folds::default());
    // And after a restart.
    drop(store);
    assert_eq!(kept(&*place.open().await, &[2]).await, (9, [(2, fold(7, "other"))].into()));
}

pub(super) async fn an_earlier_fold_takes_the_place_of_no_later_one(place: &Place) {
    let store = place.open().await;
    store.keep_folds(&[folded(9, &[(2, fold(7, "later"))])]).await.expect("folds");
    for late in [folded(5, &[(2, fold(4, "earlier"))]), folded(9, &[(2, fold(7, "later"))])] {
        store.keep_folds(&[late]).await.expect("nothing to keep");
        assert_eq!(kept(&*store, &[2]).await, (9, [(2, fold(7, "later"))].into()));
    }
    store.keep_folds(&[folded(12, &[(2, fold(11, "the latest"))])]).await.expect("folds");
    assert_eq!(kept(&*store, &[2]).await, (12, [(2, fold(11, "the latest"))].into()));
}

pub(super) async fn folders_at_once_leave_the_latest_fold(place: &Place) {
    let (one, other) = (place.open().await, place.open().await);
    let keep = async |store: &dyn MessageStore, seqs: Vec<u64>| {
        for seq in seqs {
            let folds: Vec<_> = (2..6).map(|message| (message, fold(seq, &format!("as of {seq}")))).collect();
            store.keep_folds(&[folded(seq, &folds)]).await.expect("folds");
            let (_, kept) = kept(store, &[2, 3, 4, 5]).await;
            assert_eq!(kept.len(), 4, "a fold is always there");
            assert!(
                kept.values().all(|fold| fold.as_of.get() >= seq),
                "never one earlier than what was kept: {kept:?}"
            );
        }
    };
    // Each writes what the other wrote, a little before or after it.
    tokio::join!(keep(&*one, (6..26).collect()), keep(&*other, (6..26).rev().chain(16..27).collect()));
    let (_, kept) = kept(&*one, &[2, 3, 4, 5]).await;
    assert_eq!(kept, (2..6).map(|message| (message, fold(26, "as of 26"))).collect());
}

pub(super) async fn erasing_leaves_all_but_the_content(place: &Place) {
    let store = place.open().await;
    let events = [
        event(ROOM, 1, decided(1, created(&[ALICE]))),
        send_event(2, ALICE, "a secret"),
        changed(ROOM, 3, ALICE, edited(2, 1, "another secret")),
        changed(ROOM, 4, ALICE, deleted(2, false)),
        send_event(5, ALICE, "no secret"),
    ];
    store.append_batch(ROOM, &events).await.expect("a batch");
    let erased = FoldedRoom {
        erased: vec![
            (Seq::new(2), Change::Blanked { was: ChangeKind::MessageSent, message: None }),
            (Seq::new(3), blanked(2)),
        ],
        ..folded(4, &[])
    };
    for _ in 0..2 {
        store.keep_folds(std::slice::from_ref(&erased)).await.expect("an erasure");
        let read = store.read_events(ROOM, ALL, 10).await.expect("events");
        for (read, written) in read.iter().zip(&events) {
            let change = erased.erased.iter().find(|(seq, _)| *seq == read.seq).map(|(_, change)| change.clone());
            let change = change.unwrap_or_else(|| written.change.clone());
            assert_eq!(*read, RoomEvent { change, epoch: store.epoch(), ..(**written).clone() });
        }
    }
    let messages = store.read_messages(ROOM, ALL, crate::ports::End::Oldest, 10).await.expect("messages");
    assert_eq!(messages.iter().map(|message| message.seq.get()).collect::<Vec<_>>(), [2, 5]);
    let keys = [events[1].dedup_key.clone()];
    let repeat = store.find_repeats(ROOM, &keys).await.expect("the event").remove(0);
    assert_eq!((repeat.seq.get(), repeat.content_hash), (2, events[1].content_hash), "a repeat is found as before");
}

pub(super) async fn a_position_is_kept_and_never_goes_back(place: &Place) {
    let store = place.open().await;
    for (kept, expected) in [(7, 7), (5, 7), (1_700_000_000_000_000, 1_700_000_000_000_000)] {
        store.keep_folded_position(ScanPosition(kept)).await.expect("a position");
        assert_eq!(store.folded_position().await.expect("an answer"), Some(ScanPosition(expected)));
    }
    let identity = (store.epoch(), store.content_key());
    drop(store);
    let store = place.open().await;
    assert_eq!(store.folded_position().await.expect("an answer"), Some(ScanPosition(1_700_000_000_000_000)));
    assert_eq!((store.epoch(), store.content_key()), identity);
}

pub(super) async fn entries_that_cannot_be_read_are_told_one_by_one(place: &Place) {
    let store = place.open().await;
    let events = [
        event(ROOM, 1, decided(1, created(&[ALICE]))),
        send_event(2, ALICE, "hello"),
        changed(ROOM, 3, ALICE, edited(2, 1, "other")),
        changed(ROOM, 4, ALICE, reacted(2, "👍", true)),
        changed(ROOM, 5, ALICE, pinned(2, true)),
        changed(ROOM, 6, ALICE, deleted(2, true)),
        changed(ROOM, 7, ALICE, reacted(2, "👍", false)),
    ];
    store.append_batch(ROOM, &events).await.expect("a batch");
    place.garble(ROOM, 4).await;
    let read = async |class, stretch, limit| {
        let entries = store.read_entries(ROOM, class, stretch, limit).await.expect("entries");
        let told = entries.into_iter().map(|entry| match entry {
            Ok(event) => (event.seq.get(), true),
            Err(undecodable) => {
                assert!(String::from_utf8_lossy(&undecodable.payload).contains("said_backwards"));
                (undecodable.seq.get(), false)
            }
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(read(EventClass::Change, ALL, 10).await, [(3, true), (4, false), (7, true)]);
    assert_eq!(read(EventClass::Change, ALL, 2).await, [(3, true), (4, false)]);
    assert_eq!(read(EventClass::Change, Stretch { after: Seq::new(4), ..ALL }, 2).await, [(7, true)]);
    assert_eq!(read(EventClass::State, ALL, 10).await, [(1, true), (5, true), (6, true)]);
}

pub(super) async fn a_scan_tells_where_something_changed(place: &Place) {
    let store = place.open().await;
    let events = [event(ROOM, 1, decided(1, created(&[ALICE]))), send_event(2, ALICE, "hello")];
    store.append_batch(ROOM, &events).await.expect("a batch");
    let found = store.changed_heads(None).await.expect("heads");
    assert_eq!((found.heads[0].1.seq.get(), found.changes), (2, vec![(ROOM, Seq::new(1))]));
    let reaction = changed(ROOM, 3, ALICE, reacted(2, "👍", true));
    store.append_batch(ROOM, &[reaction, send_event(4, ALICE, "hello")]).await.expect("a batch");
    let found = store.changed_heads(Some(found.next)).await.expect("heads");
    assert_eq!((found.heads[0].1.seq.get(), found.changes), (4, vec![(ROOM, Seq::new(3))]));
}

/// Takes letters and forgets them.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl DeadLetters for Nobody {
    async fn bury(&self, letter: DeadLetter) -> Result<(), Cause> {
        panic!("nothing here is poisoned: {letter:?}")
    }
}

/// Returns a log in which much happened to few messages: said at 2 to 5, and then for each of them edits, reactions, pins,
/// a deletion, between other messages.
fn eventful() -> Vec<Arc<RoomEvent>> {
    let mut log = vec![event(ROOM, 1, decided(1, created(&[ALICE, BOB])))];
    let mut then = |actor: UserId, change: Change| {
        let seq = log.len() as u64 + 1;
        log.push(changed(ROOM, seq, actor, change));
    };
    let hello = |number: u64| crate::model::fixture::sent(&format!("request-{number}"), &format!("message {number}"));
    (2..6).for_each(|number| then(ALICE, hello(number)));
    for round in 0..12 {
        let thumb = |actor: UserId, message| (actor, reacted(message, "👍", round % 3 != 2));
        for message in [2, 3, 4] {
            for (actor, change) in [thumb(ALICE, message), thumb(BOB, message)] {
                then(actor, change);
            }
        }
        then(ALICE, edited(2, round + 1, &format!("edit {round}")));
        then(BOB, reacted(4, "🎉", round % 2 == 0));
        match round {
            1 => then(ALICE, pinned(3, true)),
            2 => then(ALICE, moved(2, BOB, None)),
            3 => then(ALICE, pinned(4, true)),
            5 => then(ALICE, pinned(4, false)),
            8 => then(ALICE, moved(3, BOB, Some(crate::model::Role::Member))),
            _ => then(ALICE, hello(u64::from(round) + 100)),
        }
    }
    // The one with its pin, the other without one.
    then(ALICE, deleted(3, true));
    then(ALICE, deleted(2, false));
    then(BOB, reacted(4, "🎉", true));
    log
}

/// Tells what messages are, as far as readers see it.
async fn messages(store: &dyn MessageStore, through: u64) -> Vec<(u64, Option<String>, MessageFold, bool)> {
    let ids: Vec<MessageId> = (2..6).map(message_id).collect();
    let state = async {
        let mut state = RoomState::default();
        let events = store.read_events(ROOM, Stretch { through: Seq::new(through), ..ALL }, 1_000).await?;
        events.iter().for_each(|event| state.apply(event));
        Ok(state)
    };
    let (state, found) = read_messages(store, ROOM, &ids, state).await.expect("messages");
    ids.iter()
        .map(|id| {
            let FoldedMessage { event, fold } = found[id].clone().expect("a message");
            let (event, is_pinned) = (event.clone(), state.is_pinned(event.seq));
            let message = crate::model::Message { event, fold: Arc::clone(&fold), is_pinned, as_of: state.seq() };
            let text = message.text().map(|text| text.as_str().to_owned());
            let fold = MessageFold { reactions: message.reactions().to_vec(), ..(*fold).clone() };
            (message.event.seq.get(), text, fold, is_pinned)
        })
        .collect()
}

async fn fold_up_to(store: &Arc<dyn MessageStore>, seq: u64) {
    let folder = Folder { store: Arc::clone(store), letters: Arc::new(Nobody), queue: Arc::new(FoldQueue::default()) };
    folder.round(vec![(ROOM, Seq::new(seq))]).await.expect("a round");
}

pub(super) async fn messages_are_the_same_however_far_they_are_folded(place: &Place) {
    let log = eventful();
    let store = place.open().await;
    // Written and folded by parts: at each place the tail alone, the folds alone, and both say the same.
    let mut never_folded = Vec::new();
    let is_change_up_to =
        |head, event: &RoomEvent| event.seq.get() <= head && event.change.class() != EventClass::Message;
    for part in log.chunks(17) {
        store.append_batch(ROOM, part).await.expect("a batch");
        let head = part.last().expect("an event").seq.get();
        if head < 5 {
            continue;
        }
        let before = messages(&*store, head).await;
        fold_up_to(&store, head).await;
        let last_change = log.iter().rfind(|event| is_change_up_to(head, event));
        assert_eq!(kept(&*store, &[]).await.0, last_change.expect("a change").seq.get());
        assert_eq!(messages(&*store, head).await, before, "at {head}");
        never_folded = before;
    }
    // At the end: nothing of what was deleted is left, here or in the log.
    assert!(never_folded.iter().all(|(seq, text, _, is_pinned)| text.is_none() == (*seq < 4) && !is_pinned));
    let events = store.read_events(ROOM, ALL, 1_000).await.expect("events");
    for (read, written) in events.iter().zip(&log) {
        let is_of_deleted = match (&written.change, written.change.message()) {
            (Change::MessageSent { .. }, _) => [2, 3].contains(&written.seq.get()),
            (Change::MessageEdited { .. }, Some(_)) => true,
            _ => false,
        };
        assert_eq!(matches!(read.change, Change::Blanked { .. }), is_of_deleted, "{read:?}");
        assert_eq!(read.change.class(), written.change.class());
    }
    // Folded anew, from a log of which much is blank, it comes to the same.
    let state = read_state(&*store, ROOM, RoomState::default()).await.expect("a state");
    let mut anew: BTreeMap<u64, MessageFold> = BTreeMap::new();
    for event in events.iter().filter(|event| !matches!(event.change, Change::PinChanged { .. })) {
        if let Some(place) = event.change.message() {
            anew.entry(place.seq.get()).or_default().apply(event).expect("an event of the message");
        }
    }
    assert_eq!(kept(&*store, &[2, 3, 4, 5]).await, (state.seq().get(), anew));
}

pub(super) async fn folders_on_two_nodes_keep_what_the_log_says(place: &Place) {
    let stores = [place.open().await, place.open().await];
    let stop = CancellationToken::new();
    let folders = stores.iter().map(|store| {
        let queue = Arc::new(FoldQueue::default());
        let folder = Folder { store: Arc::clone(store), letters: Arc::new(Nobody), queue: Arc::clone(&queue) };
        (queue, tokio::spawn(folder.run(stop.clone())))
    });
    let folders: Vec<_> = folders.collect();
    let log = eventful();
    for part in log.chunks(9) {
        stores[0].append_batch(ROOM, part).await.expect("a batch");
        let head = part.last().expect("an event").seq;
        folders.iter().for_each(|(queue, _)| assert!(queue.want(ROOM, head)));
        tokio::task::yield_now().await;
    }
    let head = log.len() as u64;
    while kept(&*stores[1], &[]).await.0 < head {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    for (_, folder) in folders {
        folder.await.expect("no panic");
    }
    let mut expected: BTreeMap<u64, MessageFold> = BTreeMap::new();
    for event in log.iter().filter(|event| !matches!(event.change, Change::PinChanged { .. })) {
        if let Some(place) = event.change.message() {
            expected.entry(place.seq.get()).or_default().apply(event).expect("an event of the message");
        }
    }
    assert_eq!(kept(&*stores[0], &[2, 3, 4, 5]).await, (head, expected));
}

pub(super) async fn a_store_from_before_folds_is_brought_up(place: &Place) {
    let store = place.open().await;
    let events = [event(ROOM, 1, decided(1, created(&[ALICE]))), event(ROOM, 2, send(ALICE, 2, "request-2", "hello"))];
    store.append_batch(ROOM, &events).await.expect("a batch");
    let epoch = store.epoch();
    drop(store);
    place.make_older().await;
    let store = place.open().await;
    assert_eq!((store.epoch(), store.head(ROOM).await.expect("a head")), (epoch, Some(events[1].head())));
    store.keep_folds(&[folded(2, &[(2, fold(2, "other"))])]).await.expect("a fold");
    assert_eq!(kept(&*store, &[2]).await, (2, [(2, fold(2, "other"))].into()));
}
