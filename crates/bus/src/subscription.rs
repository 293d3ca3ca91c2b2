//! Live news, as it is heard.

use std::{
    any::Any,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{
    Stream,
    stream::{self, BoxStream},
};

use crate::{Received, mailbox::Mailbox};

/// Live news: a stream of [`Received`]. It ends only with the bus.
///
/// Its queue is bounded: when the reader is too slow the oldest is dropped and [`Received::Missed`] stands in its place,
/// once for any number. Nobody else waits for a slow reader. Dropping it ends the subscription.
#[must_use = "a subscription hears only while it is held"]
pub struct Subscription(BoxStream<'static, Received>);

impl Subscription {
    /// Hears what a stream says: for a twin of the port that stands elsewhere, such as in a simulation.
    pub fn over(news: impl Stream<Item = Received> + Send + 'static) -> Self {
        Self(Box::pin(news))
    }

    /// Hears what comes into a mailbox. `leave` ends the subscription at the bus when it is dropped.
    pub(crate) fn new(mailbox: Arc<Mailbox>, leave: impl Any + Send + Sync) -> Self {
        Self::over(stream::poll_fn(move |context| {
            let _held = &leave;
            mailbox.poll(context)
        }))
    }
}

impl Stream for Subscription {
    type Item = Received;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Received>> {
        self.0.as_mut().poll_next(context)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Subscription").finish_non_exhaustive()
    }
}
