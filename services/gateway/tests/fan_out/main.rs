//! Fan-out over a log and a feed that the test holds: what a reader is told, and what it is never told.

#![expect(clippy::unwrap_used, reason = "a poisoned lock is a failed test")]

mod catching_up;
mod density;
mod house;
mod peers;
mod repair;
mod slow_readers;
mod sockets;
mod streams;
mod user_state;
mod world;

use house::{House, is_silent, next, next_event, seqs};
use world::World;
