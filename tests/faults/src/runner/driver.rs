//! Faults, one after the other, each while enough is under way, and each until all is well again.

use std::{collections::BTreeMap, time::Duration};

use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng, seq::SliceRandom as _};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    faults::{FaultKind, Inflicted, Tools, inflict},
    fleet::Fleet,
    report::{FaultSeen, Part, RepairSeen, millis},
    workload::{Counts, Gap, Watchman, World},
};

/// How many calls a fault has to meet.
const CALLS_IN_FLIGHT: u64 = 64;
/// How long it may take until so many are under way.
const GATHERING: Duration = Duration::from_secs(5);
/// How long it may take after a fault until all calls succeed and all readers have everything.
const RECOVERY: Duration = Duration::from_secs(60);
/// What a fault takes with its recovery, until that has been measured.
const FIRST_ESTIMATE: Duration = Duration::from_secs(6);
/// How many calls of a hundred are sends.
const SENDS: u64 = 79;

/// What is to be done in a segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quota {
    /// How many sends are to be acknowledged.
    pub(super) ops: u64,
    /// How many faults are left.
    pub(super) faults: u64,
    /// How long it should take at least: sends are spread over it.
    pub(super) within: Duration,
}

/// What came of the faults.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Driven {
    pub(super) faults: Vec<FaultSeen>,
    pub(super) problems: Vec<String>,
    pub(super) repairs: Vec<RepairSeen>,
}

/// Inflicts faults on a fleet under load.
pub(super) struct Driver<'a> {
    pub(super) world: &'a World,
    pub(super) watchman: &'a Watchman,
    pub(super) fleet: &'a Fleet,
    pub(super) tools: &'a Tools,
    pub(super) stop: &'a CancellationToken,
    pub(super) random: SmallRng,
}

impl Driver<'_> {
    /// Inflicts faults, and returns when the sends are done too, or when it is told to stop.
    pub(super) async fn drive(
        &mut self,
        plan: Vec<FaultKind>,
        quota: Quota,
        driven: &mut Driven,
    ) -> anyhow::Result<()> {
        let begun = Instant::now();
        for (number, kind) in (0_u64..).zip(plan) {
            if self.stop.is_cancelled() {
                break;
            }
            self.hold_pace(quota, begun, number);
            // Some calm before the storm, so that not all faults meet a system that is still busy with the last.
            let calm = Duration::from_millis(self.random.random_range(300..1_200));
            sleep(calm).await;
            self.inflict(kind, quota, begun, number, driven).await?;
            self.world.journal.flush()?;
        }
        self.finish(quota, begun, driven).await
    }

    /// Spreads what is left of the sends over the time that is left.
    fn hold_pace(&self, quota: Quota, begun: Instant, done: u64) {
        let sends = Counts::of(&self.world.counts.sends);
        let left = quota.ops.saturating_sub(sends).max(1);
        let per_fault = match u32::try_from(done) {
            Ok(done) if done > 0 => begun.elapsed() / done,
            _ => FIRST_ESTIMATE,
        };
        let faults = u32::try_from(quota.faults - done).unwrap_or(1);
        let time = (per_fault * faults).max(quota.within.saturating_sub(begun.elapsed()));
        let calls = left as f64 * 100.0 / SENDS as f64;
        self.world.pace.hold_to((calls / time.as_secs_f64()).max(60.0));
    }

    async fn inflict(
        &mut self,
        kind: FaultKind,
        quota: Quota,
        since: Instant,
        number: u64,
        driven: &mut Driven,
    ) -> anyhow::Result<()> {
        let world = self.world;
        world.pace.release();
        let gathered = timeout(GATHERING, self.until(|world| in_flight(world) >= CALLS_IN_FLIGHT)).await;
        let met = in_flight(world);
        if gathered.is_err() {
            driven.problems.push(format!("{} met only {met} calls in flight", kind.name()));
        }
        if !kind.wants_a_rush() {
            self.hold_pace(quota, since, number);
        }
        let calls = Counts::of(&world.counts.calls);
        self.collect_repairs(None, Instant::now(), driven);
        let begun = Instant::now();
        let mut fault = None;
        let inflicted = {
            let begin = &mut |target: &str| {
                fault.get_or_insert_with(|| world.journal.begin_fault(kind.name(), target.to_owned()));
            };
            inflict(kind, self.fleet, self.tools, world, &mut self.random, begin).await
        };
        if let Some(fault) = fault {
            world.journal.end_fault(fault);
        }
        let ended = Instant::now();
        self.hold_pace(quota, since, number);
        let inflicted = match inflicted {
            Ok(inflicted) => inflicted,
            Err(error) => {
                // The run goes on, if all of it comes up after all, to be judged.
                driven.problems.push(format!("{error:#}"));
                let started_again = self.fleet.start_missing().await?;
                Inflicted { started_again, ..Inflicted::default() }
            }
        };
        let is_well = self.recover(driven, kind).await;
        self.collect_repairs(Some(kind.name()), ended, driven);
        let seen = FaultSeen {
            kind: kind.name(),
            target: inflicted.target,
            calls_met: met + (Counts::of(&world.counts.calls) - calls),
            calls_in_flight: met,
            lasted_millis: millis(ended - begun),
            recovered_millis: is_well.map(|at| millis(at - ended)),
            ending_millis: inflicted.endings.into_iter().map(millis).collect(),
            started_again: inflicted.started_again,
        };
        println!("{seen}");
        driven.faults.push(seen);
        Ok(())
    }

    /// Waits until every gateway serves and every reader has everything.
    async fn recover(&self, driven: &mut Driven, kind: FaultKind) -> Option<Instant> {
        let since = self.world.journal.now();
        let is_well = |world: &World| world.edges.iter().all(|edge| edge.has_succeeded_since(since));
        let recovered = timeout(RECOVERY, async {
            self.until(is_well).await;
            // What is missing now has been missing for a while: look twice.
            let mut complete = 0;
            while complete < 3 {
                complete = if self.watchman.is_all_complete() { complete + 1 } else { 0 };
                sleep(Duration::from_millis(60)).await;
            }
        });
        if recovered.await.is_ok() {
            return Some(Instant::now());
        }
        let silent: Vec<_> =
            self.world.edges.iter().filter(|edge| !edge.has_succeeded_since(since)).map(|edge| edge.via).collect();
        driven.problems.push(format!(
            "{RECOVERY:?} after {}: no call succeeded through gateways {silent:?}; {}",
            kind.name(),
            self.watchman.missing()
        ));
        None
    }

    /// Waits until the sends are done.
    async fn finish(&self, quota: Quota, begun: Instant, driven: &mut Driven) -> anyhow::Result<()> {
        let left = |world: &World| quota.ops.saturating_sub(Counts::of(&world.counts.sends));
        if quota.within > begun.elapsed() && left(self.world) > 0 {
            let calls = left(self.world) as f64 * 100.0 / SENDS as f64;
            self.world.pace.hold_to(calls / (quota.within - begun.elapsed()).as_secs_f64());
        } else {
            self.world.pace.release();
        }
        let mut before = (Instant::now(), left(self.world));
        while left(self.world) > 0 && !self.stop.is_cancelled() {
            sleep(Duration::from_millis(100)).await;
            let now = left(self.world);
            if now < before.1 {
                before = (Instant::now(), now);
            } else if before.0.elapsed() > RECOVERY {
                driven.problems.push(format!("nothing was acknowledged in {RECOVERY:?} without a fault"));
                break;
            }
            self.world.journal.flush()?;
        }
        self.collect_repairs(None, Instant::now(), driven);
        Ok(())
    }

    /// Takes what readers got back. Of each it is noted how long it took after the fault was over.
    fn collect_repairs(&self, kind: Option<String>, healed: Instant, driven: &mut Driven) {
        for repair in self.watchman.take_repairs() {
            if repair.gap != Gap::Return || kind.is_some() {
                let after = repair.to.saturating_duration_since(repair.from.max(healed));
                driven.repairs.push(RepairSeen {
                    kind: kind.clone(),
                    gap: repair.gap,
                    lasted_millis: millis(repair.to - repair.from),
                    after_millis: millis(after),
                });
            }
        }
    }

    async fn until(&self, is_so: impl Fn(&World) -> bool) {
        while !is_so(self.world) {
            sleep(Duration::from_millis(5)).await;
        }
    }
}

fn in_flight(world: &World) -> u64 {
    Counts::of(&world.counts.in_flight)
}

/// Whether as much is done as was asked for.
pub(super) fn is_done(world: &World, driven: &Driven, part: Part) -> bool {
    Counts::of(&world.counts.sends) >= part.ops && driven.faults.len() as u64 >= part.faults
}

/// Which faults, in which order: each kind as often as any other, and the first kinds once more where it does not come out
/// even.
pub(super) fn plan(kinds: &[FaultKind], count: u64, random: &mut SmallRng) -> Vec<FaultKind> {
    let mut plan: Vec<FaultKind> = kinds.iter().copied().cycle().take(usize::try_from(count).unwrap_or(0)).collect();
    plan.shuffle(random);
    plan
}

/// How often each kind is planned.
pub(super) fn planned(kinds: &[FaultKind], count: u64) -> BTreeMap<String, u64> {
    let mut planned = BTreeMap::new();
    for kind in plan(kinds, count, &mut SmallRng::seed_from_u64(0)) {
        *planned.entry(kind.name()).or_default() += 1;
    }
    planned
}
