//! What is certain of rooms from the calls alone, as the run goes on: who is a member for sure, and what was acknowledged.

use super::{
    super::{fold::Standing, interning::Map, violation::ViolationKind as Kind},
    Scene,
    calls::Call,
};
use crate::history::{Action, Invoke, Outcome, Room, RoomDeclared, User};

/// What is certain.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    memberships: Map<(Room, User), Certainty>,
    /// The highest place that was acknowledged to a user in a room.
    own: Map<(Room, User), u64>,
    /// The highest place that was acknowledged to anybody in a room.
    head: Map<Room, u64>,
}

/// What is certain of one membership.
#[derive(Debug, Clone, Copy, Default)]
struct Certainty {
    is: Option<bool>,
    /// The line that made it so.
    line: u32,
    /// Changes whose outcome is open: of each kind, how many were invoked and how many are not settled.
    joins: Open,
    leavings: Open,
}

#[derive(Debug, Clone, Copy, Default)]
struct Open {
    invoked: u32,
    open: u32,
}

/// What was certain of a membership when something began.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct MembershipAtStart {
    is: Option<bool>,
    joins: Open,
    leavings: Open,
}

impl Rooms {
    pub(super) fn declare(&mut self, scene: &Scene, room: &RoomDeclared) {
        for user in &room.members {
            let certainty = self.memberships.entry((room.room, *user)).or_default();
            (certainty.is, certainty.line) = (Some(true), scene.line);
        }
    }

    /// Returns what is certain of a membership now.
    pub(super) fn now(&self, room: Room, user: User) -> MembershipAtStart {
        let Certainty { is, joins, leavings, .. } = self.memberships.get(&(room, user)).copied().unwrap_or_default();
        MembershipAtStart { is, joins, leavings }
    }

    /// Tells whether a user was a member for sure, from a start to now.
    pub(super) fn was_member(&self, room: Room, user: User, start: MembershipAtStart) -> bool {
        start.is == Some(true) && self.now(room, user).leavings.invoked == start.leavings.invoked
    }

    /// Returns the highest place that was acknowledged to a user.
    pub(super) fn own_place(&self, room: Room, user: User) -> u64 {
        self.own.get(&(room, user)).copied().unwrap_or(0)
    }

    /// Returns the highest place that was acknowledged to anybody.
    pub(super) fn head(&self, room: Room) -> u64 {
        self.head.get(&room).copied().unwrap_or(0)
    }

    pub(super) fn acknowledged(&mut self, room: Room, user: User, seq: u64) {
        let own = self.own.entry((room, user)).or_default();
        *own = (*own).max(seq);
        let head = self.head.entry(room).or_default();
        *head = (*head).max(seq);
    }

    pub(super) fn invoke(&mut self, scene: &Scene, invoke: &Invoke) {
        let Some((user, is_join)) = change_of(scene, invoke.room, invoke.user, &invoke.action) else { return };
        let certainty = self.memberships.entry((invoke.room, user)).or_default();
        let (changes, undone) = if is_join { (&mut certainty.joins, false) } else { (&mut certainty.leavings, true) };
        changes.invoked += 1;
        changes.open += 1;
        if certainty.is == Some(undone) {
            (certainty.is, certainty.line) = (None, scene.line);
        }
    }

    /// A change of membership was answered.
    pub(super) fn done(&mut self, scene: &Scene, call: &Call) {
        let Some((user, is_join)) = change_of(scene, call.room, call.user, &call.action) else { return };
        let Some(certainty) = self.memberships.get_mut(&(call.room, user)) else { return };
        certainty.close(is_join);
        let (before, now) = match is_join {
            true => (call.subject.leavings, certainty.leavings),
            false => (call.subject.joins, certainty.joins),
        };
        // Nothing the other way was under way at any time during the call.
        if before.open == 0 && before.invoked == now.invoked {
            (certainty.is, certainty.line) = (Some(is_join), scene.line);
        }
    }

    /// A change of membership was refused, or nobody knows.
    pub(super) fn failed(&mut self, scene: &Scene, call: &Call, outcome: Outcome) {
        let Some((user, is_join)) = change_of(scene, call.room, call.user, &call.action) else { return };
        let Some(certainty) = self.memberships.get_mut(&(call.room, user)) else { return };
        if outcome == Outcome::Unknown {
            return;
        }
        certainty.close(is_join);
        // What was certain before is so again, where nothing else was asked for meanwhile.
        let MembershipAtStart { is, joins, leavings } = call.subject;
        let asked = joins.invoked + leavings.invoked + 1;
        if asked == certainty.joins.invoked + certainty.leavings.invoked {
            certainty.is = is;
        }
    }

    /// What was acknowledged may be undone, and what was open can no longer land.
    pub(super) fn restored(&mut self) {
        for certainty in self.memberships.values_mut() {
            (certainty.joins.open, certainty.leavings.open, certainty.is) = (0, 0, None);
            certainty.leavings.invoked += 1;
        }
        self.own.clear();
        self.head.clear();
    }

    /// What is certain of memberships is what the logs say.
    pub(super) fn settled(&self, scene: &mut Scene) {
        for ((room, user), certainty) in &self.memberships {
            let fold = scene.fold.room(*room);
            let Some(is) = certainty.is.filter(|_| scene.fold.is_whole(*room) && fold.known > 0) else { continue };
            if is != (fold.standing(user.0, fold.known) == Standing::In) {
                let word = if is { "came in" } else { "went" };
                let line = certainty.line;
                scene.report(Kind::Lost, Some(*room), &[line], || {
                    format!("user {user} {word}, acknowledged, and the log does not have it")
                });
            }
        }
    }
}

impl Certainty {
    const fn close(&mut self, is_join: bool) {
        let changes = if is_join { &mut self.joins } else { &mut self.leavings };
        changes.open = changes.open.saturating_sub(1);
    }
}

/// Returns whose membership a call may change, and whether it begins. Nothing where nobody may make that call: others than the
/// owner remove nobody, and nobody removes an owner.
fn change_of(scene: &Scene, room: Room, user: User, action: &Action) -> Option<(User, bool)> {
    let owner = scene.survey.room(room).map(|room| room.owner);
    match action {
        Action::Remove { target } if owner != Some(user) || owner == Some(*target) => None,
        _ => membership_of(user, action),
    }
}

/// Returns whose membership an action is about, and whether it begins.
pub(super) const fn membership_of(user: User, action: &Action) -> Option<(User, bool)> {
    match action {
        Action::Join => Some((user, true)),
        Action::Leave => Some((user, false)),
        Action::Remove { target } => Some((*target, false)),
        _ => None,
    }
}
