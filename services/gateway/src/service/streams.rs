//! Which streams there are, whose they are, and what wakes them.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use loquat_ids::{ConnectionId, GatewayId, RoomId, SessionId, UserId};
use loquat_rpc::{Connection, Verifier};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    error::GatewayError,
    model::{InterestUpdate, Place},
    ports::{Device, UserRoomChange},
    service::{Lease, Mailbox},
};

/// For how long a client may leave unread what is its stream's.
const STALL_LIMIT: Duration = Duration::from_secs(10);
/// How often streams are looked at.
const SWEEP_INTERVAL: Duration = Duration::from_millis(500);

/// How many streams there may be.
#[derive(Debug, Clone, Copy)]
pub struct StreamLimits {
    /// On this gateway.
    pub total: usize,
    /// Of one session.
    pub per_session: usize,
}

/// The streams of this gateway. Clones share them.
#[derive(Clone)]
pub struct Streams(Arc<Shared>);

struct Shared {
    gateway: GatewayId,
    limits: StreamLimits,
    lease: Lease,
    index: Mutex<Index>,
}

#[derive(Default)]
struct Index {
    streams: HashMap<ConnectionId, Entry>,
    sessions: HashMap<SessionId, usize>,
    users: HashMap<UserId, Person>,
    /// Who is in a room, of the people connected here: for whom its heads are news.
    rooms: HashMap<RoomId, HashSet<UserId>>,
    /// Which streams watch a person's presence.
    watchers: HashMap<UserId, HashSet<ConnectionId>>,
}

struct Entry {
    user: UserId,
    session: SessionId,
    mailbox: Arc<Mailbox>,
    connection: Connection,
    pace: Arc<Pace>,
    watched: HashSet<UserId>,
}

/// Whether the transport takes what a stream says: since when the last item has been handed out and no further one asked for.
#[derive(Debug)]
struct Pace(Mutex<Option<Instant>>);

impl Pace {
    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn unread_for(&self) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).map(|since| since.elapsed())
    }
}

impl Default for Pace {
    /// A stream has been asked for nothing yet.
    fn default() -> Self {
        Self(Mutex::new(Some(Instant::now())))
    }
}

#[derive(Default)]
struct Person {
    streams: HashSet<ConnectionId>,
    rooms: HashSet<RoomId>,
}

/// A stream's entry. Dropping it takes the stream out.
pub struct Registered {
    streams: Streams,
    pace: Arc<Pace>,
    /// The stream's id.
    pub stream: ConnectionId,
}

impl Streams {
    /// Makes an index without streams.
    #[must_use]
    pub fn new(gateway: GatewayId, limits: StreamLimits, lease: Lease) -> Self {
        Self(Arc::new(Shared { gateway, limits, lease, index: Mutex::default() }))
    }

    /// Returns the gateway that a stream is on, which its id names.
    #[must_use]
    pub fn gateway_of(stream: &ConnectionId) -> Option<GatewayId> {
        stream.as_str().split_once('.')?.0.parse().ok()
    }

    /// Returns this gateway.
    #[must_use]
    pub fn gateway(&self) -> GatewayId {
        self.0.gateway
    }

    /// Enters a stream, and its device into the lease.
    ///
    /// # Errors
    ///
    /// [`GatewayError::TooManyStreams`].
    pub fn register(
        &self,
        stream: ConnectionId,
        user: UserId,
        session: SessionId,
        mailbox: Arc<Mailbox>,
        connection: Connection,
    ) -> Result<Registered, GatewayError> {
        let pace: Arc<Pace> = Arc::default();
        let mut index = self.index();
        let of_session = index.sessions.get(&session).copied().unwrap_or(0);
        if index.streams.len() >= self.0.limits.total || of_session >= self.0.limits.per_session {
            return Err(GatewayError::TooManyStreams);
        }
        index.sessions.insert(session, of_session + 1);
        index.users.entry(user).or_default().streams.insert(stream.clone());
        index.streams.insert(
            stream.clone(),
            Entry { user, session, mailbox, connection, pace: Arc::clone(&pace), watched: HashSet::new() },
        );
        drop(index);
        self.0.lease.connected(Device { user, stream: stream.clone() });
        Ok(Registered { streams: self.clone(), pace, stream })
    }

    fn remove(&self, stream: &ConnectionId) {
        let mut index = self.index();
        let Some(entry) = index.streams.remove(stream) else { return };
        index.leave_session(entry.session);
        index.unwatch(stream, &entry.watched);
        index.leave_user(stream, entry.user);
        drop(index);
        self.0.lease.disconnected(Device { user: entry.user, stream: stream.clone() });
    }

    /// Notes that a user came into a room or went.
    pub fn note_room(&self, user: UserId, room: RoomId, is_member: bool) {
        self.index().note_room(user, room, is_member);
    }

    /// Returns the rooms of the people who are connected here.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomId> {
        self.index().rooms.keys().copied().collect()
    }

    /// Cuts the connections of streams that do not take what is theirs: after 10 s, or at once where the session is over. A
    /// stream that is not pulled cannot be told anything.
    pub fn cut_stalled(&self, has_ended: impl Fn(SessionId) -> bool) {
        let stalled: Vec<Connection> = {
            let index = self.index();
            let entries = index.streams.values().filter(|entry| {
                entry
                    .pace
                    .unread_for()
                    .is_some_and(|span| span >= STALL_LIMIT || (span >= SWEEP_INTERVAL / 2 && has_ended(entry.session)))
            });
            entries.map(|entry| entry.connection.clone()).collect()
        };
        for connection in stalled {
            tracing::info!("a connection is cut: its client does not read");
            connection.cut();
        }
    }

    /// Cuts stalled streams until the process ends.
    pub async fn sweep(self, verifier: Verifier, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(SWEEP_INTERVAL)).await.is_some() {
            self.cut_stalled(|session| verifier.has_ended(session));
        }
    }

    /// Notes which rooms a user is in.
    pub fn set_rooms(&self, user: UserId, rooms: Vec<RoomId>) {
        let mut index = self.index();
        if index.users.contains_key(&user) {
            for room in rooms {
                index.note_room(user, room, true);
            }
        }
    }

    /// Notes whose presence a stream watches; returns whom it did not watch before.
    pub fn watch(&self, stream: &ConnectionId, users: &[UserId]) -> Vec<UserId> {
        let mut index = self.index();
        let wanted: HashSet<UserId> = users.iter().copied().collect();
        let Some(entry) = index.streams.get_mut(stream) else { return Vec::new() };
        let before = std::mem::replace(&mut entry.watched, wanted.clone());
        let gone = before.difference(&wanted).copied().collect();
        index.unwatch(stream, &gone);
        let new: Vec<UserId> = wanted.difference(&before).copied().collect();
        for user in &new {
            index.watchers.entry(*user).or_default().insert(stream.clone());
        }
        new
    }

    /// Hands a change of interest to a stream of the session.
    ///
    /// # Errors
    ///
    /// [`GatewayError::StreamNotFound`] where this gateway has no such stream of that session.
    pub fn update(
        &self,
        stream: &ConnectionId,
        session: SessionId,
        update: InterestUpdate,
    ) -> Result<(), GatewayError> {
        let index = self.index();
        match index.streams.get(stream) {
            Some(entry) if entry.session == session => {
                entry.mailbox.give_interest(update);
                Ok(())
            }
            _ => Err(GatewayError::StreamNotFound),
        }
    }

    /// Tells a user's streams of a change of its list of rooms.
    pub fn user_changed(&self, user: UserId, change: &UserRoomChange) {
        let mut index = self.index();
        if !index.users.contains_key(&user) {
            return;
        }
        index.note_room(user, change.room, change.is_member);
        for mailbox in index.mailboxes_of(user) {
            mailbox.give_user_change(change.clone());
        }
    }

    /// Tells whoever watches of somebody's presence.
    pub fn presence_changed(&self, user: UserId, encoded: &Bytes) {
        let index = self.index();
        let watchers = index.watchers.get(&user).into_iter().flatten();
        for mailbox in watchers.filter_map(|stream| Some(&index.streams.get(stream)?.mailbox)) {
            mailbox.give_presence(user, encoded.clone());
        }
    }

    /// Tells all streams that news of users and presence may have been missed.
    pub fn missed(&self) {
        for entry in self.index().streams.values() {
            entry.mailbox.note_missed();
        }
    }

    /// Notes a head for the heartbeats of those who are in the room.
    pub fn note_head(&self, room: RoomId, head: &Place) {
        let index = self.index();
        for user in index.rooms.get(&room).into_iter().flatten() {
            for mailbox in index.mailboxes_of(*user) {
                mailbox.note_head(room, head);
            }
        }
    }

    /// Returns how many streams there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.index().streams.len()
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.0.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn mailboxes_of(&self, user: UserId) -> impl Iterator<Item = &Arc<Mailbox>> {
        let streams = self.users.get(&user).into_iter().flat_map(|person| &person.streams);
        streams.filter_map(|stream| Some(&self.streams.get(stream)?.mailbox))
    }

    fn note_room(&mut self, user: UserId, room: RoomId, is_member: bool) {
        let Some(person) = self.users.get_mut(&user) else { return };
        if is_member {
            person.rooms.insert(room);
            self.rooms.entry(room).or_default().insert(user);
        } else {
            person.rooms.remove(&room);
            self.leave_room(user, room);
        }
    }

    fn leave_room(&mut self, user: UserId, room: RoomId) {
        if let Some(people) = self.rooms.get_mut(&room) {
            people.remove(&user);
            if people.is_empty() {
                self.rooms.remove(&room);
            }
        }
    }

    fn leave_session(&mut self, session: SessionId) {
        if let Some(count) = self.sessions.get_mut(&session) {
            *count -= 1;
            if *count == 0 {
                self.sessions.remove(&session);
            }
        }
    }

    fn unwatch(&mut self, stream: &ConnectionId, users: &HashSet<UserId>) {
        for user in users {
            if let Some(watchers) = self.watchers.get_mut(user) {
                watchers.remove(stream);
                if watchers.is_empty() {
                    self.watchers.remove(user);
                }
            }
        }
    }

    fn leave_user(&mut self, stream: &ConnectionId, user: UserId) {
        let Some(person) = self.users.get_mut(&user) else { return };
        person.streams.remove(stream);
        if person.streams.is_empty()
            && let Some(person) = self.users.remove(&user)
        {
            for room in person.rooms {
                self.leave_room(user, room);
            }
        }
    }
}

impl Registered {
    /// Notes that the transport asks for the next item.
    pub(crate) fn note_pulled(&self) {
        self.pace.set(None);
    }

    /// Notes that an item was handed out: from here on the transport owes a question.
    pub(crate) fn note_handed_out(&self) {
        self.pace.set(Some(Instant::now()));
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.streams.remove(&self.stream);
    }
}
