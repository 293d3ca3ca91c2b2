//! What was decided about a room, as the log gets to know it.

use loquat_ids::{EventId, RoomId, UserId};
use serde::{Deserialize, Serialize};

use super::{Membership, Role, Room, RoomVersion};

/// A change of one room. Stored as JSON in the outbox: rename nothing here without a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The room began.
    RoomCreated {
        /// The room as it began, at version 1.
        room: Room,
        /// Who is in it from the start, its maker first.
        memberships: Vec<Membership>,
    },
    /// Name or topic changed.
    RoomUpdated {
        /// The room after the change.
        room: Room,
    },
    /// People came or went.
    MembershipsChanged {
        /// Each change.
        changes: Vec<MembershipChange>,
        /// How many members the room has after it.
        member_count: u32,
    },
}

/// One person came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MembershipChange {
    /// Somebody came.
    Joined(Membership),
    /// Somebody went.
    Left(UserId),
}

impl MembershipChange {
    /// Returns who it is about.
    #[must_use]
    pub const fn user_id(&self) -> UserId {
        match self {
            Self::Joined(membership) => membership.user_id,
            Self::Left(user_id) => *user_id,
        }
    }

    /// Returns what the person is to the room after it.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        match self {
            Self::Joined(membership) => Some(membership.role),
            Self::Left(_) => None,
        }
    }
}

/// What was decided: the room after it, and what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The room after the change, at the next version.
    pub room: Room,
    /// What changed.
    pub change: Change,
}

/// A decided change on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomEvent {
    /// The event's id, by which the log knows a repeat.
    pub event_id: EventId,
    /// The room.
    pub room_id: RoomId,
    /// The room's version that the change led to.
    pub version: RoomVersion,
    /// Whose doing it was.
    pub actor: UserId,
    /// What changed.
    pub change: Change,
}

/// A place in a room's log: 1, 2, 3 …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);
