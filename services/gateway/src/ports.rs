//! What the edge needs of others.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use loquat_ids::{ConnectionId, GatewayId, RoomId, UserId};

use crate::model::{HiddenRange, Place, ResetReason, RoomNews};

/// Why something could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no such room, or none that the reader may see.
    #[error("no such room for this reader")]
    NotFound,
    /// It cannot be read now.
    #[error("it cannot be read now")]
    Unavailable,
}

/// A stretch of a room's log.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// The events, in order. Every number after the place asked for, up to the last of them, is that of an event or hidden.
    pub events: Vec<Arc<RoomNews>>,
    /// What the reader may not see, in order.
    pub hidden: Vec<HiddenRange>,
    /// From which number on the reader, a member as of the head, may see everything. Below it only the log may be read for it.
    pub visible_from: u64,
    /// Where the log ended.
    pub head: Place,
    /// Why the place asked for cannot be followed. There are no events then.
    pub reset: Option<ResetReason>,
    /// Whether the reader is a member as of the last event returned, or of the head where none is.
    pub reader_is_member: bool,
}

/// The room log, as the messages service holds it.
#[async_trait]
pub trait RoomLog: Send + Sync {
    /// Reads what follows a place, at most some events of it, or the head alone; for a reader or (without one) for the edge
    /// itself.
    async fn read(
        &self,
        room: RoomId,
        reader: Option<UserId>,
        after: Option<Place>,
        most: u16,
    ) -> Result<Stretch, ReadError>;

    /// Returns the heads of some rooms. Rooms without a log are left out.
    async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Place)>, ReadError>;
}

/// What is told of a room.
#[derive(Debug)]
pub enum RoomSignal {
    /// An event was committed.
    News(Arc<RoomNews>),
    /// Somebody is typing: the item of the stream, encoded.
    Typing {
        /// Who.
        user: UserId,
        /// The whole item, encoded.
        encoded: Bytes,
    },
    /// Something may have been missed: compare the heads.
    Missed,
    /// An event came that cannot be read here: it stands in the log.
    Unreadable,
}

/// The news of one room, as the bus tells it.
#[async_trait]
pub trait RoomFeed: Send + Sync {
    /// Begins to listen. Whatever is told after this returns, is in the stream.
    async fn follow(&self, room: RoomId) -> Result<BoxStream<'static, RoomSignal>, ReadError>;
}

/// A change of a user's list of rooms.
#[derive(Debug, Clone)]
pub struct UserRoomChange {
    /// The list's version after it.
    pub version: u64,
    /// The room.
    pub room: RoomId,
    /// Whether the user is in it from here on.
    pub is_member: bool,
    /// The whole item of the stream, encoded.
    pub encoded: Bytes,
}

/// The changes of a user's list of rooms since a version.
#[derive(Debug, Clone)]
pub struct UserRoomChanges {
    /// The version that they lead to.
    pub version: u64,
    /// Whether the list must be loaded afresh instead.
    pub is_reset: bool,
    /// The changes, by version.
    pub changes: Vec<UserRoomChange>,
}

impl UserRoomChanges {
    /// Keeps as many changes as fit into some bytes, the first in any case, and the version that they lead to; returns whether
    /// there were more.
    pub fn keep_within(&mut self, most_bytes: usize) -> bool {
        let mut bytes = 0;
        let fits = self.changes.iter().take_while(|change| {
            let is_first = bytes == 0;
            bytes += change.encoded.len().max(1);
            is_first || bytes <= most_bytes
        });
        let fit = fits.count();
        let has_more = fit < self.changes.len();
        if has_more {
            self.changes.truncate(fit);
            self.version = self.changes.last().map_or(self.version, |change| change.version);
        }
        has_more
    }
}

/// The users' lists of rooms, as the rooms service holds them.
#[async_trait]
pub trait UserRooms: Send + Sync {
    /// Returns what changed since a version.
    async fn changes(&self, user: UserId, since: u64) -> Result<UserRoomChanges, ReadError>;

    /// Returns the rooms that a user joined last.
    async fn joined(&self, user: UserId) -> Result<Vec<RoomId>, ReadError>;
}

/// Who is there, as the presence service holds it.
#[async_trait]
pub trait PresenceBoard: Send + Sync {
    /// Returns the presence of some users as a reader sees it, each as the whole item of a stream, encoded.
    async fn presence(&self, reader: UserId, users: Vec<UserId>) -> Result<Vec<Bytes>, ReadError>;
}

/// A connected device: one stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Device {
    /// Whose it is.
    pub user: UserId,
    /// The stream.
    pub stream: ConnectionId,
}

/// The gateway's lease with the presence service.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Keeps the lease and tells what changed. Returns whether the next call must tell everything.
    async fn renew(
        &self,
        gateway: GatewayId,
        is_complete: bool,
        connected: Vec<Device>,
        disconnected: Vec<Device>,
    ) -> Result<bool, ReadError>;
}
