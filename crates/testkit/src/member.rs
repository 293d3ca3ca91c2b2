//! One process of a house.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    net::SocketAddr,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::OnceLock,
    time::Duration,
};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::{Instant, sleep};

use crate::nursery;

/// How a process is started: everything but where its output goes.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The binary.
    pub program: PathBuf,
    /// What stands before it on the command line, such as a tracer.
    pub wrapper: Vec<String>,
    /// Its settings. It sees no others but `PATH` and `HOME`.
    pub environment: BTreeMap<String, String>,
}

impl Recipe {
    /// Makes the command, to be run by itself, such as with `--check-health`.
    #[must_use]
    pub fn command(&self) -> Command {
        self.with_words(&[])
    }

    fn with_words(&self, before: &[&str]) -> Command {
        let program = self.program.to_string_lossy();
        let mut words: Vec<&str> = before.to_vec();
        if !self.wrapper.is_empty() {
            words.extend(self.wrapper.iter().map(String::as_str));
            words.extend(before);
        }
        words.push(&program);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear();
        for name in ["PATH", "HOME"] {
            #[expect(clippy::disallowed_methods, reason = "what a process needs to find others, not a setting of ours")]
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(&self.environment);
        command
    }
}

/// One process of a house, running or not.
#[derive(Debug)]
pub struct Member {
    /// What it is called in the house, such as `messages-2`.
    pub name: String,
    /// The service that it is, such as `messages`.
    pub service: &'static str,
    /// How it is started.
    pub recipe: Recipe,
    /// Where it listens, once that is known.
    pub address: Option<SocketAddr>,
    folder: PathBuf,
    running: Option<Child>,
}

impl Member {
    /// Makes a process that does not run yet. Its output will lie in a folder.
    #[must_use]
    pub fn new(name: &str, service: &'static str, recipe: Recipe, folder: &Path) -> Self {
        Self { name: name.into(), service, recipe, address: None, folder: folder.to_owned(), running: None }
    }

    /// Starts the process. Its output goes to files of its own, behind what stands there.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let output = |end: &str| -> io::Result<File> {
            File::options().create(true).append(true).open(self.folder.join(format!("{}.{end}", self.name)))
        };
        // Killed with whoever started it, however that ends.
        let before: &[&str] = if has_setpriv() { &["setpriv", "--pdeathsig", "KILL", "--"] } else { &[] };
        let mut command = self.recipe.with_words(before);
        command.process_group(0).stdin(Stdio::null()).stdout(output("out")?).stderr(output("log")?);
        self.running = Some(nursery::spawn(command).with_context(|| format!("starting {}", self.name))?);
        Ok(())
    }

    /// Returns whether the process runs.
    pub fn is_running(&mut self) -> bool {
        if self.running.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None))) {
            self.running = None;
        }
        self.running.is_some()
    }

    /// Returns the process's id, where it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.running.as_ref().map(Child::id)
    }

    /// Sends a signal to the process and all that it started.
    ///
    /// # Errors
    ///
    /// Where it does not run.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let Some(child) = &self.running else { bail!("{} does not run", self.name) };
        let group = Pid::from_raw(child.id().try_into()?).context("a process id")?;
        Ok(kill_process_group(group, signal)?)
    }

    /// Waits for the process to end.
    ///
    /// # Errors
    ///
    /// Where it still runs after that time.
    pub async fn ended(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        let by = Instant::now() + within;
        loop {
            let Some(child) = &mut self.running else { bail!("{} does not run", self.name) };
            if let Some(status) = child.try_wait()? {
                self.running = None;
                return Ok(status);
            }
            if Instant::now() >= by {
                bail!("{} still runs after {within:?}", self.name);
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// What the process has written to standard output.
    #[must_use]
    pub fn output(&self) -> String {
        fs::read_to_string(self.folder.join(format!("{}.out", self.name))).unwrap_or_default()
    }

    /// What the process has logged, all its lives long.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join(format!("{}.log", self.name))).unwrap_or_default()
    }

    /// The last lines of what the process has logged.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(25)..];
        format!("--- {}\n{}\n", self.name, tail.join("\n"))
    }
}

/// util-linux has it. Without it a test that is killed leaves its processes behind.
fn has_setpriv() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| Command::new("setpriv").arg("--version").output().is_ok_and(|answer| answer.status.success()))
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.running.is_none() {
            return;
        }
        if let Err(error) = self.signal(Signal::KILL) {
            eprintln!("{} could not be killed: {error:#}", self.name);
        }
        drop(self.running.take().map(|mut child| child.wait()));
    }
}
