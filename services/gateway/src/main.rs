//! The process of the gateway.

use std::process::ExitCode;

fn main() -> ExitCode {
    loquat_runtime::run::<loquat_gateway::process::App>()
}
