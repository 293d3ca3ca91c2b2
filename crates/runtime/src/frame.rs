//! What every part of a process is given.

use std::sync::Arc;

use loquat_ids::{Clock, IdSource, RandomIds, SystemClock};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The clock, the source of ids, the end of the process, and its background tasks. Clones share them.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
    /// Cancelled when the process begins to end: streams are told to go elsewhere, loops end, calls in hand finish.
    pub stop: CancellationToken,
    /// The background tasks. The process waits for them, within its grace, after `stop`.
    pub tasks: TaskTracker,
}

impl Frame {
    /// Makes the frame of a real process.
    #[must_use]
    pub fn real() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(RandomIds))
    }

    /// Makes a frame with a clock and a source of ids.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { clock, ids, stop: CancellationToken::new(), tasks: TaskTracker::new() }
    }
}
