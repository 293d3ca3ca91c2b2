//! Durable consumers, as they are woken.

use std::{
    fmt,
    pin::Pin,
    str::FromStr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use futures::{Stream, stream::BoxStream};
use loquat_ids::Timestamp;

use crate::{BusError, DeadLetter, News};

/// The name of a durable consumer: 1 to 64 ASCII letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConsumerName(Arc<str>);

impl ConsumerName {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConsumerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A text that is no name of a durable consumer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a consumer's name is 1 to 64 letters, digits, _ and -")]
pub struct ConsumerNameError;

impl FromStr for ConsumerName {
    type Err = ConsumerNameError;

    fn from_str(text: &str) -> Result<Self, ConsumerNameError> {
        if is_plain_token(text, 64) { Ok(Self(text.into())) } else { Err(ConsumerNameError) }
    }
}

/// Tells whether a text can be one token of a subject and part of a stream's name.
pub(crate) fn is_plain_token(text: &str, max_bytes: usize) -> bool {
    (1..=max_bytes).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// The wake-ups of a durable consumer: a stream of [`Woken`]. It ends only with the bus.
///
/// Dropping it leaves the consumer where it is: what was not acknowledged wakes the next reader of the name.
#[must_use = "a consumer is woken only while it is held"]
pub struct Consumer(BoxStream<'static, Woken>);

impl Consumer {
    pub(crate) fn new(wakes: impl Stream<Item = Woken> + Send + 'static) -> Self {
        Self(Box::pin(wakes))
    }
}

impl Stream for Consumer {
    type Item = Woken;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Woken>> {
        self.0.as_mut().poll_next(context)
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Consumer").finish_non_exhaustive()
    }
}

/// Why a durable consumer wakes.
#[derive(Debug)]
pub enum Woken {
    /// Something happened on this subject.
    News(Delivery),
    /// Wake-ups were lost: too many waited, or the connection was lost and is back. Read the store from the consumer's
    /// position on. It needs no acknowledgement and does not come again.
    Missed,
}

/// A wake-up, which comes again until it is acknowledged: after [`Delivery::nack`], after it was dropped (on NATS when
/// the wait for its acknowledgement is over, in one process at once), and when its reader died.
#[derive(Debug)]
#[must_use = "what is not acknowledged comes again"]
pub struct Delivery {
    /// The news.
    pub news: News,
    /// The id that it was published under; nothing where it was published as live news only.
    pub news_id: Option<Arc<str>>,
    /// Which attempt this is, from 1.
    pub attempt: u64,
    receipt: Box<dyn Receipt>,
}

impl Delivery {
    pub(crate) fn new(news: News, news_id: Option<Arc<str>>, attempt: u64, receipt: Box<dyn Receipt>) -> Self {
        Self { news, news_id, attempt, receipt }
    }

    /// Writes the dead letter of a consumer that gives up on this.
    #[must_use]
    pub fn dead_letter(&self, consumer: ConsumerName, error: impl Into<String>, time: Timestamp) -> DeadLetter {
        DeadLetter {
            consumer,
            id: self.news_id.as_deref().map_or_else(|| fingerprint(&self.news), str::to_owned),
            subject: self.news.subject,
            payload: self.news.payload.clone(),
            error: error.into(),
            attempts: self.attempt,
            time,
            trace: self.news.trace.clone(),
        }
    }

    /// Acknowledges: it does not come again, unless the acknowledgement is lost.
    ///
    /// # Errors
    /// [`BusError::Unavailable`]: it comes again.
    pub async fn ack(self) -> Result<(), BusError> {
        self.receipt.ack().await
    }

    /// Asks for it again after some time.
    ///
    /// # Errors
    /// [`BusError::Unavailable`]: it comes again when the wait for its acknowledgement is over.
    pub async fn nack(self, after: Duration) -> Result<(), BusError> {
        self.receipt.nack(after).await
    }
}

/// Names news that has no id, the same at every attempt and in every process: FNV-1a over what it is.
fn fingerprint(news: &News) -> String {
    let subject = news.subject.to_string();
    let hash = subject
        .bytes()
        .chain(news.payload.iter().copied())
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    format!("{hash:016x}")
}

/// How a twin takes an acknowledgement.
#[async_trait]
pub(crate) trait Receipt: Send + Sync + fmt::Debug {
    async fn ack(self: Box<Self>) -> Result<(), BusError>;
    async fn nack(self: Box<Self>, after: Duration) -> Result<(), BusError>;
}
