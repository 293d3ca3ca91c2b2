//! The project's own tools: `cargo xtask help` lists them.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod generate;
mod test;
mod tidy;
mod workspace;

/// Tools for those who work on Loquat.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generates the Rust code and the descriptor set from `proto/`.
    Generate {
        /// Compare with what is checked in, change nothing, and fail where they differ.
        #[arg(long)]
        check: bool,
    },
    /// Checks the rules of the layout: who uses whom, names, bans, documents.
    Tidy,
    /// Runs every suite, with the backends that it needs; the last line is `N passed, N failed, N skipped`.
    Test(test::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Generate { check } => generate::run(check).map(|()| ExitCode::SUCCESS),
        Command::Tidy => tidy::run().map(|()| ExitCode::SUCCESS),
        Command::Test(arguments) => test::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
