//! What has become of messages: a fold of the log, kept beside it, and completed by whoever reads with what came since.
//!
//! A folder works behind the acknowledgements: it is woken by the bus, finds by the head scan what the bus lost, and moves
//! rooms on. How far each room is folded is its position as a durable consumer. What it cannot fold goes to the dead
//! letters, and the position moves on.
//!
//! Does not belong here: deciding what may be done to a message (`model` judges), and pins, which are part of the room's
//! state.

mod folder;
mod queue;
mod reading;
mod scan;
mod tail;

#[cfg(test)]
mod tests;

pub(crate) use folder::Folder;
pub(crate) use queue::FoldQueue;
pub(crate) use reading::{Folded, read_messages};
pub(crate) use scan::scan_heads;
