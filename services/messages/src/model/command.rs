//! What is asked of a room's log, and what comes of it.

use std::sync::Arc;

use loquat_ids::{EventId, UserId};

use super::{Change, ContentHash, DedupKey, RoomEvent, RoomVersion, TraceContext};

/// Something to be written into a room's log, once.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) dedup_key: DedupKey,
    pub(crate) content_hash: ContentHash,
    /// The event's id. It stays the same over all attempts to write it.
    pub(crate) event_id: EventId,
    pub(crate) actor: UserId,
    pub(crate) trace: Option<TraceContext>,
    pub(crate) rule: Rule,
    pub(crate) change: Change,
}

/// By what a command is judged, against the room's state at the place it is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The actor is a member of the room.
    Membership,
    /// The room's version before is the one right below this.
    NextVersion(RoomVersion),
}

/// An event that stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) event: Arc<RoomEvent>,
    /// Whether it stood there before the command came.
    pub(crate) is_repeat: bool,
}

/// Why a command came to nothing, or to nothing known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such room, or the actor is no member.
    RoomNotFound,
    /// The room's version before is not the one right below.
    VersionOutOfOrder,
    /// The key stands there with other content.
    RequestIdReused,
    /// The store refused to write.
    StoreRefused,
    /// The store does not answer. The command may still be written.
    StoreUnavailable,
}
