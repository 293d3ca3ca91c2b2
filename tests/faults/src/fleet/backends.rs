//! The backends of a run: a set of its own of `deploy/backends`.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::{process::Command, time::timeout};

use super::LinkKind;

/// How long a command may take: it may have to build a server first.
const DEADLINE: Duration = Duration::from_secs(600);

/// One backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
    /// NATS.
    Nats,
    /// MongoDB, or FerretDB in its place.
    Mongodb,
}

impl Backend {
    /// All backends.
    pub(crate) const ALL: [Self; 4] = [Self::Postgres, Self::Redis, Self::Nats, Self::Mongodb];

    /// What `deploy/backends` calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Nats => "nats",
            Self::Mongodb => "mongodb",
        }
    }

    /// The kind of link that leads to it.
    pub(crate) const fn link(self) -> LinkKind {
        match self {
            Self::Postgres => LinkKind::Postgres,
            Self::Redis => LinkKind::Redis,
            Self::Nats => LinkKind::Nats,
            Self::Mongodb => LinkKind::Mongodb,
        }
    }
}

/// A set of backends. It stays up until it is taken down, or whoever made the run does so.
#[derive(Debug)]
pub(crate) struct BackendSet {
    command: PathBuf,
    folder: PathBuf,
    urls: BTreeMap<String, String>,
}

impl BackendSet {
    /// Starts what does not run, on the data of its folder.
    ///
    /// # Errors
    ///
    /// What the command says.
    pub(crate) async fn up(command: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut set = Self { command: command.to_owned(), folder: folder.to_owned(), urls: BTreeMap::new() };
        let printed = set.run(&["up"]).await?;
        set.urls = printed
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, url)| (name.to_owned(), url.to_owned()))
            .collect();
        Ok(set)
    }

    /// Takes down what an earlier run left in a folder.
    ///
    /// # Errors
    ///
    /// What the command says.
    pub(crate) async fn leave(command: &Path, folder: &Path) -> anyhow::Result<()> {
        let command = command.canonicalize()?;
        Self { command, folder: folder.to_owned(), urls: BTreeMap::new() }.down().await
    }

    /// A backend's URL, past every proxy.
    ///
    /// # Errors
    ///
    /// Where the command did not print it.
    pub(crate) fn url(&self, backend: Backend) -> anyhow::Result<String> {
        let names: &[&str] = match backend {
            Backend::Mongodb => &["LOQUAT_TEST_MONGODB_URL", "LOQUAT_TEST_FERRETDB_URL"],
            Backend::Postgres => &["LOQUAT_TEST_POSTGRES_URL"],
            Backend::Redis => &["LOQUAT_TEST_REDIS_URL"],
            Backend::Nats => &["LOQUAT_TEST_NATS_URL"],
        };
        let url = names.iter().find_map(|name| self.urls.get(*name));
        url.cloned().with_context(|| format!("the backends did not say where {} is", backend.name()))
    }

    /// A backend's address, past every proxy.
    ///
    /// # Errors
    ///
    /// Where the command did not print it.
    pub(crate) fn address(&self, backend: Backend) -> anyhow::Result<SocketAddr> {
        let url = self.url(backend)?;
        let rest = url.split_once("://").map_or(&*url, |(_, rest)| rest);
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        host.parse().with_context(|| format!("{host} is no address"))
    }

    /// Kills a backend.
    ///
    /// # Errors
    ///
    /// What the command says.
    pub(crate) async fn kill(&self, backend: Backend) -> anyhow::Result<()> {
        self.run(&["kill", backend.name()]).await.map(drop)
    }

    /// Stops a backend in good order.
    ///
    /// # Errors
    ///
    /// What the command says.
    pub(crate) async fn stop(&self, backend: Backend) -> anyhow::Result<()> {
        self.run(&["stop", backend.name()]).await.map(drop)
    }

    /// Starts a backend on its data and its port, and waits until it answers.
    ///
    /// # Errors
    ///
    /// What the command says.
    pub(crate) async fn start(&self, backend: Backend) -> anyhow::Result<()> {
        self.run(&["start", backend.name()]).await.map(drop)
    }

    /// Stops all in good order; the data stays.
    ///
    /// # Errors
    ///
    /// What the command says.
    pub(crate) async fn stop_all(&self) -> anyhow::Result<()> {
        for backend in Backend::ALL {
            self.stop(backend).await?;
        }
        Ok(())
    }

    /// Takes all down and removes the data.
    ///
    /// # Errors
    ///
    /// What the command says.
    pub(crate) async fn down(&self) -> anyhow::Result<()> {
        self.run(&["down"]).await.map(drop)
    }

    async fn run(&self, words: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.command);
        command.args(words).env("LOQUAT_BACKENDS_DIR", &self.folder).kill_on_drop(true);
        let output = timeout(DEADLINE, command.output()).await.context("deploy/backends does not end")??;
        if !output.status.success() {
            bail!("deploy/backends {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
