//! Places in a log.

use std::fmt;

use loquat_ids::{Epoch, EventId, Timestamp};
use serde::{Deserialize, Serialize};

/// A place in a room's log: 1, 2, 3 … without holes. 0 is the place before the first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Seq(u64);

impl Seq {
    /// Before the first event.
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) const fn new(seq: u64) -> Self {
        Self(seq)
    }

    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    pub(crate) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    pub(crate) const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Returns the number as stores keep it. What is beyond every log becomes the last number there is.
    pub(crate) fn to_stored(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// Reads the number as stores keep it.
    pub(crate) fn from_stored(seq: i64) -> Self {
        Self(seq.try_into().unwrap_or(0))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The last event of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: Seq,
    pub(crate) event_id: EventId,
    pub(crate) create_time: Timestamp,
}

/// The place right after an event, as a client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoomCursor {
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    /// The event there. Nothing at the beginning of the log, and where the client named something that is no id.
    pub(crate) event_id: Option<EventId>,
}

/// Why a cursor cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResetReason {
    /// Another event stands there.
    EventDiffers,
    /// The log ends before it.
    LogEndsEarlier,
    /// It is of another life of the log.
    EpochChanged,
}

/// How far a scan for changed heads has come. What the number counts is the store's own affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ScanPosition(pub(crate) i64);
