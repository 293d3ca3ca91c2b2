//! One client's stream: what it watches, where it is in each room, and what it says next.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use loquat_ids::{ConnectionId, RoomId, UserId};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    model::{ClosingReason, Cursor, Interest, InterestUpdate, Item, Place, RoomClosedReason},
    ports::{PresenceBoard, ReadError, RoomLog, Stretch, UserRoomChanges, UserRooms},
    service::{Hub, Registered, Streams, hub::Seat, mailbox::Mailbox},
};

/// How many events of a room are pulled before another room's turn.
const PULL: usize = 64;
/// How many heads a heartbeat holds: the contract's limit.
const MAX_HEADS: usize = 500;
/// How many reads of a stream may be under way before it takes a change of its interest.
const MAX_READS: usize = 256;
/// How long to wait before something is read again that could not be.
const RETRY: Duration = Duration::from_millis(500);
/// Heartbeats come this often, give or take what keeps streams from beating together.
const HEARTBEAT_MILLIS: std::ops::Range<u64> = 10_500..14_500;

/// What ends a stream.
pub struct Ends {
    /// The process is shutting down.
    pub stop: CancellationToken,
    /// The session is over.
    pub session: BoxFuture<'static, ()>,
    /// Nothing was heard from the client for too long, or it is gone. Never, where it cannot send.
    pub client: BoxFuture<'static, ClosingReason>,
}

/// What a reader is made of.
pub struct ReaderParts {
    /// The stream's entry.
    pub registered: Registered,
    /// What waits for it.
    pub mailbox: Arc<Mailbox>,
    /// Whose it is.
    pub user: UserId,
    /// The active rooms.
    pub hub: Hub,
    /// The other streams.
    pub streams: Streams,
    /// The room log.
    pub log: Arc<dyn RoomLog>,
    /// The lists of rooms.
    pub user_rooms: Arc<dyn UserRooms>,
    /// Who is there.
    pub presence: Arc<dyn PresenceBoard>,
    /// What ends it.
    pub ends: Ends,
}

/// A client's stream, pulled by the transport: [`Reader::next`] returns what it says next. There is no task behind it.
pub struct Reader {
    parts: ReaderParts,
    rooms: HashMap<RoomId, Watched>,
    watched_people: Vec<UserId>,
    revision: u64,
    /// A change of interest that waits until fewer reads are under way.
    waiting_update: Option<InterestUpdate>,
    generation: u64,
    user_state_version: u64,
    user_state: ReadState,
    /// What was said by now and has not been pulled: bounded by a page of the log and a pull of a ring for each room.
    outbox: VecDeque<Item>,
    /// What is being read elsewhere.
    reads: FuturesUnordered<BoxFuture<'static, Read>>,
    next_heartbeat: Instant,
    heartbeat: Duration,
    has_ended: bool,
}

struct Watched {
    /// The last event said. Nothing until the first read of a client that wants what comes from now on.
    at: Option<Place>,
    /// The place at the ring. Nothing until it is taken.
    seat: Option<Seat>,
    /// Whether a read is under way: the ring waits for it.
    is_reading: bool,
    /// Tells the room, watched anew, from the same room watched before: a read for that one is no longer of use.
    generation: u64,
}

/// Whether the user's list of rooms is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadState {
    /// No.
    Idle,
    /// Yes.
    UnderWay,
    /// Yes, and something was told that the read may not have seen.
    MustRepeat,
}

/// The outcome of a read.
enum Read {
    Room(RoomId, u64, Result<(Option<Seat>, Stretch), ReadError>),
    UserState(Result<UserRoomChanges, ReadError>),
    Presence(Result<Vec<Bytes>, ReadError>),
    Joined(Result<Vec<RoomId>, ReadError>),
}

impl Reader {
    /// Begins a stream: it says who it is, then goes on from where the client is.
    #[must_use]
    pub fn begin(parts: ReaderParts, interest: Interest, user_state_version: u64) -> Self {
        let heartbeat = heartbeat_of(&parts.registered.stream);
        let mut reader = Self {
            rooms: HashMap::new(),
            watched_people: Vec::new(),
            revision: 0,
            waiting_update: None,
            generation: 0,
            user_state_version,
            user_state: ReadState::Idle,
            outbox: VecDeque::from([Item::Welcome { stream: parts.registered.stream.clone() }]),
            reads: FuturesUnordered::new(),
            next_heartbeat: Instant::now() + heartbeat,
            heartbeat,
            has_ended: false,
            parts,
        };
        reader.read_user_state();
        reader.read_joined();
        reader.watch(interest);
        reader
    }

    /// Returns what the stream says next, as soon as there is something. Nothing once it has ended. Dropping the future
    /// loses nothing.
    pub async fn next(&mut self) -> Option<Item> {
        self.parts.registered.note_pulled();
        loop {
            if let Some(item) = self.outbox.pop_front() {
                self.parts.registered.note_handed_out();
                self.has_ended = matches!(item, Item::Closing(_));
                if self.has_ended {
                    self.outbox.clear();
                }
                return Some(item);
            }
            if self.has_ended {
                return None;
            }
            let heartbeat = sleep_until(self.next_heartbeat);
            tokio::select! {
                biased;
                () = self.parts.ends.stop.cancelled() => self.say(Item::Closing(ClosingReason::GoingAway)),
                () = &mut self.parts.ends.session => self.say(Item::Closing(ClosingReason::SessionEnded)),
                reason = &mut self.parts.ends.client => self.say(Item::Closing(reason)),
                () = heartbeat => self.beat(),
                Some(read) = self.reads.next() => self.take_read(read),
                () = self.parts.mailbox.woken() => self.take_mail(),
            }
        }
    }

    fn say(&mut self, item: Item) {
        self.outbox.push_back(item);
    }

    fn beat(&mut self) {
        self.next_heartbeat = Instant::now() + self.heartbeat;
        let heads = self.parts.mailbox.take_heads(MAX_HEADS);
        self.say(Item::Heartbeat { heads });
    }

    fn take_mail(&mut self) {
        let mail = self.parts.mailbox.take();
        for change in mail.user_changes {
            self.take_user_change(change.version, change.encoded);
        }
        if mail.must_read_user_state {
            self.read_user_state();
        }
        for room in mail.rooms {
            self.pull(room);
        }
        for encoded in mail.presence.into_values().chain(mail.typing.into_values()) {
            self.say(Item::Encoded(encoded));
        }
        if mail.must_read_presence {
            self.read_presence(self.watched_people.clone());
        }
        if let Some(update) = mail.interest {
            if self.reads.len() < MAX_READS {
                self.update(update);
            } else {
                self.waiting_update = Some(update);
            }
        }
    }

    /// Takes a change that the bus told. It tells them of each room by itself, so that they may come out of order: one
    /// that is not the next is a reason to read, not to say.
    fn take_user_change(&mut self, version: u64, encoded: Bytes) {
        if version == self.user_state_version + 1 {
            self.user_state_version = version;
            self.say(Item::Encoded(encoded));
        } else if version > self.user_state_version {
            self.read_user_state();
        }
    }

    fn update(&mut self, update: InterestUpdate) {
        if update.revision <= self.revision {
            return;
        }
        self.revision = update.revision;
        self.watch(update.interest);
        self.say(Item::InterestApplied { revision: update.revision });
    }

    /// Watches all of an interest and nothing else. Rooms watched before go on where they are.
    fn watch(&mut self, interest: Interest) {
        self.rooms.retain(|room, _| interest.rooms.iter().any(|cursor| cursor.room == *room));
        for Cursor { room, place } in interest.rooms {
            if let Entry::Vacant(entry) = self.rooms.entry(room) {
                self.generation += 1;
                entry.insert(Watched { at: place, seat: None, is_reading: false, generation: self.generation });
                self.read_room(room);
            }
        }
        let new = self.parts.streams.watch(&self.parts.registered.stream, &interest.presence);
        self.watched_people = interest.presence;
        self.read_presence(new);
    }

    /// Reads what follows the reader's place from the log, and takes a seat at the ring, where it has none. What was
    /// committed between the two is missing from the ring, which sends the reader to the log once more.
    fn read_room(&mut self, room: RoomId) {
        let Some(watched) = self.rooms.get_mut(&room) else { return };
        if watched.is_reading {
            return;
        }
        watched.is_reading = true;
        let (needs_seat, at, generation) = (watched.seat.is_none(), watched.at.clone(), watched.generation);
        let (hub, mailbox, log, user) =
            (self.parts.hub.clone(), Arc::clone(&self.parts.mailbox), Arc::clone(&self.parts.log), self.parts.user);
        self.reads.push(Box::pin(async move {
            let read = async {
                // The reader's right to the room is judged first: a room that it may not see is not made active for it.
                let stretch = log.read(room, Some(user), at).await?;
                let seat = match needs_seat && stretch.reader_is_member {
                    true => Some(hub.enter(room, &mailbox).await?),
                    false => None,
                };
                Ok((seat, stretch))
            };
            Read::Room(room, generation, read.await)
        }));
    }

    fn read_user_state(&mut self) {
        match self.user_state {
            ReadState::Idle => self.user_state = ReadState::UnderWay,
            ReadState::UnderWay | ReadState::MustRepeat => {
                self.user_state = ReadState::MustRepeat;
                return;
            }
        }
        let (user_rooms, user, since) = (Arc::clone(&self.parts.user_rooms), self.parts.user, self.user_state_version);
        self.reads.push(Box::pin(async move {
            let changes = user_rooms.changes(user, since).await;
            if changes.is_err() {
                tokio::time::sleep(RETRY).await;
            }
            Read::UserState(changes)
        }));
    }

    fn read_joined(&mut self) {
        let (user_rooms, user) = (Arc::clone(&self.parts.user_rooms), self.parts.user);
        self.reads.push(Box::pin(async move {
            let joined = user_rooms.joined(user).await;
            if joined.is_err() {
                tokio::time::sleep(RETRY).await;
            }
            Read::Joined(joined)
        }));
    }

    fn read_presence(&mut self, users: Vec<UserId>) {
        if users.is_empty() {
            return;
        }
        let (presence, reader) = (Arc::clone(&self.parts.presence), self.parts.user);
        self.reads.push(Box::pin(async move { Read::Presence(presence.presence(reader, users).await) }));
    }

    fn take_read(&mut self, read: Read) {
        self.take_outcome(read);
        if self.reads.len() < MAX_READS
            && let Some(update) = self.waiting_update.take()
        {
            self.update(update);
        }
    }

    fn take_outcome(&mut self, read: Read) {
        match read {
            Read::Room(room, generation, outcome) => {
                if self.rooms.get(&room).is_none_or(|watched| watched.generation != generation) {
                    return;
                }
                match outcome {
                    Ok((seat, stretch)) => self.take_stretch(room, seat, stretch),
                    Err(ReadError::NotFound) => self.close_room(room, RoomClosedReason::NotFound),
                    Err(ReadError::Unavailable) => self.close_room(room, RoomClosedReason::Unavailable),
                }
            }
            Read::UserState(outcome) => {
                match outcome {
                    Ok(changes) => self.take_user_state(changes),
                    Err(error) => {
                        tracing::debug!(%error, "a user's list of rooms could not be read, trying again");
                        self.user_state = ReadState::MustRepeat;
                    }
                }
                self.end_user_state_read();
            }
            Read::Presence(Ok(presences)) => {
                self.outbox.extend(presences.into_iter().map(Item::Encoded));
            }
            Read::Joined(Ok(rooms)) => self.parts.streams.set_rooms(self.parts.user, rooms),
            Read::Joined(Err(error)) => {
                tracing::debug!(%error, "a user's rooms could not be read, trying again");
                self.read_joined();
            }
            // Presence is soft.
            Read::Presence(Err(error)) => tracing::debug!(%error, "presence could not be read"),
        }
    }

    fn take_user_state(&mut self, state: UserRoomChanges) {
        if state.is_reset {
            self.user_state_version = state.version;
            self.say(Item::UserStateReset { version: state.version });
            return;
        }
        for change in state.changes {
            if change.version > self.user_state_version {
                self.user_state_version = change.version;
                self.parts.streams.note_room(self.parts.user, change.room, change.is_member);
                self.say(Item::Encoded(change.encoded));
            }
        }
        self.user_state_version = self.user_state_version.max(state.version);
    }

    /// Notes that a read of the user's state ended, and reads again where something was told meanwhile.
    fn end_user_state_read(&mut self) {
        if std::mem::replace(&mut self.user_state, ReadState::Idle) == ReadState::MustRepeat {
            self.read_user_state();
        }
    }

    fn take_stretch(&mut self, room: RoomId, seat: Option<Seat>, stretch: Stretch) {
        let Some(watched) = self.rooms.get_mut(&room) else { return };
        watched.is_reading = false;
        if let Some(seat) = seat {
            watched.seat = Some(seat);
        }
        if let (Some(reason), true) = (stretch.reset, stretch.reader_is_member) {
            watched.at = Some(stretch.head.clone());
            self.outbox.push_back(Item::RoomReset { room, head: stretch.head, reason });
            return self.pull(room);
        }
        let has_events = !stretch.events.is_empty();
        match stretch.events.last() {
            Some(last) => watched.at = Some(last.place.clone()),
            None => watched.at = watched.at.take().or(Some(stretch.head)),
        }
        self.outbox.extend(stretch.events.into_iter().map(Item::RoomEvent));
        if stretch.reader_is_member {
            self.pull(room);
        } else if has_events {
            // The stretch may end between a removal and a return: only where nothing follows is the reader out for good.
            self.read_room(room);
        } else {
            self.close_room(room, RoomClosedReason::Removed);
        }
    }

    fn close_room(&mut self, room: RoomId, reason: RoomClosedReason) {
        if self.rooms.remove(&room).is_some() {
            self.say(Item::RoomClosed { room, reason });
        }
    }

    /// Pulls what follows the reader's place from the ring; where the ring has moved on beyond it, from the log.
    fn pull(&mut self, room: RoomId) {
        let Some(watched) = self.rooms.get(&room) else { return };
        if watched.is_reading {
            return;
        }
        let (Some(seat), Some(at)) = (&watched.seat, &watched.at) else { return self.read_room(room) };
        let Ok(events) = seat.after(at, PULL) else {
            if let Some(watched) = self.rooms.get_mut(&room) {
                watched.seat = None;
            }
            return self.read_room(room);
        };
        if events.len() == PULL {
            self.parts.mailbox.note_room(room);
        }
        for news in events {
            let is_removed = news.members.contains(&(self.parts.user, false));
            if let Some(watched) = self.rooms.get_mut(&room) {
                watched.at = Some(news.place.clone());
            }
            self.outbox.push_back(Item::RoomEvent(news));
            if is_removed {
                // It may have come back since: the log says whether anything follows for it.
                return self.read_room(room);
            }
        }
    }
}

/// A stream's own interval, from its id, so that streams do not beat together.
fn heartbeat_of(stream: &ConnectionId) -> Duration {
    let spread = HEARTBEAT_MILLIS.end - HEARTBEAT_MILLIS.start;
    let hash = stream.as_str().bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    Duration::from_millis(HEARTBEAT_MILLIS.start + hash % spread)
}
