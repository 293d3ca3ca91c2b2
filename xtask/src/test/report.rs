//! What a run says: a line for each step as it ends, and the total.

use std::time::Duration;

use super::{counts::Counts, step::Outcome};

/// How many failures of a step are named; the log has all.
const MOST_NAMED: usize = 20;

/// What has been said so far, added up.
#[derive(Debug, Default)]
pub(super) struct Report {
    total: Counts,
}

impl Report {
    /// Prints how a step went.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.total += outcome.counts;
        let says = if outcome.is_preparation && outcome.counts.failed == 0 {
            "ready".to_owned()
        } else {
            outcome.counts.to_string()
        };
        println!("{:<16} {:>8}  {says}", outcome.name, seconds(outcome.time));
        for failure in outcome.failures.iter().take(MOST_NAMED) {
            println!("    {failure}");
        }
        if outcome.counts.failed > 0 {
            println!("    see {}", outcome.log.display());
        }
    }

    /// Prints that something that had to be there is not.
    pub(super) fn add_failure(&mut self, name: &str, reason: &str) {
        self.total += Counts::of_one(false);
        println!("{name:<16} {:>8}  {}\n    {reason}", "", Counts::of_one(false));
    }

    /// Prints that a suite did not run, and why that is no failure.
    pub(super) fn add_skip(&mut self, name: &str, reason: &str) {
        let skip = Counts { skipped: 1, ..Counts::default() };
        self.total += skip;
        println!("{name:<16} {:>8}  {skip}\n    {reason}", "");
    }

    /// All counts together.
    pub(super) fn total(&self) -> Counts {
        self.total
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
