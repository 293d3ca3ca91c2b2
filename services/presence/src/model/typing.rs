//! Somebody is typing.

use loquat_ids::{RoomId, Timestamp, UserId};

/// Whether somebody is typing in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Typing {
    pub(crate) room: RoomId,
    pub(crate) user: UserId,
    pub(crate) is_typing: bool,
    /// When it is over by itself.
    pub(crate) expire_time: Timestamp,
}
