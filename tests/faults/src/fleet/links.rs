//! The links of a fleet.

use std::{collections::BTreeMap, net::SocketAddr};

use crate::proxy::Proxy;

/// What a link leads from and to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LinkKind {
    /// From clients to a gateway.
    ClientGateway,
    /// From whoever calls a service to one node of it. All callers share it, for a node's address is its name, by which they
    /// agree on whose a room is.
    Service,
    /// From one process to PostgreSQL.
    Postgres,
    /// From one process to MongoDB.
    Mongodb,
    /// From one process to Redis.
    Redis,
    /// From one process to NATS.
    Nats,
}

impl LinkKind {
    /// All kinds.
    pub(crate) const ALL: [Self; 6] =
        [Self::ClientGateway, Self::Service, Self::Postgres, Self::Mongodb, Self::Redis, Self::Nats];

    /// What it is called in histories and reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ClientGateway => "client-gateway",
            Self::Service => "service",
            Self::Postgres => "postgres",
            Self::Mongodb => "mongodb",
            Self::Redis => "redis",
            Self::Nats => "nats",
        }
    }
}

/// One link.
#[derive(Debug)]
pub(crate) struct Link {
    /// What kind.
    pub(crate) kind: LinkKind,
    /// Its name, such as `rooms to postgres`.
    pub(crate) name: String,
    /// What stands in it.
    pub(crate) proxy: Proxy,
}

/// All links.
#[derive(Debug, Default)]
pub(crate) struct Links(BTreeMap<String, Link>);

impl Links {
    /// Puts a proxy in front of an address, and returns where it listens. The same link again is the same proxy.
    ///
    /// # Errors
    ///
    /// Where there is no port.
    pub(super) async fn lead(&mut self, kind: LinkKind, name: &str, to: SocketAddr) -> std::io::Result<SocketAddr> {
        if let Some(link) = self.0.get(name) {
            return Ok(link.proxy.address());
        }
        let proxy = if kind == LinkKind::Nats { Proxy::start_for_bus(to).await? } else { Proxy::start(to).await? };
        let address = proxy.address();
        self.0.insert(name.to_owned(), Link { kind, name: name.to_owned(), proxy });
        Ok(address)
    }

    /// The links of a kind.
    pub(crate) fn of(&self, kind: LinkKind) -> impl Iterator<Item = &Link> {
        self.0.values().filter(move |link| link.kind == kind)
    }

    /// How many messages of the bus were lost on all links.
    pub(crate) fn lost_messages(&self) -> u64 {
        self.0.values().map(|link| link.proxy.lost_messages()).sum()
    }
}
