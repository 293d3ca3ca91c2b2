//! Faults of backends.

use std::time::Duration;

use anyhow::Context as _;
use rand::rngs::SmallRng;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::inflict::{Begin, Inflicted, hold};
use crate::fleet::{Backend, BackendSet, Fleet};

const DEADLINE: Duration = Duration::from_secs(10);

fn set(fleet: &Fleet) -> anyhow::Result<&BackendSet> {
    fleet.backends.as_ref().context("the fleet has no backends")
}

pub(super) async fn kill(
    fleet: &Fleet,
    backend: Backend,
    random: &mut SmallRng,
    begin: Begin<'_>,
) -> anyhow::Result<Inflicted> {
    begin(backend.name());
    let set = set(fleet)?;
    set.kill(backend).await?;
    hold(random, 1_000..3_000).await;
    set.start(backend).await?;
    Ok(Inflicted::on(backend.name()))
}

/// The stream is gone, with the positions of all that wait for it.
pub(super) async fn delete_stream(fleet: &Fleet, begin: Begin<'_>) -> anyhow::Result<Inflicted> {
    begin("LOQUAT");
    let url = set(fleet)?.url(Backend::Nats)?;
    let deletion = async {
        let context = async_nats::jetstream::new(async_nats::connect(&url).await?);
        context.delete_stream("LOQUAT").await?;
        anyhow::Ok(())
    };
    timeout(DEADLINE, deletion).await.context("NATS does not answer")??;
    Ok(Inflicted::on("LOQUAT"))
}

pub(super) async fn flush_redis(fleet: &Fleet, begin: Begin<'_>) -> anyhow::Result<Inflicted> {
    begin("redis");
    let address = set(fleet)?.address(Backend::Redis)?;
    let flush = async {
        let mut connection = TcpStream::connect(address).await?;
        connection.write_all(b"FLUSHALL\r\n").await?;
        let mut answer = [0; 5];
        connection.read_exact(&mut answer).await?;
        anyhow::ensure!(&answer == b"+OK\r\n", "Redis answered {answer:?}");
        Ok(())
    };
    timeout(DEADLINE, flush).await.context("Redis does not answer")??;
    Ok(Inflicted::on("redis"))
}
