//! The house of separate processes on the real backends.

use std::collections::BTreeMap;

use tempfile::TempDir;

use super::{House, Plan, Shape};
use crate::{Certificates, Member, Recipe, ReservedPort, backends::Lodging, binaries::binary};

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

pub(super) fn build(plan: &Plan, folder: TempDir, lodging: Lodging) -> anyhow::Result<House> {
    let certificates = Certificates::found(&folder.path().join("certificates"))?;
    let ports: Vec<ReservedPort> = MEMBERS.iter().map(|_| ReservedPort::take()).collect::<Result<_, _>>()?;
    let urls = |service: &str| {
        let of_service = MEMBERS.iter().zip(&ports).filter(|((_, of), _)| *of == service);
        of_service.map(|(_, port)| format!("https://{}", port.address())).collect::<Vec<_>>().join(",")
    };
    let mut members = Vec::new();
    for ((name, service), port) in MEMBERS.iter().zip(&ports) {
        let mut environment = BTreeMap::from([("LOQUAT_LISTEN".to_owned(), port.address().to_string())]);
        environment.extend(certificates.issue(service)?);
        environment
            .extend(peers_of(service).iter().map(|peer| (format!("LOQUAT_{}_URLS", peer.to_uppercase()), urls(peer))));
        environment.extend(stores_of(service, plan.shape, &lodging)?);
        environment.extend(plan.environment.clone());
        let wrapper = plan.wrapper.iter().map(|word| word.replace("{folder}", &folder.path().display().to_string()));
        let recipe = Recipe { program: binary(&format!("loquat-{service}"))?, wrapper: wrapper.collect(), environment };
        let mut member = Member::new(name, service, recipe, folder.path());
        member.address = Some(port.address());
        members.push(member);
    }
    let certificates = Some(certificates);
    Ok(House { members, _lodging: Some(lodging), _ports: ports, certificates, folder, shape: plan.shape })
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

fn stores_of(service: &str, shape: Shape, lodging: &Lodging) -> anyhow::Result<Vec<(String, String)>> {
    let mut settings = Vec::new();
    let mut set = |name: &str, value: String| settings.push((name.to_owned(), value));
    match service {
        "users" => set("LOQUAT_USERS_DATABASE_URL", lodging.postgres("users")?),
        "rooms" => set("LOQUAT_ROOMS_DATABASE_URL", lodging.postgres("rooms")?),
        "presence" => set("LOQUAT_PRESENCE_STORE_URL", lodging.redis()?),
        "messages" if shape == Shape::DistributedOnPostgres => {
            set("LOQUAT_MESSAGES_STORE_URL", lodging.postgres("messages")?);
        }
        "messages" => set("LOQUAT_MESSAGES_STORE_URL", lodging.mongo()?),
        _ => {}
    }
    if service != "users" {
        let (url, prefix) = lodging.nats();
        set("LOQUAT_NATS_URL", url);
        set("LOQUAT_NATS_PREFIX", prefix);
    }
    Ok(settings)
}
