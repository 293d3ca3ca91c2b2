//! Places in a room's log.

use loquat_ids::{Epoch, EventId, RoomId};

/// A place in a room's log: right after an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The life of the log.
    pub epoch: Epoch,
    /// The event's number.
    pub seq: u64,
    /// The event's id.
    pub event_id: EventId,
}

/// From where a client goes on in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The room.
    pub room: RoomId,
    /// The last event that the client has. Nothing for one that wants what comes from now on.
    pub place: Option<Place>,
}

/// Why a cursor cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetReason {
    /// Another event stands at its number.
    EventDiffers,
    /// The log ends before its number.
    LogEndsEarlier,
    /// The log is of another epoch.
    EpochChanged,
    /// So much was missed that loading afresh costs less.
    TooFarBehind,
    /// The client left its stream unread for too long.
    ReaderTooSlow,
}

/// Numbers of a room's log, both ends included, whose events a reader may not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HiddenRange {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}
