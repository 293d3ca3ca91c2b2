//! The system under test: real processes, every link between them through a proxy of ours.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use loquat_testkit::{Certificates, Gateway, Member, ReservedPort, Signal};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};

mod backends;
mod distributed;
mod embedded;
mod links;

pub(crate) use backends::{Backend, BackendSet};
pub(crate) use links::{LinkKind, Links};

/// How long a start may take until a process is ready.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// How the system stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Shape {
    /// One process.
    Embedded,
    /// users, rooms, presence, two of messages, two gateways, on real backends.
    Distributed,
}

/// Where the room log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Store {
    /// A file, in the embedded shape.
    Sqlite,
    /// PostgreSQL, in the distributed shape.
    Postgres,
    /// MongoDB or FerretDB, in the distributed shape.
    Mongodb,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Distributed => "distributed",
        })
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mongodb => "mongodb",
        })
    }
}

/// What a fleet is to be.
#[derive(Debug, Clone)]
pub(crate) struct FleetPlan {
    /// How it stands.
    pub(crate) shape: Shape,
    /// On what.
    pub(crate) store: Store,
    /// The run's own folder: data, logs, certificates, backends.
    pub(crate) folder: PathBuf,
    /// Where the binaries are.
    pub(crate) binaries: PathBuf,
    /// The command that runs backends.
    pub(crate) backends: PathBuf,
}

impl FleetPlan {
    /// The path of a binary.
    ///
    /// # Errors
    ///
    /// Where it is not built.
    pub(crate) fn binary(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.binaries.join(name);
        if !path.is_file() {
            bail!("{} is not built: run `make build`, or name another folder with --binaries", path.display());
        }
        Ok(path)
    }
}

/// One process of the fleet.
#[derive(Debug)]
pub(crate) struct Unit {
    /// What it is called, such as `messages-2`.
    pub(crate) name: String,
    /// The service that it is, such as `messages`.
    pub(crate) service: &'static str,
    /// A way to it past every proxy: for its health, and for calls to one node.
    pub(crate) direct: Gateway,
    member: Mutex<Member>,
}

/// The system running. Its processes end with it.
#[derive(Debug)]
pub(crate) struct Fleet {
    // Dropped in this order: first the processes, then what they stand on.
    units: Vec<Arc<Unit>>,
    pub(crate) links: Links,
    pub(crate) backends: Option<BackendSet>,
    pub(crate) plan: FleetPlan,
    _ports: Vec<ReservedPort>,
    _certificates: Option<Certificates>,
}

impl Fleet {
    /// Starts a fleet, on the data of its folder where there is some, and waits until all of it is ready.
    ///
    /// # Errors
    ///
    /// What could not be started, with the end of its log.
    pub(crate) async fn start(plan: FleetPlan) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&plan.folder)?;
        let fleet = match plan.shape {
            Shape::Embedded => embedded::build(plan).await?,
            Shape::Distributed => distributed::build(plan).await?,
        };
        fleet.start_missing().await?;
        Ok(fleet)
    }

    /// The processes.
    pub(crate) fn units(&self) -> &[Arc<Unit>] {
        &self.units
    }

    /// Where clients connect: each a proxy. Embedded all lead to the one process.
    pub(crate) fn gateways(&self) -> Vec<SocketAddr> {
        self.links.of(LinkKind::ClientGateway).map(|link| link.proxy.address()).collect()
    }

    /// The messages nodes themselves, as a gateway has them. None embedded.
    pub(crate) fn messages_nodes(&self) -> Vec<Gateway> {
        self.units.iter().filter(|unit| unit.service == "messages").map(|unit| unit.direct.clone()).collect()
    }

    /// The backend of the room log, in the distributed shape.
    pub(crate) fn log_backend(&self) -> Backend {
        if self.plan.store == Store::Mongodb { Backend::Mongodb } else { Backend::Postgres }
    }

    /// The folder of the embedded stores.
    pub(crate) fn data_folder(&self) -> PathBuf {
        data_folder(&self.plan.folder)
    }

    /// Starts whatever does not run, and waits until all is ready. Returns the names of what did not run.
    ///
    /// # Errors
    ///
    /// What could not be started, with the end of its log.
    pub(crate) async fn start_missing(&self) -> anyhow::Result<Vec<String>> {
        let mut started = Vec::new();
        for unit in &self.units {
            let mut member = unit.member.lock().await;
            if !member.is_running() {
                member.start()?;
                started.push(unit.name.clone());
            }
        }
        for unit in &self.units {
            unit.until_ready().await?;
        }
        Ok(started)
    }

    /// How often a text stands in the logs of all processes.
    pub(crate) async fn count_in_logs(&self, text: &str) -> u64 {
        let mut count = 0;
        for unit in &self.units {
            count += unit.member.lock().await.log().matches(text).count() as u64;
        }
        count
    }

    /// Ends everything in good order; the data stays.
    ///
    /// # Errors
    ///
    /// Where something does not end.
    pub(crate) async fn stop(&self) -> anyhow::Result<()> {
        for unit in self.units.iter().rev() {
            unit.stop(Duration::from_secs(15)).await?;
        }
        if let Some(backends) = &self.backends {
            backends.stop_all().await?;
        }
        Ok(())
    }
}

impl Unit {
    fn new(member: Member, direct: Gateway) -> Arc<Self> {
        Arc::new(Self { name: member.name.clone(), service: member.service, direct, member: Mutex::new(member) })
    }

    /// Kills it, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// Where it is not gone in time.
    pub(crate) async fn kill(&self) -> anyhow::Result<()> {
        let mut member = self.member.lock().await;
        if member.is_running() {
            member.signal(Signal::KILL)?;
            member.ended(Duration::from_secs(5)).await?;
        }
        Ok(())
    }

    /// Asks it to end, and waits until it has. Returns how long that took.
    ///
    /// # Errors
    ///
    /// Where it still runs after that time.
    pub(crate) async fn stop(&self, within: Duration) -> anyhow::Result<Duration> {
        let mut member = self.member.lock().await;
        let begun = Instant::now();
        if member.is_running() {
            member.signal(Signal::TERM)?;
            member.ended(within).await.with_context(|| format!("{} was asked to end", self.name))?;
        }
        Ok(begun.elapsed())
    }

    /// Stops it where it stands.
    ///
    /// # Errors
    ///
    /// Where it does not run.
    pub(crate) async fn pause(&self) -> anyhow::Result<()> {
        self.member.lock().await.signal(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    ///
    /// Where it does not run.
    pub(crate) async fn resume(&self) -> anyhow::Result<()> {
        self.member.lock().await.signal(Signal::CONT)
    }

    /// Starts it, where it does not run, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// Where it cannot be started, with the end of its log.
    pub(crate) async fn start(&self) -> anyhow::Result<()> {
        {
            let mut member = self.member.lock().await;
            if !member.is_running() {
                member.start()?;
            }
        }
        self.until_ready().await
    }

    /// Whether it runs.
    pub(crate) async fn is_running(&self) -> bool {
        self.member.lock().await.is_running()
    }

    /// Its process id, where it runs.
    pub(crate) async fn process_id(&self) -> Option<u32> {
        self.member.lock().await.process_id()
    }

    /// The end of its log.
    pub(crate) async fn log_tail(&self) -> String {
        self.member.lock().await.log_tail()
    }

    async fn until_ready(&self) -> anyhow::Result<()> {
        let by = Instant::now() + START_DEADLINE;
        while !self.is_ready().await {
            if !self.is_running().await {
                // What failed because something else is not there yet is started again, as any supervisor would.
                let mut member = self.member.lock().await;
                if Instant::now() >= by {
                    bail!("{} has ended before it was ready:\n{}", self.name, member.log_tail());
                }
                member.start()?;
            }
            if Instant::now() >= by {
                bail!("{} is not ready in {START_DEADLINE:?}:\n{}", self.name, self.log_tail().await);
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    async fn is_ready(&self) -> bool {
        let mut request = tonic::Request::new(HealthCheckRequest::default());
        request.set_timeout(Duration::from_secs(2));
        let mut health = self.direct.health();
        let check = tokio::time::timeout(Duration::from_secs(2), health.check(request)).await;
        matches!(check, Ok(Ok(answer)) if answer.get_ref().status() == ServingStatus::Serving)
    }
}

fn data_folder(folder: &Path) -> PathBuf {
    folder.join("data")
}
