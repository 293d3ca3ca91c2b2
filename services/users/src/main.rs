//! The process of the users service.

use std::process::ExitCode;

fn main() -> ExitCode {
    loquat_runtime::run::<loquat_users::process::App>()
}
