//! The room log: what was said and decided in each room, stored durably, ordered and deduplicated.
//!
//! A command goes from `grpc` through a use case in `service` to the room's actor (`room_actor`), whose decisions are those
//! of a pure state machine (`sequencer`). It is written through the port `ports::RoomLogStore`, acknowledged, and then told
//! on the bus. What becomes of messages is folded behind that (`folding`). Reads go from `service` straight to the store.
//!
//! What holds here: the store's two unique indexes are the only fence, so that any number of actors for one room are safe;
//! an unknown outcome is resolved by reading; nothing is acknowledged before the store has it, nothing published before it
//! is acknowledged.
//!
//! Does not belong here: deciding who may join or rename a room (the rooms service decides, this log orders), and
//! delivering to readers (gateways do).

pub mod app;
pub mod audit;

mod error;
mod fold_wakes;
mod folding;
mod grpc;
mod head_board;
mod model;
mod news;
mod ports;
pub mod process;
mod room_actor;
mod sequencer;
mod service;
pub mod simulation;
mod store;
mod trace_link;
