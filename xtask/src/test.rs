//! Runs every suite of the project and ends with one line of counts.
//!
//! Two cores, two lanes: while cargo compiles what ships and its tests, the small suites run and the backends start.
//! What is sensitive to time (the Rust tests on their backends, then the browser) runs afterwards, one after the other.
//! Whatever is printed is also in `target/test/<suite>.log`.

use std::{
    fs,
    path::PathBuf,
    process::{Command, ExitCode},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use clap::ValueEnum;

use crate::workspace;

mod backends;
mod counts;
mod guard;
mod report;
mod step;
mod suites;

use backends::Backends;
use guard::Guard;
use report::Report;
use step::Step;

/// What can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// Unit tests, contract suites on every twin, and system tests, in release mode.
    Rust,
    /// The tests of the project's own tools.
    Xtask,
    /// Type checks, lints and tests of the page.
    Web,
    /// Python's protovalidate against the table of inputs.
    Contract,
    /// The deployment against the code, without an engine.
    Deploy,
    /// Two people in a headless browser.
    Browser,
    /// The short run of the fault harness, in both shapes.
    Faults,
}

/// What to run, and how strictly.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Run only these suites.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Suite>,
    /// Fail where a backend or a tool is missing, instead of skipping what needs it.
    #[arg(long)]
    strict: bool,
}

impl Arguments {
    fn wants(&self, suite: Suite) -> bool {
        self.only.is_empty() || self.only.contains(&suite)
    }
}

/// Runs the suites. The last line printed is `N passed, N failed, N skipped`; the exit code is 1 where any failed.
///
/// # Errors
///
/// Fails where a suite could not be started at all.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    fs::create_dir_all(log_folder())?;
    let guard = Guard::start()?;
    let report = Mutex::new(Report::default());
    let run = Run { arguments, guard: &guard, report: &report };

    if run.page() {
        let ready = run.everything_before_the_long_suites()?;
        if ready.is_built && arguments.wants(Suite::Rust) {
            run.step(suites::rust(ready.backends.clone()));
        }
        if ready.is_built && arguments.wants(Suite::Browser) {
            run.browser();
        }
        if ready.is_built && arguments.wants(Suite::Faults) {
            run.faults(!ready.backends.is_empty());
        }
    }

    guard.finish();
    let report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{}", report.total());
    Ok(if report.total().failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the long suites stand on.
struct Ready {
    /// Whether binaries and test binaries are there.
    is_built: bool,
    /// The variables by which tests find the backends; none where none are up.
    backends: Vec<(String, String)>,
}

/// One run, as all its lanes see it.
#[derive(Clone, Copy)]
struct Run<'a> {
    arguments: &'a Arguments,
    guard: &'a Guard,
    report: &'a Mutex<Report>,
}

impl Run<'_> {
    /// Runs a step and tells how it went. Says whether it went well.
    fn step(&self, step: Step) -> bool {
        let outcome = step.run(self.guard);
        let is_well = outcome.counts.failed == 0;
        self.report().add(&outcome);
        is_well
    }

    /// The page is inside the gateway's binary, so it is built before anything else, and by one place: the Makefile.
    fn page(&self) -> bool {
        let needs_page =
            [Suite::Rust, Suite::Web, Suite::Browser, Suite::Faults].iter().any(|suite| self.arguments.wants(*suite));
        !needs_page || self.step(suites::page())
    }

    fn everything_before_the_long_suites(&self) -> anyhow::Result<Ready> {
        thread::scope(|scope| {
            let compiled = scope.spawn(|| self.compile());
            let backends = scope.spawn(|| self.backends_and_deployment());
            if self.arguments.wants(Suite::Xtask) {
                self.step(suites::xtask());
            }
            if self.arguments.wants(Suite::Web) {
                for step in suites::web() {
                    self.step(step);
                }
            }
            if self.arguments.wants(Suite::Contract) {
                self.contract();
            }
            let backends = backends.join().expect("the lane does not panic")?;
            Ok(Ready { is_built: compiled.join().expect("the lane does not panic"), backends })
        })
    }

    fn backends_and_deployment(&self) -> anyhow::Result<Vec<(String, String)>> {
        let environment = self.backends()?;
        if self.arguments.wants(Suite::Deploy) && self.step(suites::packages("deploy-packages", "tests/deploy")) {
            self.step(suites::deploy(environment.clone()));
        }
        Ok(environment)
    }

    /// Only this suite needs Python: without it a machine can still build and run Loquat.
    fn contract(&self) {
        let has_python = succeeds(&["python3", "-c", "import ensurepip, venv"]);
        if !has_python && !self.arguments.strict {
            self.report().add_skip("contract", "there is no python3 with its venv module");
        } else if self.step(suites::python()) {
            self.step(suites::contract());
        }
    }

    fn compile(&self) -> bool {
        let wants_rust = self.arguments.wants(Suite::Rust);
        if !wants_rust && ![Suite::Browser, Suite::Faults].iter().any(|suite| self.arguments.wants(*suite)) {
            return true;
        }
        self.step(suites::binaries()) && (!wants_rust || self.step(suites::compiled_tests()))
    }

    fn backends(&self) -> anyhow::Result<Vec<(String, String)>> {
        if ![Suite::Rust, Suite::Deploy, Suite::Faults].iter().any(|suite| self.arguments.wants(*suite)) {
            return Ok(Vec::new());
        }
        match Backends::up(self.guard)? {
            Backends::Up(environment) => return Ok(environment),
            Backends::Missing(reason) if self.arguments.strict => self.report().add_failure("backends", &reason),
            Backends::Missing(reason) => println!("backends: not up, what needs them is skipped: {reason}"),
        }
        Ok(Vec::new())
    }

    /// Only this suite needs a Chromium, which the test looks for in these two places.
    fn browser(&self) {
        let has_chromium = succeeds(&["bash", "-c", "[[ -x ${CHROMIUM:-/usr/bin/chromium} ]]"]);
        if !has_chromium && !self.arguments.strict {
            self.report().add_skip("browser", "there is no /usr/bin/chromium, and CHROMIUM names none");
        } else if self.step(suites::packages("browser-packages", "tests/browser")) {
            self.step(suites::browser());
        }
    }

    /// The harness starts what it needs. Where no backends are up there are none for it either.
    fn faults(&self, has_backends: bool) {
        self.step(suites::faults("faults-embedded", "embedded"));
        if has_backends {
            self.step(suites::faults("faults-distributed", "distributed"));
        } else {
            self.report().add_skip("faults-distributed", "no backends are up");
        }
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a program is there and ends well.
fn succeeds(command: &[&str]) -> bool {
    let output = Command::new(command[0]).args(&command[1..]).output();
    output.is_ok_and(|output| output.status.success())
}

/// Where the suites' output goes.
fn log_folder() -> PathBuf {
    workspace::root().join("target/test")
}
