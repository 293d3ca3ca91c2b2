//! What goes wrong, when, and for how long: a plan drawn before the run begins.

use std::{collections::BTreeSet, time::Duration};

use loquat_messages::simulation::{SimulatedStore, StoreConnection};
use rand::{RngExt as _, rngs::SmallRng};
use turmoil::Sim;

use crate::{
    bus::{HostBus, Server},
    house::{GATEWAYS, MESSAGES, ROOMS},
    run::CLIENTS,
};

/// How many of a thousand writes and reads of the store go wrong in a run, and while the store has a bad time.
const USUAL_STORE: (u32, u32) = (25, 4);
const BAD_STORE: (u32, u32) = (300, 80);
/// How many of a thousand live news get lost, usually and at times.
const USUAL_BUS: u32 = 20;
const BAD_BUS: u32 = 400;
const SLOW: Duration = Duration::from_millis(350);
const QUICK: Duration = Duration::from_millis(4);

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A process is killed, and started again.
    Crash,
    /// Nothing passes between two hosts. What was on the way is lost, and connections do not recover.
    Partition,
    /// Nothing passes in one direction.
    OneWay,
    /// Everything waits, and comes at once.
    Hold,
    /// Messages get lost by dice, and connections with them.
    Loss,
    /// Everything takes long.
    Slow,
    /// A node cannot reach the store.
    NoStore,
    /// The store refuses, loses answers, and writes late.
    BadStore,
    /// A host cannot reach the bus.
    NoBus,
    /// The bus loses much.
    BadBus,
}

impl Kind {
    pub(crate) const ALL: [Self; 10] = [
        Self::Crash,
        Self::Partition,
        Self::OneWay,
        Self::Hold,
        Self::Loss,
        Self::Slow,
        Self::NoStore,
        Self::BadStore,
        Self::NoBus,
        Self::BadBus,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Partition => "partition",
            Self::OneWay => "one way",
            Self::Hold => "hold",
            Self::Loss => "loss",
            Self::Slow => "slow",
            Self::NoStore => "no store",
            Self::BadStore => "bad store",
            Self::NoBus => "no bus",
            Self::BadBus => "bad bus",
        }
    }
}

/// A fault of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) kind: Kind,
    /// The hosts that it befalls.
    pub(crate) hosts: Vec<&'static str>,
    pub(crate) begin: Duration,
    pub(crate) end: Duration,
}

impl Planned {
    pub(crate) fn target(&self) -> String {
        self.hosts.join("→")
    }

    /// What one fault has, no other may have at the same time.
    fn holds(&self) -> Vec<String> {
        match self.kind {
            Kind::Partition | Kind::OneWay | Kind::Hold | Kind::Loss | Kind::Slow => {
                let mut pair = self.hosts.clone();
                pair.sort_unstable();
                vec![pair.join("-")]
            }
            kind => self.hosts.iter().map(|host| format!("{} {host}", kind.name())).collect(),
        }
    }
}

/// Draws a plan: what begins and ends between two moments.
pub(crate) fn plan(dice: &mut SmallRng, from: Duration, to: Duration) -> Vec<Planned> {
    let mut plan: Vec<Planned> = Vec::new();
    for _ in 0..dice.random_range(6..12) {
        let kind = Kind::ALL[dice.random_range(0..Kind::ALL.len())];
        let begin = from + (to - from).mul_f64(dice.random_range(0.0..0.85));
        let end = (begin + Duration::from_millis(dice.random_range(200..4_000))).min(to);
        let fault = Planned { kind, hosts: hosts(kind, dice), begin, end };
        let held: BTreeSet<String> = fault.holds().into_iter().collect();
        let overlaps = |other: &Planned| {
            other.begin <= end && begin <= other.end && other.holds().iter().any(|holds| held.contains(holds))
        };
        if !plan.iter().any(overlaps) {
            plan.push(fault);
        }
    }
    plan
}

fn hosts(kind: Kind, dice: &mut SmallRng) -> Vec<&'static str> {
    let (messages, gateway) = (MESSAGES[dice.random_range(0..2)], GATEWAYS[dice.random_range(0..2)]);
    let client = CLIENTS[dice.random_range(0..2)];
    let pairs = [
        (gateway, messages),
        (gateway, messages),
        (client, gateway),
        (client, gateway),
        (gateway, ROOMS),
        (ROOMS, messages),
    ];
    let (one, other) = pairs[dice.random_range(0..pairs.len())];
    match kind {
        Kind::Crash | Kind::NoBus => vec![[messages, gateway][dice.random_range(0..2)]],
        Kind::Partition | Kind::Hold | Kind::Loss | Kind::Slow => vec![one, other],
        Kind::OneWay => [vec![one, other], vec![other, one]][dice.random_range(0..2)].clone(),
        Kind::NoStore => vec![messages],
        Kind::BadStore | Kind::BadBus => Vec::new(),
    }
}

/// What faults reach for.
pub(crate) struct Levers {
    pub(crate) store: SimulatedStore,
    pub(crate) connections: Vec<(&'static str, StoreConnection)>,
    pub(crate) bus: std::sync::Arc<Server>,
    pub(crate) links: Vec<(&'static str, std::sync::Arc<HostBus>)>,
}

impl Levers {
    /// Lets go wrong what always does.
    pub(crate) fn begin(&self) {
        self.store.go_wrong(USUAL_STORE.0, USUAL_STORE.1);
        self.bus.lose(USUAL_BUS);
    }

    /// Nothing goes wrong from here on.
    pub(crate) fn stop(&self) {
        self.store.go_wrong(0, 0);
        self.store.settle();
        self.bus.lose(0);
    }

    pub(crate) fn inflict(&self, fault: &Planned, sim: &mut Sim<'_>) {
        match (fault.kind, &fault.hosts[..]) {
            (Kind::Crash, [host]) => sim.crash(*host),
            (Kind::Partition, [one, other]) => sim.partition(*one, *other),
            (Kind::OneWay, [from, to]) => sim.partition_oneway(*from, *to),
            (Kind::Hold, [one, other]) => sim.hold(*one, *other),
            (Kind::Loss, [one, other]) => sim.set_link_fail_rate(*one, *other, 0.02),
            (Kind::Slow, [one, other]) => sim.set_link_latency(*one, *other, SLOW),
            (Kind::NoStore, [host]) => self.cut_store(host, true),
            (Kind::NoBus, [host]) => self.cut_bus(host, true),
            (Kind::BadStore, _) => self.store.go_wrong(BAD_STORE.0, BAD_STORE.1),
            (Kind::BadBus, _) => self.bus.lose(BAD_BUS),
            _ => {}
        }
    }

    pub(crate) fn undo(&self, fault: &Planned, sim: &mut Sim<'_>) {
        match (fault.kind, &fault.hosts[..]) {
            (Kind::Crash, [host]) => sim.bounce(*host),
            (Kind::Partition | Kind::OneWay, [one, other]) => sim.repair(*one, *other),
            (Kind::Hold, [one, other]) => sim.release(*one, *other),
            (Kind::Loss, [one, other]) => {
                sim.set_link_fail_rate(*one, *other, 0.0);
                sim.repair(*one, *other);
            }
            (Kind::Slow, [one, other]) => sim.set_link_latency(*one, *other, QUICK),
            (Kind::NoStore, [host]) => self.cut_store(host, false),
            (Kind::NoBus, [host]) => self.cut_bus(host, false),
            (Kind::BadStore, _) => self.store.go_wrong(USUAL_STORE.0, USUAL_STORE.1),
            (Kind::BadBus, _) => self.bus.lose(USUAL_BUS),
            _ => {}
        }
    }

    fn cut_store(&self, host: &str, is_cut: bool) {
        self.connections.iter().filter(|(name, _)| *name == host).for_each(|(_, connection)| connection.cut(is_cut));
    }

    fn cut_bus(&self, host: &str, is_cut: bool) {
        self.links.iter().filter(|(name, _)| *name == host).for_each(|(_, link)| link.cut(is_cut));
    }
}
