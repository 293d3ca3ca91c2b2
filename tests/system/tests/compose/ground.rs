//! What stands in for the containers' network and volumes: where each name leads on this machine, and what is mounted.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{self, Command},
};

use loquat_testkit::{ReservedPort, make_databases};

use super::{
    file::{ComposeFile, Container},
    rewrite, root, run,
};
use crate::traces::receiver::Receiver;

/// Everything that a container is given from outside.
pub(super) struct Ground {
    /// Where `name:port` leads.
    places: BTreeMap<String, String>,
    ports: BTreeMap<String, ReservedPort>,
    page: SocketAddr,
    credentials: PathBuf,
    /// Keeps this system apart from others on the same servers, and lets what it left be found: the testkit takes it for a house's.
    name: String,
    has_replica_set: bool,
}

impl Ground {
    /// Makes certificates and passwords with the deployment's own scripts, databases on the servers of the tests, and takes a port for each
    /// process.
    pub(super) async fn laid(compose: &ComposeFile, jaeger: &Receiver, credentials: &Path) -> Self {
        for script in ["deploy/certificates", "deploy/passwords"] {
            run(Command::new("bash").arg(root().join(script)).arg(credentials));
        }
        let name = format!("house-{}-compose", process::id());
        let postgres = server("LOQUAT_TEST_POSTGRES_URL").expect("asked for above");
        for service in ["users", "rooms"] {
            let database = format!("{}_{service}", name.replace('-', "_"));
            make_databases(&postgres, &[&database]).await.expect("a database");
            let url = with_path(&postgres, &database);
            rewrite(&credentials.join(service).join("database-url"), &format!("{url}\n"));
        }
        let real_mongodb = server("LOQUAT_TEST_MONGODB_URL");
        let has_replica_set = real_mongodb.as_ref().is_some_and(|url| url.contains("replicaSet="));
        let mongodb = real_mongodb.or_else(|| server("LOQUAT_TEST_FERRETDB_URL")).expect("asked for above");
        let mut places: BTreeMap<String, String> = [
            ("mongodb:27017", authority(&mongodb)),
            ("redis:6379", authority(&server("LOQUAT_TEST_REDIS_URL").expect("asked for above"))),
            ("nats:4222", authority(&server("LOQUAT_TEST_NATS_URL").expect("asked for above"))),
            ("jaeger:4317", authority(&jaeger.endpoint())),
        ]
        .map(|(place, here)| (place.to_owned(), here))
        .into();
        let (mut ports, mut page) = (BTreeMap::new(), None);
        for container in compose.ours_in_order() {
            let port = ReservedPort::take().expect("a free port");
            let inside = inner_port(container);
            places.insert(format!("{}:{inside}", container.name), port.address().to_string());
            if container.published.contains(&inside) {
                page = Some(port.address());
            }
            ports.insert(container.name.clone(), port);
        }
        let page = page.expect("somebody publishes the port that it listens on");
        Self { places, ports, page, credentials: credentials.to_owned(), name, has_replica_set }
    }

    /// Where the page is reached from outside.
    pub(super) const fn page(&self) -> SocketAddr {
        self.page
    }

    pub(super) fn address_of(&self, container: &Container) -> SocketAddr {
        self.ports[&container.name].address()
    }

    /// A container's variables, with this machine's places for those of its network and its volumes.
    pub(super) fn environment_of(&self, container: &Container) -> BTreeMap<String, String> {
        let here = container.environment.iter().map(|(name, value)| {
            let value = match name.as_str() {
                "LOQUAT_LISTEN" => self.address_of(container).to_string(),
                _ if value.contains("://") => self.url_here(container, name, value),
                _ if value.starts_with('/') => self.file_here(container, name, value),
                _ => value.clone(),
            };
            (name.clone(), value)
        });
        let mut environment: BTreeMap<String, String> = here.collect();
        if environment.contains_key("LOQUAT_NATS_URL") {
            // The one variable that the file has not: the deployment has a NATS of its own, and the tests share one.
            environment.insert("LOQUAT_NATS_PREFIX".to_owned(), self.name.clone());
        }
        environment
    }

    fn url_here(&self, container: &Container, name: &str, urls: &str) -> String {
        let here = urls.split(',').map(|url| {
            let place = authority(url);
            let there = self.places.get(&place);
            let there = there.unwrap_or_else(|| panic!("{}: {name}: nothing is at {place}", container.name));
            let url = url.replacen(&place, there, 1);
            if url.starts_with("mongodb:") { self.document_store(&url) } else { url }
        });
        here.collect::<Vec<_>>().join(",")
    }

    /// The database is of this system alone. FerretDB is in no replica set, and the driver would wait for one.
    fn document_store(&self, url: &str) -> String {
        let url = with_path(url, &self.name);
        if self.has_replica_set { url } else { url.replace("?replicaSet=rs0", "") }
    }

    /// A file in a volume, as the container sees it: `deploy/certificates` and `deploy/passwords` fill the volume
    /// `users-credentials` from their folder `users`.
    fn file_here(&self, container: &Container, name: &str, path: &str) -> String {
        let mount = container.mounts.iter().find(|(_, target)| path.starts_with(&format!("{target}/")));
        let (volume, target) = mount.unwrap_or_else(|| panic!("{}: {name}: nothing mounts {path}", container.name));
        let folder = volume.strip_suffix("-credentials").unwrap_or_else(|| panic!("{volume} holds no credentials"));
        let path = self.credentials.join(folder).join(&path[target.len() + 1..]);
        assert!(fs::metadata(&path).is_ok(), "{}: {name}: there is no {}", container.name, path.display());
        path.to_str().expect("UTF-8").to_owned()
    }
}

/// The port at which a container listens, for all of its network.
fn inner_port(container: &Container) -> String {
    let listen = container.environment.get("LOQUAT_LISTEN").map(String::as_str).unwrap_or_default();
    let port = listen.strip_prefix("0.0.0.0:");
    port.unwrap_or_else(|| panic!("{} listens on {listen:?}, where no other reaches it", container.name)).to_owned()
}

fn server(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "where the tests' backends are is no setting of a service")]
    std::env::var(name).ok().filter(|url| !url.is_empty())
}

/// The host and the port of a URL.
fn authority(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap_or_else(|| panic!("{url} is no URL"));
    let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}

/// Puts a database's name into a URL.
fn with_path(url: &str, path: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or_else(|| panic!("{url} is no URL"));
    let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    let query = rest.find('?').map_or("", |at| &rest[at..]);
    format!("{scheme}://{authority}/{path}{query}")
}
