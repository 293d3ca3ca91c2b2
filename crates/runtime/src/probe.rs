//! Asking a process of ours whether it can do its work: `--check-health`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, bail};
use loquat_rpc::{Channel, tls::PeerTls};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

const DEADLINE: Duration = Duration::from_secs(3);

/// Asks the process that listens at an address, over mutual TLS where it has certificates.
pub(crate) async fn probe(name: &'static str, listen: SocketAddr, tls: Option<&PeerTls>) -> anyhow::Result<()> {
    let scheme = if tls.is_some() { "https" } else { "http" };
    let address = format!("{scheme}://{}", reachable(listen)).parse().context("the address to ask")?;
    let channel = Channel::remote(name, &[address], tls).with_deadline(DEADLINE);
    let answer = HealthClient::new(channel).check(HealthCheckRequest { service: String::new() }).await?;
    match answer.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        other => bail!("it says {}", other.as_str_name()),
    }
}

/// Whoever listens on all addresses is reached on the loopback one.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}
