//! The twin inside one process.

mod durable;
mod live;
mod recent;

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;
use tracing::Instrument;

use crate::{
    Bus, BusError, Connection, Consumer, ConsumerName, News, Pattern, Subject, Subscription, TraceContext,
    bus::{check_news_id, check_payload, publish_span},
    mailbox::Mailbox,
};
use durable::Group;
use live::{Live, Seat};
use recent::Recent;

/// How much the embedded bus holds.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddedLimits {
    /// News that may wait for one subscriber. Beyond it the oldest goes and the subscriber is told. Default 4,096.
    pub subscription_capacity: NonZeroUsize,
    /// Wake-ups of one durable consumer that may wait for acknowledgement. Beyond it they become one
    /// [`crate::Woken::Missed`]. Default 1,024.
    pub consumer_capacity: NonZeroUsize,
    /// How long a `news_id` is remembered. Default 2 minutes, as on NATS.
    pub duplicate_window: Duration,
    /// How many are remembered; beyond it the oldest is forgotten early. Default 65,536.
    pub duplicate_capacity: NonZeroUsize,
}

impl Default for EmbeddedLimits {
    fn default() -> Self {
        Self {
            subscription_capacity: NonZeroUsize::new(4_096).expect("not zero"),
            consumer_capacity: NonZeroUsize::new(1_024).expect("not zero"),
            duplicate_window: Duration::from_secs(120),
            duplicate_capacity: NonZeroUsize::new(65_536).expect("not zero"),
        }
    }
}

/// The bus inside one process: always connected, gone with the process.
///
/// Its durable consumers are positions over log and outbox, which their readers keep: the bus only wakes them. What
/// waits for a reader that is away is bounded, collapses into one [`crate::Woken::Missed`], and does not survive the
/// process; a reader that starts reads from its position.
#[derive(Debug)]
pub struct EmbeddedBus {
    limits: EmbeddedLimits,
    /// Who listens. Held while news is handed out, so that all subscribers hear the same order; nothing waits in there.
    hub: Arc<Mutex<Hub>>,
    /// Never changes; kept so that receivers do not end.
    connection: watch::Sender<Connection>,
}

#[derive(Debug)]
struct Hub {
    live: Live,
    groups: HashMap<ConsumerName, Arc<Group>>,
    recent: Recent,
}

impl EmbeddedBus {
    /// Makes a bus with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(EmbeddedLimits::default())
    }

    /// Makes a bus with limits of its own.
    #[must_use]
    pub fn with_limits(limits: EmbeddedLimits) -> Self {
        let recent = Recent::new(limits.duplicate_window, limits.duplicate_capacity);
        let hub = Hub { live: Live::default(), groups: HashMap::new(), recent };
        Self { limits, hub: Arc::new(Mutex::new(hub)), connection: watch::Sender::new(Connection::Connected) }
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        lock(&self.hub)
    }
}

impl Default for EmbeddedBus {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for EmbeddedBus {
    fn drop(&mut self) {
        let hub = self.hub();
        hub.live.close();
        hub.groups.values().for_each(|group| group.close());
    }
}

#[async_trait]
impl Bus for EmbeddedBus {
    async fn publish(&self, subject: Subject, payload: Bytes) -> Result<(), BusError> {
        check_payload(subject, &payload)?;
        async {
            let news = News { subject, payload, trace: TraceContext::current() };
            let hub = self.hub();
            hub.wake(&news);
            hub.live.tell(&news);
            Ok(())
        }
        .instrument(publish_span("embedded", subject))
        .await
    }

    async fn publish_durable(&self, subject: Subject, payload: Bytes, news_id: &str) -> Result<(), BusError> {
        if !subject.is_durable() {
            return Err(BusError::NotDurable { subject: subject.to_string() });
        }
        check_news_id(news_id)?;
        check_payload(subject, &payload)?;
        async {
            let news = News { subject, payload, trace: TraceContext::current() };
            let mut hub = self.hub();
            if hub.recent.is_first(news_id) {
                hub.wake(&news);
            }
            hub.live.tell(&news);
            Ok(())
        }
        .instrument(publish_span("embedded", subject))
        .await
    }

    async fn subscribe(&self, pattern: Pattern) -> Result<Subscription, BusError> {
        let mailbox = Arc::new(Mailbox::new(self.limits.subscription_capacity));
        let seat = self.hub().live.enter(pattern, Arc::clone(&mailbox));
        Ok(Subscription::new(mailbox, Leave { hub: Arc::clone(&self.hub), seat }))
    }

    async fn consume(&self, name: ConsumerName, pattern: Pattern) -> Result<Consumer, BusError> {
        if !pattern.is_durable() {
            return Err(BusError::NotDurable { subject: pattern.to_string() });
        }
        let group = {
            let mut hub = self.hub();
            let capacity = self.limits.consumer_capacity;
            Arc::clone(hub.groups.entry(name).or_insert_with(|| Arc::new(Group::new(capacity))))
        };
        group.listen_to(pattern);
        Ok(Consumer::new(group.wakes()))
    }

    fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.subscribe()
    }
}

impl Hub {
    fn wake(&self, news: &News) {
        if news.subject.is_durable() {
            self.groups.values().for_each(|group| group.offer(news));
        }
    }
}

/// Takes a subscriber's seat away when its subscription is dropped.
#[derive(Debug)]
struct Leave {
    hub: Arc<Mutex<Hub>>,
    seat: Seat,
}

impl Drop for Leave {
    fn drop(&mut self) {
        lock(&self.hub).live.leave(self.seat);
    }
}

fn lock(hub: &Mutex<Hub>) -> MutexGuard<'_, Hub> {
    // No code panics while it holds the lock, and each change leaves the hub whole.
    hub.lock().unwrap_or_else(PoisonError::into_inner)
}
