//! Doing it.

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use rand::{RngExt as _, rngs::SmallRng};

use super::{
    FaultKind, Service, backends,
    disk::{self, Volume},
    links, processes, restores,
};
use crate::{
    fleet::{Fleet, Unit},
    workload::World,
};

/// What this machine can do.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The file system of the embedded data, where it is one of our own.
    pub(crate) volume: Option<Volume>,
    /// Whether system calls can be made to fail.
    pub(crate) has_strace: bool,
    /// Whether the binary makes backups.
    pub(crate) has_backups: bool,
    /// Whether the binaries read how their clock is shifted.
    pub(crate) can_shift_clocks: bool,
}

/// What was done.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inflicted {
    /// To what.
    pub(crate) target: String,
    /// How long each process took to end after SIGTERM.
    pub(crate) endings: Vec<Duration>,
    /// What went down by itself and was started again.
    pub(crate) started_again: Vec<String>,
}

impl Inflicted {
    pub(super) fn on(target: impl Into<String>) -> Self {
        Self { target: target.into(), ..Self::default() }
    }
}

/// Does something to the system, holds it for a while, and takes it back: when this returns everything runs and is ready.
/// Before it is done, `begin` is told to what.
///
/// # Errors
///
/// Where it could not be done, or what was stopped does not come back.
pub(crate) async fn inflict(
    kind: FaultKind,
    fleet: &Fleet,
    tools: &Tools,
    world: &World,
    random: &mut SmallRng,
    begin: Begin<'_>,
) -> anyhow::Result<Inflicted> {
    let inflicted = match kind {
        FaultKind::Kill(service) => processes::kill(one_of(fleet, service, random)?, random, begin).await,
        FaultKind::Pause(service) => processes::pause(one_of(fleet, service, random)?, random, begin).await,
        FaultKind::RollingRestart => processes::rolling_restart(fleet, begin).await,
        FaultKind::ColdRestart => processes::cold_restart(fleet, random, begin).await,
        FaultKind::Link(fault, link) => links::make_bad(fleet, fault, link, random, begin).await,
        FaultKind::BackendKilled(backend) => backends::kill(fleet, backend, random, begin).await,
        FaultKind::BusStreamDeleted => backends::delete_stream(fleet, begin).await,
        FaultKind::BusMessagesDropped => links::lose_bus_messages(fleet, random, begin).await,
        FaultKind::RedisFlushed => backends::flush_redis(fleet, begin).await,
        FaultKind::DiskFull => disk::fill(tools.volume.as_ref().context("no volume")?, random, begin).await,
        FaultKind::FsyncFails => disk::fail_syncs(one_of(fleet, Service::Standalone, random)?, random, begin).await,
        FaultKind::BackupRestored => restores::from_backup(fleet, world, random, begin).await,
        FaultKind::OldFolder => restores::from_old_folder(fleet, world, random, begin).await,
        FaultKind::ClockShifted => processes::shift_clock(fleet, random, begin).await,
        FaultKind::DoubleOwnership => {
            begin("both messages nodes");
            world.switches.set_double_ownership(true);
            hold(random, 2_000..4_000).await;
            world.switches.set_double_ownership(false);
            Ok(Inflicted::on("both messages nodes"))
        }
    };
    let mut inflicted = inflicted.with_context(|| kind.name())?;
    // Whatever went down by itself is started again, as a supervisor would.
    inflicted.started_again = fleet.start_missing().await.with_context(|| format!("after {}", kind.name()))?;
    Ok(inflicted)
}

/// Who is told to what a fault is done, before it is.
pub(super) type Begin<'a> = &'a mut dyn FnMut(&str);

/// Lets a fault last.
pub(super) async fn hold(random: &mut SmallRng, millis: std::ops::Range<u64>) {
    tokio::time::sleep(Duration::from_millis(random.random_range(millis))).await;
}

fn one_of<'a>(fleet: &'a Fleet, service: Service, random: &mut SmallRng) -> anyhow::Result<&'a Unit> {
    let units: Vec<_> = fleet.units().iter().filter(|unit| unit.service == service.name()).collect();
    anyhow::ensure!(!units.is_empty(), "the fleet has no {}", service.name());
    Ok(units[random.random_range(0..units.len())])
}

/// The folder in which whoever is named finds how its clock is shifted.
pub(super) fn clock_file(fleet: &Fleet, unit: &str) -> PathBuf {
    fleet.plan.folder.join(format!("{unit}.clock"))
}
