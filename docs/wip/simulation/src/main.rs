//! Simulates the services that move messages (two messages nodes on one store, two gateways, and clients) on a network whose
//! time, delays and faults all come from one seed, and judges what the clients saw.
//!
//! One process is one run, in one thread. It prints a line of JSON and exits with 1 where a promise was broken. The same seed
//! gives the same history, byte for byte: `--history` writes it down.
//!
//! Does not belong here: what a store, a bus or a socket really does. That is for the fault harness, on real processes.

mod bus;
mod client;
mod determinism;
mod faults;
mod house;
mod journal;
mod network;
mod peers;
mod reader;
mod rooms;
mod run;
mod seen;
mod worker;
mod world;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

/// Simulates one run.
#[derive(Parser, Debug)]
struct Arguments {
    /// From which everything random of the run comes.
    #[arg(long)]
    seed: u64,
    /// Writes the history to this file.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let outcome = run::run(arguments.seed)?;
    if let Some(path) = arguments.history {
        std::fs::write(path, &outcome.history)?;
    }
    println!("{}", serde_json::to_string(&outcome.report)?);
    Ok(if outcome.report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
