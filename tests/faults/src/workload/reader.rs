//! A client that listens.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream::BoxStream};
use loquat_faults::history::{
    ClosedReason, CursorOpen, End, EndReason, Entry, Head, Hidden, Id, Open, Place, PresenceSeen, ResetReason,
    RoomClosed, RoomReset, StreamId,
};
use loquat_proto::{
    events::v1::{
        Beat, ConnectRequest, Interest, StreamItem, SubscribeRequest, SyncRequest, reset::Subject, stream_item::Kind,
    },
    messages::v1::{RoomCursor, RoomEvent},
    presence::v1::{Availability, Presence},
};
use loquat_testkit::Gateway;
use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng};
use tokio::{
    sync::mpsc,
    time::{Instant, interval, sleep, sleep_until, timeout},
};
use tokio_stream::wrappers::{IntervalStream, ReceiverStream};
use tonic::Status;

use super::{Account, Counts, RoomOfRun, World, gauges::Gauge, seen, world::gateway_at};

/// How long a stream may take to say welcome.
const WELCOME: Duration = Duration::from_secs(5);
/// Two heartbeats, where the gateway does not say.
const SILENCE: Duration = Duration::from_secs(30);
/// When a room is asked for again whose log cannot be read now.
const ASK_AGAIN: Duration = Duration::from_millis(700);
/// How often a reader asks once instead of listening.
const ASKING: f64 = 0.12;
/// How many earlier places of a room are remembered.
const PLACES: usize = 12;

/// A reader's place in a room.
#[derive(Debug, Default)]
struct Watched {
    at: Option<Place>,
    /// Some places that it was at before.
    earlier: Vec<Place>,
}

/// Why a stream came to its end.
enum Ended {
    /// As planned.
    Left,
    /// Not by the reader's will.
    Cut,
    /// The workload is over.
    Over,
}

/// A client of an account that watches some rooms.
pub(crate) struct Reader {
    world: Arc<World>,
    account: Arc<Account>,
    client: u32,
    random: SmallRng,
    rooms: Vec<Arc<RoomOfRun>>,
    watched: HashMap<usize, Watched>,
    by_id: HashMap<String, usize>,
    people: Vec<Arc<Account>>,
    gauge: Arc<Gauge>,
    edge: usize,
    /// Whether the stream of the moment has begun.
    is_welcome: bool,
}

impl Reader {
    /// Makes a reader of some rooms, that also watches some people.
    pub(crate) fn new(
        world: Arc<World>,
        account: Arc<Account>,
        client: u32,
        seed: u64,
        rooms: Vec<Arc<RoomOfRun>>,
        people: Vec<Arc<Account>>,
        gauge: Arc<Gauge>,
    ) -> Self {
        let random = SmallRng::seed_from_u64(seed ^ (u64::from(client) << 32));
        let edge = client as usize % world.edges.len();
        let by_id = rooms.iter().enumerate().map(|(index, room)| (room.id.clone(), index)).collect();
        Self {
            world,
            account,
            client,
            random,
            rooms,
            watched: HashMap::new(),
            by_id,
            people,
            gauge,
            edge,
            is_welcome: false,
        }
    }

    /// Makes it go on where an earlier process's reader was.
    pub(crate) fn set_places(&mut self, places: Vec<(usize, Place)>) {
        for (index, place) in places {
            self.watched.insert(index, Watched { at: Some(place), earlier: Vec::new() });
        }
    }

    /// Listens until readers are to end, on one stream after another. Returns where it was then in each room.
    pub(crate) async fn run(mut self) -> (u32, Vec<(usize, Place)>) {
        self.listen_on().await;
        let places = self.watched.into_iter().filter_map(|(index, watched)| Some((index, watched.at?)));
        (self.client, places.collect())
    }

    async fn listen_on(&mut self) {
        let mut backoff = Duration::ZERO;
        loop {
            let world = Arc::clone(&self.world);
            let _busy = world.switches.begin().await;
            let is_settling = self.world.switches.is_over.is_cancelled();
            if !is_settling {
                self.edge = self.random.random_range(0..self.world.edges.len());
            }
            self.account.renew(self.world.edges[self.edge].connection(self.client)).await;
            let begun = Instant::now();
            let ended = self.listen().await;
            self.gauge.note_disconnected(matches!(ended, Ended::Left));
            let mut is_over = false;
            backoff = match ended {
                Ended::Over => return,
                Ended::Left => Duration::ZERO,
                // At once the first time: a gateway that closes in order says so.
                Ended::Cut if begun.elapsed() > Duration::from_secs(2) => Duration::from_millis(20),
                Ended::Cut => (backoff * 2).clamp(Duration::from_millis(40), Duration::from_millis(640)),
            };
            if matches!(ended, Ended::Cut) {
                Counts::add(&self.world.counts.cuts);
                self.edge = (self.edge + 1) % self.world.edges.len();
            }
            tokio::select! {
                () = sleep(backoff) => {}
                () = self.world.switches.readers_end.cancelled() => is_over = true,
            }
            if is_over {
                return;
            }
        }
    }

    /// One stream, from its opening to its end.
    async fn listen(&mut self) -> Ended {
        let (open, interest) = self.cursors();
        let stream = self.world.journal.open(|stream| Open {
            stream,
            client: self.client,
            user: self.account.user,
            via: self.world.edges[self.edge].via,
            rooms: open,
            is_slow: false,
        });
        self.is_welcome = false;
        let is_asking = !self.world.switches.is_over.is_cancelled() && self.random.random_bool(ASKING);
        let (ended, reason) = match is_asking {
            true => self.ask(stream, interest.rooms).await,
            false => self.follow(stream, interest).await,
        };
        if std::mem::take(&mut self.is_welcome) {
            self.account.devices.go(&self.world.journal, self.account.user, reason != EndReason::Left);
        }
        self.world.journal.note(Entry::End(End { stream, reason }));
        ended
    }

    /// Asks what there was, as a client does that does not listen. The answer holds a part of it.
    async fn ask(&mut self, stream: StreamId, rooms: Vec<RoomCursor>) -> (Ended, EndReason) {
        let request = SyncRequest { rooms, user_state_version: 0, page_size: self.random.random_range(0..=200) };
        let gateway = self.world.edges[self.edge].connection(self.client).clone();
        let answer = timeout(WELCOME, gateway.events().sync(self.account.ask(request))).await;
        let Ok(Ok(answer)) = answer else { return (Ended::Cut, EndReason::Broken) };
        let answer = answer.into_inner();
        for kind in answer.items.into_iter().filter_map(|item| item.kind) {
            self.hear(stream, kind);
        }
        for cursor in &answer.cursors {
            let Some(index) = self.by_id.get(&cursor.room_id).copied() else { continue };
            let (room, place) = (self.rooms[index].room, seen::place(cursor));
            self.world.journal.note(Entry::Head(Head { stream, room, place: place.clone(), is_reached: true }));
            self.gauge.note_seq(index, place.seq);
            self.watched.entry(index).or_default().at = Some(place);
        }
        (Ended::Left, EndReason::Answered)
    }

    async fn follow(&mut self, stream: StreamId, interest: Interest) -> (Ended, EndReason) {
        // A connection of its own, as clients have.
        let Some(address) = self.world.edges[self.edge].address else { return (Ended::Cut, EndReason::Broken) };
        let gateway = gateway_at(address);
        let is_native = self.random.random_bool(0.4);
        let opened = timeout(WELCOME, open(&self.account, &gateway, interest, is_native)).await;
        let Ok(Ok(mut items)) = opened else {
            if let Ok(Err(status)) = &opened
                && status.code() == tonic::Code::Unauthenticated
            {
                self.account.distrust();
            }
            return (Ended::Cut, EndReason::Broken);
        };
        let leave_at = Instant::now() + self.patience();
        let mut silence = SILENCE;
        let world = Arc::clone(&self.world);
        let switches = &world.switches;
        let (is_over, readers_end) = (switches.is_over.clone(), switches.readers_end.clone());
        let mut heard_at = Instant::now();
        let mut ask_again_at = None;
        loop {
            let silent_at = heard_at + silence;
            let again = ask_again_at.unwrap_or(silent_at);
            let item = tokio::select! {
                item = items.next() => item,
                () = sleep_until(silent_at) => return (Ended::Cut, EndReason::Silent),
                () = sleep_until(again), if ask_again_at.is_some() => return (Ended::Cut, EndReason::Left),
                () = sleep_until(leave_at), if !is_over.is_cancelled() => return (Ended::Left, EndReason::Left),
                () = readers_end.cancelled() => return (Ended::Over, EndReason::Left),
                () = switches.stillness() => return (Ended::Left, EndReason::Left),
            };
            heard_at = Instant::now();
            let kind = match item {
                Some(Ok(item)) => item.kind,
                Some(Err(_)) | None => return (Ended::Cut, EndReason::Broken),
            };
            match kind {
                Some(Kind::Welcome(welcome)) => {
                    if let Some(limit) = welcome.silence_limit.and_then(|limit| Duration::try_from(limit).ok()) {
                        silence = limit;
                    }
                    self.gauge.note_connected();
                    self.is_welcome = true;
                    self.account.devices.come(&self.world.journal, self.account.user);
                }
                Some(Kind::Closing(closing)) => return (Ended::Cut, seen::end_reason(closing.reason())),
                Some(kind) => {
                    let cannot_be_read = self.hear(stream, kind);
                    if cannot_be_read {
                        ask_again_at.get_or_insert_with(|| Instant::now() + ASK_AGAIN);
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
                let room = self.rooms[index].room;
                self.world.journal.note(Entry::Hidden(Hidden {
                    stream,
                    room,
                    from: hidden.from_seq,
                    to: hidden.to_seq,
                }));
                if let Some(Watched { at: Some(at), .. }) = self.watched.get_mut(&index) {
                    at.seq = hidden.to_seq;
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
                let (room, reason) = (self.rooms[index].room, seen::closed_reason(closed.reason()));
                self.world.journal.note(Entry::Closed(RoomClosed { stream, room, reason }));
                self.gauge.note_closed(index);
                return reason == ClosedReason::Unavailable;
            }
            Kind::Heartbeat(beat) => {
                for cursor in &beat.heads {
                    if let Some(index) = self.by_id.get(&cursor.room_id) {
                        let (room, place) = (self.rooms[*index].room, seen::place(cursor));
                        self.world.journal.note(Entry::Head(Head { stream, room, place, is_reached: false }));
                    }
                }
            }
            Kind::Presence(presence) => self.hear_presence(stream, &presence),
            _ => {}
        }
        false
    }

    fn hear_event(&mut self, stream: StreamId, event: &RoomEvent) {
        Counts::add(&self.world.counts.items);
        let Some(index) = self.by_id.get(&event.room_id).copied() else { return };
        let Some(item) = seen::item(&self.world.journal, stream, self.rooms[index].room, event) else { return };
        let place = Place { epoch: item.epoch.clone(), seq: item.seq, event: Some(item.event) };
        self.world.journal.note(Entry::Item(item));
        self.gauge.note_seq(index, place.seq);
        let watched = self.watched.entry(index).or_default();
        if self.random.random_bool(0.02) {
            if watched.earlier.len() == PLACES {
                watched.earlier.swap_remove(self.random.random_range(0..PLACES));
            }
            watched.earlier.push(place.clone());
        }
        watched.at = Some(place);
    }

    fn hear_reset(&mut self, stream: StreamId, cursor: &RoomCursor, reason: ResetReason) {
        Counts::add(&self.world.counts.resets);
        let Some(index) = self.by_id.get(&cursor.room_id).copied() else { return };
        let place = seen::place(cursor);
        let room = self.rooms[index].room;
        self.world.journal.note(Entry::Reset(RoomReset { stream, room, reason, cursor: place.clone() }));
        self.gauge.note_seq(index, place.seq);
        let watched = self.watched.entry(index).or_default();
        watched.earlier.clear();
        watched.at = Some(place);
    }

    fn hear_presence(&self, stream: StreamId, presence: &Presence) {
        let Some(subject) = self.people.iter().find(|account| account.id == presence.user_id) else { return };
        let is_online = !matches!(presence.availability(), Availability::Offline | Availability::Unspecified);
        let (observer, subject) = (self.account.user, subject.user);
        let seen = PresenceSeen { stream: Some(stream), observer, subject, is_online };
        self.world.journal.note(Entry::PresenceSeen(seen));
    }

    /// Where to go on: mostly where the reader is, sometimes at an earlier place, and now and then at one that is none.
    fn cursors(&mut self) -> (Vec<CursorOpen>, Interest) {
        let is_settling = self.world.switches.is_over.is_cancelled();
        let (mut open, mut interest) = (Vec::new(), Interest::default());
        for index in 0..self.rooms.len() {
            let watched = self.watched.entry(index).or_default();
            let room = &self.rooms[index];
            // From the beginning the first time, where that is not far.
            let mut place = watched.at.clone().unwrap_or_else(|| room.beginning());
            if !is_settling && !watched.earlier.is_empty() && self.random.random_bool(0.15) {
                place = watched.earlier[self.random.random_range(0..watched.earlier.len())].clone();
            }
            if !is_settling && place.seq > 0 && self.random.random_bool(0.01) {
                place = self.nowhere(place);
            }
            self.gauge.note_seq(index, place.seq);
            interest.rooms.push(seen::cursor(&self.rooms[index].id, Some(&place)));
            open.push(CursorOpen { room: self.rooms[index].room, after: Some(place) });
        }
        interest.presence_user_ids = self.people.iter().map(|account| account.id.clone()).collect();
        Counts::add(&self.world.counts.resumes);
        (open, interest)
    }

    /// A cursor that no server can follow.
    fn nowhere(&mut self, place: Place) -> Place {
        match self.random.random_range(0..3) {
            0 => Place { event: Some(Id(7)), ..place },
            1 => Place { seq: place.seq + 1_000_000, ..place },
            _ => Place { epoch: "another-life".to_owned(), ..place },
        }
    }

    /// How long it stays on a stream.
    fn patience(&mut self) -> Duration {
        Duration::from_millis(self.random.random_range(1_500..12_000))
    }
}

/// What a stream says.
pub(super) type Items = BoxStream<'static, Result<StreamItem, Status>>;

/// Opens a stream, as a browser does or as a native client does, with its beats.
pub(super) async fn open(
    account: &Account,
    gateway: &Gateway,
    interest: Interest,
    is_native: bool,
) -> Result<Items, Status> {
    let start = SubscribeRequest { interest: Some(interest), user_state_version: 0 };
    if !is_native {
        let items = gateway.events().subscribe(account.ask(start)).await?.into_inner();
        return Ok(items.map(|item| item.map(|item| item.item.unwrap_or_default())).boxed());
    }
    let (sender, first) = mpsc::channel(1);
    drop(sender.send(ConnectRequest { start: Some(start), ..Default::default() }).await);
    drop(sender);
    let mut every = interval(Duration::from_secs(8));
    every.reset();
    let beats = IntervalStream::new(every).map(|_| ConnectRequest { beat: Some(Beat {}), ..Default::default() });
    let requests = ReceiverStream::new(first).chain(beats);
    let items = gateway.events().connect(account.ask(requests)).await?.into_inner();
    Ok(items.map(|item| item.map(|item| item.item.unwrap_or_default())).boxed())
}
