//! How many tests passed, failed and were skipped, read from what each kind of runner prints.

use std::{
    fmt,
    ops::{Add, AddAssign},
};

use regex::Regex;
use serde::Deserialize;

/// Three numbers. A test counts in exactly one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// Ran, and all held.
    pub(super) passed: u64,
    /// Ran, and something did not hold; or could not run although it had to.
    pub(super) failed: u64,
    /// Did not run, and said so.
    pub(super) skipped: u64,
}

impl Counts {
    /// One check that held, or did not.
    pub(super) fn of_one(holds: bool) -> Self {
        Self { passed: u64::from(holds), failed: u64::from(!holds), skipped: 0 }
    }

    /// Whether anything ran, or at least said that it did not.
    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// What a runner said: the counts, and the names of what failed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// The counts.
    pub(super) counts: Counts,
    /// What failed, as the runner names it.
    pub(super) failures: Vec<String>,
}

/// Reads the output of `cargo test -- --nocapture`.
///
/// A test whose backend is absent passes and prints a line `SKIPPED …` on stderr: it counts as skipped.
pub(super) fn libtest(stdout: &str, stderr: &str) -> Tally {
    let result = Regex::new(r"test result: (?:ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored;")
        .expect("a valid pattern");
    let mut tally = Tally::default();
    for found in result.captures_iter(stdout) {
        tally.counts += Counts { passed: number(&found[1]), failed: number(&found[2]), skipped: number(&found[3]) };
    }
    let marks = stderr.lines().filter(|line| line.trim_start().starts_with("SKIPPED ")).count() as u64;
    let skipped = marks.min(tally.counts.passed);
    tally.counts.passed -= skipped;
    tally.counts.skipped += skipped;

    let mut in_list = false;
    for line in stdout.lines() {
        if line == "failures:" {
            in_list = true;
        } else if !line.starts_with("    ") && !line.is_empty() {
            in_list = false;
        } else if let Some(name) = line.strip_prefix("    ").filter(|_| in_list) {
            tally.failures.push(name.trim().to_owned());
        }
    }
    tally
}

/// Names the tests that were long under way and had not ended when the output did. libtest says so once, after a minute.
pub(super) fn unfinished(stdout: &str) -> Vec<String> {
    let long = Regex::new(r"test (\S+) has been running for over").expect("a valid pattern");
    let ended = |name: &str| stdout.contains(&format!("test {name} ... "));
    long.captures_iter(stdout).map(|found| found[1].to_owned()).filter(|name| !ended(name)).collect()
}

/// Reads TAP as `node --test` and `tests/contract/agree.py` print it: the numbers stand in comments at its end.
pub(super) fn tap(stdout: &str) -> Tally {
    let comment = Regex::new(r"^(?:#|ℹ) (pass|fail|cancelled|skipped|todo) (\d+)\s*$").expect("a valid pattern");
    let mut tally = Tally::default();
    for line in stdout.lines() {
        if let Some(found) = comment.captures(line) {
            let count = number(&found[2]);
            match &found[1] {
                "pass" => tally.counts.passed += count,
                "fail" | "cancelled" => tally.counts.failed += count,
                _ => tally.counts.skipped += count,
            }
        } else if let Some(failure) = line.trim_start().strip_prefix("not ok ")
            && !failure.contains("# SKIP")
            && !failure.contains("# TODO")
        {
            tally.failures.push(failure.to_owned());
        }
    }
    tally
}

/// Reads the line `N passed, N failed, N skipped` that ends an output; lines before it say `FAILED …`.
pub(super) fn total(stdout: &str) -> Tally {
    let total = Regex::new(r"^(\d+) passed, (\d+) failed, (\d+) skipped$").expect("a valid pattern");
    let mut tally = Tally::default();
    if let Some(found) = stdout.trim_end().lines().last().and_then(|line| total.captures(line)) {
        tally.counts = Counts { passed: number(&found[1]), failed: number(&found[2]), skipped: number(&found[3]) };
    }
    let failures = stdout.lines().filter_map(|line| line.strip_prefix("FAILED "));
    tally.failures.extend(failures.map(|name| name.trim().to_owned()));
    tally
}

/// What vitest's json reporter writes, as far as it is counted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VitestReport {
    num_passed_tests: u64,
    num_failed_tests: u64,
    num_pending_tests: u64,
    num_todo_tests: u64,
    success: bool,
    test_results: Vec<VitestFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VitestFile {
    name: String,
    status: String,
    assertion_results: Vec<VitestTest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VitestTest {
    full_name: String,
    status: String,
}

/// Reads the report of vitest's json reporter. A file that could not be loaded is one failure.
pub(super) fn vitest(json: &str) -> anyhow::Result<Tally> {
    let report: VitestReport = serde_json::from_str(json)?;
    let mut counts = Counts {
        passed: report.num_passed_tests,
        failed: report.num_failed_tests,
        skipped: report.num_pending_tests + report.num_todo_tests,
    };
    let mut failures = Vec::new();
    for file in &report.test_results {
        let failed = file.assertion_results.iter().filter(|test| test.status == "failed");
        let names: Vec<String> = failed.map(|test| format!("{}: {}", file.name, test.full_name)).collect();
        if names.is_empty() && file.status == "failed" {
            counts.failed += 1;
            failures.push(format!("{}: could not be loaded", file.name));
        }
        failures.extend(names);
    }
    if !report.success && counts.failed == 0 {
        counts.failed = 1;
    }
    Ok(Tally { counts, failures })
}

fn number(digits: &str) -> u64 {
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts { passed, failed, skipped }
    }

    #[test]
    fn results_of_all_binaries_add_up() {
        let stdout = "test a ... ok\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                      noise without an end test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured;\n";
        assert_eq!(libtest(stdout, "").counts, counts(5, 1, 1));
    }

    #[test]
    fn a_passed_test_that_says_it_was_skipped_counts_as_skipped() {
        let stdout = "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let stderr = "SKIPPED on_postgres: no LOQUAT_TEST_POSTGRES_URL\n  it was SKIPPED before\nSKIPPED b: c\n";
        assert_eq!(libtest(stdout, stderr).counts, counts(1, 0, 2));
    }

    #[test]
    fn failed_rust_tests_are_named_once() {
        let stdout = "failures:\n\n---- a::b stdout ----\npanicked\n\nfailures:\n    a::b\n    c\n\ntest result: FAILED. 0 passed; 2 failed; 0 ignored;\n    d\n";
        assert_eq!(libtest(stdout, "").failures, ["a::b", "c"]);
    }

    #[test]
    fn a_test_that_was_long_under_way_and_did_not_end_is_named() {
        let stdout = "test a::b has been running for over 60 seconds\ntest c has been running for over 60 seconds\ntest c ... ok\n";
        assert_eq!(unfinished(stdout), ["a::b"]);
    }

    #[test]
    fn tap_is_read_in_both_dresses() {
        let plain = "ok 1 - a\nnot ok 2 - b\nnot ok 3 - c # TODO\n# tests 5\n# pass 1\n# fail 1\n# cancelled 1\n# skipped 2\n# todo 1\n";
        let tally = tap(plain);
        assert_eq!(tally.counts, counts(1, 2, 3));
        assert_eq!(tally.failures, ["2 - b"]);
        assert_eq!(tap("ℹ pass 4\nℹ fail 0\n").counts, counts(4, 0, 0));
        assert!(tap("# passing 4 by\n").counts.is_empty());
    }

    #[test]
    fn a_total_is_the_last_line_and_no_other() {
        let tally = total("ok a\nFAILED  b\n   why\n3 passed, 1 failed, 2 skipped\n");
        assert_eq!((tally.counts, tally.failures), (counts(3, 1, 2), vec!["b".to_owned()]));
        assert!(total("3 passed, 0 failed, 0 skipped\nand then it crashed\n").counts.is_empty());
    }

    #[test]
    fn vitest_counts_tests_and_files_that_do_not_load() {
        let json = r#"{"numPassedTests": 2, "numFailedTests": 1, "numPendingTests": 1, "numTodoTests": 1, "success": false,
            "testResults": [
                {"name": "a.ts", "status": "failed", "assertionResults": [
                    {"fullName": "b", "status": "failed"}, {"fullName": "c", "status": "passed"}]},
                {"name": "d.ts", "status": "failed", "assertionResults": []}]}"#;
        let tally = vitest(json).expect("a report");
        assert_eq!(tally.counts, counts(2, 2, 2));
        assert_eq!(tally.failures, ["a.ts: b", "d.ts: could not be loaded"]);
        assert!(vitest("{}").is_err());
    }

    #[test]
    fn a_run_that_vitest_calls_a_failure_is_one() {
        let json = r#"{"numPassedTests": 2, "numFailedTests": 0, "numPendingTests": 0, "numTodoTests": 0, "success": false, "testResults": []}"#;
        assert_eq!(vitest(json).expect("a report").counts, counts(2, 1, 0));
    }
}
