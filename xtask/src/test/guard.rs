//! What must be gone when the run is over is gone, even where the run itself was killed.

use std::{
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;

use super::log_folder;
use crate::workspace;

/// A small process in a group of its own that reads from us what has been started. When we end, its input ends, and it
/// kills what still runs and takes the backends down.
#[derive(Debug)]
pub(super) struct Guard {
    process: Mutex<Child>,
}

impl Guard {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// Fails where there is no bash.
    pub(super) fn start() -> anyhow::Result<Self> {
        let log = std::fs::File::create(log_folder().join("guard.log"))?;
        let process = Command::new("bash")
            .args(["-c", include_str!("guard.sh")])
            .current_dir(workspace::root())
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .context("bash does not start: is it installed?")?;
        Ok(Self { process: Mutex::new(process) })
    }

    /// Tells of a process group that was started.
    pub(super) fn started(&self, group: u32) {
        self.tell(&format!("started {group}"));
    }

    /// Has a process group killed, or what is left of it.
    pub(super) fn kill(&self, group: u32) {
        self.tell(&format!("kill {group}"));
    }

    /// Tells that backends are about to come up with their state in a folder.
    pub(super) fn backends_in(&self, folder: &Path) {
        self.tell(&format!("backends {}", folder.display()));
    }

    /// Ends the run: returns when all is gone.
    pub(super) fn finish(self) {
        let mut process = self.process.into_inner().unwrap_or_else(PoisonError::into_inner);
        drop(process.stdin.take());
        if let Err(error) = process.wait() {
            eprintln!("cargo xtask test: waiting for the guard: {error}");
        }
    }

    fn tell(&self, line: &str) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(input) = process.stdin.as_mut() else { return };
        if let Err(error) = writeln!(input, "{line}") {
            eprintln!("cargo xtask test: the guard is gone: {error}");
        }
    }
}
