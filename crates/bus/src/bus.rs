//! The port.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::{BusError, Consumer, ConsumerName, DeadLetter, Pattern, Subject, Subscription};

/// The bus as everybody holds it.
pub type SharedBus = Arc<dyn Bus>;

/// The largest payload, on every twin: what fits, with headers, into one message of a NATS server as it comes (1 MiB).
pub const MAX_PAYLOAD_BYTES: usize = 1_000_000;

/// The longest `news_id`.
pub const MAX_NEWS_ID_BYTES: usize = 255;

/// Carries news between processes.
///
/// All methods return within a deadline, also while no server answers, and may be dropped at any await: then the news
/// may or may not have been told.
#[async_trait]
pub trait Bus: Send + Sync + fmt::Debug {
    /// Tells news to everybody who is subscribed now, at most once, in the order of publishing for each subject.
    ///
    /// The trace context of the current span goes along. On a durable subject ([`Subject::is_durable`]) consumers may be
    /// woken too, but nothing promises it.
    ///
    /// # Errors
    /// [`BusError::TooLarge`]; [`BusError::Unavailable`] where the server is away, in which case nobody was told.
    async fn publish(&self, subject: Subject, payload: Bytes) -> Result<(), BusError>;

    /// The same, and wakes the durable consumers. Returns when the bus has the news.
    ///
    /// Publishing again under the same `news_id` within the window of deduplication (two minutes as it comes) wakes no
    /// consumer again, whatever became of the first answer; live subscribers may hear it again. A `news_id` is 1 to
    /// [`MAX_NEWS_ID_BYTES`] visible ASCII characters.
    ///
    /// # Errors
    /// [`BusError::NotDurable`], [`BusError::NewsId`], [`BusError::TooLarge`]; [`BusError::Unavailable`] where the
    /// outcome is not known: publish again under the same `news_id`.
    async fn publish_durable(&self, subject: Subject, payload: Bytes, news_id: &str) -> Result<(), BusError>;

    /// Listens to live news.
    ///
    /// Whatever is published after this returns is heard or told as [`crate::Received::Missed`]. While the server is
    /// away this still succeeds; the subscription then begins with `Missed`, when it comes alive.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] where a connected server does not answer.
    async fn subscribe(&self, pattern: Pattern) -> Result<Subscription, BusError>;

    /// Takes up the durable consumer of a name, or makes it; a new one is woken by what is published from now on.
    ///
    /// Wake-ups come at least once, until acknowledged. Several readers of one name share its wake-ups. A reader begins
    /// by reading the store from its own position, as after [`crate::Woken::Missed`]. There is one consumer for a
    /// purpose (notifications, search, audit), never one for a room or a user.
    ///
    /// # Errors
    /// [`BusError::NotDurable`] where the pattern is not of durable subjects; [`BusError::Unavailable`] where a connected
    /// server does not answer.
    async fn consume(&self, name: ConsumerName, pattern: Pattern) -> Result<Consumer, BusError>;

    /// Keeps what a durable consumer gave up on, for operators to see. Returns when it is kept durably.
    ///
    /// A letter of the same consumer and id is kept once, whatever became of the first answer. What is kept is bounded
    /// ([`crate::DeadLetterLimits`]): the oldest goes. Whoever buries moves its position on after this returned.
    ///
    /// # Errors
    /// [`BusError::NewsId`], [`BusError::TooLarge`]; [`BusError::Unavailable`] where it is not known to be kept: bury it
    /// again.
    async fn bury(&self, letter: DeadLetter) -> Result<(), BusError>;

    /// Returns the newest dead letters, oldest first.
    ///
    /// # Errors
    /// [`BusError::Unavailable`].
    async fn dead_letters(&self, at_most: usize) -> Result<Vec<DeadLetter>, BusError>;

    /// Tells whether the bus is connected, now and as it changes.
    fn connection(&self) -> watch::Receiver<Connection>;
}

/// Whether news passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// It does.
    Connected,
    /// The server is away; the bus tries again for ever.
    Disconnected,
}

/// Refuses what no twin carries.
pub(crate) fn check_payload(subject: Subject, payload: &Bytes) -> Result<(), BusError> {
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(BusError::TooLarge { subject, bytes: payload.len() });
    }
    Ok(())
}

/// Refuses what cannot stand in a header.
pub(crate) fn check_news_id(news_id: &str) -> Result<(), BusError> {
    let fits = (1..=MAX_NEWS_ID_BYTES).contains(&news_id.len()) && news_id.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(()) } else { Err(BusError::NewsId) }
}

/// The span that a publish stands in: the parent of what its subscribers do.
pub(crate) fn publish_span(system: &'static str, subject: Subject) -> tracing::Span {
    tracing::info_span!(
        "publish",
        otel.kind = "producer",
        messaging.system = system,
        messaging.destination.name = %subject,
    )
}
