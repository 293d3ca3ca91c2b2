//! All of Loquat in one process.

use std::process::ExitCode;

fn main() -> ExitCode {
    loquat_runtime::run::<loquat_standalone::process::App>()
}
