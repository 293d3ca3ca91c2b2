//! The twins that the suite runs on, and how a test waits for facts.

use std::{fmt::Debug, num::NonZeroUsize, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use loquat_bus::{
    Delivery, EmbeddedBus, EmbeddedLimits, NatsBus, NatsPrefix, NatsSettings, News, Received, SharedBus, StreamLimits,
    Subscription, Woken,
};
use loquat_ids::{IdSource, RandomIds, RoomId};

/// News that may wait for a subscriber of a twin.
pub const CAPACITY: usize = 64;
/// How long a test waits for a fact before it fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// A bus as two processes hold it. In one process the two are the same.
pub struct Twin {
    pub here: SharedBus,
    pub there: SharedBus,
    stream: Option<String>,
}

impl Twin {
    pub fn embedded() -> Self {
        let limits = EmbeddedLimits { subscription_capacity: capacity(), ..EmbeddedLimits::default() };
        let bus: SharedBus = Arc::new(EmbeddedBus::with_limits(limits));
        Self { here: Arc::clone(&bus), there: bus, stream: None }
    }

    /// Nothing where the environment names no server.
    pub async fn nats(behaviour: &str) -> Option<Self> {
        let Some(url) = server() else {
            eprintln!("SKIPPED nats::{behaviour}: no LOQUAT_TEST_NATS_URL");
            return None;
        };
        let prefix = RandomIds.fresh().simple().to_string();
        let mut settings = NatsSettings::new([url]);
        settings.prefix = Some(prefix.parse::<NatsPrefix>().expect("a prefix"));
        settings.subscription_capacity = capacity();
        settings.ack_wait = Duration::from_secs(1);
        settings.stream = StreamLimits { max_bytes: 16 << 20, ..StreamLimits::default() };
        let here = NatsBus::connect(settings.clone()).await.expect("usable settings");
        let there = NatsBus::connect(settings).await.expect("usable settings");
        Some(Self { here: Arc::new(here), there: Arc::new(there), stream: Some(format!("LOQUAT_{prefix}")) })
    }

    /// Takes away what the test made on a server.
    pub async fn clean_up(self) {
        let (Some(stream), Some(url)) = (self.stream, server()) else { return };
        let client = async_nats::connect(url).await.expect("a server that was there before");
        async_nats::jetstream::new(client).delete_stream(stream).await.expect("a stream to take away");
    }
}

fn capacity() -> NonZeroUsize {
    NonZeroUsize::new(CAPACITY).expect("not zero")
}

#[expect(clippy::disallowed_methods, reason = "which servers there are to test on is the environment's to say")]
fn server() -> Option<String> {
    std::env::var("LOQUAT_TEST_NATS_URL").ok()
}

pub fn room() -> RoomId {
    RoomId::from_uuid(RandomIds.fresh())
}

pub fn text(text: impl Into<String>) -> Bytes {
    Bytes::from(text.into())
}

/// Awaits the next item of a stream.
pub async fn next<S: Stream + Unpin>(stream: &mut S) -> S::Item
where
    S::Item: Debug,
{
    tokio::time::timeout(PATIENCE, stream.next()).await.expect("something in time").expect("a stream that goes on")
}

/// Awaits news and returns it.
pub async fn news(subscription: &mut Subscription) -> News {
    match next(subscription).await {
        Received::News(news) => news,
        Received::Missed => panic!("missed something"),
    }
}

/// Awaits news and returns what it says.
pub async fn heard(subscription: &mut Subscription) -> Bytes {
    news(subscription).await.payload
}

/// Awaits a wake-up with news.
pub async fn delivery<S: Stream<Item = Woken> + Unpin>(consumer: &mut S) -> Delivery {
    match next(consumer).await {
        Woken::News(delivery) => delivery,
        Woken::Missed => panic!("missed something"),
    }
}

/// Awaits a wake-up, acknowledges it and returns what it says.
pub async fn acknowledged<S: Stream<Item = Woken> + Unpin>(consumer: &mut S) -> Bytes {
    let delivery = delivery(consumer).await;
    let payload = delivery.news.payload.clone();
    delivery.ack().await.expect("an acknowledgement that is taken");
    payload
}
