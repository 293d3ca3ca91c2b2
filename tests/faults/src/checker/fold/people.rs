//! Who was in a room when.

use super::RoomFold;

/// What a person was to a room at a place in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::checker) enum Standing {
    /// A member.
    In,
    /// A member no longer, since the event at this number, until the event at the other.
    Out { since: u32, until: Option<u32> },
    /// Not yet a member.
    Never,
}

impl RoomFold {
    /// Returns what a person was to the room right after the event at a number.
    pub(in crate::checker) fn standing(&self, user: u32, seq: u32) -> Standing {
        let Some(line) = self.people.get(&user) else { return Standing::Never };
        let after = line.partition_point(|(from, _)| *from <= seq);
        match after.checked_sub(1).map(|index| line[index]) {
            None => Standing::Never,
            Some((_, true)) => Standing::In,
            Some((since, false)) => Standing::Out { since, until: line.get(after).map(|(from, _)| *from) },
        }
    }

    pub(super) fn note_person(&mut self, user: u32, seq: u32, is_member: bool) {
        self.people.entry(user).or_default().push((seq, is_member));
    }
}
