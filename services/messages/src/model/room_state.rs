//! What commands and readers are judged by: a room as of a place in its log.

use std::{collections::HashMap, sync::Arc};

use loquat_ids::{Timestamp, UserId};

use super::{Change, Command, Head, Refusal, Role, RoomEvent, RoomVersion, Rule, Seq};

/// A person's place in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// What the person is to the room. Nothing for one who went.
    pub(crate) role: Option<Role>,
    /// Where in the log that began.
    pub(crate) since: Seq,
}

/// A room as of the head of its log. Cheap to clone: people are shared until one comes or goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct RoomState {
    head: Option<Head>,
    version: RoomVersion,
    /// All who are in the room or ever were.
    people: Arc<HashMap<UserId, Standing>>,
}

impl RoomState {
    pub(crate) const fn head(&self) -> Option<Head> {
        self.head
    }

    /// Returns the place of the last event, 0 where there is none.
    pub(crate) fn seq(&self) -> Seq {
        self.head.map_or(Seq::ZERO, |head| head.seq)
    }

    /// Returns what a person is or was to the room; nothing for one who never was in it.
    pub(crate) fn standing(&self, user: UserId) -> Option<Standing> {
        self.people.get(&user).copied()
    }

    pub(crate) fn is_member(&self, user: UserId) -> bool {
        self.standing(user).is_some_and(|standing| standing.role.is_some())
    }

    /// Tells whether a log with this head may hold this state's log as its beginning.
    pub(crate) fn may_precede(&self, head: Option<Head>) -> bool {
        match (self.head, head) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(head)) => mine.seq < head.seq || (mine.seq == head.seq && mine.event_id == head.event_id),
        }
    }

    /// Judges a command against the room as it is here.
    pub(crate) fn judge(&self, command: &Command) -> Result<(), Refusal> {
        match command.rule {
            Rule::Membership if self.is_member(command.actor) => Ok(()),
            Rule::Membership => Err(Refusal::RoomNotFound),
            Rule::NextVersion(version) if version == self.version.next() => Ok(()),
            Rule::NextVersion(_) => Err(Refusal::VersionOutOfOrder),
        }
    }

    /// Returns a moment that is not before the last event's.
    pub(crate) fn not_before_head(&self, now: Timestamp) -> Timestamp {
        self.head.map_or(now, |head| now.max(head.create_time))
    }

    /// Takes the next event, or a later one with nothing between them that changes the state.
    pub(crate) fn apply(&mut self, event: &RoomEvent) {
        debug_assert!(event.seq > self.seq(), "events are applied in order");
        self.head = Some(event.head());
        if let Some(version) = event.change.version() {
            self.version = version;
        }
        let since = event.seq;
        match &event.change {
            Change::RoomCreated { memberships, .. } => {
                let people = Arc::make_mut(&mut self.people);
                people.extend(memberships.iter().map(|one| (one.user, Standing { role: Some(one.role), since })));
            }
            Change::MembershipsChanged { changes, .. } => {
                let people = Arc::make_mut(&mut self.people);
                people.extend(changes.iter().map(|change| (change.user, Standing { role: change.role, since })));
            }
            Change::RoomUpdated { .. } | Change::MessageSent { .. } | Change::Blanked { .. } => {}
        }
    }

    /// Moves the head over events that change nothing else.
    pub(crate) fn advance_to(&mut self, head: Head) {
        debug_assert!(head.seq >= self.seq(), "a log does not shrink");
        self.head = Some(head);
    }
}
