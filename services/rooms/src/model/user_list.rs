//! A person's list of rooms, as versioned state: the list as it is, and what changed since a version of it.

use loquat_ids::RoomId;

use super::{Membership, Room};

/// Names a state of one person's list. It rises with each change of the list: by one, or to the beginning of a life.
///
/// The high bits name the [`Life`] in which it was given out, so that a store that was put back to an earlier state never
/// gives out a version again that it gave out before for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListVersion(pub u64);

impl ListVersion {
    /// The version of a list that never changed, so that 0 can mean "none". Whichever store it comes from, such a list is
    /// empty.
    pub const UNTOUCHED: Self = Self(1);

    /// Returns the life in which it was given out.
    #[must_use]
    pub const fn life(self) -> Life {
        Life(self.0 >> Life::SHIFT)
    }
}

/// One opening of the store, up to the next. It is named by its moment, in milliseconds, and above every life that the
/// store knows of.
///
/// What is put back (a backup, a copy of the files) is opened again, and so begins a life of its own: nothing that was given
/// out in a life that was lost is taken for what is given out now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Life(pub u64);

impl Life {
    /// Bits for the changes of one list in one life: a million. What is above that runs into the next milliseconds.
    const SHIFT: u32 = 20;

    /// Returns the lowest version that the life gives out.
    #[must_use]
    pub const fn first_version(self) -> ListVersion {
        ListVersion(self.0 << Self::SHIFT)
    }
}

/// How far a person's list has come, and by which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListProgress {
    /// The version of the list.
    pub version: ListVersion,
    /// The last version in the life before, in which the list changed.
    pub version_before_life: ListVersion,
}

impl ListProgress {
    /// The progress of a list that never changed.
    pub const NONE: Self = Self { version: ListVersion::UNTOUCHED, version_before_life: ListVersion::UNTOUCHED };

    /// Tells whether a version is known to be of this list's past. It is not where it was given out in a life that is lost,
    /// or so long ago that nobody knows any more.
    #[must_use]
    pub fn passed(self, since: ListVersion) -> bool {
        since == ListVersion::UNTOUCHED
            || [self.version, self.version_before_life]
                .into_iter()
                .any(|reached| since.life() == reached.life() && ListVersion::UNTOUCHED <= since && since <= reached)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(life: u64, count: u64) -> ListVersion {
        ListVersion(Life(life).first_version().0 + count)
    }

    #[test]
    fn a_list_knows_the_versions_of_the_life_that_it_is_in_and_of_the_one_before() {
        let progress = ListProgress { version: at(30, 4), version_before_life: at(20, 7) };
        for known in [ListVersion::UNTOUCHED, at(20, 0), at(20, 7), at(30, 0), at(30, 4)] {
            assert!(progress.passed(known), "{known:?}");
        }
        for unknown in [ListVersion(0), ListVersion(2), at(10, 1), at(20, 8), at(25, 1), at(30, 5), at(40, 1)] {
            assert!(!progress.passed(unknown), "{unknown:?}");
        }
    }

    #[test]
    fn a_list_that_never_changed_knows_that_alone() {
        for (version, is_known) in [(0, false), (1, true), (2, false), (u64::MAX, false)] {
            assert_eq!(ListProgress::NONE.passed(ListVersion(version)), is_known, "{version}");
        }
    }
}
