//! What a binary does beside serving: commands that run to their end.
//!
//! `loquat backup …` is judged by the settings of `backup` alone, so that a command works where the settings of serving do not
//! hold. `loquat`, `loquat serve` and `loquat --listen …` serve.

use std::{ffi::OsString, future::Future, process::ExitCode};

use clap::{Command, Subcommand};

use crate::{
    App,
    process::{self, fail, refuse},
    settings, telemetry,
};

const SERVE: &str = "serve";

/// The commands of a binary, each a variant with its settings.
pub trait Tools: Subcommand + Send {
    /// Runs the command to its end.
    fn run(self) -> impl Future<Output = anyhow::Result<Verdict>> + Send;
}

/// What a command that ran to its end found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All is as it should be. The exit code is 0.
    Fine,
    /// Something is not as it should be, and was told. The exit code is 1.
    Differs,
}

/// Runs a process that serves, or one of the commands beside that. The exit code is that of [`run`](crate::run), and of a
/// command 0 where all is fine, 1 where something is not or it failed, 64 where it was asked wrongly.
#[must_use]
pub fn run_with_tools<A: App, T: Tools>() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let word = arguments.get(1).and_then(|word| word.to_str()).unwrap_or_default().to_owned();
    if T::has_subcommand(&word) {
        return run_tool::<T>(A::BINARY, &word, arguments);
    }
    if word == SERVE {
        arguments.remove(1);
    }
    process::run_command::<A>(with_tools::<T>(process::command::<A>()), arguments)
}

/// Adds the commands to what serves, so that `--help` lists them and a misspelt one is told from a setting.
fn with_tools<T: Tools>(command: Command) -> Command {
    let serve = Command::new(SERVE).about("Serves: the same as without a command");
    // The sentence about the binary is its own, not that of the enum of its commands.
    let about = command.get_about().cloned().unwrap_or_default();
    T::augment_subcommands(command.args_conflicts_with_subcommands(true).subcommand(serve))
        .about(about)
        .long_about(None)
}

fn run_tool<T: Tools>(binary: &'static str, word: &str, arguments: Vec<OsString>) -> ExitCode {
    let command = T::augment_subcommands(Command::new(binary)).subcommand_required(true);
    let tool = match settings::load_tool::<T>(command, word, arguments) {
        Ok(tool) => tool,
        Err(error) => return refuse(&error),
    };
    telemetry::to_standard_error();
    let executor = match tokio::runtime::Runtime::new() {
        Ok(executor) => executor,
        Err(error) => return fail(&anyhow::Error::new(error)),
    };
    match executor.block_on(tool.run()) {
        Ok(Verdict::Fine) => ExitCode::SUCCESS,
        Ok(Verdict::Differs) => ExitCode::FAILURE,
        Err(error) => fail(&error),
    }
}
