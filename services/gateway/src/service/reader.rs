//! One client's stream: what it watches, where it is in each room, and what it says next.

mod farewell;
mod people;
mod rooms;

use std::{
    collections::{HashMap, VecDeque},
    future::poll_fn,
    panic::AssertUnwindSafe,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use futures::{
    FutureExt as _, StreamExt as _,
    future::{BoxFuture, Future},
    stream::FuturesUnordered,
};
use loquat_ids::{ConnectionId, RoomId, UserId};
use tokio::time::{Instant, sleep_until};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::Instrument as _;

use crate::{
    model::{ClosingReason, Interest, InterestUpdate, Item, Place},
    ports::{PresenceBoard, ReadError, RoomLog, UserRooms},
    service::{
        Hub, Registered, Streams,
        mailbox::{Ephemeral, Mail, Mailbox},
    },
};
use people::{ReadState, UserState};
use rooms::{RoomRead, Watched};

/// How many heads a heartbeat holds: the contract's limit.
const MAX_HEADS: usize = 500;
/// How long to wait before something is read again that could not be.
const RETRY: Duration = Duration::from_millis(500);
/// Heartbeats come this often, give or take what keeps streams from beating together.
const HEARTBEAT_MILLIS: std::ops::Range<u64> = 10_500..14_500;

/// What ends a stream.
pub struct Ends {
    /// The process is shutting down.
    pub stop: CancellationToken,
    /// The session is over, or nobody vouches for it any more.
    pub session: BoxFuture<'static, ClosingReason>,
    /// Nothing was heard from the client for too long, or it is gone. Never, where it cannot send.
    pub client: BoxFuture<'static, ClosingReason>,
}

/// What a reader is made of.
pub struct ReaderParts {
    /// The stream's entry.
    pub registered: Registered,
    /// What waits for it.
    pub mailbox: Arc<Mailbox>,
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

/// A client's stream, pulled by the transport: [`Reader::next`] returns what it says next. There is no task behind it but for
/// what it reads elsewhere.
///
/// What it holds for a client that does not take it is bounded, whatever the client watches and however large events are: one
/// pull of a ring or one page of the log in `outbox`, as much again in `reads`, and the [`Mailbox`].
pub struct Reader {
    parts: ReaderParts,
    rooms: HashMap<RoomId, Watched>,
    /// Rooms whose log is to be read, each once.
    to_read: VecDeque<RoomId>,
    /// How many reads of a room's log are under way.
    room_reads: usize,
    /// How many bytes of events those may keep, all together.
    granted: usize,
    generation: u64,
    watched_people: Vec<UserId>,
    /// Whose presence is to be read.
    people_to_read: Vec<UserId>,
    is_reading_people: bool,
    revision: u64,
    user_state_version: u64,
    user_state: ReadState,
    /// What was said by now and has not been pulled.
    outbox: VecDeque<Item>,
    /// What is being read elsewhere. The tasks go on while nobody pulls, so that no answer is left on a connection that others
    /// share.
    reads: FuturesUnordered<AbortOnDropHandle<Option<Read>>>,
    next_heartbeat: Instant,
    heartbeat: Duration,
    /// Whether nothing more will be taken in: what is in the outbox, and a farewell that is being read, is the end.
    is_leaving: bool,
    has_ended: bool,
}

/// The outcome of a read.
enum Read {
    Room(RoomRead),
    UserState(Result<UserState, ReadError>),
    Presence(Result<Vec<Bytes>, ReadError>),
    Joined(Result<Vec<RoomId>, ReadError>),
    Heads(Vec<(RoomId, Place)>),
}

impl Reader {
    /// Begins a stream: it says who it is, then goes on from where the client is.
    #[must_use]
    pub fn begin(parts: ReaderParts, interest: Interest, user_state_version: u64) -> Self {
        let heartbeat = heartbeat_of(&parts.registered.stream);
        let mut reader = Self {
            rooms: HashMap::new(),
            to_read: VecDeque::new(),
            room_reads: 0,
            granted: 0,
            generation: 0,
            watched_people: Vec::new(),
            people_to_read: Vec::new(),
            is_reading_people: false,
            revision: 0,
            user_state_version,
            user_state: ReadState::Idle,
            outbox: VecDeque::from([Item::Welcome { stream: parts.registered.stream.clone() }]),
            reads: FuturesUnordered::new(),
            next_heartbeat: Instant::now() + heartbeat,
            heartbeat,
            is_leaving: false,
            has_ended: false,
            parts,
        };
        reader.parts.mailbox.pace.note_heartbeat(reader.next_heartbeat);
        reader.read_user_state();
        reader.read_joined();
        reader.watch(interest);
        reader
    }

    /// Returns what the stream says next, as soon as there is something. Nothing once it has ended. Dropping the future
    /// loses nothing.
    pub async fn next(&mut self) -> Option<Item> {
        let mailbox = Arc::clone(&self.parts.mailbox);
        let mut next = std::pin::pin!(self.say_next());
        poll_fn(|context| {
            mailbox.pace.note_asked();
            let polled = next.as_mut().poll(context);
            match &polled {
                Poll::Ready(_) => mailbox.pace.note_handed_out(),
                Poll::Pending => mailbox.pace.note_waiting(|| mailbox.has_something()),
            }
            polled
        })
        .await
    }

    async fn say_next(&mut self) -> Option<Item> {
        loop {
            if self.parts.mailbox.pace.take_too_slow() && !self.is_leaving {
                self.leave_behind();
            }
            self.look_at_ends();
            if let Some(item) = self.outbox.pop_front() {
                self.has_ended = matches!(item, Item::Closing(_));
                return Some(item);
            }
            if self.has_ended {
                return None;
            }
            if self.take_waiting() {
                continue;
            }
            tokio::select! {
                biased;
                () = self.parts.ends.stop.cancelled(), if !self.is_leaving => self.leave(ClosingReason::GoingAway),
                reason = &mut self.parts.ends.session, if !self.is_leaving => self.leave(reason),
                reason = &mut self.parts.ends.client, if !self.is_leaving => self.leave(reason),
                () = sleep_until(self.next_heartbeat), if !self.is_leaving => {}
                Some(read) = self.reads.next() => self.take_read(read.ok().flatten()),
                () = self.parts.mailbox.woken(), if !self.is_leaving => {}
            }
        }
    }

    /// Ends the stream where it must: before each item, so that a client that always has something to take does not take more
    /// than it may.
    fn look_at_ends(&mut self) {
        if self.is_leaving {
            return;
        }
        if self.parts.ends.stop.is_cancelled() {
            return self.leave(ClosingReason::GoingAway);
        }
        let ends = &mut self.parts.ends;
        if let Some(reason) = (&mut ends.session).now_or_never().or_else(|| (&mut ends.client).now_or_never()) {
            self.leave(reason);
        }
    }

    /// Takes one thing that waits, the outbox being empty; returns whether there was one.
    fn take_waiting(&mut self) -> bool {
        if self.is_leaving {
            return false;
        }
        if Instant::now() >= self.next_heartbeat {
            self.beat();
        } else if let Some(mail) = self.parts.mailbox.take_mail() {
            self.take_mail(mail);
        } else if let Some(room) = self.parts.mailbox.take_room() {
            self.pull(room);
        } else if let Some(ephemeral) = self.parts.mailbox.take_ephemeral() {
            self.take_ephemeral(ephemeral);
        } else {
            return false;
        }
        true
    }

    fn say(&mut self, item: Item) {
        self.outbox.push_back(item);
    }

    fn beat(&mut self) {
        self.next_heartbeat = Instant::now() + self.heartbeat;
        self.parts.mailbox.pace.note_heartbeat(self.next_heartbeat);
        let heads = self.parts.streams.heads(self.parts.mailbox.take_heads(MAX_HEADS));
        let user_state_version = self.compare_user_state();
        self.say(Item::Heartbeat { heads, user_state_version });
    }

    fn take_mail(&mut self, mail: Mail) {
        for change in mail.user_changes {
            self.take_user_change(change.version, change.encoded);
        }
        if mail.must_read_user_state {
            self.read_user_state();
        }
        if let Some(update) = mail.interest {
            self.update(update);
        }
    }

    fn take_ephemeral(&mut self, ephemeral: Ephemeral) {
        for encoded in ephemeral.presence.into_values().chain(ephemeral.typing.into_values()) {
            self.say(Item::Encoded(encoded));
        }
        if ephemeral.must_read_presence {
            self.read_presence(self.watched_people.clone());
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
        self.watch_rooms(interest.rooms);
        let new = self.parts.streams.watch(&self.parts.registered.stream, &interest.presence);
        self.watched_people = interest.presence;
        self.read_presence(new);
    }

    fn read(&self, read: impl Future<Output = Read> + Send + 'static) {
        let mailbox = Arc::clone(&self.parts.mailbox);
        let read = async move {
            let outcome = AssertUnwindSafe(read).catch_unwind().await;
            mailbox.pace.note_read_ended();
            outcome.ok()
        };
        self.reads.push(AbortOnDropHandle::new(tokio::spawn(read.in_current_span())));
    }

    fn take_read(&mut self, read: Option<Read>) {
        self.parts.mailbox.pace.note_read_taken();
        match read {
            Some(Read::Room(read)) => self.take_room_read(read),
            Some(Read::UserState(outcome)) => self.take_user_state_read(outcome),
            Some(Read::Presence(outcome)) => self.take_presence(outcome),
            Some(Read::Joined(outcome)) => self.take_joined(outcome),
            Some(Read::Heads(heads)) => self.say_farewell(heads),
            // It panicked, and it is not known which it was: the client must begin anew to be right.
            None => self.leave(ClosingReason::GoingAway),
        }
    }
}

/// A stream's own interval, from its id, so that streams do not beat together.
fn heartbeat_of(stream: &ConnectionId) -> Duration {
    let spread = HEARTBEAT_MILLIS.end - HEARTBEAT_MILLIS.start;
    let hash = stream.as_str().bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    Duration::from_millis(HEARTBEAT_MILLIS.start + hash % spread)
}
