//! A person in a room.

use loquat_ids::{RoomId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// What a member is to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May change the settings and remove members. Nobody removes an owner.
    Owner,
    /// May read and send.
    Member,
}

/// A person in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The room.
    pub room_id: RoomId,
    /// The person.
    pub user_id: UserId,
    /// What the person is to the room.
    pub role: Role,
    /// When the person came in.
    pub join_time: Timestamp,
}
