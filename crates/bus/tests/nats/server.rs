//! A nats-server of a test's own, which it may kill.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal};
use tempfile::TempDir;

/// A nats-server on a free port, with data of its own. It ends with the test.
pub struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    port: u16,
    data: TempDir,
    process: Option<Child>,
}

impl Server {
    /// Nothing where there is no nats-server to start.
    pub fn start(test: &str) -> Option<Self> {
        Self::start_with(test, &[])
    }

    pub fn start_with(test: &str, arguments: &[&str]) -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("SKIPPED {test}: no LOQUAT_TEST_NATS_SERVER, and no nats-server on the path or built");
            return None;
        };
        // Free a moment ago: the server must have the same one after a restart, so it cannot choose for itself.
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let arguments = arguments.iter().map(|it| (*it).to_owned()).collect();
        let data = tempfile::tempdir().expect("a folder");
        let mut server = Self { program, arguments, port, data, process: None };
        server.start_again();
        Some(server)
    }

    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Takes its data away, while it does not run.
    pub fn forget_everything(&mut self) {
        assert!(self.process.is_none(), "a server that was ended");
        self.data = tempfile::tempdir().expect("a folder");
    }

    /// Holds it, with its connections: it answers nothing.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
        // Its threads stop one by one.
        let process = self.process.as_ref().expect("a server that runs").id();
        let is_stopped = || {
            let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("a process").flatten();
            let states = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok());
            let mut states = states.filter_map(|stat| stat.rsplit_once(") ").map(|(_, rest)| rest.starts_with('T')));
            states.all(|is_stopped| is_stopped)
        };
        while !is_stopped() {
            std::thread::yield_now();
        }
    }

    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().expect("a server that runs");
        rustix::process::kill_process(Pid::from_child(process), signal).expect("a process to signal");
    }

    /// Starts it on the same port with the same data. It answers a little later.
    pub fn start_again(&mut self) {
        let process = Command::new(&self.program)
            .args(["--addr", "127.0.0.1", "--port", &self.port.to_string(), "--jetstream", "--store_dir"])
            .arg(self.data.path())
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a nats-server that starts");
        self.process = Some(process);
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("a process to end");
            process.wait().expect("an end");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The program that the environment names, or that is on the path, or that `deploy/backends` built.
fn program() -> Option<PathBuf> {
    if let Some(named) = variable("LOQUAT_TEST_NATS_SERVER") {
        return Some(named);
    }
    let path = variable("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("nats-server")).find(|it| it.is_file());
    on_path.or_else(|| {
        let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
        built(&cache.join("loquat/bin"))
    })
}

fn built(folder: &Path) -> Option<PathBuf> {
    let mut programs: Vec<_> = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|it| it.path()).collect();
    programs.sort();
    programs
        .into_iter()
        .rfind(|it| it.file_name().is_some_and(|name| name.to_string_lossy().starts_with("nats-server-")))
}

#[expect(clippy::disallowed_methods, reason = "which programs there are to test with is the environment's to say")]
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}
