//! What came of a run, for people and in a file.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::{
    fleet::{Shape, Store},
    workload::Gap,
};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wish {
    pub(crate) seed: u64,
    pub(crate) shape: Shape,
    pub(crate) store: Store,
    pub(crate) ops: u64,
    pub(crate) faults: u64,
    pub(crate) people: usize,
    pub(crate) rooms: usize,
    pub(crate) hot_share: u32,
    pub(crate) workers: u32,
    pub(crate) readers: u32,
    pub(crate) seconds: u64,
}

impl Wish {
    /// The command that asks for the same.
    fn command(&self) -> String {
        format!(
            "make faults SEED={} SHAPE={} STORE={} OPS={} FAULTS={} TIME={} FAULTS_FLAGS='--people {} --rooms {} \
             --hot-share {} --workers {} --readers {}'",
            self.seed,
            self.shape,
            self.store,
            self.ops,
            self.faults,
            self.seconds,
            self.people,
            self.rooms,
            self.hot_share,
            self.workers,
            self.readers
        )
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "faults: seed {}, {} on {}, {} sends, {} faults",
            self.seed, self.shape, self.store, self.ops, self.faults
        )
    }
}

/// A segment's part of the whole.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) ops: u64,
    pub(crate) faults: u64,
    /// What share of the time it has.
    pub(crate) share: f64,
}

/// A fault that was inflicted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FaultSeen {
    pub(crate) kind: String,
    pub(crate) target: String,
    /// Calls that were under way at any time while it lasted, or until all was well again.
    pub(crate) calls_met: u64,
    /// Calls that were under way when it began.
    pub(crate) calls_in_flight: u64,
    pub(crate) lasted_millis: u64,
    /// From its end until all gateways served and all readers had everything. Nothing where that did not come.
    pub(crate) recovered_millis: Option<u64>,
    /// How long each process took to end after SIGTERM.
    pub(crate) ending_millis: Vec<u64>,
    /// What went down by itself and was started again.
    pub(crate) started_again: Vec<String>,
}

impl fmt::Display for FaultSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  {:28} {:44} met {:4} calls, lasted {:5} ms, well after ",
            self.kind, self.target, self.calls_in_flight, self.lasted_millis
        )?;
        match self.recovered_millis {
            Some(millis) => write!(f, "{millis} ms")?,
            None => write!(f, "NEVER")?,
        }
        if !self.started_again.is_empty() {
            write!(f, ", started again: {}", self.started_again.join(" "))?;
        }
        Ok(())
    }
}

/// A reader was behind in a room, and has all of it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RepairSeen {
    /// The kind of the fault after which it was. Nothing in calm.
    pub(crate) kind: Option<String>,
    pub(crate) gap: Gap,
    /// From when on something acknowledged was missing, until all of it was there.
    pub(crate) lasted_millis: u64,
    /// From the fault's end.
    pub(crate) after_millis: u64,
}

/// How long something took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) count: u64,
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} times, p50 {} ms, p99 {} ms, max {} ms", self.count, self.p50, self.p99, self.max)
    }
}

/// Sums up how long something took.
pub(crate) fn percentiles(mut millis: Vec<u64>) -> Percentiles {
    millis.sort_unstable();
    let at = |per_cent: usize| {
        let index = (millis.len() * per_cent).div_ceil(100).saturating_sub(1);
        millis.get(index).copied().unwrap_or_default()
    };
    Percentiles { count: millis.len() as u64, p50: at(50), p99: at(99), max: at(100) }
}

/// A span in whole milliseconds.
pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// What came of a segment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Segment {
    pub(crate) number: usize,
    pub(crate) seed: u64,
    pub(crate) history: PathBuf,
    pub(crate) ran_seconds: u64,
    pub(crate) sends: u64,
    pub(crate) commands: u64,
    pub(crate) calls: u64,
    pub(crate) unknown: u64,
    pub(crate) given_up: u64,
    pub(crate) repeats: u64,
    pub(crate) resets: u64,
    pub(crate) resumes: u64,
    pub(crate) items: u64,
    pub(crate) cuts: u64,
    pub(crate) index_conflicts: u64,
    pub(crate) bus_messages_lost: u64,
    pub(crate) rooms: u64,
    pub(crate) hot_room_events: u64,
    pub(crate) faults: Vec<FaultSeen>,
    pub(crate) recoveries: Percentiles,
    pub(crate) repairs: BTreeMap<String, Percentiles>,
    /// What the run lacked, or took too long for.
    pub(crate) problems: Vec<String>,
    pub(crate) violations: u64,
    /// What the checker says.
    pub(crate) verdict: serde_json::Value,
}

impl Segment {
    fn is_good(&self) -> bool {
        self.problems.is_empty() && self.violations == 0
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "segment {}: {} sends and {} other commands acknowledged in {} calls and {} s; {} unknown, {} given up",
            self.number, self.sends, self.commands, self.calls, self.ran_seconds, self.unknown, self.given_up
        )?;
        writeln!(
            f,
            "  {} repeats, {} index conflicts, {} resets, {} streams opened, {} cut, {} events delivered, {} lost by the bus",
            self.repeats,
            self.index_conflicts,
            self.resets,
            self.resumes,
            self.cuts,
            self.items,
            self.bus_messages_lost
        )?;
        writeln!(f, "  {} rooms, the hot one with {} events", self.rooms, self.hot_room_events)?;
        for (what, latencies) in &self.repairs {
            writeln!(f, "  repaired, {what}: {latencies}")?;
        }
        writeln!(f, "  well again after a fault: {}", self.recoveries)?;
        for problem in &self.problems {
            writeln!(f, "  PROBLEM {problem}")?;
        }
        if let Some(counts) = self.verdict.get("violation_counts").and_then(serde_json::Value::as_object) {
            for (kind, count) in counts {
                writeln!(f, "  VIOLATION {kind}: {count}")?;
            }
        }
        let violations = self.verdict.get("violations").and_then(serde_json::Value::as_array);
        for violation in violations.into_iter().flatten().take(20) {
            writeln!(f, "    {violation}")?;
        }
        write!(f, "  history: {}", self.history.display())
    }
}

/// What came of a run by now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) wish: Wish,
    pub(crate) segments: Vec<Segment>,
}

impl Report {
    /// Begins a run.
    pub(crate) const fn begin(wish: Wish) -> Self {
        Self { wish, segments: Vec::new() }
    }

    /// Reads what came of a run that was stopped.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Ok(serde_json::from_str(&text)?)
    }

    /// The same run, if it is what is asked for now, but for its seed, which is the first one's.
    ///
    /// # Errors
    ///
    /// Where it is another.
    pub(crate) fn resumed(mut self, wish: &Wish) -> anyhow::Result<Self> {
        if (self.wish.shape, self.wish.store) != (wish.shape, wish.store) {
            bail!("the run that was stopped is {} on {}", self.wish.shape, self.wish.store);
        }
        let seed = self.wish.seed;
        self.wish = Wish { seed, ..wish.clone() };
        Ok(self)
    }

    /// Writes the report.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let next = path.with_extension("next");
        std::fs::write(&next, serde_json::to_string_pretty(self)?)?;
        Ok(std::fs::rename(&next, path)?)
    }

    fn sends(&self) -> u64 {
        self.segments.iter().map(|segment| segment.sends).sum()
    }

    fn faults(&self) -> u64 {
        self.segments.iter().map(|segment| segment.faults.len() as u64).sum()
    }

    /// Whether everything that was asked for is done.
    pub(crate) fn is_complete(&self) -> bool {
        !self.segments.is_empty() && self.sends() >= self.wish.ops && self.faults() >= self.wish.faults
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_good(&self) -> bool {
        self.segments.iter().all(Segment::is_good)
    }

    /// What the next segment has to do, with so many sends at most.
    pub(crate) fn next_part(&self, most: u64) -> Part {
        let (sends, faults) =
            (self.wish.ops.saturating_sub(self.sends()), self.wish.faults.saturating_sub(self.faults()));
        let ops = sends.min(most);
        let share = if sends == 0 { 1.0 } else { ops as f64 / sends as f64 };
        let of_whole = if self.wish.ops == 0 { 1.0 } else { ops as f64 / self.wish.ops as f64 };
        Part { ops, faults: (faults as f64 * share).round() as u64, share: of_whole }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        for fault in self.segments.iter().flat_map(|segment| &segment.faults) {
            *kinds.entry(&fault.kind).or_default() += 1;
        }
        writeln!(f, "{}", self.wish)?;
        writeln!(f, "  {} sends acknowledged, {} faults of {} kinds:", self.sends(), self.faults(), kinds.len())?;
        for (kind, count) in kinds {
            writeln!(f, "    {count:4} {kind}")?;
        }
        let violations: u64 = self.segments.iter().map(|segment| segment.violations).sum();
        let problems: usize = self.segments.iter().map(|segment| segment.problems.len()).sum();
        write!(f, "  {violations} violations, {problems} problems")?;
        if !self.is_good() {
            write!(f, "\n  again: {}", self.wish.command())?;
        }
        Ok(())
    }
}
