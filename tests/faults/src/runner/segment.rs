//! One segment: a world of its own, its workload, its faults, and the verdict.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use loquat_faults::{
    checker,
    history::{Entry, HistoryFile, Mark, Place, Run, Tally},
};
use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng, seq::SliceRandom as _};
use serde::{Deserialize, Serialize};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::driver::{self, Driven, Driver, Quota};
use crate::{
    faults::{FaultKind, Tools},
    fleet::{Fleet, Shape},
    report::{Part, Segment, Wish, percentiles},
    workload::{
        Counts, Founding, Gauge, Journal, Kept, Observation, Places, Reader, Watchman, Worker, World, found,
        look_around, observe,
    },
};

/// How long commands that were begun may take to come to an end, after everything runs again.
const ENDING: Duration = Duration::from_secs(90);
/// How long readers may take to have everything.
const SETTLING: Duration = Duration::from_secs(60);
/// After how long without faults presence has to be right.
const PRESENCE: Duration = Duration::from_secs(16);
/// Readers are clients under numbers of their own.
const FIRST_READER: u32 = 50_000;
/// How many rooms a reader watches beside the hot one, at most.
const ROOMS_OF_READER: usize = 8;
/// How many people a reader watches.
const PEOPLE_OF_READER: usize = 5;
/// What a messages node logs when an index refused a batch.
const CONFLICT: &str = "an index refused a batch";

/// What a segment works on.
pub(super) struct Setting<'a> {
    pub(super) number: usize,
    pub(super) part: Part,
    pub(super) history: PathBuf,
    /// Where it is put away when it is stopped.
    pub(super) kept: PathBuf,
    pub(super) kinds: &'a [FaultKind],
    pub(super) fleet: &'a Fleet,
    pub(super) tools: &'a Tools,
    pub(super) stop: &'a CancellationToken,
}

/// What is known of a segment that was stopped.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Suspended {
    part: Part,
    ran: Duration,
    driven: Driven,
    conflicts: u64,
    lost: u64,
    world: Kept,
}

impl Suspended {
    /// Reads what was put away, if anything was.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub(super) fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(path)?;
        Ok(Some(serde_json::from_str(&text).with_context(|| path.display().to_string())?))
    }
}

/// Runs a segment, from its beginning or from where it was stopped. Returns nothing where it is stopped: it is put away then.
///
/// # Errors
///
/// Where the harness cannot do its work. Broken promises are no errors: they are in what is returned.
pub(super) async fn run(
    mut setting: Setting<'_>,
    wish: &Wish,
    suspended: Option<Suspended>,
) -> anyhow::Result<Option<Segment>> {
    let begun = Instant::now();
    let seed = wish.seed.wrapping_add((setting.number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let (gateways, nodes) = (setting.fleet.gateways(), setting.fleet.messages_nodes());
    let (world, places, mut driven, before) = match suspended {
        None => {
            let journal = Journal::begin(&setting.history, header(wish, seed, setting.number))?;
            let founding = Founding { seed, people: wish.people, rooms: wish.rooms, hot_share: wish.hot_share };
            let world = found(founding, journal, &gateways, nodes).await.context("making people and rooms")?;
            (world, Places::default(), Driven::default(), Before::default())
        }
        Some(Suspended { part, ran, driven, conflicts, lost, world }) => {
            setting.part = part;
            let (world, places) = world.take_up(&setting.history, &gateways, nodes).await.context("going on")?;
            (world, places, driven, Before { ran, conflicts, lost })
        }
    };
    let world = Arc::new(world);
    let conflicts = setting.fleet.count_in_logs(CONFLICT).await;

    let mut crowd = Crowd::gather(&world, wish, seed, places);
    let part_seed = seed ^ u64::from(world.part).wrapping_mul(0x517C_C1B7_2722_0A95);
    let random = SmallRng::seed_from_u64(part_seed ^ 0x000F_A017);
    let (fleet, tools, stop) = (setting.fleet, setting.tools, setting.stop);
    let plan = driver::plan(setting.kinds, setting.part.faults, &mut SmallRng::seed_from_u64(seed ^ 0x0091_A44E));
    let plan: Vec<FaultKind> = plan.into_iter().skip(driven.faults.len()).collect();
    let mut driver = Driver { world: &world, watchman: &crowd.watchman, fleet, tools, stop, random };
    let within = Duration::from_secs(wish.seconds).mul_f64(setting.part.share).saturating_sub(before.ran);
    let quota = Quota { ops: setting.part.ops, faults: plan.len() as u64, within };
    driver.drive(plan, quota, &mut driven).await?;
    if stop.is_cancelled() && !driver::is_done(&world, &driven, setting.part) {
        let places = crowd.go_home(&world, &mut driven).await?;
        world.journal.flush()?;
        let conflicts = before.conflicts + fleet.count_in_logs(CONFLICT).await.saturating_sub(conflicts);
        let lost = before.lost + fleet.links.lost_messages();
        let (sends, faults) = (Counts::of(&world.counts.sends), driven.faults.len());
        println!("segment {} put away after {sends} sends and {faults} faults", setting.number);
        let world = Arc::into_inner(world).context("somebody is still at something")?;
        let ran = before.ran + begun.elapsed();
        let kept = Kept::of(world, places);
        let suspended = Suspended { part: setting.part, ran, driven, conflicts, lost, world: kept };
        std::fs::write(&setting.kept, serde_json::to_string(&suspended)?)?;
        return Ok(None);
    }
    world.journal.note(Entry::Mark(Mark::FaultsStopped));
    let observation = crowd.settle(&world, &mut driven).await?;
    let conflicts = before.conflicts + setting.fleet.count_in_logs(CONFLICT).await.saturating_sub(conflicts);
    world.journal.note(Entry::Tally(Tally { name: "index_conflicts".to_owned(), count: conflicts }));
    world.journal.note(Entry::Mark(Mark::Settled));
    if let Some(observation) = observation {
        observation.end(&world);
    }
    crowd.dismiss(&world).await;
    world.journal.flush()?;

    let ran = before.ran + begun.elapsed();
    let history = HistoryFile::at(&setting.history);
    let verdict = tokio::task::spawn_blocking(move || checker::check(&history)).await??;
    let planned = driver::planned(setting.kinds, setting.part.faults);
    let lost = before.lost + fleet.links.lost_messages();
    Ok(Some(conclude(Conclusion {
        setting,
        wish,
        seed,
        world: &world,
        driven,
        planned,
        conflicts,
        lost,
        ran,
        verdict,
    })))
}

/// What earlier processes did of a segment.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    ran: Duration,
    conflicts: u64,
    lost: u64,
}

fn header(wish: &Wish, seed: u64, number: usize) -> Run {
    let settings = [
        ("segment", number.to_string()),
        ("people", wish.people.to_string()),
        ("rooms", wish.rooms.to_string()),
        ("workers", wish.workers.to_string()),
        ("readers", wish.readers.to_string()),
    ];
    Run {
        format: Run::FORMAT,
        seed,
        shape: wish.shape.to_string(),
        store: wish.store.to_string(),
        settings: settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

/// Everybody who does something.
struct Crowd {
    workers: JoinSet<()>,
    readers: JoinSet<(u32, Vec<(usize, Place)>)>,
    watchman: Arc<Watchman>,
    watch_ends: CancellationToken,
    watch: tokio::task::JoinHandle<()>,
}

impl Crowd {
    fn gather(world: &Arc<World>, wish: &Wish, seed: u64, mut places: Places) -> Self {
        let mut random = SmallRng::seed_from_u64(seed ^ 0x00C0_FFEE);
        let (mut workers, mut readers, mut gauges) = (JoinSet::new(), JoinSet::new(), Vec::new());
        // The same people read the same rooms in every part of a run; what they do there is drawn anew.
        let seed = seed ^ u64::from(world.part).wrapping_mul(0x517C_C1B7_2722_0A95);
        for number in 0..wish.readers {
            let (mut reader, gauge) = reader(world, number, seed, &mut random);
            reader.set_places(places.remove(&(FIRST_READER + number)).unwrap_or_default());
            readers.spawn(reader.run());
            gauges.push(gauge);
        }
        for client in 0..wish.workers {
            let account = Arc::clone(&world.people[client as usize % world.people.len()]);
            workers.spawn(Worker::new(Arc::clone(world), account, client, seed).run());
        }
        let (watchman, watch_ends) = (Arc::new(Watchman::default()), CancellationToken::new());
        let watch = {
            let (watchman, end, rooms) = (Arc::clone(&watchman), watch_ends.clone(), world.rooms.clone());
            tokio::spawn(async move { watchman.watch(&gauges, &rooms, end).await })
        };
        Self { workers, readers, watchman, watch_ends, watch }
    }

    /// Brings everything that was begun to its end.
    async fn end_work(&mut self, world: &World, driven: &mut Driven) -> anyhow::Result<()> {
        world.pace.release();
        world.switches.is_over.cancel();
        let ended = timeout(ENDING, async {
            while let Some(worker) = self.workers.join_next().await {
                worker.context("a worker")?;
            }
            anyhow::Ok(())
        });
        match ended.await {
            Ok(ended) => ended?,
            Err(_) => driven.problems.push(format!("{} commands did not end in {ENDING:?}", self.workers.len())),
        }
        self.workers.shutdown().await;
        Ok(())
    }

    /// Brings everything that was begun to its end, and lets everybody go. Returns where the readers were.
    async fn go_home(mut self, world: &World, driven: &mut Driven) -> anyhow::Result<Places> {
        self.end_work(world, driven).await?;
        Ok(self.dismiss(world).await)
    }

    /// Brings everything that was begun to its end, waits until everybody has everything, and reads all of it afresh.
    async fn settle(&mut self, world: &Arc<World>, driven: &mut Driven) -> anyhow::Result<Option<Observation>> {
        self.end_work(world, driven).await?;
        // What cannot be read now is wrong, and what was heard by then is judged all the same.
        let observation = observe(world).await.context("reading everything afresh");
        let observation = observation.map_err(|error| driven.problems.push(format!("{error:#}"))).ok();
        let heads = observation.iter().flat_map(|observation| &observation.heads);
        for (room, head) in world.rooms.iter().zip(heads) {
            room.note_head(*head);
        }
        let settled = timeout(SETTLING, async {
            sleep(Duration::from_millis(500)).await;
            while !self.watchman.is_all_complete() {
                sleep(Duration::from_millis(50)).await;
            }
        });
        if settled.await.is_err() {
            driven.problems.push(format!("{SETTLING:?} after the end: {}", self.watchman.missing()));
        }
        // Nobody comes or goes from here on: presence has to be right in time.
        sleep(PRESENCE).await;
        if let Err(error) = look_around(world).await {
            driven.problems.push(format!("{error:#}"));
        }
        Ok(observation)
    }

    async fn dismiss(&mut self, world: &World) -> Places {
        world.switches.readers_end.cancel();
        self.watch_ends.cancel();
        let mut places = Places::default();
        while let Some(reader) = self.readers.join_next().await {
            places.extend(reader);
        }
        drop((&mut self.watch).await);
        places
    }
}

/// Draws a reader: who, which rooms, and whom it watches.
fn reader(world: &Arc<World>, number: u32, seed: u64, random: &mut SmallRng) -> (Reader, Arc<Gauge>) {
    let account = Arc::clone(&world.people[random.random_range(0..world.people.len())]);
    let me = account.index;
    let mut own: Vec<usize> = (1..world.rooms.len())
        .filter(|index| world.rooms[*index].regulars.contains(&me) || world.rooms[*index].guests.contains(&me))
        .collect();
    own.shuffle(random);
    own.truncate(ROOMS_OF_READER);
    // Every third reader watches the hot room: its events are many.
    if number.is_multiple_of(3) && world.rooms[0].regulars.contains(&me) {
        own.push(0);
    }
    let mut people = world.people.clone();
    people.shuffle(random);
    people.truncate(PEOPLE_OF_READER);
    let client = FIRST_READER + number;
    let gauge = Gauge::new(client, own.clone());
    let rooms = own.iter().map(|index| Arc::clone(&world.rooms[*index])).collect();
    (Reader::new(Arc::clone(world), account, client, seed, rooms, people, Arc::clone(&gauge)), gauge)
}

struct Conclusion<'a> {
    setting: Setting<'a>,
    wish: &'a Wish,
    seed: u64,
    world: &'a World,
    driven: Driven,
    planned: BTreeMap<String, u64>,
    conflicts: u64,
    lost: u64,
    ran: Duration,
    verdict: checker::Verdict,
}

fn conclude(conclusion: Conclusion<'_>) -> Segment {
    let Conclusion { setting, wish, seed, world, driven, planned, conflicts, lost, ran, verdict } = conclusion;
    let counts = &world.counts;
    let mut problems = driven.problems;
    let inflicted = |kind: &str| driven.faults.iter().filter(|fault| fault.kind == kind).count() as u64;
    for (kind, count) in &planned {
        if inflicted(kind) < *count {
            problems.push(format!("{kind} was planned {count} times and done {} times", inflicted(kind)));
        }
    }
    for fault in driven.faults.iter().filter(|fault| fault.calls_in_flight < 50) {
        problems.push(format!("{} met {} calls in flight", fault.kind, fault.calls_in_flight));
    }
    let mut expected = vec![("repeats", Counts::of(&counts.repeats)), ("resets", Counts::of(&counts.resets))];
    if !driven.faults.is_empty() {
        expected.push(("repairs", driven.repairs.len() as u64));
    }
    if wish.shape == Shape::Distributed && inflicted("double-ownership") > 0 {
        expected.push(("index conflicts", conflicts));
    }
    for (what, _) in expected.iter().filter(|(_, count)| *count == 0) {
        problems.push(format!("no {what} were seen"));
    }
    let mut repairs = BTreeMap::new();
    let mut by_kind: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for repair in &driven.repairs {
        let gap = format!("{:?}", repair.gap).to_lowercase();
        by_kind.entry(gap).or_default().push(repair.lasted_millis);
        by_kind.entry("after the fault".to_owned()).or_default().push(repair.after_millis);
        if let Some(kind) = &repair.kind {
            by_kind.entry(format!("of {kind}")).or_default().push(repair.lasted_millis);
        }
    }
    for (name, latencies) in by_kind {
        repairs.insert(name, percentiles(latencies));
    }
    Segment {
        number: setting.number,
        seed,
        history: setting.history,
        ran_seconds: ran.as_secs(),
        sends: Counts::of(&counts.sends),
        commands: Counts::of(&counts.commands),
        calls: Counts::of(&counts.calls),
        unknown: Counts::of(&counts.unknown),
        given_up: Counts::of(&counts.given_up),
        repeats: Counts::of(&counts.repeats),
        resets: Counts::of(&counts.resets),
        resumes: Counts::of(&counts.resumes),
        items: Counts::of(&counts.items),
        cuts: Counts::of(&counts.cuts),
        index_conflicts: conflicts,
        bus_messages_lost: lost,
        rooms: world.rooms.len() as u64,
        hot_room_events: world.rooms[0].head(),
        recoveries: percentiles(driven.faults.iter().filter_map(|fault| fault.recovered_millis).collect()),
        faults: driven.faults,
        repairs,
        problems,
        violations: verdict.violation_counts.values().sum(),
        verdict: serde_json::to_value(&verdict).unwrap_or_default(),
    }
}
