//! Presence: right in time, once the faults are over.

use super::{
    super::{interning::Map, violation::ViolationKind as Kind},
    Scene,
};
use crate::history::{PresenceSeen, PresenceTruth, StreamId, User};

/// In what time presence is right again after any loss.
const RIGHT_AGAIN_MICROS: u64 = 15_000_000;
/// How long somebody may seem online who vanished.
const VANISHED_MICROS: u64 = 30_000_000;

/// Who was told of whose presence.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    truth: Map<User, Truth>,
    /// The last that a stream said of a person, and the line of that.
    last: Map<(StreamId, User), (bool, u32)>,
}

#[derive(Debug, Clone, Copy)]
struct Truth {
    is_online: bool,
    /// From when on others must see it so, once no fault is in the way.
    due: u64,
    line: u32,
}

impl Watchers {
    pub(super) fn truth(&mut self, scene: &Scene, truth: &PresenceTruth) {
        let allowed = if truth.has_vanished { VANISHED_MICROS } else { RIGHT_AGAIN_MICROS };
        let truth_now = Truth { is_online: truth.is_online, due: scene.at + allowed, line: scene.line };
        self.truth.insert(truth.user, truth_now);
    }

    pub(super) fn seen(&mut self, scene: &mut Scene, seen: &PresenceSeen) {
        if let Some(stream) = seen.stream {
            self.last.insert((stream, seen.subject), (seen.is_online, scene.line));
        }
        self.compare(scene, seen.subject, seen.is_online, scene.line);
    }

    pub(super) fn end(&mut self, stream: StreamId) {
        self.last.retain(|(of, _), _| *of != stream);
    }

    /// What a stream said last holds until it says otherwise.
    pub(super) fn settled(&mut self, scene: &mut Scene) {
        for ((_, subject), (is_online, line)) in std::mem::take(&mut self.last) {
            self.compare(scene, subject, is_online, line);
        }
    }

    fn compare(&self, scene: &mut Scene, subject: User, is_online: bool, line: u32) {
        let (Some(truth), Some(stopped)) = (self.truth.get(&subject), scene.survey.faults_stopped) else { return };
        if scene.at < truth.due.max(stopped + RIGHT_AGAIN_MICROS) {
            return;
        }
        scene.counts.presence_judged += 1;
        if is_online != truth.is_online {
            let what = || format!("user {subject} is seen {is_online} as online, and is {}", truth.is_online);
            scene.findings.add(Kind::PresenceWrong, None, &[truth.line, line], what);
        }
    }
}
