//! The room log, which orders what is decided here.

use std::{error::Error, fmt};

use async_trait::async_trait;

use crate::model::{RoomEvent, Seq};

/// Why an event is not known to be in the log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The log did not answer. The event may stand in it or not.
    #[error("the room log does not answer")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// A lower version of the room is not in the log.
    #[error("a lower version of the room is not in the log")]
    OutOfOrder,
    /// The log will not take the event, however often it is sent.
    #[error("the room log refuses the event")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}

/// The room log.
#[async_trait]
pub trait RoomLog: Send + Sync + fmt::Debug {
    /// Appends an event. The same event again answers the place that it has.
    ///
    /// # Errors
    ///
    /// The event is not known to be in the log: send it again.
    async fn append(&self, event: &RoomEvent) -> Result<Seq, LogError>;
}
