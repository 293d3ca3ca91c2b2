//! What a subscriber hears.

use bytes::Bytes;

use crate::{Subject, TraceContext};

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Where it was published.
    pub subject: Subject,
    /// What it says: an encoded Protobuf message, by the subject's topic.
    pub payload: Bytes,
    /// The trace of who published it, where there was one.
    pub trace: Option<TraceContext>,
}

/// What a subscription yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// News, in the order of publishing for each subject.
    News(News),
    /// Something was not heard: the subscriber was too slow, or the connection was lost and is back. Read the store
    /// again: nothing that was published before this was told is still to come unless it was queued here already.
    Missed,
}
