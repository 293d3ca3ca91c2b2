//! The checker: a history's judge. Pure; it knows only what the history says, and within it only what clients asked, were
//! answered, and were told by their streams.
//!
//! It reads the history twice. The first reading ([`survey`]) gathers what was asked and what stands where in each room's log;
//! [`audit`] then judges the logs against the calls: nothing lost, doubled, invented or out of order. The second reading
//! ([`judge`]) walks through the history with the logs at hand and judges each stream, each read, each refusal and each word
//! about presence as it comes.
//!
//! Time is linear-logarithmic in the history's length. Memory holds commands, calls and events, some 80 bytes each, and
//! nothing per delivery.
//!
//! A restore begins another *life* of the logs. Each life has its own log, whose beginning is inherited from the life in which
//! the backup was made, so far as the history shows it. Only of the last life is the whole log known (somebody read it to the
//! end); in lives before it, what nobody was told is unknown, and nothing is concluded from it.

mod audit;
mod commands;
mod counts;
mod fold;
mod interning;
mod judge;
mod lives;
mod logs;
mod survey;
mod violation;

pub use counts::{Counts, FaultCount, Latencies};
pub use violation::{Violation, ViolationKind};

use std::collections::BTreeMap;

use serde::Serialize;

use crate::history::{HistoryError, Source};

/// What comes of checking a history.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verdict {
    /// What went wrong: of each kind the first that were found, at most [`Verdict::KEPT`].
    pub violations: Vec<Violation>,
    /// How many of each kind there are in all.
    pub violation_counts: BTreeMap<ViolationKind, u64>,
    /// What was seen.
    pub counts: Counts,
}

impl Verdict {
    /// How many violations of one kind are kept.
    pub const KEPT: usize = 50;

    /// Tells whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violation_counts.is_empty()
    }

    /// Tells whether there is a violation of a kind.
    #[must_use]
    pub fn has(&self, kind: ViolationKind) -> bool {
        self.violation_counts.contains_key(&kind)
    }
}

/// Checks a history.
///
/// # Errors
/// Where it cannot be read. A history that breaks its own rules is no error but a violation,
/// [`ViolationKind::HistoryBroken`].
pub fn check(history: &(impl Source + ?Sized)) -> Result<Verdict, HistoryError> {
    let mut findings = violation::Findings::default();
    let mut counts = Counts::default();
    let survey = survey::survey(history, &mut findings)?;
    let audit = audit::audit(&survey, &mut findings, &mut counts);
    judge::judge(history, &survey, &audit, &mut findings, &mut counts)?;
    let (violations, violation_counts) = findings.into_parts();
    Ok(Verdict { violations, violation_counts, counts })
}

#[cfg(test)]
mod tests;
