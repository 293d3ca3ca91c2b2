//! The process of the presence service.

use std::process::ExitCode;

fn main() -> ExitCode {
    loquat_runtime::run::<loquat_presence::process::App>()
}
