//! The settings of a process that speaks over NATS.

use std::{fmt, pin::pin, sync::Arc, time::Duration};

use async_nats::ServerAddr;
use clap::Args;
use tokio::time::timeout;

use crate::{BusError, NatsBus, NatsPrefix, NatsSettings, SharedBus};

/// After how long the log says that no server answers yet.
const SOON: Duration = Duration::from_secs(1);

/// Which NATS a process speaks over.
#[derive(Args, Clone)]
pub struct BusSettings {
    /// Servers of one NATS cluster with JetStream, separated by commas, such as nats://nats:4222. A URL may hold a user and
    /// a password.
    #[arg(
        long,
        env = "LOQUAT_NATS_URL",
        value_delimiter = ',',
        required = true,
        value_parser = nats_url,
        value_name = "URLS"
    )]
    pub nats_url: Vec<String>,

    /// What stands before all subjects and behind the stream's name, so that several systems share one NATS. Nothing by
    /// default.
    #[arg(long, env = "LOQUAT_NATS_PREFIX", value_name = "NAME")]
    pub nats_prefix: Option<NatsPrefix>,
}

impl BusSettings {
    /// Connects. Without a server it goes on, and connects when one comes.
    ///
    /// # Errors
    ///
    /// Where a URL is none.
    pub async fn connect(&self, client_name: &str) -> Result<SharedBus, BusError> {
        let settings = NatsSettings {
            client_name: format!("loquat-{client_name}"),
            prefix: self.nats_prefix.clone(),
            ..NatsSettings::new(self.nats_url.iter().cloned())
        };
        let mut connecting = pin!(NatsBus::connect(settings));
        if let Ok(connected) = timeout(SOON, &mut connecting).await {
            return Ok(Arc::new(connected?));
        }
        tracing::warn!("no server that LOQUAT_NATS_URL names answers yet: still waiting for one");
        Ok(Arc::new(connecting.await?))
    }
}

/// Judges a server's URL. The client is built without web sockets, and would find that out at each attempt.
fn nats_url(text: &str) -> Result<String, &'static str> {
    let is_ours = |server: &ServerAddr| matches!(server.scheme(), "nats" | "tls") && !server.host().is_empty();
    match text.parse::<ServerAddr>() {
        Ok(server) if is_ours(&server) => Ok(text.to_owned()),
        _ => Err("it must be an address such as nats://nats:4222 or tls://nats:4222"),
    }
}

impl fmt::Debug for BusSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BusSettings").field("nats_prefix", &self.nats_prefix).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_a_url_of_nats() {
        for good in ["nats://nats:4222", "tls://bob:hunter2@nats:4222", "nats", "nats:4222", "nats://[::1]:4222"] {
            assert_eq!(nats_url(good).as_deref(), Ok(good));
        }
        for wrong in ["", "nats://", "http://nats:4222", "ws://nats:4222", "nats://nats:port", "nats://nats:70000"] {
            assert!(nats_url(wrong).is_err(), "{wrong}");
        }
    }
}
