//! Faults of processes.

use std::time::Duration;

use rand::{RngExt as _, rngs::SmallRng};

use super::inflict::{Begin, Inflicted, clock_file, hold};
use crate::fleet::{Backend, Fleet, Unit};

/// How long a process may take to end after SIGTERM.
const END_WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn kill(unit: &Unit, random: &mut SmallRng, begin: Begin<'_>) -> anyhow::Result<Inflicted> {
    begin(&unit.name);
    unit.kill().await?;
    hold(random, 0..1_500).await;
    unit.start().await?;
    Ok(Inflicted::on(&unit.name))
}

pub(super) async fn pause(unit: &Unit, random: &mut SmallRng, begin: Begin<'_>) -> anyhow::Result<Inflicted> {
    begin(&unit.name);
    unit.pause().await?;
    hold(random, 1_000..4_000).await;
    unit.resume().await?;
    Ok(Inflicted::on(&unit.name))
}

pub(super) async fn rolling_restart(fleet: &Fleet, begin: Begin<'_>) -> anyhow::Result<Inflicted> {
    begin("each in turn");
    let mut inflicted = Inflicted::on("each in turn");
    for unit in fleet.units() {
        inflicted.endings.push(unit.stop(END_WITHIN).await?);
        unit.start().await?;
    }
    Ok(inflicted)
}

pub(super) async fn cold_restart(fleet: &Fleet, random: &mut SmallRng, begin: Begin<'_>) -> anyhow::Result<Inflicted> {
    begin("everything");
    for unit in fleet.units() {
        unit.kill().await?;
    }
    if let Some(backends) = &fleet.backends {
        for backend in Backend::ALL {
            backends.kill(backend).await?;
        }
        hold(random, 0..500).await;
        for backend in Backend::ALL {
            backends.start(backend).await?;
        }
    }
    fleet.start_missing().await?;
    Ok(Inflicted::on("everything"))
}

pub(super) async fn shift_clock(fleet: &Fleet, random: &mut SmallRng, begin: Begin<'_>) -> anyhow::Result<Inflicted> {
    let units = fleet.units();
    let unit = &units[random.random_range(0..units.len())];
    let seconds = [-90_i64, -20, 20, 90][random.random_range(0..4)];
    let target = format!("{} by {seconds} s", unit.name);
    begin(&target);
    let file = clock_file(fleet, &unit.name);
    tokio::fs::write(&file, (seconds * 1_000).to_string()).await?;
    hold(random, 2_000..4_000).await;
    tokio::fs::remove_file(&file).await?;
    Ok(Inflicted::on(target))
}
