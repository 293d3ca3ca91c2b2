//! A person's list of rooms, as versioned state: the list as it is, and what changed since a version of it.

use loquat_ids::RoomId;

use super::{Membership, Room};

/// Counts the changes of one person's list. A list that never changed stands at 1, so that 0 can mean "none".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListVersion(pub u64);

impl ListVersion {
    /// The version of a list that never changed.
    pub const UNTOUCHED: Self = Self(1);
}

/// A room in a list, with the membership of whose list it is, where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomEntry {
    /// The room.
    pub room: Room,
    /// The person's membership.
    pub membership: Option<Membership>,
}

/// The latest change of one room in a person's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRoomChange {
    /// The version of the list after it.
    pub version: ListVersion,
    /// What happened.
    pub kind: UserRoomChangeKind,
}

/// What happened to a room in a person's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserRoomChangeKind {
    /// The person came in, or the room's settings changed.
    Gained {
        /// The room as it is now.
        room: Box<Room>,
        /// The person's membership.
        membership: Membership,
    },
    /// The person is no longer in it.
    Lost(RoomId),
}

/// What leads from one version of a list to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRoomChanges {
    /// The version that it leads to.
    pub version: ListVersion,
    /// The changes in the order of their versions, one for each room. `None`: load the list afresh.
    pub changes: Option<Vec<UserRoomChange>>,
}
