//! The fleet of separate processes on real backends.

use std::{collections::BTreeMap, net::SocketAddr};

use loquat_testkit::{Certificates, Gateway, Member, Recipe, ReservedPort, make_databases};

use super::{Backend, BackendSet, Fleet, FleetPlan, LinkKind, Links, Store, Unit};

/// The processes: each by its name and its service.
const MEMBERS: [(&str, &str); 7] = [
    ("users", "users"),
    ("rooms", "rooms"),
    ("presence", "presence"),
    ("messages-1", "messages"),
    ("messages-2", "messages"),
    ("gateway-1", "gateway"),
    ("gateway-2", "gateway"),
];

/// What processes log: what a person reads, and each batch that an index refused, to be counted.
pub(super) const LOG: &str = "info,loquat_messages::room_actor=debug";

pub(super) async fn build(plan: FleetPlan) -> anyhow::Result<Fleet> {
    // Those of a run that was stopped are of an authority whose key nobody has any more.
    let certificates = plan.folder.join("certificates");
    if certificates.exists() {
        std::fs::remove_dir_all(&certificates)?;
    }
    let certificates = Certificates::found(&certificates)?;
    let backends = BackendSet::up(&plan.backends, &plan.folder.join("backends")).await?;
    make_databases(&backends.url(Backend::Postgres)?, &["users", "rooms", "messages"]).await?;
    let mut wiring = Wiring { links: Links::default(), ports: BTreeMap::new(), backends: &backends, store: plan.store };
    for (name, _) in MEMBERS {
        wiring.ports.insert(name, ReservedPort::take()?);
    }
    let mut units = Vec::new();
    for (name, service) in MEMBERS {
        let address = wiring.ports[name].address();
        let mut environment = BTreeMap::from([
            ("LOQUAT_LISTEN".to_owned(), address.to_string()),
            ("LOQUAT_LOG".to_owned(), LOG.to_owned()),
            ("LOQUAT_CLOCK_SHIFT_FILE".to_owned(), plan.folder.join(format!("{name}.clock")).display().to_string()),
        ]);
        environment.extend(certificates.issue(service)?);
        for peer in peers_of(service) {
            environment.insert(format!("LOQUAT_{}_URLS", peer.to_uppercase()), wiring.urls(peer).await?);
        }
        environment.extend(wiring.stores(name, service).await?);
        let recipe = Recipe { program: plan.binary(&format!("loquat-{service}"))?, wrapper: Vec::new(), environment };
        let mut member = Member::new(name, service, recipe, &plan.folder);
        member.address = Some(address);
        let direct = match service {
            "gateway" => {
                wiring.links.lead(LinkKind::ClientGateway, &format!("clients to {name}"), address).await?;
                Gateway::at(address)
            }
            _ => Gateway::over_tls(address, certificates.client("gateway", service)?),
        };
        units.push(Unit::new(member, direct));
    }
    let Wiring { links, ports, .. } = wiring;
    let ports = ports.into_values().collect();
    Ok(Fleet { units, links, backends: Some(backends), plan, _ports: ports, _certificates: Some(certificates) })
}

/// Whom a service calls.
fn peers_of(service: &str) -> &'static [&'static str] {
    match service {
        "gateway" => &["users", "rooms", "messages", "presence"],
        "rooms" => &["users", "messages"],
        "presence" => &["users", "rooms"],
        "messages" => &["users"],
        _ => &[],
    }
}

struct Wiring<'a> {
    links: Links,
    ports: BTreeMap<&'static str, ReservedPort>,
    backends: &'a BackendSet,
    store: Store,
}

impl Wiring<'_> {
    /// The addresses of a service's nodes, as its callers are given them.
    async fn urls(&mut self, service: &str) -> anyhow::Result<String> {
        let mut urls = Vec::new();
        for (name, _) in MEMBERS.iter().filter(|(_, of)| *of == service) {
            let address = self.ports[name].address();
            let address = self.links.lead(LinkKind::Service, &format!("callers to {name}"), address).await?;
            urls.push(format!("https://{address}"));
        }
        Ok(urls.join(","))
    }

    async fn stores(&mut self, name: &str, service: &str) -> anyhow::Result<Vec<(String, String)>> {
        let mut settings = Vec::new();
        match (service, self.store) {
            ("users" | "rooms", _) => {
                let url = format!("postgres://loquat@{}/{service}", self.backend(name, Backend::Postgres).await?);
                settings.push((format!("LOQUAT_{}_DATABASE_URL", service.to_uppercase()), url));
            }
            ("presence", _) => {
                let url = format!("redis://{}/", self.backend(name, Backend::Redis).await?);
                settings.push(("LOQUAT_PRESENCE_STORE_URL".into(), url));
            }
            ("messages", Store::Mongodb) => {
                // Through the proxy alone: a replica set would name its members itself.
                let address = self.backend(name, Backend::Mongodb).await?;
                let url = format!("mongodb://{address}/messages?directConnection=true");
                settings.push(("LOQUAT_MESSAGES_STORE_URL".into(), url));
            }
            ("messages", _) => {
                let url = format!("postgres://loquat@{}/messages", self.backend(name, Backend::Postgres).await?);
                settings.push(("LOQUAT_MESSAGES_STORE_URL".into(), url));
            }
            _ => {}
        }
        if service != "users" {
            let url = format!("nats://{}", self.backend(name, Backend::Nats).await?);
            settings.push(("LOQUAT_NATS_URL".into(), url));
        }
        Ok(settings)
    }

    async fn backend(&mut self, name: &str, backend: Backend) -> anyhow::Result<SocketAddr> {
        let address = self.backends.address(backend)?;
        Ok(self.links.lead(backend.link(), &format!("{name} to {}", backend.name()), address).await?)
    }
}
