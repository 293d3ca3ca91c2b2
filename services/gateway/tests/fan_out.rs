//! Fan-out over a log and a feed that the test holds: what a reader is told, and what it is never told.

#![expect(clippy::unwrap_used, reason = "a poisoned lock is a failed test")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, future, stream::BoxStream};
use loquat_gateway::{
    model::{ClosingReason, Cursor, Interest, InterestUpdate, Item, Place, ResetReason, RoomClosedReason, RoomNews},
    ports::{
        PresenceBoard, ReadError, RoomFeed, RoomLog, RoomSignal, Stretch, UserRoomChange, UserRoomChanges, UserRooms,
    },
    service::{Ends, Hub, Lease, Mailbox, Reader, ReaderParts, StreamLimits, Streams},
};
use loquat_ids::{EventId, GatewayId, IdSource as _, RoomId, SequentialIds, SessionId, UserId};
use loquat_rpc::Connection;
use loquat_runtime::Frame;
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PAGE: usize = 200;

/// A log in memory, with the bus beside it. What is committed is told, unless the test keeps it back.
#[derive(Default)]
struct World {
    logs: Mutex<HashMap<RoomId, Log>>,
    user_changes: Mutex<Vec<UserRoomChange>>,
    feeds: Mutex<HashMap<RoomId, mpsc::Sender<RoomSignal>>>,
}

struct Log {
    epoch: String,
    events: Vec<Arc<RoomNews>>,
}

impl World {
    fn place(epoch: &str, room: RoomId, seq: u64) -> Place {
        let id = room.as_uuid().as_u128() * 1_000_000 + u128::from(seq);
        Place { epoch: epoch.parse().expect("an epoch"), seq, event_id: EventId::from_uuid(Uuid::from_u128(id)) }
    }

    fn commit(&self, room: RoomId, members: Vec<(UserId, bool)>) -> Arc<RoomNews> {
        let mut logs = self.logs.lock().unwrap();
        let log = logs.entry(room).or_insert_with(|| Log { epoch: "e1".into(), events: Vec::new() });
        let place = Self::place(&log.epoch, room, log.events.len() as u64 + 1);
        let encoded = Bytes::from(format!("event {}", place.seq));
        let news = Arc::new(RoomNews { room, place, members, encoded, trace: None });
        log.events.push(Arc::clone(&news));
        news
    }

    async fn tell(&self, room: RoomId, signal: RoomSignal) {
        let feed = self.feeds.lock().unwrap().get(&room).cloned();
        if let Some(feed) = feed {
            feed.send(signal).await.expect("the room's task listens");
        }
    }

    async fn send(&self, room: RoomId) -> Arc<RoomNews> {
        let news = self.commit(room, Vec::new());
        self.tell(room, RoomSignal::News(Arc::clone(&news))).await;
        news
    }

    fn is_member_at(log: &Log, reader: UserId, upto: usize) -> Option<bool> {
        let changes = log.events[..upto].iter().flat_map(|event| &event.members);
        changes.rev().find(|(user, _)| *user == reader).map(|(_, is_member)| *is_member)
    }
}

#[async_trait]
impl RoomLog for World {
    async fn read(&self, room: RoomId, reader: Option<UserId>, after: Option<Place>) -> Result<Stretch, ReadError> {
        let logs = self.logs.lock().unwrap();
        let log = logs.get(&room).ok_or(ReadError::NotFound)?;
        let head = log.events.last().expect("a log begins with an event").place.clone();
        let mut stretch = Stretch { events: Vec::new(), head: head.clone(), reset: None, reader_is_member: false };
        let visible = match reader {
            None => log.events.len(),
            Some(reader) => match World::is_member_at(log, reader, log.events.len()) {
                None => return Err(ReadError::NotFound),
                Some(true) => log.events.len(),
                Some(false) => {
                    1 + log.events.iter().rposition(|event| event.members.contains(&(reader, false))).expect("it went")
                }
            },
        };
        if let Some(after) = after {
            let at = usize::try_from(after.seq).expect("a small log");
            stretch.reset = if after.epoch != head.epoch {
                Some(ResetReason::EpochChanged)
            } else if at > log.events.len() {
                Some(ResetReason::LogEndsEarlier)
            } else if at > 0 && log.events[at - 1].place.event_id != after.event_id {
                Some(ResetReason::EventDiffers)
            } else {
                stretch.events = log.events[at.min(visible)..visible].iter().take(PAGE).cloned().collect();
                None
            };
        }
        let upto = stretch.events.last().map_or(log.events.len(), |last| last.place.seq as usize);
        stretch.reader_is_member = reader.is_some_and(|reader| World::is_member_at(log, reader, upto) == Some(true));
        Ok(stretch)
    }
}

#[async_trait]
impl RoomFeed for World {
    async fn follow(&self, room: RoomId) -> Result<BoxStream<'static, RoomSignal>, ReadError> {
        let (sender, receiver) = mpsc::channel(4096);
        self.feeds.lock().unwrap().insert(room, sender);
        Ok(ReceiverStream::new(receiver).boxed())
    }
}

#[async_trait]
impl UserRooms for World {
    async fn changes(&self, _: UserId, since: u64) -> Result<UserRoomChanges, ReadError> {
        let changes = self.user_changes.lock().unwrap();
        let changes: Vec<UserRoomChange> = changes.iter().filter(|change| change.version > since).cloned().collect();
        let version = changes.last().map_or(since.max(1), |change| change.version);
        Ok(UserRoomChanges { version, is_reset: since == 0, changes })
    }

    async fn joined(&self, user: UserId) -> Result<Vec<RoomId>, ReadError> {
        let logs = self.logs.lock().unwrap();
        let is_in = |log: &Log| World::is_member_at(log, user, log.events.len()) == Some(true);
        Ok(logs.iter().filter(|(_, log)| is_in(log)).map(|(room, _)| *room).collect())
    }
}

#[async_trait]
impl PresenceBoard for World {
    async fn presence(&self, _: UserId, users: Vec<UserId>) -> Result<Vec<Bytes>, ReadError> {
        Ok(users.iter().map(|user| Bytes::from(format!("presence {user}"))).collect())
    }
}

/// A gateway over that world.
struct House {
    world: Arc<World>,
    hub: Hub,
    streams: Streams,
    ids: SequentialIds,
    stop: CancellationToken,
    room: RoomId,
    user: UserId,
}

impl House {
    /// With one room that begins with the reader in it.
    fn new() -> Self {
        let (world, frame, ids) = (Arc::new(World::default()), Frame::real(), SequentialIds::default());
        let limits = StreamLimits { total: 10, per_session: 3 };
        let (room, user) = (RoomId::from_uuid(ids.fresh()), UserId::from_uuid(ids.fresh()));
        world.commit(room, vec![(user, true)]);
        Self {
            hub: Hub::new(world.clone(), world.clone(), frame.clone()),
            streams: Streams::new(GatewayId::from_uuid(ids.fresh()), limits, Lease::default()),
            world,
            stop: frame.stop,
            ids,
            room,
            user,
        }
    }

    fn read(&self, interest: Interest) -> (Reader, Arc<Mailbox>) {
        self.read_as(self.user, interest, Box::pin(future::pending()))
    }

    fn read_as(
        &self,
        user: UserId,
        interest: Interest,
        session: future::BoxFuture<'static, ()>,
    ) -> (Reader, Arc<Mailbox>) {
        let mailbox: Arc<Mailbox> = Arc::default();
        let stream = self.ids.fresh().to_string().parse().expect("a stream id");
        let registered = self
            .streams
            .register(stream, user, SessionId::from_uuid(self.ids.fresh()), Arc::clone(&mailbox), Connection::default())
            .unwrap_or_else(|refusal| panic!("{refusal}"));
        let parts = ReaderParts {
            registered,
            mailbox: Arc::clone(&mailbox),
            user,
            hub: self.hub.clone(),
            streams: self.streams.clone(),
            log: self.world.clone(),
            user_rooms: self.world.clone(),
            presence: self.world.clone(),
            ends: Ends { stop: self.stop.clone(), session, client: Box::pin(future::pending()) },
        };
        (Reader::begin(parts, interest, 1), mailbox)
    }

    fn from(&self, seq: u64) -> Interest {
        let place = (seq > 0).then(|| World::place("e1", self.room, seq));
        Interest { rooms: vec![Cursor { room: self.room, place }], presence: Vec::new() }
    }
}

/// The next item that is about a room or the stream itself.
async fn next(reader: &mut Reader) -> Item {
    loop {
        let item = timeout(Duration::from_secs(5), reader.next()).await.expect("in time").expect("the stream goes on");
        if !matches!(item, Item::Heartbeat { .. } | Item::Welcome { .. }) {
            return item;
        }
    }
}

async fn seqs(reader: &mut Reader, count: usize) -> Vec<u64> {
    let mut seqs = Vec::new();
    while seqs.len() < count {
        match next(reader).await {
            Item::RoomEvent(news) => seqs.push(news.place.seq),
            other => panic!("not an event: {other:?}"),
        }
    }
    seqs
}

async fn is_silent(reader: &mut Reader) -> bool {
    timeout(Duration::from_secs(5), next_event(reader)).await.is_err()
}

async fn next_event(reader: &mut Reader) -> Arc<RoomNews> {
    loop {
        match reader.next().await {
            Some(Item::RoomEvent(news)) => return news,
            Some(_) => {}
            None => future::pending().await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_gets_exactly_what_follows_its_cursor_and_then_live_events() {
    let house = House::new();
    for _ in 0..450 {
        house.world.commit(house.room, Vec::new());
    }
    let (mut reader, _) = house.read(house.from(7));
    assert_eq!(seqs(&mut reader, 444).await, (8..=451).collect::<Vec<_>>());
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [452]);
}

#[tokio::test(start_paused = true)]
async fn news_that_the_bus_lost_is_read_from_the_log() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [2]);
    house.world.commit(house.room, Vec::new());
    house.world.commit(house.room, Vec::new());
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 3).await, [3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn the_last_news_lost_is_found_by_its_head() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [2]);
    let lost = house.world.commit(house.room, Vec::new());
    house.hub.note_head(house.room, &lost.place);
    assert_eq!(seqs(&mut reader, 1).await, [3]);
}

#[tokio::test(start_paused = true)]
async fn news_told_twice_is_said_once() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    let news = house.world.send(house.room).await;
    house.world.tell(house.room, RoomSignal::News(news)).await;
    house.world.tell(house.room, RoomSignal::Missed).await;
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 2).await, [2, 3]);
    assert!(is_silent(&mut reader).await);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_fell_beyond_the_ring_goes_on_from_the_log_without_a_hole() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [2]);
    for _ in 0..2_000 {
        house.world.send(house.room).await;
    }
    // The ring has taken them all before the reader pulls again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(seqs(&mut reader, 2_000).await, (3..=2_002).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn nothing_after_its_removal_reaches_the_removed() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [2]);
    let removal = house.world.commit(house.room, vec![(house.user, false)]);
    house.world.tell(house.room, RoomSignal::News(removal)).await;
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [3]);
    assert!(matches!(next(&mut reader).await, Item::RoomClosed { reason: RoomClosedReason::Removed, .. }));
    assert!(is_silent(&mut reader).await);
}

#[tokio::test(start_paused = true)]
async fn one_removed_while_away_gets_the_rest_up_to_its_removal() {
    let house = House::new();
    house.world.commit(house.room, Vec::new());
    house.world.commit(house.room, vec![(house.user, false)]);
    house.world.commit(house.room, Vec::new());
    let (mut reader, _) = house.read(house.from(1));
    assert_eq!(seqs(&mut reader, 2).await, [2, 3]);
    assert!(matches!(next(&mut reader).await, Item::RoomClosed { reason: RoomClosedReason::Removed, .. }));
    assert!(is_silent(&mut reader).await);
}

#[tokio::test(start_paused = true)]
async fn one_who_left_and_came_back_while_away_gets_everything() {
    let house = House::new();
    house.world.commit(house.room, vec![(house.user, false)]);
    for _ in 0..300 {
        house.world.commit(house.room, Vec::new());
    }
    house.world.commit(house.room, vec![(house.user, true)]);
    let (mut reader, _) = house.read(house.from(1));
    assert_eq!(seqs(&mut reader, 302).await, (2..=303).collect::<Vec<_>>());
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [304]);
}

#[tokio::test(start_paused = true)]
async fn one_removed_whose_cursor_fits_no_more_does_not_learn_the_head() {
    let house = House::new();
    house.world.commit(house.room, vec![(house.user, false)]);
    let cursor = Cursor { room: house.room, place: Some(World::place("e0", house.room, 1)) };
    let (mut reader, _) = house.read(Interest { rooms: vec![cursor], presence: Vec::new() });
    assert!(matches!(next(&mut reader).await, Item::RoomClosed { reason: RoomClosedReason::Removed, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_stranger_learns_nothing_and_makes_no_room_active() {
    let house = House::new();
    let stranger = UserId::from_uuid(house.ids.fresh());
    let (mut reader, _) = house.read_as(stranger, house.from(1), Box::pin(future::pending()));
    assert!(matches!(next(&mut reader).await, Item::RoomClosed { reason: RoomClosedReason::NotFound, .. }));
    assert_eq!(house.hub.active_rooms(), []);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_of_another_log_gets_reset_and_then_what_follows() {
    let house = House::new();
    house.world.commit(house.room, Vec::new());
    for (epoch, seq, expected) in [("e0", 1, ResetReason::EpochChanged), ("e1", 9, ResetReason::LogEndsEarlier)] {
        let cursor = Cursor { room: house.room, place: Some(World::place(epoch, house.room, seq)) };
        let (mut reader, _) = house.read(Interest { rooms: vec![cursor], presence: Vec::new() });
        let Item::RoomReset { head, reason, .. } = next(&mut reader).await else { panic!("not a reset") };
        assert_eq!(reason, expected);
        let sent = house.world.send(house.room).await;
        assert_eq!(sent.place.seq, head.seq + 1);
        assert_eq!(seqs(&mut reader, 1).await, [sent.place.seq]);
    }
}

#[tokio::test(start_paused = true)]
async fn all_readers_share_the_bytes_of_an_event() {
    let house = House::new();
    let (mut one, _) = house.read(house.from(1));
    let (mut other, _) = house.read(house.from(0));
    let settle = |reader| async move { timeout(Duration::from_secs(1), next_event(reader)).await.is_err() };
    assert!(settle(&mut one).await && settle(&mut other).await);
    house.world.send(house.room).await;
    let (one, other) = (next_event(&mut one).await, next_event(&mut other).await);
    assert_eq!(one.encoded.as_ptr(), other.encoded.as_ptr());
}

#[tokio::test(start_paused = true)]
async fn interest_is_replaced_and_older_revisions_are_ignored() {
    let house = House::new();
    let other = RoomId::from_uuid(house.ids.fresh());
    house.world.commit(other, vec![(house.user, true)]);
    let (mut reader, mailbox) = house.read(house.from(1));
    let place = Some(World::place("e1", other, 1));
    let interest = Interest { rooms: vec![Cursor { room: other, place }], presence: Vec::new() };
    mailbox.give_interest(InterestUpdate { revision: 2, interest });
    assert!(matches!(next(&mut reader).await, Item::InterestApplied { revision: 2 }));
    mailbox.give_interest(InterestUpdate { revision: 1, interest: house.from(1) });
    house.world.send(house.room).await;
    assert!(is_silent(&mut reader).await);
    house.world.send(other).await;
    assert_eq!(next_event(&mut reader).await.room, other);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_come_in_time_and_carry_heads_of_the_reader_s_rooms_alone() {
    let house = House::new();
    let elsewhere = RoomId::from_uuid(house.ids.fresh());
    let (mut reader, _) = house.read(Interest::default());
    let began = tokio::time::Instant::now();
    assert!(timeout(Duration::from_secs(5), next_event(&mut reader)).await.is_err());
    house.streams.note_head(house.room, &World::place("e1", house.room, 5));
    house.streams.note_head(house.room, &World::place("e1", house.room, 6));
    house.streams.note_head(elsewhere, &World::place("e1", elsewhere, 3));
    let Some(Item::Heartbeat { heads }) = reader.next().await else { panic!("not a heartbeat") };
    assert_eq!(heads, [(house.room, World::place("e1", house.room, 6))]);
    let waited = began.elapsed();
    assert!((10..=15).contains(&waited.as_secs()), "{waited:?}");
    let Some(Item::Heartbeat { heads }) = reader.next().await else { panic!("not a heartbeat") };
    assert!(heads.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_session_and_with_the_process() {
    let house = House::new();
    let ended = CancellationToken::new();
    let session = Box::pin(ended.clone().cancelled_owned());
    let (mut reader, _) = house.read_as(house.user, house.from(1), session);
    ended.cancel();
    assert!(matches!(next(&mut reader).await, Item::Closing(ClosingReason::SessionEnded)));
    assert!(reader.next().await.is_none());

    let (mut reader, _) = house.read(house.from(1));
    house.stop.cancel();
    assert!(matches!(next(&mut reader).await, Item::Closing(ClosingReason::GoingAway)));
    assert!(reader.next().await.is_none());
}

fn user_change(room: RoomId, version: u64) -> UserRoomChange {
    UserRoomChange { version, room, is_member: true, encoded: Bytes::from(format!("version {version}")) }
}

#[tokio::test(start_paused = true)]
async fn changes_of_the_list_of_rooms_are_said_once_and_in_order() {
    let house = House::new();
    let (mut reader, _) = house.read(Interest::default());
    for version in 2..=5 {
        house.world.user_changes.lock().unwrap().push(user_change(house.room, version));
    }
    // The bus tells of each room by itself: twice, out of order, and not of all.
    for version in [1, 2, 2, 5, 3] {
        house.streams.user_changed(house.user, &user_change(house.room, version));
    }
    for expected in ["version 2", "version 3", "version 4", "version 5"] {
        let Item::Encoded(said) = next(&mut reader).await else { panic!("not a change") };
        assert_eq!(said, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn watched_people_s_presence_comes_first_whole_and_then_as_it_changes() {
    let house = House::new();
    let friend = UserId::from_uuid(house.ids.fresh());
    let (mut reader, _) = house.read(Interest { rooms: Vec::new(), presence: vec![friend] });
    let Item::Encoded(first) = next(&mut reader).await else { panic!("not a presence") };
    assert_eq!(first, format!("presence {friend}"));
    house.streams.presence_changed(house.user, &Bytes::from_static(b"of somebody else"));
    house.streams.presence_changed(friend, &Bytes::from_static(b"online"));
    house.streams.presence_changed(friend, &Bytes::from_static(b"away"));
    let Item::Encoded(latest) = next(&mut reader).await else { panic!("not a presence") };
    assert_eq!(latest, "away");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut_off_and_one_that_waits_is_not() {
    let house = House::new();
    let is_cut =
        |connection: Connection| async move { timeout(Duration::from_millis(1), connection.is_cut()).await.is_ok() };
    let (mut reader, _) = house.read(house.from(1));
    let (stalled, waiting) = (Connection::default(), Connection::default());
    let stream = |connection: &Connection| {
        let stream = house.ids.fresh().to_string().parse().expect("a stream id");
        let session = SessionId::from_uuid(house.ids.fresh());
        house.streams.register(stream, house.user, session, Arc::default(), connection.clone())
    };
    // One whose stream was never asked for anything, and one that takes what comes.
    let _never_asked = stream(&stalled).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert!(timeout(Duration::from_secs(9), next_event(&mut reader)).await.is_err());
    house.streams.cut_stalled(|_| false);
    assert!(!is_cut(stalled.clone()).await);
    assert!(timeout(Duration::from_secs(2), next_event(&mut reader)).await.is_err());
    house.streams.cut_stalled(|_| false);
    assert!(is_cut(stalled).await && !is_cut(waiting.clone()).await);

    // Where the session is over, nobody is waited for.
    let _never_asked = stream(&waiting).unwrap_or_else(|refusal| panic!("{refusal}"));
    tokio::time::sleep(Duration::from_millis(500)).await;
    house.streams.cut_stalled(|_| true);
    assert!(is_cut(waiting).await);
}

#[tokio::test(start_paused = true)]
async fn a_room_watched_anew_is_read_from_its_new_cursor_alone() {
    let house = House::new();
    for _ in 0..5 {
        house.world.commit(house.room, Vec::new());
    }
    let (mut reader, mailbox) = house.read(house.from(1));
    mailbox.give_interest(InterestUpdate { revision: 1, interest: Interest::default() });
    assert!(matches!(reader.next().await, Some(Item::Welcome { .. })));
    let mut said = Vec::new();
    while !matches!(said.last(), Some(Item::InterestApplied { revision: 1 })) {
        said.push(next(&mut reader).await);
    }
    mailbox.give_interest(InterestUpdate { revision: 2, interest: house.from(4) });
    while !matches!(said.last(), Some(Item::InterestApplied { revision: 2 })) {
        said.push(next(&mut reader).await);
    }
    assert_eq!(seqs(&mut reader, 2).await, [5, 6]);
    assert!(is_silent(&mut reader).await);
}

#[tokio::test(start_paused = true)]
async fn a_session_has_as_many_streams_as_it_may_and_gets_places_back() {
    let house = House::new();
    let session = SessionId::from_uuid(house.ids.fresh());
    let register = || {
        let stream = house.ids.fresh().to_string().parse().expect("a stream id");
        house.streams.register(stream, house.user, session, Arc::default(), Connection::default())
    };
    let held: Vec<_> = (0..3).map(|_| register().unwrap_or_else(|refusal| panic!("{refusal}"))).collect();
    assert!(register().is_err());
    drop(held);
    assert!(register().is_ok());
    assert_eq!(house.streams.count(), 0);
}
