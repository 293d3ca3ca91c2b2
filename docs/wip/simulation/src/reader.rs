//! Clients that listen: on one stream after another, from where they were, or from an earlier place, or from none.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use loquat_faults::history::{
    ClosedReason, CursorOpen, End, EndReason, Entry, Head, Hidden, Id, Open, Place, ResetReason, RoomClosed, RoomReset,
    StreamId,
};
use loquat_proto::{
    events::v1::{
        Interest, SubscribeRequest, event_service_client::EventServiceClient, reset::Subject, stream_item::Kind,
    },
    messages::v1::{RoomCursor, RoomEvent},
};
use rand::{RngExt as _, rngs::SmallRng};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::{
    determinism::dice,
    house::GATEWAYS,
    network::channel,
    seen,
    world::{EPOCH, Person, Phase, RoomOfRun, World},
};

/// How long a stream may take to begin.
const WELCOME: Duration = Duration::from_secs(3);
/// Two heartbeats, where the gateway does not say.
const SILENCE: Duration = Duration::from_secs(30);
/// After how long a room that could not be read is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(700);

/// How far a reader is, for whoever waits until it has heard all.
#[derive(Debug)]
pub(crate) struct Gauge {
    pub(crate) rooms: Vec<Arc<RoomOfRun>>,
    is_connected: AtomicBool,
    at: Vec<AtomicU64>,
    is_closed: Vec<AtomicBool>,
}

impl Gauge {
    /// Tells whether it has all up to these heads, of the rooms that it may read.
    pub(crate) fn has_all(&self, heads: impl Fn(&RoomOfRun) -> u64) -> bool {
        self.is_connected.load(Ordering::SeqCst)
            && self.rooms.iter().enumerate().all(|(index, room)| {
                self.is_closed[index].load(Ordering::SeqCst) || self.at[index].load(Ordering::SeqCst) >= heads(room)
            })
    }
}

/// Begins a reader of some rooms, on the host of the moment.
pub(crate) fn begin(world: &Arc<World>, person: &Arc<Person>, client: u32, rooms: Vec<Arc<RoomOfRun>>) -> Arc<Gauge> {
    let gauge = Arc::new(Gauge {
        is_connected: AtomicBool::new(false),
        at: rooms.iter().map(|_| AtomicU64::new(0)).collect(),
        is_closed: rooms.iter().map(|_| AtomicBool::new(false)).collect(),
        rooms,
    });
    let reader = Reader {
        world: Arc::clone(world),
        person: Arc::clone(person),
        client,
        dice: dice(world.seed, format_args!("reader {client}")),
        by_id: gauge.rooms.iter().enumerate().map(|(index, room)| (room.id.to_string(), index)).collect(),
        watched: gauge.rooms.iter().map(|_| Watched::default()).collect(),
        gauge: Arc::clone(&gauge),
        gateway: client as usize % GATEWAYS.len(),
    };
    tokio::spawn(reader.run());
    gauge
}

/// A reader's place in a room.
#[derive(Debug, Default)]
struct Watched {
    at: Option<Place>,
    /// Some places that it was at before.
    earlier: Vec<Place>,
}

struct Reader {
    world: Arc<World>,
    person: Arc<Person>,
    client: u32,
    dice: SmallRng,
    by_id: HashMap<String, usize>,
    watched: Vec<Watched>,
    gauge: Arc<Gauge>,
    gateway: usize,
}

impl Reader {
    async fn run(mut self) {
        self.world.reached(Phase::Working).await;
        while !self.world.has_reached(Phase::Over) {
            let (open, interest) = self.cursors();
            let stream = self.world.journal.open(|stream| Open {
                stream,
                client: self.client,
                user: self.person.user,
                via: u32::try_from(self.gateway).unwrap_or(0),
                rooms: open,
                is_slow: false,
            });
            let reason = self.follow(stream, interest).await;
            self.gauge.is_connected.store(false, Ordering::SeqCst);
            self.world.journal.note(Entry::End(End { stream, reason }));
            if reason != EndReason::Left || self.dice.random_bool(0.5) {
                self.gateway = (self.gateway + 1) % GATEWAYS.len();
            }
            sleep(Duration::from_millis(self.dice.random_range(10..200))).await;
        }
    }

    /// One stream, from its opening to its end.
    async fn follow(&mut self, stream: StreamId, interest: Interest) -> EndReason {
        // A connection of its own, as clients have.
        let mut events = EventServiceClient::new(channel("gateway", &[GATEWAYS[self.gateway]]));
        let start = SubscribeRequest { interest: Some(interest), user_state_version: 0 };
        let Ok(Ok(opened)) = timeout(WELCOME, events.subscribe(self.person.ask(start))).await else {
            return EndReason::Broken;
        };
        let mut items = opened.into_inner();
        let leave_at = Instant::now() + Duration::from_millis(self.dice.random_range(800..6_000));
        let mut silence = SILENCE;
        let mut ask_again_at = None;
        loop {
            let silent_at = Instant::now() + silence;
            let world = Arc::clone(&self.world);
            let item = tokio::select! {
                biased;
                () = world.reached(Phase::Over) => return EndReason::Left,
                item = items.message() => item,
                () = sleep_until(ask_again_at.unwrap_or(silent_at)), if ask_again_at.is_some() => return EndReason::Left,
                () = sleep_until(leave_at), if !world.has_reached(Phase::Settling) => return EndReason::Left,
                () = sleep_until(silent_at) => return EndReason::Silent,
            };
            let kind = match item {
                Ok(Some(item)) => item.item.unwrap_or_default().kind,
                Ok(None) | Err(_) => return EndReason::Broken,
            };
            match kind {
                Some(Kind::Welcome(welcome)) => {
                    silence = welcome.silence_limit.and_then(|limit| limit.try_into().ok()).unwrap_or(silence);
                    self.gauge.is_connected.store(true, Ordering::SeqCst);
                }
                Some(Kind::Closing(closing)) => return seen::end_reason(closing.reason()),
                Some(kind) => {
                    if self.hear(stream, kind) && ask_again_at.is_none() {
                        ask_again_at = Some(Instant::now() + ASK_AGAIN);
                    }
                }
                None => {}
            }
        }
    }

    /// Takes what a stream said. Returns whether a room cannot be watched now and must be asked for again.
    fn hear(&mut self, stream: StreamId, kind: Kind) -> bool {
        match kind {
            Kind::RoomEvent(event) => self.hear_event(stream, &event),
            Kind::Hidden(hidden) => {
                let Some(index) = self.by_id.get(&hidden.room_id).copied() else { return false };
                let (room, from, to) = (self.gauge.rooms[index].room, hidden.from_seq, hidden.to_seq);
                self.world.journal.note(Entry::Hidden(Hidden { stream, room, from, to }));
                if let Some(at) = &mut self.watched[index].at {
                    at.seq = to;
                }
            }
            Kind::Reset(reset) => {
                let reason = seen::reset_reason(reset.reason());
                if let Some(Subject::Room(cursor)) = reset.subject {
                    self.hear_reset(stream, &cursor, reason);
                }
            }
            Kind::RoomClosed(closed) => {
                let Some(index) = self.by_id.get(&closed.room_id).copied() else { return false };
                let (room, reason) = (self.gauge.rooms[index].room, seen::closed_reason(closed.reason()));
                self.world.journal.note(Entry::Closed(RoomClosed { stream, room, reason }));
                self.gauge.is_closed[index].store(reason != ClosedReason::Unavailable, Ordering::SeqCst);
                return reason == ClosedReason::Unavailable;
            }
            Kind::Heartbeat(beat) => {
                for cursor in &beat.heads {
                    if let Some(index) = self.by_id.get(&cursor.room_id) {
                        let (room, place) = (self.gauge.rooms[*index].room, seen::place(cursor));
                        self.world.journal.note(Entry::Head(Head { stream, room, place, is_reached: false }));
                    }
                }
            }
            _ => {}
        }
        false
    }

    fn hear_event(&mut self, stream: StreamId, event: &RoomEvent) {
        let Some(index) = self.by_id.get(&event.room_id).copied() else { return };
        let Some(item) = seen::item(&self.world.journal, stream, self.gauge.rooms[index].room, event) else { return };
        let place = Place { epoch: item.epoch.clone(), seq: item.seq, event: Some(item.event) };
        self.world.journal.note(Entry::Item(item));
        self.gauge.at[index].store(place.seq, Ordering::SeqCst);
        if self.dice.random_bool(0.05) {
            self.watched[index].earlier.push(place.clone());
        }
        self.watched[index].at = Some(place);
    }

    fn hear_reset(&mut self, stream: StreamId, cursor: &RoomCursor, reason: ResetReason) {
        let Some(index) = self.by_id.get(&cursor.room_id).copied() else { return };
        let (room, place) = (self.gauge.rooms[index].room, seen::place(cursor));
        self.world.journal.note(Entry::Reset(RoomReset { stream, room, reason, cursor: place.clone() }));
        self.gauge.at[index].store(place.seq, Ordering::SeqCst);
        self.watched[index] = Watched { at: Some(place), earlier: Vec::new() };
    }

    /// Where to go on: mostly where the reader is, sometimes at an earlier place, and now and then at one that is none.
    fn cursors(&mut self) -> (Vec<CursorOpen>, Interest) {
        let is_settling = self.world.has_reached(Phase::Settling);
        let (mut open, mut interest) = (Vec::new(), Interest::default());
        for (index, room) in self.gauge.rooms.iter().enumerate() {
            let watched = &self.watched[index];
            let beginning = Place { epoch: EPOCH.to_owned(), seq: 0, event: None };
            let mut place = watched.at.clone().unwrap_or(beginning);
            if !is_settling && !watched.earlier.is_empty() && self.dice.random_bool(0.2) {
                place = watched.earlier[self.dice.random_range(0..watched.earlier.len())].clone();
            }
            if !is_settling && place.seq > 0 && self.dice.random_bool(0.03) {
                place = match self.dice.random_range(0..3) {
                    0 => Place { event: Some(Id(7)), ..place },
                    1 => Place { seq: place.seq + 1_000_000, ..place },
                    _ => Place { epoch: "another-life".to_owned(), ..place },
                };
            }
            self.gauge.at[index].store(place.seq, Ordering::SeqCst);
            self.gauge.is_closed[index].store(false, Ordering::SeqCst);
            interest.rooms.push(seen::cursor(&room.id.to_string(), Some(&place)));
            open.push(CursorOpen { room: room.room, after: Some(place) });
        }
        (open, interest)
    }
}
