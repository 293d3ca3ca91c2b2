//! A process: its settings, its telemetry, its health, its start and its end.
//!
//! A service's `main` is `loquat_runtime::run::<App>()`. Everything that a wrong setting can break is found before a port is
//! bound, and named.
//!
//! Does not belong here: what any one service does.

mod frame;
mod health;
mod probe;
mod process;
mod reaching;
mod secret;
pub mod settings;
mod telemetry;
mod tools;
mod wired;

pub use frame::Frame;
pub use health::Readiness;
pub use process::{App, Process, run};
pub use reaching::reaching;
pub use secret::Secret;
pub use settings::{
    MessagesAddresses, PeerSettings, PresenceAddresses, ProcessSettings, RoomsAddresses, SettingError, UsersAddresses,
};
pub use tools::{Tools, Verdict, run_with_tools};
pub use wired::{Wired, reflection};
