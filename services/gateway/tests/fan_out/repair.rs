//! What the bus loses is found by heads, in time, and read from the log.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use futures::{StreamExt as _, stream::BoxStream};
use loquat_gateway::{
    model::{Cursor, Interest, Item, Place, RoomClosedReason},
    ports::{ReadError, RoomFeed, RoomSignal},
    service::Hub,
};
use loquat_ids::{IdSource as _, RoomId};
use loquat_runtime::Frame;
use tokio::time::{Instant, sleep, timeout};

use crate::{House, World, is_silent, next, next_event, seqs};

/// How often messages nodes tell of heads while there are any.
const HEADS_INTERVAL: Duration = Duration::from_millis(100);
/// The promise.
const REPAIR_LIMIT: Duration = Duration::from_secs(2);

/// A generator of numbers, the same each time (Knuth, MMIX).
fn scattered(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed), |number| {
        Some(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    })
    .map(|number| number >> 33)
}

/// Commits events at random moments in some rooms; of a hundred, the bus tells as many as said; heads are told in batches, as
/// messages nodes do. Returns how long each took to the reader.
async fn delays(told_of_a_hundred: u64) -> Vec<Duration> {
    let house = House::new();
    let rooms: Vec<RoomId> = (0..5).map(|_| RoomId::from_uuid(house.ids.fresh())).collect();
    for room in &rooms {
        house.world.commit(*room, vec![(house.user, true)]);
    }
    let cursors = rooms.iter().map(|room| Cursor { room: *room, place: Some(World::place("e1", *room, 1)) });
    let (mut reader, _) = house.read(Interest { rooms: cursors.collect(), presence: Vec::new() });
    assert!(is_silent(&mut reader).await);

    let count = 4_000;
    let (world, hub) = (Arc::clone(&house.world), house.hub.clone());
    let writer = tokio::spawn(async move {
        let (mut random, mut changed) = (scattered(7), HashMap::<RoomId, Place>::new());
        let (mut committed, mut next_heads) = (HashMap::new(), Instant::now() + HEADS_INTERVAL);
        for _ in 0..count {
            sleep(Duration::from_millis(random.next().unwrap() % 20)).await;
            let room = rooms[usize::try_from(random.next().unwrap()).unwrap() % rooms.len()];
            let news = world.commit(room, Vec::new());
            committed.insert((room, news.place.seq), Instant::now());
            changed.insert(room, news.place.clone());
            if random.next().unwrap() % 100 < told_of_a_hundred {
                world.tell(room, RoomSignal::News(news)).await;
            }
            if Instant::now() >= next_heads {
                next_heads = Instant::now() + HEADS_INTERVAL;
                changed.drain().for_each(|(room, head)| hub.note_head(room, &head));
            }
        }
        sleep(HEADS_INTERVAL).await;
        changed.drain().for_each(|(room, head)| hub.note_head(room, &head));
        committed
    });
    let mut arrived = HashMap::new();
    let mut places = HashMap::<RoomId, u64>::new();
    while arrived.len() < count {
        let news = timeout(Duration::from_secs(5), next_event(&mut reader)).await.expect("it is repaired");
        let before = places.insert(news.room, news.place.seq).unwrap_or(1);
        assert_eq!(news.place.seq, before + 1, "in order, without a hole");
        arrived.insert((news.room, news.place.seq), Instant::now());
    }
    let committed = writer.await.expect("the writer");
    arrived.iter().map(|(place, at)| at.duration_since(committed[place])).collect()
}

#[tokio::test(start_paused = true)]
async fn of_a_bus_that_loses_one_in_a_hundred_all_is_there_within_two_seconds() {
    let delays = delays(99).await;
    assert!(delays.iter().max().unwrap() <= &REPAIR_LIMIT, "{:?}", delays.iter().max());
    let at_once = delays.iter().filter(|delay| **delay < Duration::from_millis(5)).count();
    assert!(at_once * 100 >= delays.len() * 90, "most needs no repair: {at_once}");
}

#[tokio::test(start_paused = true)]
async fn without_the_bus_all_is_there_within_two_seconds() {
    let delays = delays(0).await;
    assert!(delays.iter().max().unwrap() <= &REPAIR_LIMIT, "{:?}", delays.iter().max());
}

#[tokio::test(start_paused = true)]
async fn after_the_bus_was_away_heads_are_compared_and_only_what_is_behind_is_read() {
    let house = House::new();
    let rooms: Vec<RoomId> = (0..50).map(|_| RoomId::from_uuid(house.ids.fresh())).collect();
    for room in &rooms {
        house.world.commit(*room, vec![(house.user, true)]);
    }
    let cursors = rooms.iter().map(|room| Cursor { room: *room, place: Some(World::place("e1", *room, 1)) });
    let (mut reader, _) = house.read(Interest { rooms: cursors.collect(), presence: Vec::new() });
    assert!(is_silent(&mut reader).await);

    house.world.commit(rooms[7], Vec::new());
    house.world.log_reads.store(0, Ordering::Relaxed);
    for room in &rooms {
        house.world.tell(*room, RoomSignal::Missed).await;
    }
    let news = timeout(REPAIR_LIMIT, next_event(&mut reader)).await.expect("it is repaired in time");
    assert_eq!((news.room, news.place.seq), (rooms[7], 2));
    assert!(house.world.head_reads.load(Ordering::Relaxed) <= 3, "one question for many rooms");
    assert_eq!(house.world.log_reads.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn heads_that_cannot_be_compared_now_are_compared_later() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    assert!(is_silent(&mut reader).await);
    house.world.is_away.store(true, Ordering::Relaxed);
    house.world.commit(house.room, Vec::new());
    house.world.tell(house.room, RoomSignal::Missed).await;
    assert!(is_silent(&mut reader).await);
    house.world.is_away.store(false, Ordering::Relaxed);
    timeout(REPAIR_LIMIT, next_event(&mut reader)).await.expect("it is repaired in time");
}

#[tokio::test(start_paused = true)]
async fn a_head_told_while_the_ring_is_being_begun_is_not_forgotten() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    // The reader's own read, then the room's task: it listens, and reads the head.
    while house.world.feeds.lock().unwrap().is_empty() {
        assert!(timeout(Duration::from_millis(1), next_event(&mut reader)).await.is_err());
        tokio::task::yield_now().await;
    }
    let lost = house.world.commit(house.room, Vec::new());
    house.hub.note_head(house.room, &lost.place);
    assert_eq!(seqs(&mut reader, 1).await, [2]);
}

/// A feed that panics where it is told so, and then no more.
struct Fragile(Arc<World>);

#[async_trait]
impl RoomFeed for Fragile {
    async fn follow(&self, room: RoomId) -> Result<BoxStream<'static, RoomSignal>, ReadError> {
        let feed = self.0.follow(room).await?;
        let feed = feed.map(|signal| match signal {
            RoomSignal::Unreadable => panic!("as it was asked to"),
            signal => signal,
        });
        Ok(feed.boxed())
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_whose_task_falls_goes_with_it_and_its_readers_attach_anew() {
    let mut house = House::new();
    house.hub = Hub::new(house.world.clone(), Arc::new(Fragile(house.world.clone())), Frame::real());
    let (mut reader, _) = house.read(house.from(1));
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [2]);
    for seq in 3..6 {
        house.world.tell(house.room, RoomSignal::Unreadable).await;
        assert!(is_silent(&mut reader).await);
        assert_eq!(house.hub.active_rooms(), [house.room], "the room is there again");
        house.world.send(house.room).await;
        assert_eq!(seqs(&mut reader, 1).await, [seq]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_whose_log_cannot_be_read_is_closed_for_now() {
    let house = House::new();
    house.world.is_away.store(true, Ordering::Relaxed);
    let (mut reader, _) = house.read(house.from(1));
    let closed = next(&mut reader).await;
    assert!(matches!(closed, Item::RoomClosed { reason: RoomClosedReason::Unavailable, .. }), "{closed:?}");
    assert_eq!(house.hub.active_rooms(), []);
}
