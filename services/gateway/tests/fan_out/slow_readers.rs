//! Readers that do not take what is theirs: told so where that can still be said, cut off where it cannot, and cheap until then.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use loquat_gateway::{
    model::{ClosingReason, Cursor, Interest, Item, ResetReason},
    service::Reader,
};
use loquat_ids::{IdSource as _, RoomId, UserId};
use loquat_rpc::Connection;
use tokio::time::{sleep, timeout};

use crate::{House, World, is_silent, next, next_event, seqs};

async fn is_cut(connection: &Connection) -> bool {
    timeout(Duration::from_millis(1), connection.is_cut()).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn one_that_left_its_stream_unread_is_told_to_begin_anew() {
    let house = House::new();
    let quiet = RoomId::from_uuid(house.ids.fresh());
    let left = RoomId::from_uuid(house.ids.fresh());
    for room in [quiet, left] {
        house.world.commit(room, vec![(house.user, true)]);
    }
    let rooms = [house.room, quiet, left].map(|room| Cursor { room, place: Some(World::place("e1", room, 1)) });
    let (mut reader, _) = house.read(Interest { rooms: rooms.to_vec(), presence: Vec::new() });
    assert!(is_silent(&mut reader).await);
    for room in [house.room, left] {
        house.world.send(room).await;
        house.world.send(room).await;
    }
    next_event(&mut reader).await;
    house.world.send(house.room).await;
    house.world.commit(left, vec![(house.user, false)]);
    house.world.commit(left, Vec::new());
    house.wait(Duration::from_secs(11)).await;

    let Item::RoomReset { room, head, reason } = next(&mut reader).await else { panic!("not a reset") };
    assert_eq!((room, head.seq, reason), (house.room, 4, ResetReason::ReaderTooSlow));
    // Nothing was missed in one room; the head of the other is none of its business any more.
    assert!(matches!(next(&mut reader).await, Item::Closing(ClosingReason::ReaderTooSlow)));
    assert!(reader.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_its_time_but_not_too_much_misses_nothing() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    assert!(is_silent(&mut reader).await);
    for _ in 0..3_000 {
        house.world.send(house.room).await;
    }
    let mut said = Vec::new();
    for _ in 0..20 {
        house.wait(Duration::from_secs(9)).await;
        said.extend(seqs(&mut reader, 150).await);
    }
    assert_eq!(said, (2..=3_001).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut_off_and_one_that_waits_is_not() {
    let house = House::new();
    let (stalled, waiting) = (Connection::default(), Connection::default());
    let (mut reader, _) = house.read_over(house.from(1), &waiting);
    // One whose stream was never asked for anything, and one that takes what comes.
    let _never_asked = house.register(house.holder(house.user), &Arc::default(), &stalled);
    let waits = async |reader: &mut Reader, span| {
        tokio::select! {
            _ = next_event(reader) => panic!("there is none"),
            () = house.wait(span) => {}
        }
    };
    waits(&mut reader, Duration::from_secs(10)).await;
    assert!(!is_cut(&stalled).await, "it is told before it is cut");
    waits(&mut reader, Duration::from_secs(2)).await;
    assert!(is_cut(&stalled).await && !is_cut(&waiting).await);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_waiting_and_is_not_asked_again_when_there_is_something_is_cut_off() {
    let house = House::new();
    let connection = Connection::default();
    let (mut reader, _) = house.read_over(house.from(1), &connection);
    // The transport has asked, was told to wait, and holds what it got for a client that takes nothing more.
    assert!(is_silent(&mut reader).await);
    house.world.send(house.room).await;
    house.wait(Duration::from_secs(10)).await;
    assert!(!is_cut(&connection).await);
    house.wait(Duration::from_secs(2)).await;
    assert!(is_cut(&connection).await);
}

#[tokio::test(start_paused = true)]
async fn where_the_process_stood_still_nobody_was_too_slow() {
    let house = House::new();
    let connection = Connection::default();
    let (mut reader, _) = house.read_over(house.from(1), &connection);
    assert!(is_silent(&mut reader).await);
    for seq in 2..=6 {
        house.world.send(house.room).await;
        // Nothing runs for a minute; then streams are looked at before the transport has come to asking.
        tokio::time::advance(Duration::from_secs(60)).await;
        house.streams.cut_stalled(|_| false);
        assert_eq!(seqs(&mut reader, 1).await, [seq]);
        assert!(is_silent(&mut reader).await);
    }
    house.wait(Duration::from_secs(5)).await;
    assert!(!is_cut(&connection).await);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_vouches_for_the_session_nobody_is_waited_for() {
    let house = House::new();
    let connection = Connection::default();
    let _never_asked = house.register(house.holder(house.user), &Arc::default(), &connection);
    sleep(Duration::from_millis(500)).await;
    house.streams.cut_stalled(|_| true);
    assert!(is_cut(&connection).await);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_always_has_something_to_take_is_ended_with_its_session() {
    let house = House::new();
    for _ in 0..1_000 {
        house.world.commit(house.room, Vec::new());
    }
    let ended = tokio_util::sync::CancellationToken::new();
    let session = ended.clone();
    let session = Box::pin(async move {
        session.cancelled().await;
        ClosingReason::SessionEnded
    });
    let (mut reader, _) = house.read_as(house.user, house.from(1), session);
    assert_eq!(seqs(&mut reader, 10).await.len(), 10);
    ended.cancel();
    assert!(matches!(next(&mut reader).await, Item::Closing(ClosingReason::SessionEnded)), "nothing more is said");
    assert!(reader.next().await.is_none());
}

/// How many bytes of events are held beside the log.
fn held(house: &House) -> usize {
    let logs = house.world.logs.lock().unwrap();
    let events = logs.values().flat_map(|log| &log.events);
    events.filter(|news| Arc::strong_count(news) > 1).map(|news| news.encoded.len()).sum()
}

#[tokio::test(start_paused = true)]
async fn what_a_stalled_reader_holds_is_bounded_however_much_it_watches() {
    const EVENT: usize = 4 * 1024;
    let house = House::new();
    let rooms: Vec<RoomId> = (0..100).map(|_| RoomId::from_uuid(house.ids.fresh())).collect();
    for room in &rooms {
        house.world.commit(*room, vec![(house.user, true)]);
        for _ in 0..100 {
            house.world.commit_sized(*room, Vec::new(), EVENT);
        }
    }
    let rooms = rooms.into_iter().map(|room| Cursor { room, place: Some(World::place("e1", room, 1)) }).collect();
    let (mut reader, _) = house.read(Interest { rooms, presence: Vec::new() });
    assert!(matches!(reader.next().await, Some(Item::Welcome { .. })));
    sleep(Duration::from_secs(5)).await;
    // One item is in the hands of the transport; of what is read ahead, no more than one page is kept.
    let before = held(&house);
    assert!(before <= 32 * 1024 + 4 * EVENT, "{before} bytes are held before the first event is taken");
    next_event(&mut reader).await;
    sleep(Duration::from_secs(5)).await;
    let after = held(&house);
    assert!(after <= 48 * 1024 + 5 * EVENT, "{after} bytes are held");
    // It goes on from there, and gets everything.
    let mut count = 1;
    while timeout(Duration::from_secs(5), next_event(&mut reader)).await.is_ok() {
        count += 1;
    }
    assert_eq!(count, 100 * 100);
}

#[tokio::test(start_paused = true)]
async fn what_goes_by_never_stands_before_what_must_be_said() {
    let house = House::new();
    let friend = UserId::from_uuid(house.ids.fresh());
    let (mut reader, mailbox) = house.read(house.from(1));
    assert!(is_silent(&mut reader).await);
    let typing = || mailbox.give_typing(house.room, friend, Bytes::from_static(b"typing"));
    typing();
    for _ in 0..10 {
        house.world.send(house.room).await;
    }
    tokio::task::yield_now().await;
    // There is typing again before each item is taken.
    for seq in 2..=11 {
        typing();
        let Item::RoomEvent(news) = next(&mut reader).await else { panic!("not an event") };
        assert_eq!(news.place.seq, seq);
    }
    assert!(matches!(next(&mut reader).await, Item::Encoded(said) if said == "typing"));
}

async fn presences(reader: &mut Reader) -> Vec<Bytes> {
    let mut presences = Vec::new();
    while let Ok(item) = timeout(Duration::from_secs(3), reader.next()).await {
        if let Some(Item::Encoded(presence)) = item {
            presences.push(presence);
        }
    }
    presences
}

#[tokio::test(start_paused = true)]
async fn presence_that_a_reader_was_too_far_behind_for_is_read_again() {
    let house = House::new();
    let friends: Vec<UserId> = (0..100).map(|_| UserId::from_uuid(house.ids.fresh())).collect();
    let (mut reader, _) = house.read(Interest { rooms: Vec::new(), presence: friends.clone() });
    assert_eq!(presences(&mut reader).await.len(), 100, "each once");
    house.streams.presence_changed(friends[0], &Bytes::from_static(b"away"));
    next(&mut reader).await;
    sleep(Duration::from_secs(2)).await;
    for friend in &friends {
        house.streams.presence_changed(*friend, &Bytes::from_static(b"dropped"));
    }
    let again = presences(&mut reader).await;
    assert_eq!(again.len(), 100);
    assert!(again.iter().all(|presence| presence.starts_with(b"presence ")), "read, not told");
    assert!(house.world.log_reads.load(Ordering::Relaxed) == 0);
}
