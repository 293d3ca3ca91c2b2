//! Rooms: which there are, who is in them, and who may do what.
//!
//! A change of a room is decided here, in one SQL transaction with its outbox row, and ordered by the room's log, which the
//! messages service keeps; it is answered after that. What a person's list of rooms gained and lost is versioned state, so
//! that whoever missed the news of it is right again after one read.
//!
//! Invariants: a room's versions are 1, 2, 3 … without holes, and its changes reach the log in that order, each once. A room
//! that somebody may not see answers exactly as one that does not exist. A list at a version, with the changes since then,
//! equals the list now; where the way from that version is not known, since the store was put back, the answer says so.
//!
//! Does not belong here: messages and the log itself (`loquat-messages`), profiles and tokens (`loquat-users`), live streams
//! (`loquat-gateway`).

pub mod app;
pub mod error;
mod grpc;
pub mod model;
mod peers;
pub mod ports;
pub mod process;
pub mod service;
pub mod store;

pub use app::{Opened, Peers, Settings, ensure_lobby, open, wire};
