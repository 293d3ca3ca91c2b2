//! The twins that the suite runs on, and what a behaviour says in few words.

use std::{sync::Arc, time::Duration};

use loquat_ids::{ConnectionId, GatewayId, IdSource, RandomIds, Timestamp, UserId};
use uuid::Uuid;

use super::line::Line;
use crate::{
    model::{Availability, Device, Renewal, Renewed, Setting, Standing, StatusText},
    ports::{PresenceStore, StoreError},
    store::{MemoryPresenceStore, RedisPresenceStore},
};

/// How long a lease holds here.
pub(super) const LEASE: Duration = Duration::from_secs(10);
/// Longer than the service's, so that a busy machine fails no test.
const DEADLINE: Duration = Duration::from_secs(10);

/// A store as two processes hold it. In memory the two are the same.
pub(super) struct Twin {
    pub(super) here: Arc<dyn PresenceStore>,
    pub(super) there: Arc<dyn PresenceStore>,
    kind: Kind,
}

enum Kind {
    Memory(Arc<MemoryPresenceStore>),
    Redis { url: String, prefix: String },
}

impl Twin {
    pub(super) fn memory() -> Self {
        let store = Arc::new(MemoryPresenceStore::new());
        Self { here: store.clone(), there: store.clone(), kind: Kind::Memory(store) }
    }

    /// Nothing where the environment names no server.
    pub(super) fn redis(behaviour: &str) -> Option<Self> {
        let Some(url) = server() else {
            eprintln!("SKIPPED in_redis::{behaviour}: no LOQUAT_TEST_REDIS_URL");
            return None;
        };
        let prefix = format!("test:{}:", RandomIds.fresh());
        let store = || Arc::new(RedisPresenceStore::new(&url, &prefix, DEADLINE).expect("a usable url"));
        Some(Self { here: store(), there: store(), kind: Kind::Redis { url, prefix } })
    }

    /// Loses everything, as a store that is soft may.
    pub(super) async fn flush(&self) {
        match &self.kind {
            Kind::Memory(store) => store.flush(),
            Kind::Redis { .. } => {
                let mut connection = self.connection().await;
                let keys = self.keys(&mut connection).await;
                if !keys.is_empty() {
                    redis::cmd("DEL").arg(keys).exec_async(&mut connection).await.expect("deleted");
                }
            }
        }
    }

    /// A connection to the server beside the store's.
    pub(super) async fn connection(&self) -> redis::aio::MultiplexedConnection {
        let Kind::Redis { url, .. } = &self.kind else { panic!("not in redis") };
        let client = redis::Client::open(url.as_str()).expect("a usable url");
        client.get_multiplexed_async_connection().await.expect("a server that answers")
    }

    /// A key of the store.
    pub(super) fn key(&self, name: &str) -> String {
        let Kind::Redis { prefix, .. } = &self.kind else { panic!("not in redis") };
        format!("{{{prefix}}}{name}")
    }

    pub(super) async fn keys(&self, connection: &mut redis::aio::MultiplexedConnection) -> Vec<String> {
        redis::cmd("KEYS").arg(self.key("*")).query_async(connection).await.expect("keys")
    }

    /// Asks the store for something whose answer nobody sees, though the store has done it. In Redis the connection breaks
    /// instead of answering, after some other answers; in memory what is answered is thrown away.
    pub(super) async fn with_a_lost_answer<T: std::fmt::Debug>(
        &self,
        answers_before: usize,
        ask: impl AsyncFnOnce(&dyn PresenceStore) -> Result<T, StoreError>,
    ) {
        let Kind::Redis { url, prefix } = &self.kind else {
            drop(ask(&*self.here).await.expect("an answer"));
            return;
        };
        // The steps are known to the server: an answer that asks for a step's text is no answer.
        self.there.renew(&complete(gateway(u128::MAX), &[]), at(0), at(0)).await.expect("renewed");
        self.there.lapse(at(0), 1).await.expect("lapsed");
        self.there.set(user(u128::MAX), &Setting::default(), at(0)).await.expect("set");
        self.there.told(&[(user(u128::MAX), crate::model::Version(0))]).await.expect("told");
        let line = Line::to(url.trim_start_matches("redis://").trim_end_matches('/').to_owned()).await;
        let store = RedisPresenceStore::new(&format!("redis://{}", line.address()), prefix, DEADLINE);
        let store = store.expect("a usable url");
        store.ping().await.expect("an answer");
        line.lose_after(answers_before);
        let outcome = ask(&store).await;
        assert!(outcome.is_err(), "the answer came: {outcome:?}");
    }

    /// Makes a person's place in the store unusable, where that is possible. In memory it is not.
    pub(super) async fn hinder(&self, user: UserId) -> bool {
        let is_possible = matches!(self.kind, Kind::Redis { .. });
        if is_possible {
            let place = self.key(&format!("at:{user}"));
            let mut connection = self.connection().await;
            redis::cmd("SET").arg(place).arg("no set").exec_async(&mut connection).await.expect("broken");
        }
        is_possible
    }

    /// Undoes [`Twin::hinder`].
    pub(super) async fn let_go(&self, user: UserId) {
        if matches!(self.kind, Kind::Redis { .. }) {
            let place = self.key(&format!("at:{user}"));
            redis::cmd("DEL").arg(place).exec_async(&mut self.connection().await).await.expect("mended");
        }
    }

    /// Keeps a lease; it must be known or complete.
    pub(super) async fn renew(&self, renewal: &Renewal, now: Timestamp) -> Vec<UserId> {
        match self.here.renew(renewal, now, now.plus(LEASE)).await.expect("renewed") {
            Renewed::Kept { changed } => changed,
            Renewed::Unknown => panic!("the lease is not known"),
        }
    }

    pub(super) async fn standing(&self, user: UserId) -> Standing {
        self.there.read(&[user]).await.expect("read").remove(0)
    }

    pub(super) async fn is_connected(&self, user: UserId) -> bool {
        self.standing(user).await.is_connected
    }

    /// Ends all leases that have expired, in steps of at most so many.
    pub(super) async fn lapse_all(&self, now: Timestamp, limit: usize) -> Vec<UserId> {
        let mut gone = Vec::new();
        while let Some(users) = self.there.lapse(now, limit).await.expect("lapsed") {
            assert!(users.len() <= limit);
            gone.extend(users);
        }
        gone.sort();
        gone
    }
}

#[expect(clippy::disallowed_methods, reason = "which servers there are to test on is the environment's to say")]
pub(super) fn server() -> Option<String> {
    std::env::var("LOQUAT_TEST_REDIS_URL").ok()
}

/// Some second of 2026.
pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_790_000_000_123_457).plus(Duration::from_secs(seconds))
}

pub(super) fn setting(availability: Availability, status_text: &str) -> Setting {
    Setting { availability, status_text: StatusText::parse(status_text).expect("a status text") }
}

pub(super) fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn gateway(number: u128) -> GatewayId {
    GatewayId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn device(user: UserId, stream: &str) -> Device {
    Device { user, stream: stream.parse::<ConnectionId>().expect("a stream's id") }
}

/// All that a gateway has.
pub(super) fn complete(gateway: GatewayId, devices: &[Device]) -> Renewal {
    Renewal { gateway, is_complete: true, connected: devices.to_vec(), disconnected: Vec::new() }
}

/// What came and went.
pub(super) fn further(gateway: GatewayId, connected: &[Device], disconnected: &[Device]) -> Renewal {
    Renewal { gateway, is_complete: false, connected: connected.to_vec(), disconnected: disconnected.to_vec() }
}
