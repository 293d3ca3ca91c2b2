//! The settings of a process that speaks over NATS.

use std::{fmt, sync::Arc};

use clap::Args;

use crate::{BusError, NatsBus, NatsPrefix, NatsSettings, SharedBus};

/// Which NATS a process speaks over.
#[derive(Args, Clone)]
pub struct BusSettings {
    /// Servers of one NATS cluster with JetStream, separated by commas, such as nats://nats:4222. A URL may hold a user and
    /// a password.
    #[arg(long, env = "LOQUAT_NATS_URL", value_delimiter = ',', required = true, value_name = "URLS")]
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
        Ok(Arc::new(NatsBus::connect(settings).await?))
    }
}

impl fmt::Debug for BusSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BusSettings").field("nats_prefix", &self.nats_prefix).finish_non_exhaustive()
    }
}
