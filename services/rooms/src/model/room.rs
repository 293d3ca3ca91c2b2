//! A room.

use loquat_ids::{RoomId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::{Membership, Permissions, RoomName, RoomTopic, permissions};

/// A kind of room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// Listed in the directory; anybody may join.
    Public,
    /// Not listed; to others it does not exist.
    Private,
    /// Between two people.
    Direct,
}

/// Counts a room's decided changes: 1, 2, 3 …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomVersion(pub u64);

impl RoomVersion {
    /// The version of a room that has just been made.
    pub const FIRST: Self = Self(1);

    /// Returns the version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Two different people, in no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DirectPair {
    low: UserId,
    high: UserId,
}

impl DirectPair {
    /// Makes the pair of two people. `None` where they are one and the same.
    #[must_use]
    pub fn of(one: UserId, other: UserId) -> Option<Self> {
        (one != other).then(|| Self { low: one.min(other), high: one.max(other) })
    }

    /// Returns the two, the lower id first, whichever order they were given in.
    #[must_use]
    pub const fn users(self) -> [UserId; 2] {
        [self.low, self.high]
    }
}

/// What a room of each kind has that others have not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomForm {
    /// A room with a name.
    Named {
        /// Whether it is listed and open to everybody.
        is_public: bool,
        /// Its name.
        name: RoomName,
        /// What it is about.
        topic: RoomTopic,
    },
    /// The room of two people, named by the other one.
    Direct(DirectPair),
}

/// A place where people talk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// The room's id.
    pub id: RoomId,
    /// Its kind, and what goes with it.
    pub form: RoomForm,
    /// When it was made.
    pub create_time: Timestamp,
    /// How many changes of it were decided.
    pub version: RoomVersion,
    /// How many members it has.
    pub member_count: u32,
}

impl Room {
    /// Returns the kind of room.
    #[must_use]
    pub const fn kind(&self) -> RoomKind {
        match self.form {
            RoomForm::Named { is_public: true, .. } => RoomKind::Public,
            RoomForm::Named { is_public: false, .. } => RoomKind::Private,
            RoomForm::Direct(_) => RoomKind::Direct,
        }
    }

    /// Returns the name, empty for a direct room.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.form {
            RoomForm::Named { name, .. } => name.as_str(),
            RoomForm::Direct(_) => "",
        }
    }

    /// Returns the topic, empty for a direct room.
    #[must_use]
    pub fn topic(&self) -> &str {
        match &self.form {
            RoomForm::Named { topic, .. } => topic.as_str(),
            RoomForm::Direct(_) => "",
        }
    }

    /// Returns the two people of a direct room.
    #[must_use]
    pub const fn direct_pair(&self) -> Option<DirectPair> {
        match self.form {
            RoomForm::Direct(pair) => Some(pair),
            RoomForm::Named { .. } => None,
        }
    }
}

/// A room as one person finds it: what every decision of that person starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    /// The room.
    pub room: Room,
    /// The person's membership, where there is one.
    pub membership: Option<Membership>,
    /// Whether the person was in the room once and is no longer.
    pub was_member: bool,
    /// The membership of the other person whom the decision is about, where it is about one and there is one.
    pub other_membership: Option<Membership>,
}

impl RoomView {
    /// Returns what the person may do in the room.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        permissions(self.membership.map(|membership| membership.role), self.room.kind())
    }
}

#[cfg(test)]
mod tests {
    use loquat_ids::{IdSource as _, SequentialIds};

    use super::*;

    #[test]
    fn a_pair_has_no_order_and_needs_two() {
        let ids = SequentialIds::default();
        let (one, other) = (UserId::from_uuid(ids.fresh()), UserId::from_uuid(ids.fresh()));
        assert_eq!(DirectPair::of(one, other), DirectPair::of(other, one));
        assert_eq!(DirectPair::of(one, one), None);
    }
}
