//! A durable consumer at work: each wake-up handled, tried again, or buried, so that none holds up the others for ever.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::StreamExt;
use loquat_ids::Clock;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{BusError, Cause, ConsumerName, Delivery, News, Pattern, SharedBus, Woken};

/// What a durable consumer does. It keeps its own positions, in its own store.
///
/// Futures may be dropped at any await: when the deadline of an attempt is over, and when the loop is stopped.
#[async_trait]
pub trait Handler: Send {
    /// Takes news: reads the log from the room's position up to it, and moves the position.
    ///
    /// News comes again, and out of order after a repeat; what the position is past already is taken at once. What is
    /// found poisoned among the events before this one the handler buries itself ([`crate::Bus::bury`]).
    ///
    /// # Errors
    /// [`Refusal`] says whether another attempt makes sense.
    async fn take(&mut self, news: &News) -> Result<(), Refusal>;

    /// Reads the store from all positions on: at the start, and after wake-ups were lost.
    ///
    /// # Errors
    /// It is tried again, without an end: nothing can be buried for it.
    async fn catch_up(&mut self) -> Result<(), Cause>;

    /// Moves the position past news that was buried.
    ///
    /// # Errors
    /// The news comes again.
    async fn pass_over(&mut self, news: &News) -> Result<(), Cause>;
}

/// Why a handler did not take news.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not now: what it needs is away. It is tried again, up to [`Retries::max_attempts`].
    #[error("not now")]
    Later(#[source] Cause),
    /// Never: it cannot be read or makes no sense. It is buried at once.
    #[error("poisoned")]
    Poisoned(#[source] Cause),
}

/// How a loop tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// After so many attempts news is poisoned, whatever the handler says. Default 8.
    pub max_attempts: u64,
    /// How long news waits after its first attempt; twice as long after each further one. Default 200 ms.
    pub first_delay: Duration,
    /// The longest wait. Default 30 s.
    pub delay_cap: Duration,
    /// How long one attempt may take. It should be shorter than the bus waits for an acknowledgement. Default 20 s.
    pub deadline: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            max_attempts: 8,
            first_delay: Duration::from_millis(200),
            delay_cap: Duration::from_secs(30),
            deadline: Duration::from_secs(20),
        }
    }
}

impl Retries {
    /// Returns how long to wait after an attempt, the first being 1.
    #[must_use]
    pub fn delay_after(&self, attempt: u64) -> Duration {
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.first_delay.saturating_mul(factor).min(self.delay_cap)
    }
}

/// Drives a handler with the wake-ups of a durable consumer, one after the other.
///
/// Taken news is acknowledged. Refused news comes again after a delay that grows. What is poisoned, or was tried too
/// often, is buried, the position is moved past it, and then it is acknowledged; where the bus cannot bury, it comes
/// again.
#[derive(Debug)]
pub struct ConsumerLoop {
    /// Where it listens and buries.
    pub bus: SharedBus,
    /// The consumer's name.
    pub name: ConsumerName,
    /// What wakes it.
    pub pattern: Pattern,
    /// How it tries again.
    pub retries: Retries,
    /// When letters were buried.
    pub clock: Arc<dyn Clock>,
}

impl ConsumerLoop {
    /// Runs until it is stopped or the bus is gone. What is in the handler's hands then comes again.
    pub async fn run(self, mut handler: impl Handler, stop: CancellationToken) {
        stop.run_until_cancelled(self.work(&mut handler)).await;
    }

    async fn work(&self, handler: &mut impl Handler) {
        let mut consumer = self.consumer().await;
        self.catch_up(handler).await;
        while let Some(woken) = consumer.next().await {
            match woken {
                Woken::Missed => self.catch_up(handler).await,
                Woken::News(delivery) => {
                    let span = tracing::info_span!(
                        "consume",
                        otel.kind = "consumer",
                        consumer = %self.name,
                        messaging.destination.name = %delivery.news.subject,
                    );
                    if let Some(trace) = &delivery.news.trace {
                        trace.continue_in(&span);
                    }
                    self.handle(handler, delivery).instrument(span).await;
                }
            }
        }
    }

    async fn consumer(&self) -> crate::Consumer {
        let mut attempt = 0;
        loop {
            match self.bus.consume(self.name.clone(), self.pattern).await {
                Ok(consumer) => return consumer,
                Err(error) => {
                    tracing::warn!(consumer = %self.name, error = &error as &dyn std::error::Error, "not woken yet")
                }
            }
            attempt += 1;
            sleep(self.retries.delay_after(attempt)).await;
        }
    }

    async fn catch_up(&self, handler: &mut impl Handler) {
        let mut attempt = 0;
        while let Err(error) = handler.catch_up().await {
            tracing::warn!(consumer = %self.name, error = &*error, "consumer did not catch up");
            attempt += 1;
            sleep(self.retries.delay_after(attempt)).await;
        }
    }

    async fn handle(&self, handler: &mut impl Handler, delivery: Delivery) {
        let refusal = match timeout(self.retries.deadline, handler.take(&delivery.news)).await {
            Ok(Ok(())) => return self.answered(delivery.ack().await),
            Ok(Err(refusal)) => refusal,
            Err(_) => Refusal::Later("no answer within the deadline of an attempt".into()),
        };
        let (is_poisoned, cause) = match refusal {
            Refusal::Later(cause) => (delivery.attempt >= self.retries.max_attempts, cause),
            Refusal::Poisoned(cause) => (true, cause),
        };
        let again_after = self.retries.delay_after(delivery.attempt);
        if !is_poisoned {
            tracing::debug!(consumer = %self.name, error = &*cause, attempt = delivery.attempt, "news comes again");
            return self.answered(delivery.nack(again_after).await);
        }
        let outcome = match self.bury(handler, &delivery, &cause).await {
            Ok(()) => delivery.ack().await,
            Err(error) => {
                tracing::warn!(consumer = %self.name, error = &*error, "news was not buried and comes again");
                delivery.nack(again_after).await
            }
        };
        self.answered(outcome);
    }

    async fn bury(&self, handler: &mut impl Handler, delivery: &Delivery, cause: &Cause) -> Result<(), Cause> {
        let letter = delivery.dead_letter(self.name.clone(), chain(cause), self.clock.now());
        tracing::error!(consumer = %self.name, id = letter.id, subject = %letter.subject, error = &**cause, "news is buried");
        self.bus.bury(letter).await?;
        handler.pass_over(&delivery.news).await
    }

    fn answered(&self, outcome: Result<(), BusError>) {
        if let Err(error) = outcome {
            tracing::debug!(consumer = %self.name, error = &error as &dyn std::error::Error, "news comes again");
        }
    }
}

/// An error with all its sources.
fn chain(cause: &Cause) -> String {
    let mut text = cause.to_string();
    let mut source = cause.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap() {
        let retries = Retries::default();
        let delays = [1, 2, 3, 9, 100].map(|attempt| retries.delay_after(attempt).as_millis());
        assert_eq!(delays, [200, 400, 800, 30_000, 30_000]);
    }
}
