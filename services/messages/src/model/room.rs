//! Rooms, as the rooms service decided them. The log repeats them and judges only their order.

use loquat_ids::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// Counts a room's decided changes: 1, 2, 3 … 0 is the version of a room that is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct RoomVersion(pub(crate) u64);

impl RoomVersion {
    /// The version of a room that has just begun.
    pub(crate) const FIRST: Self = Self(1);

    pub(crate) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A room after one of its changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Room {
    pub(crate) kind: RoomKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) topic: String,
    pub(crate) create_time: Timestamp,
    pub(crate) version: RoomVersion,
    pub(crate) member_count: u32,
    /// The two members of a direct room. Empty in all others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) direct_users: Vec<UserId>,
}

/// A kind of room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoomKind {
    Public,
    Private,
    Direct,
}

/// What a member is to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Owner,
    Member,
}

/// A person in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) user: UserId,
    pub(crate) role: Role,
    pub(crate) join_time: Timestamp,
}

/// One person came, went, or became something else to the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MembershipChange {
    pub(crate) user: UserId,
    /// What the person is from here on. Nothing for one who went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
}
