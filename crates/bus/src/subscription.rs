//! Live news, as it is heard.

use std::{
    any::Any,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::Stream;

use crate::{Received, mailbox::Mailbox};

/// Live news: a stream of [`Received`]. It ends only with the bus.
///
/// Its queue is bounded: when the reader is too slow the oldest is dropped and [`Received::Missed`] stands in its place,
/// once for any number. Nobody else waits for a slow reader. Dropping it ends the subscription.
#[must_use = "a subscription hears only while it is held"]
pub struct Subscription {
    mailbox: Arc<Mailbox>,
    /// Ends the subscription at the bus when it is dropped.
    _leave: Box<dyn Any + Send + Sync>,
}

impl Subscription {
    pub(crate) fn new(mailbox: Arc<Mailbox>, leave: impl Any + Send + Sync) -> Self {
        Self { mailbox, _leave: Box::new(leave) }
    }
}

impl Stream for Subscription {
    type Item = Received;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Received>> {
        self.mailbox.poll(context)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Subscription").field("mailbox", &self.mailbox).finish_non_exhaustive()
    }
}
