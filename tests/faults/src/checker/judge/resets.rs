//! RESETs: only where the reason that was given holds.

use super::{super::violation::ViolationKind as Kind, Scene, faults::Faults};
use crate::history::{ResetReason, Room, RoomReset};

/// From how many missed events on a server may say that it is too many, where the run's settings do not say otherwise.
const TOO_FAR_BEHIND: u64 = 1000;

/// Where a stream is in a room.
#[derive(Debug, Clone, Default)]
pub(super) struct Position {
    /// The epoch that the client named. Nothing once the stream has said an event: the log's own.
    pub(super) epoch: Option<String>,
    pub(super) seq: u64,
    /// The event there, interned. Nothing at the log's beginning.
    pub(super) event: Option<u32>,
}

impl Position {
    /// Tells whether the log of the life does not have it. False where that is not known.
    pub(super) fn is_foreign(&self, scene: &Scene, room: Room) -> bool {
        let epoch = scene.survey.lives.get(scene.life).epoch.as_ref();
        let is_of_another_epoch = matches!((&self.epoch, epoch), (Some(named), Some(epoch)) if named != epoch);
        is_of_another_epoch || self.differs(scene, room)
    }

    fn differs(&self, scene: &Scene, room: Room) -> bool {
        match scene.fold.event(scene.survey, room, self.seq) {
            Some((_, event)) => self.event != Some(event.id),
            None => scene.fold.is_whole(room) && self.seq > scene.fold.room(room).view.len() as u64,
        }
    }
}

/// Judges a RESET of a stream that was at a position.
pub(super) fn judge(scene: &mut Scene, faults: &Faults, reset: &RoomReset, position: &Position, is_slow: bool) {
    *scene.counts.resets.entry(name(reset.reason)).or_default() += 1;
    let to = &reset.cursor;
    let known = scene.fold.event(scene.survey, reset.room, to.seq);
    if let (Some(event), Some((_, known))) = (to.event, known)
        && known.id != scene.survey.ids.find(event)
    {
        let line = known.line;
        scene.report(Kind::Disagreement, Some(reset.room), &[line], || {
            format!("a RESET's cursor names another event at {}", to.seq)
        });
    }
    let objection = match reset.reason {
        ResetReason::Unspecified => Some("it has no reason"),
        ResetReason::EpochChanged => match &position.epoch {
            Some(epoch) if *epoch != to.epoch => None,
            _ => Some("the epoch is the same"),
        },
        ResetReason::LogEndsEarlier => (position.seq <= to.seq).then_some("the log does not end earlier"),
        ResetReason::EventDiffers => {
            let event = scene.fold.event(scene.survey, reset.room, position.seq);
            event.is_some_and(|(_, event)| position.event == Some(event.id)).then_some("the same event stands there")
        }
        ResetReason::ReaderTooSlow => {
            (!is_slow && !faults.are_near(scene.at)).then_some("nothing slowed the reader down")
        }
        ResetReason::TooFarBehind => {
            let allowed = scene.survey.setting("too_far_behind").unwrap_or(TOO_FAR_BEHIND);
            (to.seq.saturating_sub(position.seq) < allowed).then_some("little was missed")
        }
    };
    if let Some(why) = objection {
        scene.report(Kind::ResetUnjustified, Some(reset.room), &[], || {
            format!("stream {} at {} is told {:?}, but {why}", reset.stream, position.seq, reset.reason)
        });
    }
}

const fn name(reason: ResetReason) -> &'static str {
    match reason {
        ResetReason::Unspecified => "unspecified",
        ResetReason::EventDiffers => "event_differs",
        ResetReason::LogEndsEarlier => "log_ends_earlier",
        ResetReason::EpochChanged => "epoch_changed",
        ResetReason::ReaderTooSlow => "reader_too_slow",
        ResetReason::TooFarBehind => "too_far_behind",
    }
}
