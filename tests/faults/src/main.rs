//! `make faults`: runs the fault harness.

mod faults;
mod fleet;
mod proxy;
mod report;
mod runner;
mod workload;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    runner::run(runner::Options::parse())
}
