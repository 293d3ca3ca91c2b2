//! All of Loquat in one process: the same services, joined by channels that are no sockets, on stores that are files.
//!
//! Beside serving it keeps house: [`commands`] copies the folder of data while it is in use, puts a copy back, and judges and
//! mends stores, its own or those of the services apart.
//!
//! Does not belong here: anything that the services do when they are apart. What this adds is the folder of data, the
//! seeded room that a newcomer lands in, and what can be said of the stores of several services only together.

mod backup;
pub mod commands;
mod data;
mod house;
pub mod process;
mod repair;
mod restore;
mod stores;
mod verify;

pub use house::{House, Settings, build};
