//! The project's own tools: `cargo xtask help` lists them.

use clap::{Parser, Subcommand};

mod generate;
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
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Generate { check } => generate::run(check),
    }
}
