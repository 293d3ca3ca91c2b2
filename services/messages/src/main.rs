//! The process of the messages service.

use std::process::ExitCode;

fn main() -> ExitCode {
    loquat_runtime::run::<loquat_messages::process::App>()
}
