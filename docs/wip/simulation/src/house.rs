//! What runs on the hosts of the services, from their start to their crash.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use clap::{Args, Command};
use loquat_bus::SharedBus;
use loquat_gateway::edge::Upstreams;
use loquat_messages::simulation::{self, StoreConnection};
use loquat_rpc::{Served, Verifier};
use loquat_runtime::Frame;

use crate::{
    bus::HostBus,
    determinism::{SeededIds, SimulatedClock, dice},
    network::{channel, serve},
    peers,
    world::World,
};

/// The host of the stand-ins.
pub(crate) const ROOMS: &str = "rooms";
/// The hosts of messages nodes.
pub(crate) const MESSAGES: [&str; 2] = ["messages-1", "messages-2"];
/// The hosts of gateways.
pub(crate) const GATEWAYS: [&str; 2] = ["gateway-1", "gateway-2"];

/// What a host keeps over its crashes.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    name: &'static str,
    seed: u64,
    skew: Duration,
    bus: Arc<HostBus>,
    /// How often it was started.
    starts: Arc<AtomicU32>,
}

impl Host {
    pub(crate) fn new(name: &'static str, seed: u64, skew: Duration, bus: Arc<HostBus>) -> Self {
        Self { name, seed, skew, bus, starts: Arc::default() }
    }

    /// Makes the frame of a process that starts here.
    fn frame(&self) -> Frame {
        let start = self.starts.fetch_add(1, Ordering::SeqCst);
        let ids = SeededIds::new(dice(self.seed, format_args!("{} {start}", self.name)));
        Frame::new(Arc::new(SimulatedClock { skew: self.skew }), Arc::new(ids))
    }

    fn bus(&self) -> SharedBus {
        Arc::clone(&self.bus) as SharedBus
    }
}

/// A node of the messages service.
pub(crate) async fn messages(host: Host, store: StoreConnection) -> turmoil::Result {
    let frame = host.frame();
    let settings = settings::<loquat_messages::app::Settings>(&["--messages-scan-millis=250"])?;
    let verifier = Verifier::follow(channel("users", &[ROOMS]), Arc::clone(&frame.clock), frame.stop.clone());
    let routes = simulation::node(&store, &settings, &frame, host.bus());
    serve(Served::guarded(routes, verifier)).await?;
    Ok(())
}

/// A gateway.
pub(crate) async fn gateway(host: Host) -> turmoil::Result {
    let frame = host.frame();
    let settings = settings::<loquat_gateway::app::Settings>(&[])?;
    let upstreams = Upstreams {
        users: channel("users", &[ROOMS]),
        rooms: channel("rooms", &[ROOMS]),
        messages: channel("messages", &MESSAGES),
        presence: channel("presence", &[ROOMS]),
    };
    let served = loquat_gateway::app::wire(&settings, &frame, upstreams, host.bus()).await?;
    serve(served).await?;
    Ok(())
}

/// The stand-ins of all other services.
pub(crate) async fn rooms(world: Arc<World>) -> turmoil::Result {
    let outbox = Arc::clone(&world);
    tokio::spawn(async move { outbox.desk.work(channel("messages", &MESSAGES)).await });
    serve(peers::served(&world)).await?;
    Ok(())
}

fn settings<S: Args>(arguments: &[&str]) -> Result<S, clap::Error> {
    let arguments = std::iter::once("simulated").chain(arguments.iter().copied());
    S::from_arg_matches(&S::augment_args(Command::new("simulated")).try_get_matches_from(arguments)?)
}
