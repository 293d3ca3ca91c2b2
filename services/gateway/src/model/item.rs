//! What a stream says.

use std::sync::Arc;

use bytes::Bytes;
use loquat_ids::{ConnectionId, RoomId};

use crate::model::{HiddenRange, Place, ResetReason, RoomNews};

/// One thing that a stream says. What many streams say is encoded already.
#[derive(Debug, Clone)]
pub enum Item {
    /// The stream begins.
    Welcome {
        /// Its id.
        stream: ConnectionId,
    },
    /// A room's next event.
    RoomEvent(Arc<RoomNews>),
    /// Numbers of a room that the reader may not see the events of. They stand in the place of those.
    Hidden {
        /// The room.
        room: RoomId,
        /// The numbers.
        range: HiddenRange,
    },
    /// A room must be loaded afresh.
    RoomReset {
        /// The room.
        room: RoomId,
        /// The place from which events follow.
        head: Place,
        /// Why.
        reason: ResetReason,
    },
    /// The user's list of rooms must be loaded afresh.
    UserStateReset {
        /// The version from which changes follow.
        version: u64,
    },
    /// The stream is alive, and these heads are new.
    Heartbeat {
        /// The heads of rooms that changed.
        heads: Vec<(RoomId, Place)>,
        /// The version of the user's list of rooms as it was read last, at most two heartbeats ago.
        user_state_version: u64,
    },
    /// Something encoded once for many: the user's list of rooms, presence, typing.
    Encoded(Bytes),
    /// A change of interest is applied.
    InterestApplied {
        /// Its revision.
        revision: u64,
    },
    /// A room is no longer watched.
    RoomClosed {
        /// The room.
        room: RoomId,
        /// Why.
        reason: RoomClosedReason,
    },
    /// The stream ends.
    Closing(ClosingReason),
}

/// Why a room is no longer watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomClosedReason {
    /// There is none that the reader may see.
    NotFound,
    /// The reader left or was removed.
    Removed,
    /// Its log cannot be read now.
    Unavailable,
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosingReason {
    /// This gateway is shutting down, or can no longer vouch for the session: another one may.
    GoingAway,
    /// The session is over.
    SessionEnded,
    /// No beat came.
    NoBeat,
    /// The client left its stream unread for too long.
    ReaderTooSlow,
}
