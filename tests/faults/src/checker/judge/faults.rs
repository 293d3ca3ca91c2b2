//! Faults: how many calls each met.

use super::{super::interning::Map, Scene};
use crate::history::{FaultBegin, FaultId};

/// How long after a fault something may still come of it: a reader that did not get through, half-open connections.
const AFTERMATH_MICROS: u64 = 60_000_000;
/// How many calls each fault should meet.
const WANTED_CALLS: u64 = 50;

/// The faults that go on, and the calls in flight.
#[derive(Debug, Default)]
pub(super) struct Faults {
    in_flight: u64,
    invoked: u64,
    open: Map<FaultId, (String, u64)>,
    last_end: Option<u64>,
}

impl Faults {
    pub(super) fn call(&mut self) {
        self.in_flight += 1;
        self.invoked += 1;
    }

    pub(super) fn answer(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    pub(super) fn begin(&mut self, fault: &FaultBegin) {
        // What is in flight now meets the fault, and what is invoked until its end.
        self.open.insert(fault.fault, (fault.kind.clone(), self.invoked - self.in_flight));
    }

    pub(super) fn end(&mut self, scene: &mut Scene, fault: FaultId) {
        if let Some((kind, before)) = self.open.remove(&fault) {
            self.last_end = Some(scene.at);
            let met = self.invoked - before;
            let count = scene.counts.faults.entry(kind).or_default();
            count.fewest_calls = if count.count == 0 { met } else { count.fewest_calls.min(met) };
            count.count += 1;
            count.below_fifty += u64::from(met < WANTED_CALLS);
        }
    }

    pub(super) fn settled(&mut self, scene: &mut Scene) {
        let mut open: Vec<_> = self.open.keys().copied().collect();
        open.sort_unstable();
        for fault in open {
            self.end(scene, fault);
        }
    }

    /// Tells whether a fault goes on, or was over not long ago.
    pub(super) fn are_near(&self, at: u64) -> bool {
        !self.open.is_empty() || self.last_end.is_some_and(|end| at < end + AFTERMATH_MICROS)
    }
}
