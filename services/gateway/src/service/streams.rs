//! Which streams there are, whose they are, and what wakes them.

mod index;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use loquat_ids::{ConnectionId, GatewayId, RoomId, SessionId, UserId};
use loquat_rpc::{Connection, Verifier};
use tokio_util::sync::CancellationToken;

use crate::{
    error::GatewayError,
    model::{InterestUpdate, Place},
    ports::{Device, UserRoomChange},
    service::{Lease, Mailbox},
};
use index::{Entry, Index};

/// How often streams are looked at.
const SWEEP_INTERVAL: Duration = Duration::from_millis(500);

/// How many streams there may be, and what they may cost.
#[derive(Debug, Clone, Copy)]
pub struct StreamLimits {
    /// On this gateway.
    pub total: usize,
    /// Of one session.
    pub per_session: usize,
    /// For how long a client may leave its stream unread. Then it is told to begin anew, if it still takes that within two
    /// looks at it, a second; otherwise its connection is cut.
    pub unread: Duration,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { total: 20_000, per_session: 16, unread: Duration::from_secs(10) }
    }
}

/// Whose a stream is, and for how long the word of the users service holds that it may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The user.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// How long the token lives that the stream was begun with.
    pub token_life: Duration,
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

/// A stream's entry. Dropping it takes the stream out.
pub struct Registered {
    streams: Streams,
    /// The stream's id.
    pub stream: ConnectionId,
    /// Whose it is.
    pub holder: Holder,
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
        holder: Holder,
        mailbox: Arc<Mailbox>,
        connection: Connection,
    ) -> Result<Registered, GatewayError> {
        let entry = Entry { holder, mailbox, connection, watched: HashSet::new() };
        if !self.index().enter(stream.clone(), entry, &self.0.limits) {
            return Err(GatewayError::TooManyStreams);
        }
        self.0.lease.connected(Device { user: holder.user, stream: stream.clone() });
        Ok(Registered { streams: self.clone(), stream, holder })
    }

    fn remove(&self, stream: &ConnectionId) {
        let removed = self.index().leave(stream);
        if let Some(user) = removed {
            self.0.lease.disconnected(Device { user, stream: stream.clone() });
        }
    }

    /// Notes that a user came into a room or went.
    pub fn note_room(&self, user: UserId, room: RoomId, is_member: bool) {
        self.index().note_room(user, room, is_member);
    }

    /// Returns the rooms of the people who are connected here.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomId> {
        self.index().rooms()
    }

    /// Looks at all streams: cuts the connections of those that do not take what is theirs, soon after they should have been
    /// told so; or at once where nobody vouches for the session any more. A stream that is not pulled cannot be told anything.
    pub fn cut_stalled(&self, is_over: impl Fn(&Holder) -> bool) {
        let stalled: Vec<Connection> = {
            let index = self.index();
            let entries = index.entries().filter(|entry| {
                let pace = &entry.mailbox.pace;
                pace.look(self.0.limits.unread)
                    || (pace.unread_for().is_some_and(|span| span >= SWEEP_INTERVAL / 2) && is_over(&entry.holder))
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
            self.cut_stalled(|holder| {
                verifier.has_ended(holder.session) || !verifier.vouches_within(holder.token_life)
            });
        }
    }

    /// Notes which rooms a user is in.
    pub fn set_rooms(&self, user: UserId, rooms: Vec<RoomId>) {
        let mut index = self.index();
        for room in rooms {
            index.note_room(user, room, true);
        }
    }

    /// Notes whose presence a stream watches; returns whom it did not watch before.
    pub fn watch(&self, stream: &ConnectionId, users: &[UserId]) -> Vec<UserId> {
        self.index().watch(stream, users)
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
        match self.index().entry(stream) {
            Some(entry) if entry.holder.session == session => {
                entry.mailbox.give_interest(update);
                Ok(())
            }
            _ => Err(GatewayError::StreamNotFound),
        }
    }

    /// Tells a user's streams of a change of its list of rooms.
    pub fn user_changed(&self, user: UserId, change: &UserRoomChange) {
        let mut index = self.index();
        index.note_room(user, change.room, change.is_member);
        for mailbox in index.mailboxes_of(user) {
            mailbox.give_user_change(change.clone());
        }
    }

    /// Tells whoever watches of somebody's presence.
    pub fn presence_changed(&self, user: UserId, encoded: &Bytes) {
        for mailbox in self.index().watchers_of(user) {
            mailbox.give_presence(user, encoded.clone());
        }
    }

    /// Tells all streams that news of users and presence may have been missed.
    pub fn missed(&self) {
        for entry in self.index().entries() {
            entry.mailbox.note_missed();
        }
    }

    /// Notes a head for the heartbeats of those who are in the room.
    pub fn note_head(&self, room: RoomId, head: &Place) {
        self.index().note_head(room, head);
    }

    /// Returns the newest heads of rooms whose members are connected here.
    pub(super) fn heads(&self, rooms: Vec<RoomId>) -> Vec<(RoomId, Place)> {
        let index = self.index();
        rooms.into_iter().filter_map(|room| Some((room, index.head(room)?))).collect()
    }

    /// Notes the version of a user's list of rooms, as it was read just now.
    pub(super) fn note_user_version(&self, user: UserId, version: u64) {
        self.index().note_version(user, version);
    }

    /// Returns the version of a user's list of rooms as it was read last, and whether the caller, alone of the user's streams,
    /// shall read it again: it was read so long ago.
    pub(super) fn user_version(&self, user: UserId, age: Duration) -> (u64, bool) {
        self.index().version(user, age)
    }

    /// Returns how many streams there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.index().entries().len()
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.0.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.streams.remove(&self.stream);
    }
}
