//! What every store does.

use std::{collections::BTreeSet, sync::Arc};

use loquat_ids::{RoomId, Timestamp};

use super::Place;
use crate::{
    model::{
        Change, ChangeKind, DedupKey, EventClass, Head, Role, RoomEvent, Seq, TraceContext,
        fixture::{ALICE, BOB, changed, created, decided, event, event_id, moved, room, send, sent},
    },
    ports::{AppendError, End, RoomLogStore, Stretch},
    store::OpenError,
};

const ROOM: RoomId = room(1);
pub(super) const ALL: Stretch = Stretch { after: Seq::ZERO, through: Seq::new(u64::MAX) };

fn message(seq: u64, number: u128) -> Arc<RoomEvent> {
    event(ROOM, seq, send(ALICE, number, &format!("request-{number}"), &format!("message {number}")))
}

/// Returns the beginning of a room: made at 1, Bob moved at 4, 8 …, messages at all other places.
fn mixed(length: u64) -> Vec<Arc<RoomEvent>> {
    let one = |seq: u64| match seq {
        1 => event(ROOM, 1, decided(1, created(&[ALICE, BOB]))),
        _ if seq.is_multiple_of(4) => {
            let role = seq.is_multiple_of(8).then_some(Role::Member);
            event(ROOM, seq, decided(u128::from(seq), moved(seq / 4 + 1, BOB, role)))
        }
        _ => message(seq, u128::from(seq)),
    };
    (1..=length).map(one).collect()
}

/// Gives events the epoch of the store, as the store gives it back.
async fn read_all(store: &dyn RoomLogStore) -> Vec<RoomEvent> {
    store.read_events(ROOM, ALL, 1_000).await.expect("events")
}

pub(super) fn as_kept(events: &[Arc<RoomEvent>], store: &dyn RoomLogStore) -> Vec<RoomEvent> {
    events.iter().map(|event| RoomEvent { epoch: store.epoch(), ..(**event).clone() }).collect()
}

fn seqs(events: &[RoomEvent]) -> Vec<u64> {
    events.iter().map(|event| event.seq.get()).collect()
}

pub(super) async fn a_room_without_a_log_has_nothing(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.head(ROOM).await.expect("an answer"), None);
    assert_eq!(store.heads(&[]).await.expect("an answer"), []);
    assert_eq!(read_all(&*store).await, []);
    assert_eq!(store.find_events(ROOM, &[event_id(1)]).await.expect("an answer"), []);
    assert_eq!(store.find_events(ROOM, &[]).await.expect("an answer"), []);
    assert_eq!(store.read_places(ROOM, &[Seq::new(1)]).await.expect("an answer"), []);
    assert_eq!(store.find_repeats(ROOM, &[]).await.expect("an answer"), []);
    assert_eq!(store.changed_heads(None).await.expect("an answer").heads, []);
    store.check().await.expect("a store that answers");
}

pub(super) async fn what_is_written_is_read(place: &Place) {
    let store = place.open().await;
    let events = mixed(9);
    store.append_batch(ROOM, &events[..4]).await.expect("a batch");
    store.append_batch(ROOM, &events[4..]).await.expect("a batch");
    assert_eq!(read_all(&*store).await, as_kept(&events, &*store));
    assert_eq!(store.head(ROOM).await.expect("a head"), Some(events[8].head()));
    let mut found =
        store.find_events(ROOM, &[events[2].event_id, events[7].event_id, event_id(99)]).await.expect("events");
    found.sort_by_key(|event| event.seq);
    assert_eq!(found, as_kept(&[Arc::clone(&events[2]), Arc::clone(&events[7])], &*store));
    assert_eq!(store.find_events(room(2), &[events[2].event_id]).await.expect("an answer"), []);
    let places = [9, 3, 10, 4].map(Seq::new);
    let expected = [2, 3, 8].map(|index: usize| Arc::clone(&events[index]));
    assert_eq!(store.read_places(ROOM, &places).await.expect("events"), as_kept(&expected, &*store));
    let keys: Vec<DedupKey> = events[..3].iter().map(|event| event.dedup_key.clone()).collect();
    let mut repeats = store.find_repeats(ROOM, &keys).await.expect("events");
    repeats.sort_by_key(|event| event.seq);
    assert_eq!(repeats, as_kept(&events[..3], &*store));
    assert_eq!(store.find_repeats(room(2), &keys).await.expect("an answer"), []);
}

pub(super) async fn no_events_are_no_batch(place: &Place) {
    let store = place.open().await;
    store.append_batch(ROOM, &[]).await.expect("nothing");
    assert_eq!(store.head(ROOM).await.expect("an answer"), None);
}

pub(super) async fn a_hundred_events_are_one_batch(place: &Place) {
    let store = place.open().await;
    let text = "\u{1F34A}".repeat(4_000);
    let large = |seq: u64| event(ROOM, seq, send(ALICE, u128::from(seq), &format!("request-{seq}"), &text));
    let events: Vec<_> = (1..=100).map(large).collect();
    store.append_batch(ROOM, &events).await.expect("a batch");
    assert_eq!(read_all(&*store).await, as_kept(&events, &*store));
    let keys: Vec<DedupKey> = events.iter().map(|event| event.dedup_key.clone()).collect();
    assert_eq!(store.find_repeats(ROOM, &keys).await.expect("events").len(), 100);
}

pub(super) async fn of_two_writers_on_one_place_one_meets_a_conflict(place: &Place) {
    let (one, other) = (place.open().await, place.open().await);
    one.append_batch(ROOM, &[message(1, 1)]).await.expect("a batch");
    let (mine, yours) = ([message(2, 2)], [message(2, 3)]);
    let (first, second) = tokio::join!(one.append_batch(ROOM, &mine), other.append_batch(ROOM, &yours));
    let conflicts = [&first, &second].iter().filter(|outcome| matches!(outcome, Err(AppendError::Conflict))).count();
    assert_eq!((conflicts, first.is_ok() || second.is_ok()), (1, true), "{first:?}, {second:?}");
    assert_eq!(seqs(&read_all(&*other).await), [1, 2]);
}

pub(super) async fn two_writers_who_read_after_each_conflict_leave_a_dense_log(place: &Place) {
    const EACH: u128 = 20;
    let write = async |number: u128| {
        let store = place.open().await;
        let mut conflicts = 0;
        for message_number in number..number + EACH {
            loop {
                let head = store.head(ROOM).await.expect("an answer").map_or(0, |head| head.seq.get());
                match store.append_batch(ROOM, &[message(head + 1, message_number)]).await {
                    Ok(()) => break,
                    Err(AppendError::Conflict) => conflicts += 1,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        conflicts
    };
    drop(place.open().await);
    let (_, _) = tokio::join!(write(1_000), write(2_000));
    let store = place.open().await;
    let events = read_all(&*store).await;
    assert_eq!(seqs(&events), (1..=2 * EACH as u64).collect::<Vec<_>>());
    let keys: BTreeSet<_> = events.iter().map(|event| event.dedup_key.clone()).collect();
    assert_eq!(keys.len(), 2 * EACH as usize);
}

pub(super) async fn a_key_stands_once_in_a_room(place: &Place) {
    let store = place.open().await;
    store.append_batch(ROOM, &[message(1, 1)]).await.expect("a batch");
    let again = store.append_batch(ROOM, &[message(2, 1)]).await;
    assert!(matches!(again, Err(AppendError::Conflict)), "{again:?}");
    assert_eq!(seqs(&read_all(&*store).await), [1]);
    // In another room it is another key.
    let elsewhere = Arc::new(RoomEvent { room: room(2), ..(*message(1, 1)).clone() });
    store.append_batch(room(2), &[elsewhere]).await.expect("a batch");
}

pub(super) async fn a_batch_that_fails_in_the_middle_leaves_a_prefix_or_nothing(place: &Place) {
    let store = place.open().await;
    store.append_batch(ROOM, &[message(1, 1)]).await.expect("a batch");
    // The key of the third stands already.
    let batch = [message(2, 2), message(3, 3), message(4, 1), message(5, 5), message(6, 6)];
    let outcome = store.append_batch(ROOM, &batch).await;
    assert!(matches!(outcome, Err(AppendError::Conflict)), "{outcome:?}");
    let stands = seqs(&read_all(&*store).await);
    assert!(stands == [1] || stands == [1, 2, 3], "{stands:?}");
}

pub(super) async fn a_write_whose_answer_is_lost_is_found_by_its_key(place: &Place) {
    let store = place.open().await;
    let events = [message(1, 1), message(2, 2)];
    {
        // The caller leaves before the answer comes.
        let writing = store.append_batch(ROOM, &events);
        tokio::pin!(writing);
        assert!(futures::poll!(&mut writing).is_pending());
    }
    let keys: Vec<DedupKey> = events.iter().map(|event| event.dedup_key.clone()).collect();
    // It was begun, so it goes on: the store's own deadline bounds how long.
    while store.find_repeats(ROOM, &keys).await.expect("an answer").len() < 2 {
        tokio::task::yield_now().await;
    }
    let again = store.append_batch(ROOM, &events).await;
    assert!(matches!(again, Err(AppendError::Conflict)), "{again:?}");
    assert_eq!(read_all(&*store).await, as_kept(&events, &*store));
}

pub(super) async fn absent_fields_stay_absent(place: &Place) {
    let store = place.open().await;
    let bare = RoomEvent { actor: None, trace: None, ..(*message(1, 1)).clone() };
    let trace = TraceContext { traceparent: "00-1-2-01".to_owned(), tracestate: String::new() };
    let full = RoomEvent { trace: Some(trace), ..(*message(2, 2)).clone() };
    let early = RoomEvent { create_time: Timestamp::from_micros(-1), ..(*message(3, 3)).clone() };
    let events = [bare, full, early].map(Arc::new);
    store.append_batch(ROOM, &events).await.expect("a batch");
    assert_eq!(read_all(&*store).await, as_kept(&events, &*store));
}

pub(super) async fn texts_of_all_kinds_are_kept_to_the_byte(place: &Place) {
    let store = place.open().await;
    let longest = "\u{10FFFF}".repeat(4_000);
    let texts = [
        "x",
        " padded \t\r\n",
        "e\u{301} is not \u{e9}",
        "\u{202e}right to left",
        "'; DROP TABLE room_events; --",
        "{\"$gt\": 1}",
        "$where.a",
        "\\u0000 \\ \"",
        "\u{1F469}\u{200D}\u{1F4BB}",
        &longest,
    ];
    let events: Vec<_> = texts
        .iter()
        .zip(1..)
        .map(|(text, seq)| event(ROOM, seq, send(ALICE, u128::from(seq), &format!("request-{seq}"), text)))
        .collect();
    store.append_batch(ROOM, &events).await.expect("a batch");
    assert_eq!(read_all(&*store).await, as_kept(&events, &*store));
}

pub(super) async fn blanked_events_keep_their_class(place: &Place) {
    let store = place.open().await;
    let blanked = |was| Change::Blanked { was, message: None };
    let events = [
        event(ROOM, 1, decided(1, created(&[ALICE]))),
        Arc::new(RoomEvent { change: blanked(ChangeKind::MessageSent), ..(*message(2, 2)).clone() }),
        Arc::new(RoomEvent { change: blanked(ChangeKind::RoomUpdated), ..(*message(3, 3)).clone() }),
        message(4, 4),
        changed(ROOM, 5, ALICE, crate::model::fixture::blanked(2)),
    ];
    store.append_batch(ROOM, &events).await.expect("a batch");
    assert_eq!(read_all(&*store).await, as_kept(&events, &*store));
    assert_eq!(seqs(&store.read_messages(ROOM, ALL, End::Oldest, 10).await.expect("messages")), [2, 4]);
    assert_eq!(seqs(&store.read_state_events(ROOM, ALL, 10).await.expect("events")), [1, 3]);
    assert_eq!(store.read_entries(ROOM, EventClass::Change, ALL, 10).await.expect("events").len(), 1);
}

pub(super) async fn events_are_read_by_stretches(place: &Place) {
    let store = place.open().await;
    store.append_batch(ROOM, &mixed(20)).await.expect("a batch");
    let read = async |after: u64, through: u64, limit: u32| {
        let stretch = Stretch { after: Seq::new(after), through: Seq::new(through) };
        seqs(&store.read_events(ROOM, stretch, limit).await.expect("events"))
    };
    assert_eq!(read(3, 7, 100).await, [4, 5, 6, 7]);
    assert_eq!(read(3, 7, 2).await, [4, 5]);
    assert_eq!(read(0, 1, 1).await, [1]);
    assert_eq!(read(19, u64::MAX, 1_000).await, [20]);
    assert_eq!(read(20, u64::MAX, 10).await, [0_u64; 0]);
    assert_eq!(read(u64::MAX, u64::MAX, 10).await, [0_u64; 0]);
    assert_eq!(read(7, 3, 10).await, [0_u64; 0]);
}

pub(super) async fn state_is_read_past_messages(place: &Place) {
    let store = place.open().await;
    store.append_batch(ROOM, &mixed(20)).await.expect("a batch");
    let read = async |after: u64, through: u64, limit: u32| {
        let stretch = Stretch { after: Seq::new(after), through: Seq::new(through) };
        seqs(&store.read_state_events(ROOM, stretch, limit).await.expect("events"))
    };
    assert_eq!(read(0, 20, 100).await, [1, 4, 8, 12, 16, 20]);
    assert_eq!(read(4, 16, 2).await, [8, 12]);
    assert_eq!(read(16, 19, 100).await, [0_u64; 0]);
}

pub(super) async fn messages_are_read_from_either_end(place: &Place) {
    let store = place.open().await;
    store.append_batch(ROOM, &mixed(12)).await.expect("a batch");
    let read = async |after: u64, through: u64, from: End, limit: u32| {
        let stretch = Stretch { after: Seq::new(after), through: Seq::new(through) };
        seqs(&store.read_messages(ROOM, stretch, from, limit).await.expect("messages"))
    };
    assert_eq!(read(0, 12, End::Newest, 3).await, [9, 10, 11]);
    assert_eq!(read(0, 12, End::Oldest, 3).await, [2, 3, 5]);
    assert_eq!(read(0, 8, End::Newest, 2).await, [6, 7]);
    assert_eq!(read(5, u64::MAX, End::Oldest, 100).await, [6, 7, 9, 10, 11]);
    assert_eq!(read(11, 12, End::Newest, 100).await, [0_u64; 0]);
}

pub(super) async fn heads_of_many_rooms_are_told_and_the_unknown_left_out(place: &Place) {
    let store = place.open().await;
    let mut expected: Vec<(RoomId, Head)> = Vec::new();
    for number in 1..=5 {
        let id = room(number);
        let events: Vec<_> = (1..=number as u64)
            .map(|seq| Arc::new(RoomEvent { room: id, ..(*message(seq, number * 100 + u128::from(seq))).clone() }))
            .collect();
        store.append_batch(id, &events).await.expect("a batch");
        expected.push((id, events.last().expect("an event").head()));
    }
    let rooms: Vec<_> = (1..=500).map(room).collect();
    let mut heads = store.heads(&rooms).await.expect("heads");
    heads.sort_by_key(|(room, _)| *room);
    assert_eq!(heads, expected);
}

pub(super) async fn a_scan_finds_what_another_wrote(place: &Place) {
    let (scanner, writer) = (place.open().await, place.open().await);
    let mut since = None;
    let (mut first, mut second) = (0, 0);
    for round in 1..=5_u64 {
        for seq in 2 * round - 1..=2 * round {
            writer.append_batch(ROOM, &[message(seq, u128::from(seq))]).await.expect("a batch");
            let other = RoomEvent { room: room(2), ..(*message(seq, u128::from(seq))).clone() };
            writer.append_batch(room(2), &[Arc::new(other)]).await.expect("a batch");
        }
        let found = scanner.changed_heads(since).await.expect("heads");
        let seq_of = |id| found.heads.iter().find(|(room, _)| *room == id).map(|(_, head)| head.seq.get());
        (first, second) = (seq_of(ROOM).expect("the room"), seq_of(room(2)).expect("the other room"));
        assert_eq!((first, second), (2 * round, 2 * round));
        since = Some(found.next);
    }
    let head = scanner.head(ROOM).await.expect("a head").expect("an event");
    assert_eq!((first, second), (head.seq.get(), head.seq.get()));
}

pub(super) async fn a_scan_begins_with_what_was_written_last(place: &Place) {
    let store = place.open().await;
    store.append_batch(ROOM, &[message(1, 1)]).await.expect("a batch");
    let other = |seq: u64| {
        Arc::new(RoomEvent {
            room: room(2),
            create_time: Timestamp::from_micros(1_000_000_000 + i64::try_from(seq).expect("few")),
            ..(*message(seq, u128::from(seq))).clone()
        })
    };
    for batch in 0..7 {
        let events: Vec<_> = (batch * 100 + 1..=batch * 100 + 100).map(other).collect();
        store.append_batch(room(2), &events).await.expect("a batch");
    }
    let found = store.changed_heads(None).await.expect("heads");
    assert_eq!(found.heads, [(room(2), other(700).head())]);
}

pub(super) async fn a_store_keeps_its_identity_and_its_events(place: &Place) {
    let (epoch, key) = {
        let store = place.open().await;
        store.append_batch(ROOM, &mixed(3)).await.expect("a batch");
        (store.epoch(), store.content_key())
    };
    let store = place.open().await;
    assert_eq!((store.epoch(), store.content_key()), (epoch, key));
    assert_eq!(read_all(&*store).await, as_kept(&mixed(3), &*store));
    assert_eq!(read_all(&*store).await[1].change, sent("request-2", "message 2"));
}

pub(super) async fn two_nodes_that_open_a_new_store_agree_on_its_identity(place: &Place) {
    let (one, other) = tokio::join!(place.open(), place.open());
    assert_eq!((one.epoch(), one.content_key()), (other.epoch(), other.content_key()));
}

pub(super) async fn a_newer_store_is_refused(place: &Place) {
    drop(place.open().await);
    place.make_newer().await;
    assert!(matches!(place.try_open().await, Err(OpenError::Newer)));
}
