//! Who and what is meant, and what time it is: ids as newtypes, and the two sources that make a run unrepeatable (the
//! clock and fresh ids), injected so that tests hold them.
//!
//! Does not belong here: anything that a single service alone names.

mod clock;
mod id;
mod source;
mod timestamp;

pub use clock::{Clock, FixedClock, SystemClock};
pub use id::{ConnectionId, Epoch, EventId, GatewayId, IdError, MessageId, RequestId, RoomId, SessionId, UserId};
pub use source::{IdSource, RandomIds, SequentialIds};
pub use timestamp::Timestamp;
