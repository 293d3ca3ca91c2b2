//! The steps of a run: what each runs, how long it may take, and how it is counted.

use std::time::Duration;

use super::{
    log_folder,
    step::{Counting, Step},
};

/// Everything but xtask is built in release mode, by these words everywhere, so that cargo finds it built.
const RELEASE: [&str; 4] = ["--release", "--workspace", "--exclude", "xtask"];

/// What a short run of the fault harness is.
const FAULTS_SENDS: &str = "20000";
const FAULTS_COUNT: &str = "20";
const FAULTS_SECONDS: &str = "150";
const FAULTS_SEED: &str = "1";

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

fn cargo(name: &'static str, command: &str, more: &[&str], budget: Duration, counting: Counting) -> Step {
    Step::new(name, &[&["cargo", command], RELEASE.as_slice(), more].concat(), budget, counting)
}

/// The web packages and the page.
pub(super) fn page() -> Step {
    Step::new("page", &["make", "--no-print-directory", "page"], minutes(5), Counting::Preparation)
}

/// The binaries that system tests and the browser test start.
pub(super) fn binaries() -> Step {
    cargo("binaries", "build", &["--bins"], minutes(25), Counting::Preparation)
}

/// The test binaries: a step of its own, so that an error of the compiler is not taken for a failed test.
pub(super) fn compiled_tests() -> Step {
    cargo("compile-tests", "test", &["--no-run"], minutes(20), Counting::Preparation)
}

/// The Rust tests. They print as they run, since a skipped one says so on stderr.
pub(super) fn rust(environment: Vec<(String, String)>) -> Step {
    cargo("rust", "test", &["--no-fail-fast", "--", "--nocapture"], minutes(20), Counting::Libtest)
        .with_environment(environment)
}

/// The tests of these tools.
pub(super) fn xtask() -> Step {
    Step::new("xtask", &["cargo", "test", "--package", "xtask"], minutes(5), Counting::Libtest)
}

/// Types, lints and tests of the page.
pub(super) fn web() -> [Step; 3] {
    let report = log_folder().join("vitest.json");
    let output = format!("--outputFile.json={}", report.display());
    let npm = ["npm", "--prefix", "web"];
    let tests = ["test", "--", "--reporter=default", "--reporter=json", output.as_str()];
    [
        Step::new("web-check", &[npm.as_slice(), &["run", "check"]].concat(), minutes(3), Counting::Check),
        Step::new("web-lint", &[npm.as_slice(), &["run", "lint"]].concat(), minutes(3), Counting::Check),
        Step::new("web", &[npm.as_slice(), &tests].concat(), minutes(4), Counting::Vitest(report)),
    ]
}

/// Python's protovalidate, in a folder of its own.
pub(super) fn python() -> Step {
    Step::new("python", &["make", "--no-print-directory", "python"], minutes(4), Counting::Preparation)
}

/// Python's judgement of the table of inputs.
pub(super) fn contract() -> Step {
    Step::new("contract", &["target/python/bin/python", "tests/contract/agree.py"], minutes(2), Counting::Tap)
}

/// The npm packages of a folder.
pub(super) fn packages(name: &'static str, folder: &str) -> Step {
    let stamp = format!("{folder}/node_modules/.package-lock.json");
    Step::new(name, &["make", "--no-print-directory", &stamp], minutes(3), Counting::Preparation)
}

/// The deployment's own tests. One of them asks the PostgreSQL among the backends.
pub(super) fn deploy(environment: Vec<(String, String)>) -> Step {
    Step::new("deploy", &["npm", "--prefix", "tests/deploy", "test"], minutes(3), Counting::Total)
        .with_environment(environment)
}

/// The browser test.
pub(super) fn browser() -> Step {
    Step::new("browser", &["npm", "--prefix", "tests/browser", "test"], minutes(5), Counting::Tap)
}

/// The short run of the fault harness: its verdict is one check. `make faults` is the same with a choice of everything.
pub(super) fn faults(name: &'static str, shape: &str) -> Step {
    let folder = format!("target/faults/{shape}");
    let command = [
        "target/release/loquat-faults",
        "--shape",
        shape,
        "--ops",
        FAULTS_SENDS,
        "--faults",
        FAULTS_COUNT,
        "--seconds",
        FAULTS_SECONDS,
        "--seed",
        FAULTS_SEED,
        "--folder",
        &folder,
    ];
    Step::new(name, &command, minutes(8), Counting::Check)
}
