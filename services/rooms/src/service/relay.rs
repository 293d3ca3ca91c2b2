//! Finishing what calls left: changes that did not reach the log in time, and news of those that did.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use futures::{StreamExt as _, stream};
use loquat_ids::{Clock, EventId, RoomId, Timestamp, UserId};
use tokio_util::sync::CancellationToken;

use super::Delivery;
use crate::{
    model::RoomVersion,
    ports::{DeliveredEvent, Outbox, UserNews},
};

/// How many rooms one pass looks at, and how many of them at once.
const ROOMS_PER_PASS: usize = 100;
const ROOMS_AT_ONCE: usize = 8;
/// How many events one pass tells of, and how many lists are read at once for it.
const EVENTS_PER_PASS: usize = 100;
const LISTS_AT_ONCE: usize = 500;
/// How long a finished row stays in the outbox, and how often those that are older are taken away.
const KEEP_FINISHED: Duration = Duration::from_hours(7 * 24);
const PRUNE_EVERY: Duration = Duration::from_hours(1);
/// How long the relay waits after a pass that failed: doubled each time, with jitter.
const MIN_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// What a pass found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Nothing is left.
    Idle,
    /// There may be more.
    More,
    /// Something did not work.
    Failed,
}

/// The background half of the outbox.
#[derive(Debug)]
pub struct Relay {
    /// The way into the log, and what wakes the relay.
    delivery: Arc<Delivery>,
    /// What is decided.
    outbox: Arc<dyn Outbox>,
    /// Where news goes.
    news: Arc<dyn UserNews>,
    /// The time, by which finished rows grow old.
    clock: Arc<dyn Clock>,
    /// How long the relay sleeps when nothing wakes it: the bound on how long a change that a dead process left lies.
    interval: Duration,
    /// The room after which the next pass begins, so that rooms which the log refuses never hold up the others.
    next_after: Mutex<Option<RoomId>>,
    /// When finished rows were last taken away.
    last_prune: Mutex<Option<Timestamp>>,
}

impl Relay {
    /// Makes the relay of an outbox. It looks at least once each interval.
    #[must_use]
    pub fn new(
        delivery: Arc<Delivery>,
        outbox: Arc<dyn Outbox>,
        news: Arc<dyn UserNews>,
        clock: Arc<dyn Clock>,
        interval: Duration,
    ) -> Self {
        Self { delivery, outbox, news, clock, interval, next_after: Mutex::default(), last_prune: Mutex::default() }
    }

    /// Works until it is stopped. What it leaves half done is done by the next.
    pub async fn run(&self, stop: CancellationToken) {
        let work = async {
            tokio::join!(
                self.keep_at(|| self.deliver_once(), || self.delivery.given_up()),
                self.keep_at(|| self.publish_once(), || self.delivery.delivered()),
            )
        };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = work => {}
        }
    }

    async fn keep_at<P, W>(&self, pass: impl Fn() -> P, woken: impl Fn() -> W)
    where
        P: Future<Output = Pass>,
        W: Future<Output = ()>,
    {
        let mut pauses = pauses();
        loop {
            match pass().await {
                Pass::Failed => {
                    // Not cut short by a wake: calls wake the relay for as long as the log is away.
                    tokio::time::sleep(pauses.next().unwrap_or(MAX_PAUSE)).await;
                    continue;
                }
                Pass::More => {}
                Pass::Idle => tokio::select! {
                    () = woken() => {}
                    () = tokio::time::sleep(self.interval) => {}
                },
            }
            pauses = self::pauses();
        }
    }

    /// Takes pending changes of some rooms into the log.
    pub async fn deliver_once(&self) -> Pass {
        let after = *self.next_after.lock().unwrap_or_else(PoisonError::into_inner);
        let rooms = match self.outbox.rooms_with_pending(after, ROOMS_PER_PASS).await {
            Ok(rooms) => rooms,
            Err(error) => return failed("the outbox cannot be read", &error),
        };
        let next_after = rooms.last().copied().filter(|_| rooms.len() == ROOMS_PER_PASS);
        *self.next_after.lock().unwrap_or_else(PoisonError::into_inner) = next_after;

        let everything = RoomVersion(u64::MAX);
        let failures = stream::iter(rooms)
            .map(|room| async move { self.delivery.drain(room, everything).await.map_err(|error| (room, error)) })
            .buffer_unordered(ROOMS_AT_ONCE)
            .filter_map(|result| async { result.err() })
            .inspect(|(room_id, error)| tracing::warn!(%room_id, error = %Chain(error), "a change is still pending"))
            .count()
            .await;
        match (failures, after.is_some() || next_after.is_some()) {
            (0, false) => Pass::Idle,
            (0, true) => Pass::More,
            _ => Pass::Failed,
        }
    }

    /// Tells the people concerned of some changes that the log has.
    pub async fn publish_once(&self) -> Pass {
        let events = match self.outbox.unpublished(EVENTS_PER_PASS).await {
            Ok(events) => events,
            Err(error) => return failed("the outbox cannot be read", &error),
        };
        let mut told: Vec<EventId> = Vec::with_capacity(events.len());
        let mut pass = if events.len() == EVENTS_PER_PASS { Pass::More } else { Pass::Idle };
        for event in events {
            match self.tell(event).await {
                Ok(()) => told.push(event.event_id),
                Err(error) => {
                    pass = failed("news did not go out", error.as_ref());
                    break;
                }
            }
        }
        if !told.is_empty()
            && let Err(error) = self.outbox.mark_published(&told).await
        {
            return failed("the outbox cannot be marked", &error);
        }
        if pass == Pass::Idle { self.prune().await } else { pass }
    }

    async fn tell(&self, event: DeliveredEvent) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut after: Option<UserId> = None;
        loop {
            let changes = self.outbox.list_changes(event, after, LISTS_AT_ONCE).await?;
            for (user_id, change) in &changes {
                self.news.publish(*user_id, change).await?;
            }
            match changes.last() {
                Some((user_id, _)) if changes.len() == LISTS_AT_ONCE => after = Some(*user_id),
                _ => return Ok(()),
            }
        }
    }

    async fn prune(&self) -> Pass {
        let now = self.clock.now();
        let last = *self.last_prune.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| now.since(last) < PRUNE_EVERY) {
            return Pass::Idle;
        }
        match self.outbox.prune(now.minus(KEEP_FINISHED)).await {
            Ok(()) => {
                *self.last_prune.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                Pass::Idle
            }
            Err(error) => failed("the outbox cannot be pruned", &error),
        }
    }
}

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(MIN_PAUSE)
        .with_max_delay(MAX_PAUSE)
        .without_max_times()
        .with_jitter()
        .build()
}

fn failed(what: &str, error: &(dyn std::error::Error + 'static)) -> Pass {
    tracing::warn!(error = %Chain(error), "{what}");
    Pass::Failed
}

/// An error with its sources, for the log.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(inner) = source {
            write!(formatter, ": {inner}")?;
            source = inner.source();
        }
        Ok(())
    }
}
