//! Fanning out: rings that are filled, readers that pull, and what wakes them.

mod catch_up;
mod following;
mod hub;
mod lease;
mod mailbox;
mod pace;
mod reader;
mod streams;

pub use catch_up::{CatchUp, Caught, Question};
pub use hub::Hub;
pub use lease::Lease;
pub use mailbox::Mailbox;
pub use reader::{Ends, Reader, ReaderParts};
pub use streams::{Holder, Registered, StreamLimits, Streams};
