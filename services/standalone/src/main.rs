//! All of Loquat in one process.

use std::process::ExitCode;

fn main() -> ExitCode {
    loquat_runtime::run_with_tools::<loquat_standalone::process::App, loquat_standalone::commands::Command>()
}
