//! The process of the rooms service.

use std::process::ExitCode;

fn main() -> ExitCode {
    loquat_runtime::run::<loquat_rooms::process::App>()
}
