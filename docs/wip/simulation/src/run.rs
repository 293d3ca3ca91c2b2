//! A run: the hosts, the faults, the end, and the judgement.

use std::{
    collections::BTreeMap,
    panic,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::anyhow;
use loquat_faults::{
    checker,
    history::{Entry, FaultId, Mark, Run, Tally},
};
use loquat_messages::simulation::SimulatedStore;
use rand::RngExt as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use turmoil::{Builder, Sim};

use crate::{
    bus::Server,
    determinism::dice,
    faults::{self, Levers, Planned},
    house::{self, GATEWAYS, Host, MESSAGES, ROOMS},
    reader::{self, Gauge},
    worker,
    world::{Phase, World},
};

/// The hosts of clients.
pub(crate) const CLIENTS: [&str; 2] = ["clients-1", "clients-2"];

const TICK: Duration = Duration::from_millis(5);
const FAULTS_BEGIN: Duration = Duration::from_secs(2);
const FAULTS_END: Duration = Duration::from_secs(12);
const WORK_ENDS: Duration = Duration::from_secs(13);
/// When everything must have been heard. Keepalives find a dead connection within 10 s, and workers give up within 15 s.
const PATIENCE: Duration = Duration::from_secs(75);
const READERS: u32 = 5;

/// What came of a run.
pub(crate) struct Outcome {
    pub(crate) report: Report,
    pub(crate) history: Vec<u8>,
}

/// A run in one line.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    seed: u64,
    /// SHA-256 of the history.
    hash: String,
    /// What went wrong. Nothing where all promises were kept.
    pub(crate) violations: Vec<String>,
    /// What was seen, so that a run that shows nothing is noticed.
    counts: BTreeMap<String, u64>,
}

/// Runs a seed.
pub(crate) fn run(seed: u64) -> anyhow::Result<Outcome> {
    fastrand::seed(seed);
    let panics = watch_panics();
    let mut stage = Stage::set(seed);
    stage.world.journal.note(Entry::Run(header(seed)));
    stage.world.declare();
    stage.play()?;
    let panics = panics.lock().unwrap_or_else(PoisonError::into_inner).clone();
    stage.judge(panics)
}

fn header(seed: u64) -> Run {
    let (shape, store) = ("simulated".to_owned(), "memory".to_owned());
    Run { format: Run::FORMAT, seed, shape, store, settings: BTreeMap::new() }
}

/// A panic in a task is answered as an error by whoever awaits it, or not noticed at all.
fn watch_panics() -> Arc<Mutex<Vec<String>>> {
    let panics = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&panics);
    panic::set_hook(Box::new(move |panic| {
        eprintln!("{panic}");
        noted.lock().unwrap_or_else(PoisonError::into_inner).push(panic.to_string());
    }));
    panics
}

struct Stage {
    sim: Sim<'static>,
    world: Arc<World>,
    levers: Levers,
    plan: Vec<Planned>,
    inflicted: Vec<(FaultId, Planned)>,
    readers: Arc<Mutex<Vec<Arc<Gauge>>>>,
    is_settled: bool,
}

impl Stage {
    fn set(seed: u64) -> Self {
        let world = World::new(seed);
        let mut dice_of_plan = dice(seed, "faults");
        let mut sim = Builder::new()
            .rng_seed(seed)
            .tick_duration(TICK)
            .simulation_duration(PATIENCE + Duration::from_secs(60))
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(15))
            .repair_rate(0.2)
            .tcp_capacity(4_096)
            .build();
        let store = SimulatedStore::new(dice_of_plan.random());
        let bus = Server::new(dice(seed, "bus"));
        let (mut connections, mut links) = (Vec::new(), Vec::new());
        let mut host = |name| {
            let link = bus.connect();
            links.push((name, Arc::clone(&link)));
            Host::new(name, seed, Duration::from_millis(dice_of_plan.random_range(0..2_000)), link)
        };
        let rooms_world = Arc::clone(&world);
        sim.host(ROOMS, move || house::rooms(Arc::clone(&rooms_world)));
        for name in MESSAGES {
            let (host, connection) = (host(name), store.connect());
            connections.push((name, connection.clone()));
            sim.host(name, move || house::messages(host.clone(), connection.clone()));
        }
        for name in GATEWAYS {
            let host = host(name);
            sim.host(name, move || house::gateway(host.clone()));
        }
        let readers = Arc::<Mutex<Vec<Arc<Gauge>>>>::default();
        for (number, name) in (0..).zip(CLIENTS) {
            let (world, readers) = (Arc::clone(&world), Arc::clone(&readers));
            sim.host(name, move || clients(Arc::clone(&world), number, Arc::clone(&readers)));
        }
        let plan = faults::plan(&mut dice_of_plan, FAULTS_BEGIN, FAULTS_END);
        let levers = Levers { store, connections, bus, links };
        Self { sim, world, levers, plan, inflicted: Vec::new(), readers, is_settled: false }
    }

    fn play(&mut self) -> anyhow::Result<()> {
        while !self.world.desk.is_idle() {
            self.step()?;
        }
        self.levers.begin();
        self.world.phase.send_replace(Phase::Working);
        let begun = self.sim.elapsed();
        let mut are_over = false;
        loop {
            self.step()?;
            let now = self.sim.elapsed() - begun;
            self.move_faults(now);
            if !are_over && now >= FAULTS_END {
                are_over = true;
                self.levers.stop();
                self.world.journal.note(Entry::Mark(Mark::FaultsStopped));
            }
            if now >= WORK_ENDS {
                self.world.phase.send_replace(Phase::Settling.max(*self.world.phase.borrow()));
            }
            self.is_settled = are_over && self.has_settled();
            if self.is_settled || now >= PATIENCE {
                break;
            }
        }
        if self.is_settled {
            self.world.journal.note(Entry::Mark(Mark::Settled));
        }
        self.world.phase.send_replace(Phase::Over);
        Ok(())
    }

    fn step(&mut self) -> anyhow::Result<()> {
        self.sim.step().map(drop).map_err(|error| anyhow!("a host ended: {error}"))
    }

    fn move_faults(&mut self, now: Duration) {
        let (ended, going_on) = self.inflicted.drain(..).partition(|(_, fault)| fault.end <= now);
        self.inflicted = going_on;
        let ended: Vec<(FaultId, Planned)> = ended;
        for (id, fault) in ended {
            self.levers.undo(&fault, &mut self.sim);
            self.world.journal.end_fault(id);
        }
        let (begun, later) = self.plan.drain(..).partition(|fault| fault.begin <= now);
        self.plan = later;
        let begun: Vec<Planned> = begun;
        for fault in begun {
            let id = self.world.journal.begin_fault(fault.kind.name(), fault.target());
            self.levers.inflict(&fault, &mut self.sim);
            self.inflicted.push((id, fault));
        }
    }

    fn has_settled(&self) -> bool {
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        // The readers of whole logs begin when nobody works any more.
        self.world.is_idle()
            && self.world.desk.is_idle()
            && readers.len() == READERS as usize + self.world.rooms.len()
            && readers.iter().all(|reader| reader.has_all(|room| self.levers.store.head(room.id)))
    }

    fn judge(self, panics: Vec<String>) -> anyhow::Result<Outcome> {
        let counts = self.levers.store.counts();
        let tallies =
            [("index_conflicts", counts.conflicts), ("store_faults", counts.wrong_writes + counts.wrong_reads)];
        for (name, count) in tallies {
            self.world.journal.note(Entry::Tally(Tally { name: name.to_owned(), count }));
        }
        let history = self.world.journal.text()?;
        let verdict = checker::check(&self.world.journal.records())?;
        let mut violations: Vec<String> = panics.into_iter().map(|panic| format!("panic: {panic}")).collect();
        if !self.is_settled {
            violations.push("not everything was heard in time".to_owned());
        }
        violations.extend(verdict.violations.iter().map(|violation| {
            format!(
                "{:?} in room {:?}: {} (lines {:?})",
                violation.kind, violation.room, violation.what, violation.lines
            )
        }));
        let seen = verdict.counts;
        let mut counts = BTreeMap::from([
            ("milliseconds".to_owned(), u64::try_from(self.sim.elapsed().as_millis()).unwrap_or(u64::MAX)),
            ("acknowledged sends".to_owned(), seen.acknowledged_sends),
            ("events".to_owned(), seen.events),
            ("repeats".to_owned(), seen.repeats),
            ("unknown but done".to_owned(), seen.unknown_but_done),
            ("resumes".to_owned(), seen.resumes),
            ("repairs".to_owned(), seen.repairs),
            ("late deliveries".to_owned(), seen.late_deliveries),
            ("delivered".to_owned(), seen.delivered),
            ("hidden".to_owned(), seen.hidden),
            ("resets".to_owned(), seen.resets.values().sum()),
            ("refused".to_owned(), seen.refused.values().sum()),
            ("unknown".to_owned(), seen.unknown.values().sum()),
            ("index conflicts".to_owned(), counts.conflicts),
            ("store faults".to_owned(), counts.wrong_writes + counts.wrong_reads),
        ]);
        for kind in faults::Kind::ALL {
            let count = seen.faults.get(kind.name()).map_or(0, |fault| fault.count);
            counts.insert(format!("fault: {}", kind.name()), count);
        }
        let hash = Sha256::digest(&history).iter().map(|byte| format!("{byte:02x}")).collect();
        let report = Report { seed: self.world.seed, hash, violations, counts };
        Ok(Outcome { report, history })
    }
}

/// The clients of a host. Clients are not crashed: what they saw must be known.
async fn clients(world: Arc<World>, number: usize, readers: Arc<Mutex<Vec<Arc<Gauge>>>>) -> turmoil::Result {
    let is_mine = |client: u32| client as usize % CLIENTS.len() == number;
    let note = |gauge| readers.lock().unwrap_or_else(PoisonError::into_inner).push(gauge);
    for (client, person) in (0..).zip(&world.people).filter(|(client, _)| is_mine(*client)) {
        worker::begin(&world, person, client);
    }
    if number == 0 {
        worker::begin_coming_and_going(&world, 900);
    }
    for reader in (0..READERS).filter(|reader| is_mine(*reader)) {
        let person = &world.people[reader as usize];
        note(reader::begin(&world, person, 100 + reader, world.rooms.clone()));
    }
    world.reached(Phase::Settling).await;
    while !(world.is_idle() && world.desk.is_idle()) {
        tokio::time::sleep(TICK).await;
    }
    for (client, room) in (0..).zip(&world.rooms).filter(|(client, _)| is_mine(*client)) {
        note(reader::begin(&world, &room.owner, 200 + client, vec![Arc::clone(room)]));
    }
    world.reached(Phase::Over).await;
    std::future::pending().await
}
