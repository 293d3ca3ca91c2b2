//! What a history holds, in numbers.

use std::collections::BTreeMap;

use serde::Serialize;

/// What was seen.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    /// Records up to `settled`.
    pub records: u64,
    /// How long that took, in seconds.
    pub seconds: u64,
    /// Calls invoked, by kind.
    pub invoked: BTreeMap<&'static str, u64>,
    /// Calls answered, by kind.
    pub answered: BTreeMap<&'static str, u64>,
    /// Calls refused, by reason or code.
    pub refused: BTreeMap<String, u64>,
    /// Calls of which nobody knows what they came to, by code.
    pub unknown: BTreeMap<String, u64>,
    /// Sends that were acknowledged as new.
    pub acknowledged_sends: u64,
    /// Sends of unknown outcome that stand in the last log all the same.
    pub unknown_but_done: u64,
    /// Answers that said of themselves that they are repeats.
    pub repeats: u64,
    /// Such answers to what was asked once: the house repeated within itself.
    pub repeats_within: u64,
    /// Refusals of a `request_id` that stood for something else.
    pub reuses_refused: u64,
    /// Events in the last logs.
    pub events: u64,
    /// The longest of the last logs.
    pub longest_log: u64,
    /// Lives of the logs, the first included.
    pub lives: u64,
    /// Streams opened, answers of Sync included.
    pub streams: u64,
    /// Streams ended, by reason.
    pub ended: BTreeMap<&'static str, u64>,
    /// Events said by streams.
    pub delivered: u64,
    /// Numbers hidden by streams.
    pub hidden: u64,
    /// Rooms that a stream went on with from a cursor.
    pub resumes: u64,
    /// Of these, the ones that were given what was acknowledged while they were away.
    pub repairs: u64,
    /// Events given by them.
    pub repaired_events: u64,
    /// Events that an open stream said later than a second after they were acknowledged: holes that were found and filled.
    pub late_deliveries: u64,
    /// RESETs, by reason.
    pub resets: BTreeMap<&'static str, u64>,
    /// Rooms closed to a stream, by reason.
    pub closed: BTreeMap<&'static str, u64>,
    /// Messages that were read and compared with the log.
    pub rows_judged: u64,
    /// Messages that were read of which the log is not known, since a restore undid it.
    pub rows_not_judged: u64,
    /// Words about presence that were compared with the truth.
    pub presence_judged: u64,
    /// From acknowledgement to an open stream's saying it.
    pub live_latency: Latencies,
    /// From a stream's break to its successor's having said all that had been acknowledged when it was opened.
    pub repair_latency: Latencies,
    /// The faults, by kind.
    pub faults: BTreeMap<String, FaultCount>,
    /// What was counted outside, by name.
    pub tallies: BTreeMap<String, u64>,
}

/// Faults of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FaultCount {
    /// How many.
    pub count: u64,
    /// How many calls were in flight at any time during the one that met the fewest.
    pub fewest_calls: u64,
    /// How many met fewer than 50.
    pub below_fifty: u64,
}

/// How long something took: counted in buckets of an eighth of a power of two, so that a percentile is right to 13 %.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latencies {
    buckets: BTreeMap<u32, u64>,
    count: u64,
    longest: u64,
}

impl Latencies {
    /// Adds one, in microseconds.
    pub fn add(&mut self, micros: u64) {
        *self.buckets.entry(bucket(micros)).or_default() += 1;
        self.count += 1;
        self.longest = self.longest.max(micros);
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the longest, in microseconds.
    #[must_use]
    pub const fn longest(&self) -> u64 {
        self.longest
    }

    /// Returns what a share of them, in thousandths, did not exceed, in microseconds. 0 where there are none.
    #[must_use]
    pub fn percentile(&self, per_mille: u64) -> u64 {
        let wanted = (self.count * per_mille).div_ceil(1000);
        let mut seen = 0;
        for (bucket, count) in &self.buckets {
            seen += count;
            if seen >= wanted {
                return upper(*bucket).min(self.longest);
            }
        }
        self.longest
    }
}

impl Serialize for Latencies {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Summary {
            count: u64,
            p50_micros: u64,
            p99_micros: u64,
            longest_micros: u64,
        }
        let (p50_micros, p99_micros) = (self.percentile(500), self.percentile(990));
        Summary { count: self.count, p50_micros, p99_micros, longest_micros: self.longest }.serialize(serializer)
    }
}

fn bucket(micros: u64) -> u32 {
    let micros = micros.max(8);
    let power = micros.ilog2();
    power * 8 + ((micros >> (power - 3)) & 7) as u32
}

const fn upper(bucket: u32) -> u64 {
    let (power, eighth) = (bucket / 8, (bucket % 8) as u64);
    ((8 + eighth + 1) << (power - 3)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_right_to_an_eighth() {
        let mut latencies = Latencies::default();
        (1..=1000).for_each(|millis| latencies.add(millis * 1000));
        for per_mille in [1, 10, 500, 990, 1000] {
            let (exact, found) = (per_mille * 1000, latencies.percentile(per_mille));
            assert!((exact..=exact + exact / 8 + 1).contains(&found), "{per_mille}: {found}");
        }
        assert_eq!((latencies.count(), latencies.longest()), (1000, 1_000_000));
        assert_eq!(Latencies::default().percentile(990), 0);
    }
}
