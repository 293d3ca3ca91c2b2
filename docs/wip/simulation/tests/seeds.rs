//! A hundred seeds, each a run of its own process; and that a seed says all there is to say about a run.

use std::{
    collections::{BTreeMap, VecDeque},
    process::Command,
    sync::{Mutex, PoisonError},
    thread,
};

use serde::Deserialize;

const SEEDS: u64 = 100;
/// What no hundred runs may be without: then they would show nothing of it.
const MUST_BE_SEEN: [&str; 22] = [
    "acknowledged sends",
    "events",
    "repeats",
    "unknown but done",
    "resumes",
    "repairs",
    "late deliveries",
    "hidden",
    "resets",
    "refused",
    "index conflicts",
    "store faults",
    "fault: crash",
    "fault: partition",
    "fault: one way",
    "fault: hold",
    "fault: loss",
    "fault: slow",
    "fault: no store",
    "fault: bad store",
    "fault: no bus",
    "fault: bad bus",
];

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Report {
    seed: u64,
    hash: String,
    violations: Vec<String>,
    counts: BTreeMap<String, u64>,
}

/// Runs one seed in a process of its own.
fn run(seed: u64) -> Result<Report, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_loquat-simulation"))
        .args(["--seed", &seed.to_string()])
        .output()
        .map_err(|error| format!("seed {seed} was not run: {error}"))?;
    serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("seed {seed} has no report: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Runs seeds, as many at once as there are cores.
fn run_all(seeds: impl IntoIterator<Item = u64>) -> Vec<Result<Report, String>> {
    let seeds: Mutex<VecDeque<u64>> = Mutex::new(seeds.into_iter().collect());
    let reports = Mutex::new(Vec::new());
    let cores = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let next = seeds.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(seed) = next else { return };
                    let report = run(seed);
                    reports.lock().unwrap_or_else(PoisonError::into_inner).push(report);
                }
            });
        }
    });
    reports.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_hundred_seeds_keep_all_promises() {
    let mut failures = Vec::new();
    let mut seen = BTreeMap::<String, u64>::new();
    for report in run_all(1..=SEEDS) {
        match report {
            Ok(report) => {
                if !report.violations.is_empty() {
                    failures.push(format!("seed {}:\n  {}", report.seed, report.violations.join("\n  ")));
                }
                report.counts.into_iter().for_each(|(name, count)| *seen.entry(name).or_default() += count);
            }
            Err(failure) => failures.push(failure),
        }
    }
    println!("{seen:#?}");
    let again = "again with: cargo run -p loquat-simulation -- --seed SEED --history history.jsonl";
    assert!(failures.is_empty(), "{} of {SEEDS} seeds failed; {again}\n{}", failures.len(), failures.join("\n"));
    let unseen: Vec<_> = MUST_BE_SEEN.iter().filter(|name| seen.get(**name).is_none_or(|count| *count == 0)).collect();
    assert!(unseen.is_empty(), "no run shows anything of {unseen:?}");
}

#[test]
fn the_same_seed_gives_the_same_history_and_another_one_another() {
    let seeds = [7, 77, 777];
    let reports: Vec<Report> =
        run_all(seeds.into_iter().chain(seeds)).into_iter().map(|report| report.unwrap()).collect();
    for seed in seeds {
        let same: Vec<_> = reports.iter().filter(|report| report.seed == seed).collect();
        assert_eq!(same.len(), 2);
        assert_eq!(same[0], same[1]);
    }
    let mut hashes: Vec<_> = reports.iter().map(|report| &report.hash).collect();
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), seeds.len());
}
