//! The system, as the processes that it is.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::{Context as _, bail};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};

use crate::{
    Backends, Certificates, Gateway, Member, Person, ReservedPort, backends::Lodging, binaries::scratch_folder,
};

mod distributed;
mod embedded;

/// How long a start may take until all members are ready.
const START_DEADLINE: Duration = Duration::from_secs(45);

/// How the system stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One process, embedded stores.
    Embedded,
    /// users, rooms, presence, two of messages, two gateways, on the real backends.
    Distributed,
    /// The same, with the room log on PostgreSQL.
    DistributedOnPostgres,
}

/// What a house is to be.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How it stands.
    pub shape: Shape,
    /// Settings for all members, beside those that a house needs.
    pub environment: BTreeMap<String, String>,
    /// What stands before each binary on the command line. `{folder}` stands for the house's folder.
    pub wrapper: Vec<String>,
}

impl Plan {
    /// A house with nothing special.
    #[must_use]
    pub const fn of(shape: Shape) -> Self {
        Self { shape, environment: BTreeMap::new(), wrapper: Vec::new() }
    }

    /// The same with a setting.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.insert(name.to_owned(), value.to_string());
        self
    }

    /// The same with words before each binary.
    #[must_use]
    pub fn under(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
        self
    }
}

/// The system running. Its processes end with it, and with the tests' process.
#[derive(Debug)]
pub struct House {
    // Dropped in this order: first the processes, then what they stand on.
    members: Vec<Member>,
    _lodging: Option<Lodging>,
    _ports: Vec<ReservedPort>,
    certificates: Option<Certificates>,
    folder: TempDir,
    shape: Shape,
}

impl House {
    /// Starts a house and waits until all of it is ready.
    ///
    /// # Errors
    ///
    /// What could not be started, with the end of its log.
    pub async fn start(plan: Plan) -> anyhow::Result<Self> {
        static HOUSES: AtomicUsize = AtomicUsize::new(0);
        let number = HOUSES.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::Builder::new()
            .prefix(&format!("house-{}-{number}-", std::process::id()))
            .tempdir_in(clean_scratch_folder()?)?;
        let mut house = match plan.shape {
            Shape::Embedded => embedded::build(&plan, folder)?,
            shape => {
                let backends = Backends::of_environment().map_err(|name| anyhow::anyhow!("no {name}"))?;
                let lodging = backends.lodge(number, shape == Shape::DistributedOnPostgres).await?;
                distributed::build(&plan, folder, lodging)?
            }
        };
        house.start_all().await?;
        Ok(house)
    }

    /// Returns how the house stands.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Returns whether the house is one process.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.shape == Shape::Embedded
    }

    /// Returns the folder of its logs and, embedded, its data.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the certificates. Embedded there are none.
    #[must_use]
    pub const fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// Returns all members.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns a member by its name.
    ///
    /// # Panics
    ///
    /// Where there is none of that name.
    #[must_use]
    pub fn member(&self, name: &str) -> &Member {
        self.members.iter().find(|member| member.name == name).unwrap_or_else(|| panic!("no member {name}"))
    }

    fn member_mut(&mut self, name: &str) -> &mut Member {
        self.members.iter_mut().find(|member| member.name == name).unwrap_or_else(|| panic!("no member {name}"))
    }

    /// Returns the names of the members that clients call.
    #[must_use]
    pub fn gateway_names(&self) -> Vec<&str> {
        let edges = self.members.iter().filter(|member| matches!(member.service, "gateway" | "standalone"));
        edges.map(|member| member.name.as_str()).collect()
    }

    /// Returns a way to a gateway with a connection of its own. Embedded all numbers are the one.
    #[must_use]
    pub fn gateway(&self, index: usize) -> Gateway {
        let names = self.gateway_names();
        Gateway::at(self.address_of(names[index % names.len()]))
    }

    /// Returns a way to one messages node itself, as a gateway has it. Embedded it is the way through the gateway.
    ///
    /// # Panics
    ///
    /// Where the certificates cannot be used.
    #[must_use]
    pub fn messages_node(&self, index: usize) -> Gateway {
        if self.is_embedded() { self.gateway(0) } else { self.service(&format!("messages-{}", index + 1), "gateway") }
    }

    /// Returns a way to a service's own port, with a certificate of the given name.
    ///
    /// # Panics
    ///
    /// In the embedded shape, whose services have no ports.
    #[must_use]
    pub fn service(&self, member: &str, caller: &str) -> Gateway {
        let certificates = self.certificates.as_ref().expect("the distributed shape has certificates");
        let tls = certificates.client(caller, self.member(member).service).expect("certificates can be written");
        Gateway::over_tls(self.address_of(member), tls)
    }

    /// Registers somebody with a handle that begins as given, and signs them in through the first gateway.
    ///
    /// # Panics
    ///
    /// Where that fails.
    pub async fn person(&self, name: &str) -> Person {
        Person::register(&self.gateway(0), name).await
    }

    fn address_of(&self, member: &str) -> SocketAddr {
        self.member(member).address.expect("a started member has an address")
    }

    /// Kills a process with SIGKILL and waits until it is gone.
    ///
    /// # Errors
    ///
    /// Where it does not run.
    pub async fn kill(&mut self, member: &str) -> anyhow::Result<()> {
        let member = self.member_mut(member);
        member.signal(Signal::KILL)?;
        member.ended(Duration::from_secs(5)).await?;
        Ok(())
    }

    /// Stops a process where it stands (SIGSTOP), until [`House::resume`].
    ///
    /// # Errors
    ///
    /// Where it does not run.
    pub fn pause(&self, member: &str) -> anyhow::Result<()> {
        self.member(member).signal(Signal::STOP)
    }

    /// Lets a stopped process go on (SIGCONT).
    ///
    /// # Errors
    ///
    /// Where it does not run.
    pub fn resume(&self, member: &str) -> anyhow::Result<()> {
        self.member(member).signal(Signal::CONT)
    }

    /// Asks a process to end (SIGTERM), without waiting.
    ///
    /// # Errors
    ///
    /// Where it does not run.
    pub fn terminate(&self, member: &str) -> anyhow::Result<()> {
        self.member(member).signal(Signal::TERM)
    }

    /// Waits until a process has ended.
    ///
    /// # Errors
    ///
    /// Where it still runs after that time.
    pub async fn ended(&mut self, member: &str, within: Duration) -> anyhow::Result<ExitStatus> {
        self.member_mut(member).ended(within).await
    }

    /// Starts a process that has ended, at the same address on the same data, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub async fn start_again(&mut self, member: &str) -> anyhow::Result<()> {
        let member = self.member_mut(member);
        if let Some(address) = member.address {
            member.recipe.environment.insert("LOQUAT_LISTEN".into(), address.to_string());
        }
        member.start()?;
        self.await_readiness().await
    }

    /// Ends all processes in good order, changes a setting of all where one is given, and starts them again.
    ///
    /// # Errors
    ///
    /// Where one does not end, or cannot be started.
    pub async fn restart_all(&mut self, setting: Option<(&str, &str)>) -> anyhow::Result<()> {
        for member in &self.members {
            member.signal(Signal::TERM)?;
        }
        for member in &mut self.members {
            member.ended(Duration::from_secs(15)).await?;
            if let Some(address) = member.address {
                member.recipe.environment.insert("LOQUAT_LISTEN".into(), address.to_string());
            }
            if let Some((name, value)) = setting {
                member.recipe.environment.insert(name.into(), value.into());
            }
        }
        self.start_all().await
    }

    /// Prints the end of every member's log.
    pub fn tell_logs(&self) {
        for member in &self.members {
            eprintln!("{}", member.log_tail());
        }
    }

    async fn start_all(&mut self) -> anyhow::Result<()> {
        for member in &mut self.members {
            member.start()?;
        }
        self.await_readiness().await
    }

    async fn await_readiness(&mut self) -> anyhow::Result<()> {
        let by = Instant::now() + START_DEADLINE;
        for index in 0..self.members.len() {
            while !self.is_ready(index).await {
                let member = &mut self.members[index];
                if !member.is_running() {
                    bail!("{} has ended before it was ready:\n{}", member.name, member.log_tail());
                }
                if Instant::now() >= by {
                    bail!("{} is not ready in {START_DEADLINE:?}:\n{}", member.name, member.log_tail());
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }

    async fn is_ready(&mut self, index: usize) -> bool {
        let member = &mut self.members[index];
        if member.address.is_none() {
            member.address = greeted(&member.output());
        }
        let (Some(address), name) = (member.address, member.name.clone()) else { return false };
        let gateway = match self.gateway_names().contains(&name.as_str()) {
            true => Gateway::at(address),
            false => self.service(&name, "gateway"),
        };
        let mut request = tonic::Request::new(HealthCheckRequest::default());
        request.set_timeout(Duration::from_secs(2));
        let answer = gateway.health().check(request).await;
        answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
    }
}

/// Reads the port out of the line that a person reads.
fn greeted(output: &str) -> Option<SocketAddr> {
    let (_, rest) = output.split_once("Loquat is at http://localhost:")?;
    // A line that is not whole yet may lack digits.
    let (port, _) = rest.split_once('\n')?;
    Some(SocketAddr::from(([127, 0, 0, 1], port.trim().parse().ok()?)))
}

/// The folder of all houses, without those whose tests' process is gone.
fn clean_scratch_folder() -> anyhow::Result<PathBuf> {
    let folder = scratch_folder()?;
    for entry in fs::read_dir(&folder)?.flatten() {
        let name = entry.file_name();
        let mut parts = name.to_str().unwrap_or_default().split('-');
        let is_house = parts.next() == Some("house");
        let process = parts.next().and_then(|part| part.parse().ok()).and_then(rustix::process::Pid::from_raw);
        if is_house && process.is_some_and(|process| rustix::process::test_kill_process(process).is_err()) {
            // Two tests may remove it at once.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
    folder.canonicalize().context("the scratch folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_in_the_greeting() {
        assert_eq!(greeted("Loquat is at http://localhost:41"), None);
        let address = greeted("Loquat is at http://localhost:4123\n").expect("a whole line");
        assert_eq!(address.port(), 4123);
    }
}
