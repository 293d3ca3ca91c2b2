//! Fanning out: rings that are filled, readers that pull, and what wakes them.

mod hub;
mod lease;
mod mailbox;
mod reader;
mod streams;

pub use hub::Hub;
pub use lease::Lease;
pub use mailbox::Mailbox;
pub use reader::{Ends, Reader, ReaderParts};
pub use streams::{Registered, StreamLimits, Streams};
