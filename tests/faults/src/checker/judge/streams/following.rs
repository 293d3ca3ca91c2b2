//! A stream's way through one room.

use super::super::{
    super::{interning::NONE, violation::ViolationKind as Kind},
    Scene,
    resets::Position,
    rooms::{MembershipAtStart, Rooms},
};
use crate::history::{CursorOpen, Room, User};

/// What is later than this on an open stream was a hole that had to be found.
const LATE_MICROS: u64 = 1_000_000;

/// Where a stream is in a room.
#[derive(Debug)]
pub(super) struct Following {
    position: Position,
    /// The number that it must say next. Nothing while it has said none and was asked for what comes from now on.
    next: Option<u64>,
    /// Whether it has said something, or was reset, since it began.
    has_begun: bool,
    /// The highest place that was acknowledged in the room when it began.
    head: u64,
    /// The user's membership when it began.
    membership: MembershipAtStart,
    begun: u64,
    line: u32,
    /// When the stream broke in whose place this one is.
    broken: Option<u64>,
    /// Whether it goes on from a cursor, and has not yet said all that had been acknowledged when it began.
    is_repairing: bool,
}

impl Following {
    /// Begins with the stream.
    pub(super) fn begin(scene: &Scene, rooms: &Rooms, user: User, cursor: &CursorOpen, broken: Option<u64>) -> Self {
        let head = rooms.head(cursor.room);
        Self { membership: rooms.now(cursor.room, user), broken, ..Self::from(scene, cursor, head) }
    }

    /// Begins while the stream goes on. The server took it up some time before that was written down; so nothing is concluded
    /// from what was certain then.
    pub(super) fn begin_later(scene: &Scene, cursor: &CursorOpen) -> Self {
        Self::from(scene, cursor, 0)
    }

    fn from(scene: &Scene, cursor: &CursorOpen, head: u64) -> Self {
        let position = cursor.after.as_ref().map(|place| Position {
            epoch: Some(place.epoch.clone()),
            seq: place.seq,
            event: place.event.map(|event| scene.survey.ids.find(event)),
        });
        let is_repairing = position.as_ref().is_some_and(|position| position.seq > 0 && position.seq < head);
        Self {
            next: position.as_ref().map(|position| position.seq + 1),
            position: position.unwrap_or_default(),
            has_begun: false,
            head,
            membership: MembershipAtStart::default(),
            begun: scene.at,
            line: scene.line,
            broken: None,
            is_repairing,
        }
    }

    pub(super) const fn position(&self) -> &Position {
        &self.position
    }

    pub(super) const fn next(&self) -> Option<u64> {
        self.next
    }

    /// Returns the line in which it began.
    pub(super) const fn line(&self) -> u32 {
        self.line
    }

    pub(super) const fn membership(&self) -> MembershipAtStart {
        self.membership
    }

    /// The stream goes on from elsewhere.
    pub(super) fn reset(&mut self, scene: &Scene, seq: u64, event: Option<u32>) {
        self.next = Some(seq + 1);
        self.has_begun = true;
        self.is_repairing = false;
        self.line = scene.line;
        self.position = Position { epoch: None, seq, event };
    }

    /// Notes the event at the last number said.
    pub(super) const fn reached(&mut self, event: u32) {
        self.position.event = if event == NONE { None } else { Some(event) };
    }

    /// The stream says some numbers.
    pub(super) fn say(&mut self, scene: &mut Scene, room: Room, (from, to): (u64, u64), is_slow: bool) {
        if !self.has_begun && self.next.is_some() && self.position.is_foreign(scene, room) {
            scene.report(Kind::CursorIgnored, Some(room), &[self.line], || {
                format!("the stream goes on with {from} from a place that is not in the log")
            });
        }
        match self.next {
            Some(next) if from > next => scene.report(Kind::StreamSkipped, Some(room), &[self.line], || {
                format!("the stream says {from} where {next} is next")
            }),
            Some(next) if from < next => scene.report(Kind::StreamRepeated, Some(room), &[self.line], || {
                format!("the stream says {from} where {next} is next")
            }),
            None if from <= self.head => scene.report(Kind::StreamRepeated, Some(room), &[self.line], || {
                format!("asked for what comes from now on, the stream says {from}, acknowledged before")
            }),
            _ => {}
        }
        self.has_begun = true;
        self.next = Some(self.next.unwrap_or(0).max(to + 1));
        (self.position.epoch, self.position.seq) = (None, to);
        self.measure(scene, room, to, is_slow);
    }

    fn measure(&mut self, scene: &mut Scene, room: Room, seq: u64, is_slow: bool) {
        if self.is_repairing {
            scene.counts.repaired_events += 1;
            if seq >= self.head {
                self.is_repairing = false;
                scene.counts.repairs += 1;
                if let Some(broken) = self.broken.take() {
                    scene.counts.repair_latency.add(scene.at - broken);
                }
            }
            return;
        }
        let index = scene.fold.event(scene.survey, room, seq).map(|(index, _)| index as usize);
        let acknowledged = index.map_or(u64::MAX, |index| scene.audit.acknowledged[index]);
        if !is_slow && (self.begun..u64::MAX).contains(&acknowledged) {
            let late = scene.at.saturating_sub(acknowledged);
            scene.counts.live_latency.add(late);
            scene.counts.late_deliveries += u64::from(late > LATE_MICROS);
        }
    }
}
