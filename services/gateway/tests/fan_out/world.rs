//! What stands around a gateway: a log in memory, with the bus beside it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream::BoxStream};
use loquat_gateway::{
    model::{HiddenRange, Place, ResetReason, RoomNews, Text},
    ports::{
        PresenceBoard, ReadError, RoomFeed, RoomLog, RoomSignal, Stretch, UserRoomChange, UserRoomChanges, UserRooms,
    },
};
use loquat_ids::{EventId, RoomId, UserId};
use loquat_proto::{
    events::v1::{StreamItem, SubscribeResponse, stream_item::Kind},
    messages::v1::{Message, MessageSent, RoomEvent, room_event::Change},
};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

/// A log in memory. What is committed is told on the bus where the test tells it.
#[derive(Default)]
pub struct World {
    pub logs: Mutex<HashMap<RoomId, Log>>,
    pub user_changes: Mutex<Vec<UserRoomChange>>,
    pub feeds: Mutex<HashMap<RoomId, mpsc::Sender<RoomSignal>>>,
    /// How many events of a room one read brings at most. 0 for as many as are asked for.
    pub page_cap: AtomicUsize,
    /// Whether the log and the lists of rooms cannot be read.
    pub is_away: AtomicBool,
    /// Whether the lists of rooms are never answered.
    pub is_stuck: AtomicBool,
    /// How often the log, the heads and the lists of rooms were read.
    pub log_reads: AtomicUsize,
    pub head_reads: AtomicUsize,
    pub user_reads: AtomicUsize,
}

/// A room's log.
#[derive(Default)]
pub struct Log {
    pub epoch: String,
    pub events: Vec<Arc<RoomNews>>,
    /// Whether what happens while somebody is out is hidden from it.
    pub is_private: bool,
}

impl Log {
    /// When a reader came (true) and went, by number.
    fn memberships(&self, reader: UserId) -> Vec<(u64, bool)> {
        let of = |event: &Arc<RoomNews>| {
            let change = event.members.iter().rev().find(|(user, _)| *user == reader)?;
            Some((event.place.seq, change.1))
        };
        self.events.iter().filter_map(of).collect()
    }

    /// What a reader, who is back, may not see.
    pub fn hidden_from(&self, reader: UserId) -> Vec<HiddenRange> {
        let memberships = self.memberships(reader);
        let absences = memberships.windows(2).filter(|pair| !pair[0].1 && pair[1].1);
        let ranges = absences.map(|pair| HiddenRange { from: pair[0].0 + 1, to: pair[1].0 - 1 });
        ranges.filter(|range| self.is_private && range.from <= range.to).collect()
    }

    fn is_member_at(&self, reader: UserId, seq: u64) -> bool {
        self.memberships(reader).iter().rev().find(|(at, _)| *at <= seq).is_some_and(|(_, is_member)| *is_member)
    }
}

impl World {
    pub fn place(epoch: &str, room: RoomId, seq: u64) -> Place {
        let id = room.as_uuid().as_u128().wrapping_mul(1_000_000).wrapping_add(u128::from(seq));
        Place { epoch: epoch.parse().expect("an epoch"), seq, event_id: EventId::from_uuid(Uuid::from_u128(id)) }
    }

    pub fn commit(&self, room: RoomId, members: Vec<(UserId, bool)>) -> Arc<RoomNews> {
        self.commit_sized(room, members, 0)
    }

    pub fn commit_sized(&self, room: RoomId, members: Vec<(UserId, bool)>, bytes: usize) -> Arc<RoomNews> {
        self.commit_with(room, |news| RoomNews { members, ..news }, bytes)
    }

    /// Commits something that is said in a message: itself, or by an edit of the one of that number.
    pub fn say(&self, room: RoomId, edits: Option<u64>) -> Arc<RoomNews> {
        let text = |message| Text { message, blanked: Bytes::from_static(b"blanked") };
        self.commit_with(room, |news| RoomNews { text: Some(text(edits.unwrap_or(news.place.seq))), ..news }, 0)
    }

    /// Commits that a message is deleted. Its text stands in this log for as long as nobody has erased it.
    pub fn delete(&self, room: RoomId, message: u64) -> Arc<RoomNews> {
        self.commit_with(room, |news| RoomNews { deletes: Some(message), ..news }, 0)
    }

    fn commit_with(&self, room: RoomId, with: impl FnOnce(RoomNews) -> RoomNews, bytes: usize) -> Arc<RoomNews> {
        let mut logs = self.logs.lock().unwrap();
        let log = logs.entry(room).or_default();
        if log.epoch.is_empty() {
            log.epoch = "e1".into();
        }
        let place = Self::place(&log.epoch, room, log.events.len() as u64 + 1);
        let message = Message { text: ".".repeat(bytes), ..Message::default() };
        let event = RoomEvent {
            room_id: room.to_string(),
            seq: place.seq,
            event_id: place.event_id.to_string(),
            epoch: log.epoch.clone(),
            change: Some(Change::MessageSent(MessageSent { message: Some(message) })),
            ..RoomEvent::default()
        };
        let item = StreamItem { kind: Some(Kind::RoomEvent(event)) };
        let encoded = SubscribeResponse { item: Some(item) }.encode_to_vec();
        let news = RoomNews {
            room,
            place,
            members: Vec::new(),
            is_erased: false,
            text: None,
            deletes: None,
            encoded: encoded.into(),
            trace: None,
        };
        let news = Arc::new(with(news));
        log.events.push(Arc::clone(&news));
        news
    }

    pub async fn tell(&self, room: RoomId, signal: RoomSignal) {
        let feed = self.feeds.lock().unwrap().get(&room).cloned();
        if let Some(feed) = feed {
            feed.send(signal).await.expect("the room's task listens");
        }
    }

    /// Commits and tells.
    pub async fn send(&self, room: RoomId) -> Arc<RoomNews> {
        let news = self.commit(room, Vec::new());
        self.tell(room, RoomSignal::News(Arc::clone(&news))).await;
        news
    }

    /// Commits something of so many bytes, and tells.
    pub async fn tell_sized(&self, room: RoomId, bytes: usize) {
        let news = self.commit_sized(room, Vec::new(), bytes);
        self.tell(room, RoomSignal::News(news)).await;
    }

    pub fn head(&self, room: RoomId) -> Place {
        self.logs.lock().unwrap()[&room].events.last().expect("a log begins with an event").place.clone()
    }
}

#[async_trait]
impl RoomLog for World {
    async fn read(
        &self,
        room: RoomId,
        reader: Option<UserId>,
        after: Option<Place>,
        most: u16,
    ) -> Result<Stretch, ReadError> {
        self.log_reads.fetch_add(1, Ordering::Relaxed);
        if self.is_away.load(Ordering::Relaxed) {
            return Err(ReadError::Unavailable);
        }
        let logs = self.logs.lock().unwrap();
        let log = logs.get(&room).ok_or(ReadError::NotFound)?;
        let head = log.events.last().expect("a log begins with an event").place.clone();
        let (mut through, mut hidden, mut visible_from) = (head.seq, Vec::new(), 0);
        if let Some(reader) = reader {
            let memberships = log.memberships(reader);
            hidden = log.hidden_from(reader);
            match memberships.last() {
                None => return Err(ReadError::NotFound),
                Some((removal, false)) => through = *removal,
                Some((_, true)) => visible_from = hidden.last().map_or(1, |range| range.to + 1),
            }
        }
        let is_member = |seq| reader.is_some_and(|reader| log.is_member_at(reader, seq));
        let mut stretch = Stretch {
            events: Vec::new(),
            hidden: Vec::new(),
            visible_from,
            head: head.clone(),
            reset: None,
            reader_is_member: is_member(head.seq),
        };
        let Some(after) = after else { return Ok(stretch) };
        let at = usize::try_from(after.seq).expect("a small log");
        stretch.reset = match () {
            () if after.epoch != head.epoch => Some(ResetReason::EpochChanged),
            () if at > log.events.len() => Some(ResetReason::LogEndsEarlier),
            () if at > 0 && log.events[at - 1].place.event_id != after.event_id => Some(ResetReason::EventDiffers),
            () => None,
        };
        if stretch.reset.is_some() {
            return Ok(stretch);
        }
        let cap = self.page_cap.load(Ordering::Relaxed);
        let most = if cap == 0 { usize::from(most) } else { cap.min(usize::from(most)) };
        let is_hidden = |seq| hidden.iter().any(|range| (range.from..=range.to).contains(&seq));
        let visible = |event: &&Arc<RoomNews>| {
            event.place.seq > after.seq && event.place.seq <= through && !is_hidden(event.place.seq)
        };
        stretch.events = log.events.iter().filter(visible).take(most).cloned().collect();
        let last = stretch.events.last().map_or(head.seq, |last| last.place.seq);
        stretch.hidden =
            hidden.iter().filter(|range| range.from > after.seq && range.to <= last.max(after.seq)).copied().collect();
        stretch.reader_is_member = is_member(last);
        Ok(stretch)
    }

    async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Place)>, ReadError> {
        self.head_reads.fetch_add(1, Ordering::Relaxed);
        if self.is_away.load(Ordering::Relaxed) {
            return Err(ReadError::Unavailable);
        }
        Ok(rooms.iter().map(|room| (*room, self.head(*room))).collect())
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
        self.user_reads.fetch_add(1, Ordering::Relaxed);
        if self.is_stuck.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.is_away.load(Ordering::Relaxed) {
            return Err(ReadError::Unavailable);
        }
        let changes = self.user_changes.lock().unwrap();
        let changes: Vec<UserRoomChange> = changes.iter().filter(|change| change.version > since).cloned().collect();
        let version = changes.last().map_or(since.max(1), |change| change.version);
        Ok(UserRoomChanges { version, is_reset: since == 0, changes: if since == 0 { Vec::new() } else { changes } })
    }

    async fn joined(&self, user: UserId) -> Result<Vec<RoomId>, ReadError> {
        let logs = self.logs.lock().unwrap();
        let is_in = |log: &Log| log.is_member_at(user, u64::MAX);
        Ok(logs.iter().filter(|(_, log)| is_in(log)).map(|(room, _)| *room).collect())
    }
}

#[async_trait]
impl PresenceBoard for World {
    async fn presence(&self, _: UserId, users: Vec<UserId>) -> Result<Vec<Bytes>, ReadError> {
        Ok(users.iter().map(|user| Bytes::from(format!("presence {user}"))).collect())
    }
}
