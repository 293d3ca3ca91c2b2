//! What commands and readers are judged by: a room as of a place in its log.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use loquat_ids::{Timestamp, UserId};

use super::{Change, Head, Role, RoomEvent, RoomKind, RoomVersion, Seq, SeqRange, View};

/// The most pinned messages of a room, as the contract says.
pub(crate) const MAX_PINS: usize = 100;

/// A person's place in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// What the person is to the room. Nothing for one who went.
    pub(crate) role: Option<Role>,
    /// Where in the log that began.
    pub(crate) since: Seq,
    /// Where the person first came.
    first: Seq,
    /// Where the person went, and where it came back, each time.
    absences: Vec<Absence>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Absence {
    went: Seq,
    came_back: Seq,
}

/// A room as of the head of its log. Cheap to clone: people and pins are shared until one changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct RoomState {
    head: Option<Head>,
    version: RoomVersion,
    kind: Option<RoomKind>,
    /// All who are in the room or ever were.
    people: Arc<HashMap<UserId, Standing>>,
    /// Where the pinned messages stand.
    pins: Arc<BTreeSet<Seq>>,
    /// Where a pinned message was deleted last: the only changes of messages among what changes the state.
    last_unpinning: Seq,
}

impl RoomState {
    pub(crate) const fn head(&self) -> Option<Head> {
        self.head
    }

    /// Returns the place of the last event, 0 where there is none.
    pub(crate) fn seq(&self) -> Seq {
        self.head.map_or(Seq::ZERO, |head| head.seq)
    }

    pub(crate) const fn version(&self) -> RoomVersion {
        self.version
    }

    /// Returns what a person is to the room. Nothing for one who is not in it.
    pub(crate) fn role(&self, user: UserId) -> Option<Role> {
        self.people.get(&user)?.role
    }

    pub(crate) fn is_member(&self, user: UserId) -> bool {
        self.role(user).is_some()
    }

    /// Tells whether a person was a member right after an earlier event.
    pub(crate) fn was_member(&self, user: UserId, at: Seq) -> bool {
        self.people.get(&user).is_some_and(|standing| standing.was_member(at))
    }

    /// Returns what a person may see of the log. Nothing for one who never was in the room.
    pub(crate) fn view_of(&self, user: UserId) -> Option<View> {
        let standing = self.people.get(&user)?;
        let through = if standing.role.is_some() { self.seq() } else { standing.since };
        // Whoever may come in at any time may read what was said.
        let hidden = if self.kind == Some(RoomKind::Public) { Vec::new() } else { standing.hidden() };
        Some(View::new(through, hidden))
    }

    pub(crate) fn is_pinned(&self, message: Seq) -> bool {
        self.pins.contains(&message)
    }

    /// Returns where the pinned messages stand, in order.
    pub(crate) fn pins(&self) -> impl Iterator<Item = Seq> {
        self.pins.iter().copied()
    }

    pub(crate) fn has_room_for_a_pin(&self) -> bool {
        self.pins.len() < MAX_PINS
    }

    /// Returns where a pinned message was deleted last. 0 where none was.
    pub(crate) const fn last_unpinning(&self) -> Seq {
        self.last_unpinning
    }

    /// Tells whether a log with this head may hold this state's log as its beginning.
    pub(crate) fn may_precede(&self, head: Option<Head>) -> bool {
        match (self.head, head) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(head)) => mine.seq < head.seq || (mine.seq == head.seq && mine.event_id == head.event_id),
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
        match &event.change {
            Change::RoomCreated { room, memberships } => {
                self.kind = Some(room.kind);
                self.move_people(event.seq, memberships.iter().map(|one| (one.user, Some(one.role))));
            }
            Change::RoomUpdated { room } => self.kind = Some(room.kind),
            Change::MembershipsChanged { changes, .. } => {
                self.move_people(event.seq, changes.iter().map(|change| (change.user, change.role)));
            }
            Change::PinChanged { message, is_pinned: true } => {
                Arc::make_mut(&mut self.pins).insert(message.seq);
            }
            Change::PinChanged { message, is_pinned: false } => {
                Arc::make_mut(&mut self.pins).remove(&message.seq);
            }
            Change::MessageDeleted { message, unpins: true } => {
                Arc::make_mut(&mut self.pins).remove(&message.seq);
                self.last_unpinning = event.seq;
            }
            Change::MessageSent { .. }
            | Change::MessageEdited { .. }
            | Change::MessageDeleted { unpins: false, .. }
            | Change::ReactionChanged { .. }
            | Change::Blanked { .. } => {}
        }
    }

    /// Moves the head over events that change nothing else.
    pub(crate) fn advance_to(&mut self, head: Head) {
        debug_assert!(head.seq >= self.seq(), "a log does not shrink");
        self.head = Some(head);
    }

    fn move_people(&mut self, seq: Seq, changes: impl Iterator<Item = (UserId, Option<Role>)>) {
        let people = Arc::make_mut(&mut self.people);
        for (user, role) in changes {
            // Who never was in the room does not go.
            if role.is_none() && !people.contains_key(&user) {
                continue;
            }
            let standing = people.entry(user).or_insert_with(|| Standing::beginning(seq));
            standing.become_at(seq, role);
        }
    }
}

impl Standing {
    const fn beginning(seq: Seq) -> Self {
        Self { role: None, since: seq, first: seq, absences: Vec::new() }
    }

    fn become_at(&mut self, seq: Seq, role: Option<Role>) {
        if self.role.is_none() && role.is_some() && self.since < seq {
            self.absences.push(Absence { went: self.since, came_back: seq });
        }
        (self.role, self.since) = (role, seq);
    }

    fn was_member(&self, at: Seq) -> bool {
        let is_away = self.absences.iter().any(|absence| absence.went <= at && at < absence.came_back);
        self.first <= at && !is_away && (self.role.is_some() || at < self.since)
    }

    /// Returns what happened between going and coming back. The person sees both.
    fn hidden(&self) -> Vec<SeqRange> {
        let ranges = self.absences.iter();
        let ranges = ranges.map(|absence| SeqRange { from: absence.went.next(), to: absence.came_back.previous() });
        ranges.filter(|range| range.from <= range.to).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::{ALICE, BOB, changed, created, deleted, moved, pinned, room, sent};

    fn state(changes: &[Change]) -> RoomState {
        let mut state = RoomState::default();
        for (change, seq) in changes.iter().zip(1..) {
            state.apply(&changed(room(1), seq, ALICE, change.clone()));
        }
        state
    }

    /// Bob goes at 2, comes back at 4, goes at 5, comes back at 6, goes at 8.
    fn with_bob_away() -> RoomState {
        let hello = || sent("request-1", "hello");
        let bob = |version, is_in: bool| moved(version, BOB, is_in.then_some(Role::Member));
        state(&[
            created(&[ALICE, BOB]),
            bob(2, false),
            hello(),
            bob(3, true),
            bob(4, false),
            bob(5, true),
            hello(),
            bob(6, false),
            hello(),
        ])
    }

    #[test]
    fn who_was_away_sees_what_lies_outside() {
        let state = with_bob_away();
        let view = state.view_of(BOB).expect("Bob was in it");
        let shown: Vec<u64> = (1..=9).filter(|seq| view.shows(Seq::new(*seq))).collect();
        assert_eq!(shown, [1, 2, 4, 5, 6, 7, 8]);
        assert_eq!((view.through, view.whole_from()), (Seq::new(8), Seq::new(4)));
        let was: Vec<u64> = (0..=9).filter(|seq| state.was_member(BOB, Seq::new(*seq))).collect();
        assert_eq!(was, [1, 4, 6, 7]);
        assert_eq!(state.view_of(ALICE), Some(View::whole(Seq::new(9))));
        assert_eq!(state.view_of(crate::model::fixture::user(9)), None);
    }

    #[test]
    fn one_who_comes_later_sees_what_was_before() {
        let carol = crate::model::fixture::user(3);
        let state = state(&[created(&[ALICE]), sent("request-1", "hello"), moved(2, carol, Some(Role::Member))]);
        assert_eq!(state.view_of(carol), Some(View::whole(Seq::new(3))));
        assert!(!state.was_member(carol, Seq::new(2)));
    }

    #[test]
    fn a_role_that_changes_is_no_absence() {
        let state =
            state(&[created(&[ALICE, BOB]), moved(2, BOB, Some(Role::Owner)), moved(3, BOB, Some(Role::Member))]);
        assert_eq!(state.view_of(BOB), Some(View::whole(Seq::new(3))));
        assert!(state.was_member(BOB, Seq::new(1)) && state.was_member(BOB, Seq::new(2)));
    }

    #[test]
    fn pins_are_those_that_were_not_taken_away() {
        let hello = || sent("request-1", "hello");
        let changes = [created(&[ALICE]), hello(), hello(), hello(), pinned(2, true), pinned(3, true), pinned(4, true)];
        let changes = [&changes[..], &[pinned(3, false), deleted(2, true)]].concat();
        let state = state(&changes);
        assert_eq!(state.pins().collect::<Vec<_>>(), [Seq::new(4)]);
        assert_eq!(state.last_unpinning(), Seq::new(9));
    }
}
