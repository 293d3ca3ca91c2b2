//! One command of a run: its output goes to a log as it comes, its time is bounded, and nothing of it stays behind.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read, Write as _},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use super::{
    counts::{self, Counts, Tally},
    guard::Guard,
    log_folder,
};
use crate::workspace;

/// How long the output of a command that has ended is waited for: something that it left behind may hold the pipe.
const OUTPUT_GRACE: Duration = Duration::from_secs(5);

/// How a command's outcome becomes counts.
#[derive(Debug, Clone)]
pub(super) enum Counting {
    /// It prepares something: it counts only where it fails.
    Preparation,
    /// It is one check.
    Check,
    /// It prints what `cargo test` prints.
    Libtest,
    /// It prints TAP.
    Tap,
    /// Its last line is `N passed, N failed, N skipped`.
    Total,
    /// It writes vitest's json report to this file.
    Vitest(PathBuf),
}

/// A command to run.
#[derive(Debug)]
pub(super) struct Step {
    name: &'static str,
    command: Command,
    budget: Duration,
    counting: Counting,
}

/// How a step went.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The step's name.
    pub(super) name: &'static str,
    /// What its tests did.
    pub(super) counts: Counts,
    /// What failed, in words.
    pub(super) failures: Vec<String>,
    /// How long it took.
    pub(super) time: Duration,
    /// Where its output is.
    pub(super) log: PathBuf,
    /// Whether it is named although nothing of it counts.
    pub(super) is_preparation: bool,
}

impl Step {
    /// A command in the workspace's root, with a budget of time.
    pub(super) fn new(name: &'static str, command: &[&str], budget: Duration, counting: Counting) -> Self {
        let (program, arguments) = command.split_first().expect("a command has a program");
        let mut command = Command::new(program);
        command.args(arguments).current_dir(workspace::root()).stdin(Stdio::null());
        command.env("NO_COLOR", "1").env("CARGO_TERM_COLOR", "never").env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| tells_of_this_crate(name) || is_setting(name)) {
                command.env_remove(name);
            }
        }
        Self { name, command, budget, counting }
    }

    /// Adds to the command's environment.
    pub(super) fn with_environment(mut self, environment: Vec<(String, String)>) -> Self {
        self.command.envs(environment);
        self
    }

    /// Runs it to its end, or to the end of its budget.
    pub(super) fn run(self, guard: &Guard) -> Outcome {
        let started = Instant::now();
        let log = log_folder().join(format!("{}.log", self.name));
        let (name, budget, counting) = (self.name, self.budget, self.counting);
        let Tally { counts, failures } = match execute(self.command, &log, budget, guard) {
            Ok(execution) => execution.tally(&counting, budget),
            Err(error) => Tally { counts: Counts::of_one(false), failures: vec![format!("{error:#}")] },
        };
        let is_preparation = matches!(counting, Counting::Preparation);
        Outcome { name, counts, failures, time: started.elapsed(), log, is_preparation }
    }
}

/// What a command did.
struct Execution {
    /// How it ended; nothing where it was killed for its time.
    status: Option<ExitStatus>,
    stdout: String,
    stderr: String,
}

fn execute(mut command: Command, log: &PathBuf, budget: Duration, guard: &Guard) -> anyhow::Result<Execution> {
    let log = Arc::new(Mutex::new(File::create(log)?));
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .with_context(|| format!("{} does not start: is it installed?", command.get_program().display()))?;
    let group = child.id();
    guard.started(group);
    let stdout = Output::follow(child.stdout.take().context("stdout is a pipe")?, &log);
    let stderr = Output::follow(child.stderr.take().context("stderr is a pipe")?, &log);

    let (ended, end) = mpsc::channel();
    thread::spawn(move || drop(ended.send(child.wait())));
    let status = match end.recv_timeout(budget) {
        Ok(status) => Some(status?),
        Err(_) => None,
    };
    guard.kill(group);
    Ok(Execution { status, stdout: stdout.text(), stderr: stderr.text() })
}

impl Execution {
    fn tally(&self, counting: &Counting, budget: Duration) -> Tally {
        let is_well = self.status.is_some_and(|status| status.success());
        let mut tally = match counting {
            Counting::Preparation if is_well => return Tally::default(),
            Counting::Preparation | Counting::Check => Tally { counts: Counts::of_one(is_well), failures: Vec::new() },
            Counting::Libtest => counts::libtest(&self.stdout, &self.stderr),
            Counting::Tap => counts::tap(&self.stdout),
            Counting::Total => counts::total(&self.stdout),
            Counting::Vitest(report) => vitest(report),
        };
        if is_well && tally.counts.is_empty() {
            tally.failures.push("nothing ran".to_owned());
        }
        match self.status {
            None => {
                tally.failures.push(format!("killed: it took longer than its {} s", budget.as_secs()));
                let unfinished = counts::unfinished(&self.stdout).into_iter();
                tally.failures.extend(unfinished.map(|test| format!("{test} had not ended")));
            }
            Some(status) if !status.success() && tally.failures.is_empty() => {
                tally.failures.push(format!("ended with {status}"));
            }
            Some(_) => {}
        }
        if (!is_well || tally.counts.is_empty()) && tally.counts.failed == 0 {
            tally.counts.failed = 1;
        }
        tally
    }
}

fn vitest(report: &PathBuf) -> Tally {
    let tally = fs::read_to_string(report).context("there is no report").and_then(|json| counts::vitest(&json));
    tally.unwrap_or_else(|error| Tally { counts: Counts::of_one(false), failures: vec![format!("{error:#}")] })
}

/// What a command has printed on one of its pipes so far.
struct Output {
    text: Arc<Mutex<String>>,
    at_end: mpsc::Receiver<()>,
}

impl Output {
    fn follow(pipe: impl Read + Send + 'static, log: &Arc<Mutex<File>>) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let (end, at_end) = mpsc::channel::<()>();
        let (written, log) = (Arc::clone(&text), Arc::clone(log));
        thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                if let Err(error) = locked(&log).write_all(&line) {
                    eprintln!("cargo xtask test: writing a log: {error}");
                }
                locked(&written).push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
            drop(end);
        });
        Self { text, at_end }
    }

    /// All of it, or what there is when the pipe is held open by somebody else.
    fn text(self) -> String {
        if self.at_end.recv_timeout(OUTPUT_GRACE) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("cargo xtask test: something that a command left behind holds its output open");
        }
        std::mem::take(&mut *locked(&self.text))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether cargo set a variable to tell these tools of themselves. Build scripts look at some of them (ring's does): with
/// them, a `cargo` started from here would build again what `make build` has built.
fn tells_of_this_crate(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"]
        .iter()
        .any(|prefix| variable.starts_with(prefix))
        || variable == "CARGO"
}

/// Whether a variable is a setting of Loquat's own: what somebody has exported for a running house is not what tests run with.
fn is_setting(variable: &str) -> bool {
    variable.strip_prefix("LOQUAT_").is_some_and(|rest| !rest.starts_with("TEST_") && !rest.starts_with("BACKENDS_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_somebody_exported_does_not_reach_the_tests() {
        assert!(is_setting("LOQUAT_LISTEN"));
        assert!(!is_setting("LOQUAT_TEST_MONGODB_URL") && !is_setting("LOQUAT_BACKENDS_DIR") && !is_setting("PATH"));
    }

    fn outcome(name: &'static str, script: &str, budget: Duration, counting: Counting) -> Outcome {
        fs::create_dir_all(log_folder()).expect("a folder for logs");
        let guard = Guard::start().expect("bash is there");
        let outcome = Step::new(name, &["bash", "-c", script], budget, counting).run(&guard);
        guard.finish();
        outcome
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn counts_come_from_what_the_command_prints() {
        let outcome = outcome("own-tap", "echo '# pass 2'; echo '# fail 0'", LONG, Counting::Tap);
        assert_eq!(outcome.counts.to_string(), "2 passed, 0 failed, 0 skipped");
        assert_eq!(fs::read_to_string(outcome.log).expect("a log"), "# pass 2\n# fail 0\n");
    }

    #[test]
    fn a_bad_end_fails_although_all_tests_passed() {
        let outcome = outcome("own-bad-end", "echo '# pass 2'; exit 3", LONG, Counting::Tap);
        assert_eq!(outcome.counts, Counts { passed: 2, failed: 1, skipped: 0 });
    }

    #[test]
    fn a_suite_that_runs_nothing_fails() {
        assert_eq!(outcome("own-nothing", "true", LONG, Counting::Libtest).counts.failed, 1);
    }

    #[test]
    fn a_preparation_counts_only_where_it_fails() {
        assert!(outcome("own-well", "true", LONG, Counting::Preparation).counts.is_empty());
        assert_eq!(outcome("own-ill", "false", LONG, Counting::Preparation).counts.failed, 1);
        assert_eq!(outcome("own-check", "true", LONG, Counting::Check).counts.passed, 1);
    }

    #[test]
    fn a_command_beyond_its_budget_is_killed_with_its_children() {
        let started = Instant::now();
        let outcome = outcome("own-slow", "sleep 600 & echo $!; wait", Duration::from_millis(300), Counting::Tap);
        assert_eq!(outcome.counts.failed, 1);
        assert!(outcome.failures[0].starts_with("killed"), "{:?}", outcome.failures);
        assert!(started.elapsed() < LONG, "the pipe was held by a child that lives on");
    }
}
