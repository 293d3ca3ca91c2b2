//! Faults of links.

use std::time::Duration;

use rand::{RngExt as _, rngs::SmallRng};
use tokio::time::Instant;

use super::{
    LinkFault,
    inflict::{Begin, Inflicted, hold},
};
use crate::{
    fleet::{Fleet, LinkKind},
    proxy::{Way, Weather},
};

/// How long it may take until the bus has lost some messages.
const ENOUGH_LOST: Duration = Duration::from_secs(20);

pub(super) async fn make_bad(
    fleet: &Fleet,
    fault: LinkFault,
    kind: LinkKind,
    random: &mut SmallRng,
    begin: Begin<'_>,
) -> anyhow::Result<Inflicted> {
    let links: Vec<_> = fleet.links.of(kind).collect();
    anyhow::ensure!(!links.is_empty(), "the fleet has no link {}", kind.name());
    let link = links[random.random_range(0..links.len())];
    let mut target = link.name.clone();
    match fault {
        LinkFault::HalfOpen => {
            begin(&target);
            link.proxy.half_open();
            hold(random, 1_000..3_000).await;
        }
        LinkFault::Reset => {
            begin(&target);
            link.proxy.reset();
            if random.random_bool(0.5) {
                link.proxy.set(Weather::Refusing);
                hold(random, 500..2_000).await;
            }
        }
        _ => {
            let weather = match fault {
                LinkFault::Delay => Weather::Delayed(Duration::from_millis(random.random_range(50..800))),
                LinkFault::OneWay if random.random_bool(0.5) => Weather::Blocked(Way::ToServer),
                LinkFault::OneWay => Weather::Blocked(Way::ToClient),
                LinkFault::Bandwidth => Weather::Narrow(random.random_range(4_000..64_000)),
                _ => Weather::Silent,
            };
            target = format!("{target}: {weather:?}");
            begin(&target);
            link.proxy.set(weather);
            hold(random, 1_500..4_000).await;
        }
    }
    link.proxy.set(Weather::Clear);
    Ok(Inflicted::on(target))
}

/// One in a hundred messages about rooms is lost on the way to each process.
pub(super) async fn lose_bus_messages(
    fleet: &Fleet,
    random: &mut SmallRng,
    begin: Begin<'_>,
) -> anyhow::Result<Inflicted> {
    begin("all links to nats");
    let before = fleet.links.lost_messages();
    for link in fleet.links.of(LinkKind::Nats) {
        link.proxy.set(Weather::Thinned(100));
    }
    let by = Instant::now() + ENOUGH_LOST;
    hold(random, 3_000..6_000).await;
    while fleet.links.lost_messages() < before + 3 && Instant::now() < by {
        hold(random, 100..200).await;
    }
    for link in fleet.links.of(LinkKind::Nats) {
        link.proxy.set(Weather::Clear);
    }
    let lost = fleet.links.lost_messages() - before;
    anyhow::ensure!(lost > 0, "the bus lost nothing: hardly anything was sent");
    Ok(Inflicted::on(format!("{lost} messages")))
}
