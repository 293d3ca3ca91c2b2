//! The twins that the suite runs on, and how a test waits for facts.

use std::{fmt::Debug, num::NonZeroUsize, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use loquat_bus::{
    BusError, DeadLetterLimits, Delivery, EmbeddedBus, EmbeddedLimits, NatsBus, NatsPrefix, NatsSettings, News,
    Received, SharedBus, StreamLimits, Subscription, Woken,
};
use loquat_ids::{IdSource, RandomIds, RoomId};
use tempfile::TempDir;

use crate::line::Line;

/// News that may wait for a subscriber of a twin.
pub const CAPACITY: usize = 64;
/// Dead letters that a twin keeps.
pub const LETTERS: usize = 6;
/// How long a test waits for a fact before it fails.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A bus as two processes hold it. In one process the two are the same.
pub struct Twin {
    pub here: SharedBus,
    pub there: SharedBus,
    /// What tells the streams of this test from others'.
    prefix: Option<String>,
    /// Where the dead letters are, for as long as the test runs.
    _folder: Option<TempDir>,
}

impl Twin {
    pub fn embedded() -> Self {
        let bus: SharedBus = Arc::new(EmbeddedBus::with_limits(limits()));
        Self { here: Arc::clone(&bus), there: bus, prefix: None, _folder: None }
    }

    /// The same with its dead letters in a folder.
    pub fn embedded_in_a_folder() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bus: SharedBus = Arc::new(EmbeddedBus::open(folder.path(), limits()).expect("a bus"));
        Self { here: Arc::clone(&bus), there: bus, prefix: None, _folder: Some(folder) }
    }

    /// Nothing where the environment names no server.
    pub async fn nats(behaviour: &str) -> Option<Self> {
        let Some(url) = server() else {
            eprintln!("SKIPPED nats::{behaviour}: no LOQUAT_TEST_NATS_URL");
            return None;
        };
        let prefix = RandomIds.fresh().simple().to_string();
        let settings = nats_settings(url, &prefix);
        let here = NatsBus::connect(settings.clone()).await.expect("usable settings");
        let there = NatsBus::connect(settings).await.expect("usable settings");
        Some(Self { here: Arc::new(here), there: Arc::new(there), prefix: Some(prefix), _folder: None })
    }

    /// Tells the bus something whose answer nobody sees, though the bus has taken it. Over NATS the connection breaks instead of
    /// answering what has these bytes in it; in process what is answered is thrown away.
    pub async fn with_a_lost_answer<T: Debug>(
        &self,
        bytes: &[u8],
        tell: impl AsyncFnOnce(&SharedBus) -> Result<T, BusError>,
    ) {
        let (Some(prefix), Some(url)) = (&self.prefix, server()) else {
            drop(tell(&self.here).await.expect("an answer"));
            return;
        };
        let (_, server) = url.split_once("://").expect("a URL");
        let line = Line::to(server.trim_end_matches('/').to_owned()).await;
        let settings = nats_settings(format!("nats://{}", line.address()), prefix);
        let bus: SharedBus = Arc::new(NatsBus::connect(settings).await.expect("usable settings"));
        line.lose_the_answer_to(bytes);
        // The bus may ask again by itself, and then answers well.
        match tell(&bus).await {
            Ok(_) | Err(BusError::Unavailable { .. }) => {}
            Err(other) => panic!("not what comes of a lost answer: {other:?}"),
        }
        assert!(line.has_lost_an_answer(), "the answer came");
    }

    /// Takes away what the test made on a server.
    pub async fn clean_up(self) {
        let (Some(prefix), Some(url)) = (self.prefix, server()) else { return };
        let client = async_nats::connect(url).await.expect("a server that was there before");
        let streams = async_nats::jetstream::new(client);
        streams.delete_stream(format!("LOQUAT_{prefix}")).await.expect("a stream to take away");
        // Not every test buries something.
        drop(streams.delete_stream(format!("LOQUAT_DEAD_{prefix}")).await);
    }
}

fn nats_settings(url: String, prefix: &str) -> NatsSettings {
    let mut settings = NatsSettings::new([url]);
    settings.prefix = Some(prefix.parse::<NatsPrefix>().expect("a prefix"));
    settings.subscription_capacity = capacity();
    settings.ack_wait = Duration::from_secs(1);
    settings.stream = StreamLimits { max_bytes: 16 << 20, ..StreamLimits::default() };
    settings.dead_letters = letter_limits();
    settings
}

fn limits() -> EmbeddedLimits {
    EmbeddedLimits { subscription_capacity: capacity(), dead_letters: letter_limits(), ..EmbeddedLimits::default() }
}

fn letter_limits() -> DeadLetterLimits {
    DeadLetterLimits { max_letters: LETTERS, ..DeadLetterLimits::default() }
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
