//! All of Loquat in one process: the same services, joined by channels that are no sockets, on stores that are files.
//!
//! Does not belong here: anything that the services do when they are apart. What this adds is the folder of data, and the
//! seeded room that a newcomer lands in.

mod data;
mod house;
pub mod process;

pub use house::{House, Settings, build};
