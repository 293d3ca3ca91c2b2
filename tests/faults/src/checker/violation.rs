//! What can be wrong with a run.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

use serde::Serialize;

use super::{Verdict, interning::digest};
use crate::history::Room;

/// Ways in which a promise is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// Something acknowledged, or seen, is not in the log.
    Lost,
    /// One command, or one event, stands in the log twice.
    Doubled,
    /// An event that nobody asked for, or not yet.
    Phantom,
    /// An event says something else than was asked for.
    Altered,
    /// A command stands in the log all attempts of which were refused.
    RefusedButDone,
    /// A number of a log at which nothing stands, below others.
    Hole,
    /// Two observers were told different things of one place in a log.
    Disagreement,
    /// Something stands before what was acknowledged, or seen, before it was asked for.
    OrderInverted,
    /// A later event has an earlier time.
    TimeFell,
    /// An event that the room's state at its place did not allow: of a non-member, to a deleted message, of no effect.
    Misjudged,
    /// An answer says something else of a command than the log.
    AnswerDiffers,
    /// A repeat was answered with something else than the first call.
    RepeatDiffers,
    /// A repeat was not called one.
    RepeatUnmarked,
    /// A `request_id` was taken for two different things.
    ReuseAccepted,
    /// A call was refused without the reason that was given.
    RefusalUnjustified,
    /// A stream said a number that it had said before.
    StreamRepeated,
    /// A stream left out a number.
    StreamSkipped,
    /// A stream never said the end of a log.
    StreamBehind,
    /// A stream went on from a cursor that is not in the log, or with a room that it had closed.
    CursorIgnored,
    /// A stream said RESET without the reason that was given.
    ResetUnjustified,
    /// A stream closed a room to somebody who was in it.
    ClosedUnjustified,
    /// A stream hid what its reader may see.
    HiddenUnjustified,
    /// Somebody who was out of a room was told what happened in it.
    ToldExMember,
    /// An event came blanked that nobody had asked to delete.
    BlankedEarly,
    /// A message that was read is not what the log makes of it.
    ReadDiffers,
    /// A page leaves out a message.
    ReadIncomplete,
    /// A read does not show what its reader had written before.
    StaleRead,
    /// Presence was not right in time.
    PresenceWrong,
    /// The history is not one: its times fall, or something is used that was not declared, or it has no end.
    HistoryBroken,
}

impl fmt::Display for ViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Something wrong, and what shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Violation {
    /// What is wrong.
    pub kind: ViolationKind,
    /// In which room.
    pub room: Option<Room>,
    /// What happened, in words, with numbers of calls, streams and events.
    pub what: String,
    /// The lines of the history that show it, counted from 1.
    pub lines: Vec<u64>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(room) = self.room {
            write!(f, " in room {room}")?;
        }
        write!(f, ": {} (lines {:?})", self.what, self.lines)
    }
}

/// Violations as they are found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    kept: Vec<Violation>,
    counts: BTreeMap<ViolationKind, u64>,
    seen: HashSet<u64>,
}

impl Findings {
    /// Adds one. The same kind shown by the same lines is one violation, however often it is come upon.
    pub(super) fn add(
        &mut self,
        kind: ViolationKind,
        room: Option<Room>,
        lines: &[u32],
        what: impl FnOnce() -> String,
    ) {
        if !self.seen.insert(digest((kind, room, lines))) {
            return;
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= Verdict::KEPT as u64 {
            let mut lines: Vec<u64> = lines.iter().copied().filter(|line| *line > 0).map(u64::from).collect();
            lines.sort_unstable();
            lines.dedup();
            self.kept.push(Violation { kind, room, what: what(), lines });
        }
    }

    pub(super) fn into_parts(self) -> (Vec<Violation>, BTreeMap<ViolationKind, u64>) {
        (self.kept, self.counts)
    }
}
