//! The service's settings, and the one function that joins its parts.

use std::{sync::Arc, time::Duration};

use clap::{Args, value_parser};
use loquat_bus::SharedBus;
use loquat_rpc::{Channel, MAX_REQUEST_BYTES, Verifier, server::presence::v1 as server};
use loquat_runtime::{Frame, Readiness, Secret, SettingError, Wired};
use tonic::service::Routes;

use crate::{
    grpc::{LeaseEndpoint, PresenceEndpoint},
    news::{self, BusAnnouncements},
    peers::RoomsPeer,
    ports::{Announcements, PresenceStore},
    service::{Leases, Presences, Sweeper, TellQueue, Teller, TypingNotices, Watchers},
    store::{MemoryPresenceStore, RedisPresenceStore},
};

/// Stands before all keys of the store, with the version of their layout: another layout is another set of keys, since
/// presence is not migrated but made anew by the gateways.
const KEY_PREFIX: &str = "loquat:presence:v1:";

const STORE_URL: &str = "LOQUAT_PRESENCE_STORE_URL";

/// The settings of the presence service.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct Settings {
    /// Where presence is kept: `memory:`, for one process, or `redis://[user:password@]host[:port][/database]`, which all
    /// replicas share (Redis 6.2 or newer).
    #[arg(long, env = "LOQUAT_PRESENCE_STORE_URL", default_value = "memory:", value_name = "URL")]
    pub presence_store_url: Secret,

    /// How long the store may take to answer, in milliseconds. Beyond it presence is unavailable.
    #[arg(
        long,
        env = "LOQUAT_PRESENCE_STORE_DEADLINE_MILLIS",
        default_value_t = 500,
        value_parser = value_parser!(u32).range(10..=5_000),
        value_name = "MILLISECONDS"
    )]
    pub presence_store_deadline_millis: u32,

    /// How long a gateway's lease holds after it was kept, in seconds. Gateways keep it three times in that time.
    #[arg(
        long,
        env = "LOQUAT_PRESENCE_LEASE_SECONDS",
        default_value_t = 10,
        value_parser = value_parser!(u32).range(3..=20),
        value_name = "SECONDS"
    )]
    pub presence_lease_seconds: u32,

    /// How often it is looked for leases that were not kept, in milliseconds.
    #[arg(
        long,
        env = "LOQUAT_PRESENCE_SWEEP_MILLIS",
        default_value_t = 1_000,
        value_parser = value_parser!(u32).range(10..=5_000),
        value_name = "MILLISECONDS"
    )]
    pub presence_sweep_millis: u32,

    /// How many may watch presence through this process at once, besides clients with an event stream.
    #[arg(
        long,
        env = "LOQUAT_PRESENCE_MAX_WATCHERS",
        default_value_t = 1_000,
        value_parser = value_parser!(u32).range(1..=100_000),
        value_name = "COUNT"
    )]
    pub presence_max_watchers: u32,
}

impl Settings {
    fn lease(&self) -> Duration {
        Duration::from_secs(self.presence_lease_seconds.into())
    }

    fn store(&self) -> Result<Arc<dyn PresenceStore>, SettingError> {
        let url = self.presence_store_url.reveal();
        if url == "memory:" {
            return Ok(Arc::new(MemoryPresenceStore::new()));
        }
        let deadline = Duration::from_millis(self.presence_store_deadline_millis.into());
        match RedisPresenceStore::new(url, KEY_PREFIX, deadline) {
            Ok(store) => Ok(Arc::new(store)),
            // The error may quote the URL.
            Err(_) => Err(SettingError::new(STORE_URL, "it must be memory: or a redis:// URL")),
        }
    }
}

/// The services that this one calls.
#[derive(Clone, Debug)]
pub struct Peers {
    /// For keys and revocations.
    pub users: Channel,
    /// For who is in a room.
    pub rooms: Channel,
}

/// Joins the parts of the service, and begins to follow the users service and the bus, to end leases and to tell changes.
///
/// A store that does not answer does not hold the start up: until it does, calls are UNAVAILABLE and the service not ready.
///
/// # Errors
///
/// Where a setting cannot be used.
pub async fn wire(settings: &Settings, frame: &Frame, peers: Peers, bus: SharedBus) -> anyhow::Result<Wired> {
    let store = settings.store()?;
    frame.tasks.spawn(tell_of_an_absent_store(Arc::clone(&store)));
    let clock = Arc::clone(&frame.clock);
    let verifier = Verifier::follow(peers.users, Arc::clone(&clock), frame.stop.clone());
    let announcements: Arc<dyn Announcements> = Arc::new(BusAnnouncements(Arc::clone(&bus)));
    let teller = Arc::new(Teller { store: Arc::clone(&store), announcements: Arc::clone(&announcements) });
    let (queue, telling) = TellQueue::new(Arc::clone(&teller));
    frame.tasks.spawn(telling.run(frame.stop.clone()));

    let sweeper = Sweeper::new(Arc::clone(&store), teller, Arc::clone(&clock), settings.lease());
    let sweep_every = Duration::from_millis(settings.presence_sweep_millis.into());
    frame.tasks.spawn(sweeper.run(sweep_every, frame.stop.clone()));

    let watchers = Arc::new(Watchers::new(Arc::clone(&store), settings.presence_max_watchers as usize));
    frame.tasks.spawn(news::listen(bus, Arc::clone(&watchers), frame.stop.clone()));

    let leases = Leases {
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        duration: settings.lease(),
        telling: queue.clone(),
    };
    let leases = Arc::new(leases);
    let presences = Arc::new(Presences { store: Arc::clone(&store), clock: Arc::clone(&clock), telling: queue });
    let endpoint = PresenceEndpoint {
        presences: Arc::clone(&presences),
        watchers,
        typing: TypingNotices::new(Arc::new(RoomsPeer::new(&peers.rooms)), announcements, clock),
        verifier: verifier.clone(),
        stop: frame.stop.clone(),
    };
    let presence = server::presence_service_server::PresenceServiceServer::new(endpoint);
    let lease = server::lease_service_server::LeaseServiceServer::new(LeaseEndpoint { leases, presences });
    let routes = Routes::new(presence.max_decoding_message_size(MAX_REQUEST_BYTES))
        .add_service(lease.max_decoding_message_size(MAX_REQUEST_BYTES));
    let readiness = Readiness::new().check("presence store", move || {
        let store = Arc::clone(&store);
        async move { store.ping().await.is_ok() }
    });
    Ok(Wired { routes, verifier, readiness })
}

/// The start goes on without the store: what is wrong is said at once, and by the setting's name.
async fn tell_of_an_absent_store(store: Arc<dyn PresenceStore>) {
    if let Err(error) = store.ping().await {
        let source = error.source.as_deref().map(ToString::to_string).unwrap_or_default();
        tracing::warn!(error = %source, "what {STORE_URL} names does not answer: there is no presence until it does");
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::*;

    fn settings(arguments: &[&str]) -> Result<Settings, clap::Error> {
        let arguments = std::iter::once("presence").chain(arguments.iter().copied());
        Settings::from_arg_matches(&Settings::augment_args(Command::new("presence")).try_get_matches_from(arguments)?)
    }

    #[test]
    fn the_defaults_are_those_of_the_contract() {
        let settings = settings(&[]).expect("good settings");
        assert_eq!(settings.lease(), Duration::from_secs(10));
        assert!(settings.store().is_ok());
    }

    #[test]
    fn a_wrong_store_is_named_and_not_shown() {
        for url in ["", "memory", "postgres://bob:hunter2@host", "redis://bob:hunter2@host/zero", "rediss://host"] {
            let settings = settings(&["--presence-store-url", url]).expect("judged later");
            let error = settings.store().expect_err(url).to_string();
            assert!(error.contains("LOQUAT_PRESENCE_STORE_URL") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn wrong_settings_are_refused() {
        for wrong in [
            "--presence-lease-seconds=0",
            "--presence-sweep-millis=0",
            "--presence-max-watchers=0",
            "--presence-store-deadline-millis=x",
        ] {
            assert!(settings(&[wrong]).is_err(), "{wrong}");
        }
    }
}
