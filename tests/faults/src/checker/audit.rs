//! The logs against the calls: nothing lost, doubled, invented or out of order.

mod life;
mod origin;
mod repeats;

pub(super) use origin::Origin;

use super::{counts::Counts, survey::Survey, violation::Findings};

/// What the audit found out about events that is of use later.
#[derive(Debug)]
pub(super) struct Audit {
    /// Where each event came from, by its index.
    pub(super) origins: Vec<Origin>,
    /// When each event was first acknowledged, by its index. [`u64::MAX`] where it never was.
    pub(super) acknowledged: Vec<u64>,
}

/// Judges the logs of all lives.
pub(super) fn audit(survey: &Survey, findings: &mut Findings, counts: &mut Counts) -> Audit {
    let placed = Placed::of(survey);
    let origins = origin::origins(survey, &placed, findings);
    let mut audit = Audit { acknowledged: vec![u64::MAX; origins.len()], origins };
    for life in survey.lives.all() {
        life::audit(survey, &placed, life, &mut audit, findings, counts);
    }
    repeats::audit(survey, findings, counts);
    counts.lives = survey.lives.all().count() as u64;
    audit
}

/// The attempts that were answered with a place, by that place.
struct Placed {
    by_place: Vec<(u32, u32, u32)>,
}

impl Placed {
    fn of(survey: &Survey) -> Self {
        let commands = &survey.commands;
        let placed = commands.attempts.iter().zip(0..).filter(|(attempt, _)| attempt.is_placed());
        let place = |(attempt, index): (&super::commands::Attempt, u32)| {
            (commands.commands[attempt.command as usize].room.0, attempt.seq, index)
        };
        let mut by_place: Vec<_> = placed.map(place).collect();
        by_place.sort_unstable();
        Self { by_place }
    }

    /// Returns the attempts that were answered with a place.
    fn at(&self, room: u32, seq: u32) -> impl Iterator<Item = u32> {
        let from = self.by_place.partition_point(|place| (place.0, place.1) < (room, seq));
        self.by_place[from..].iter().take_while(move |place| (place.0, place.1) == (room, seq)).map(|place| place.2)
    }
}
