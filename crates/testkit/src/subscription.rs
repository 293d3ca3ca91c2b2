//! An event stream, as a client collects it.

use std::time::Duration;

use futures::{StreamExt as _, stream::BoxStream};
use loquat_ids::RoomId;
use loquat_proto::{
    events::v1::{Interest, StreamItem, stream_item::Kind},
    messages::v1::{RoomCursor, RoomEvent, room_event::Change},
};
use tokio::time::{Instant, timeout_at};
use tonic::Status;

/// How long an item may take that should come at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open event stream, with all that it has said.
pub struct Subscription {
    items: BoxStream<'static, Result<StreamItem, Status>>,
    /// The id that its welcome named.
    pub stream_id: String,
    /// All items by now, the welcome aside.
    pub seen: Vec<Kind>,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Subscription").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Subscription {
    pub(crate) async fn begin(items: BoxStream<'static, Result<StreamItem, Status>>) -> Self {
        let mut stream = Self { items, stream_id: String::new(), seen: Vec::new() };
        match stream.next(PATIENCE).await {
            Some(Ok(Kind::Welcome(welcome))) => stream.stream_id = welcome.stream_id,
            other => panic!("a stream begins with its welcome, not with {other:?}"),
        }
        stream.seen.clear();
        stream
    }

    /// Waits for the next item. Nothing where the stream has ended.
    ///
    /// # Panics
    ///
    /// Where neither comes in time.
    pub async fn next(&mut self, within: Duration) -> Option<Result<Kind, Status>> {
        self.next_by(Instant::now() + within)
            .await
            .unwrap_or_else(|| panic!("nothing came within {within:?}: {self:?}"))
    }

    /// The same, with nothing outside where nothing comes in time.
    async fn next_by(&mut self, by: Instant) -> Option<Option<Result<Kind, Status>>> {
        let next = timeout_at(by, self.items.next()).await.ok()?;
        Some(next.map(|item| {
            let kind = item?.kind.expect("an item says something");
            self.seen.push(kind.clone());
            Ok(kind)
        }))
    }

    /// Collects until an item is as asked for, and returns it. It may have come before.
    ///
    /// # Panics
    ///
    /// Where none comes in time, or the stream ends.
    pub async fn until(&mut self, what: &str, is_it: impl Fn(&Kind) -> bool) -> Kind {
        self.until_within(PATIENCE, what, is_it).await
    }

    /// The same, with a time of its own.
    ///
    /// # Panics
    ///
    /// Where none comes in time, or the stream ends.
    pub async fn until_within(&mut self, within: Duration, what: &str, is_it: impl Fn(&Kind) -> bool) -> Kind {
        if let Some(seen) = self.seen.iter().find(|kind| is_it(kind)) {
            return seen.clone();
        }
        let by = Instant::now() + within;
        loop {
            match self.next_by(by).await {
                Some(Some(Ok(kind))) if is_it(&kind) => return kind,
                Some(Some(Ok(_))) => {}
                Some(other) => panic!("the stream ended ({other:?}) before {what}; seen: {:#?}", self.seen),
                None => panic!("not within {within:?}: {what}; seen: {:#?}", self.seen),
            }
        }
    }

    /// Collects until a room's event of a number has come, and returns all of the room by then.
    ///
    /// # Panics
    ///
    /// Where it does not come in time.
    pub async fn until_seq(&mut self, room: RoomId, seq: u64) -> Vec<RoomEvent> {
        let id = room.to_string();
        self.until(
            &format!("event {seq} of {room}"),
            |kind| matches!(kind, Kind::RoomEvent(event) if event.room_id == id && event.seq >= seq),
        )
        .await;
        self.events_of(room)
    }

    /// Collects until the stream ends, and says with what: nothing where it ended well.
    ///
    /// # Panics
    ///
    /// Where it does not end in time.
    pub async fn until_end(&mut self, within: Duration) -> Option<Status> {
        let by = Instant::now() + within;
        loop {
            match self.next_by(by).await {
                Some(None) => return None,
                Some(Some(Err(status))) => return Some(status),
                Some(Some(Ok(_))) => {}
                None => panic!("the stream has not ended within {within:?}; seen: {:#?}", self.seen),
            }
        }
    }

    /// Collects what comes in a time in which nothing may be missing: for what must not come.
    ///
    /// # Panics
    ///
    /// Where the stream ends.
    pub async fn collect_for(&mut self, span: Duration) {
        let by = Instant::now() + span;
        while let Some(next) = self.next_by(by).await {
            assert!(matches!(next, Some(Ok(_))), "the stream ended: {next:?}");
        }
    }

    /// Returns a room's events by now.
    #[must_use]
    pub fn events_of(&self, room: RoomId) -> Vec<RoomEvent> {
        let id = room.to_string();
        let events = self.seen.iter().filter_map(|kind| match kind {
            Kind::RoomEvent(event) if event.room_id == id => Some(event.clone()),
            _ => None,
        });
        events.collect()
    }

    /// Returns the texts of a room's messages by now.
    #[must_use]
    pub fn texts_of(&self, room: RoomId) -> Vec<String> {
        let texts = self.events_of(room).into_iter().filter_map(|event| match event.change {
            Some(Change::MessageSent(sent)) => sent.message.map(|message| message.text),
            _ => None,
        });
        texts.collect()
    }

    /// Returns the place after the last of a room's events by now.
    #[must_use]
    pub fn cursor_of(&self, room: RoomId) -> Option<RoomCursor> {
        let event = self.events_of(room).pop()?;
        Some(RoomCursor { room_id: event.room_id, epoch: event.epoch, seq: event.seq, event_id: event.event_id })
    }
}

/// What watches some rooms from when the gateway has read them: for what comes later on, or not at all. What must not be missed
/// is watched by [`Person::interest_in`](crate::Person::interest_in).
#[must_use]
pub fn watching(rooms: &[RoomId]) -> Interest {
    let rooms = rooms.iter().map(|room| RoomCursor { room_id: room.to_string(), ..Default::default() });
    Interest { rooms: rooms.collect(), presence_user_ids: Vec::new() }
}
