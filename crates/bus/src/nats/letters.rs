//! The stream of dead letters: `dead.<consumer>.<id>`, the payload as it came, and the rest in headers.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_nats::{
    HeaderMap,
    jetstream::{
        Context,
        consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
        message::PublishMessage,
        stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
    },
};
use futures::StreamExt;
use loquat_ids::Timestamp;
use tokio::time::timeout;

use super::{headers, settings::NatsSettings, stream::Stream};
use crate::{BusError, DeadLetter};

const SUBJECT: &str = "Loquat-Subject";
const CONSUMER: &str = "Loquat-Consumer";
const ID: &str = "Loquat-Id";
const ERROR: &str = "Loquat-Error";
const ATTEMPTS: &str = "Loquat-Attempts";
const TIME: &str = "Loquat-Time-Micros";

/// How many letters one request of a listing brings. Each may be as large as news.
const BATCH: usize = 32;
/// How long the server keeps the reader of a listing that nobody reads.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);

/// The stream of dead letters. It is made when the first is buried.
#[derive(Debug, Clone)]
pub(super) struct LetterStream {
    settings: Arc<NatsSettings>,
    stream: Stream,
}

impl LetterStream {
    pub(super) fn new(settings: Arc<NatsSettings>, context: Context) -> Self {
        let limits = &settings.dead_letters;
        let config = Config {
            name: settings.named("LOQUAT_DEAD"),
            subjects: vec![settings.wire("dead.>")],
            retention: RetentionPolicy::Limits,
            storage: StorageType::File,
            discard: DiscardPolicy::Old,
            num_replicas: settings.stream.replicas,
            max_age: limits.max_age,
            max_bytes: i64::try_from(limits.max_bytes).unwrap_or(i64::MAX),
            max_messages: i64::try_from(limits.max_letters).unwrap_or(i64::MAX),
            // A repeat that comes after the window of deduplication takes the place of the first.
            max_messages_per_subject: 1,
            max_consumers: -1,
            duplicate_window: settings.stream.duplicate_window.min(limits.max_age),
            ..Config::default()
        };
        let stream = Stream::new(Arc::clone(&settings), context, config, false);
        Self { settings, stream }
    }

    /// Keeps a letter, once; returns when the stream has it.
    pub(super) async fn bury(&self, letter: &DeadLetter) -> Result<(), BusError> {
        if !self.stream.was_there() {
            self.stream.ensure().await?;
        }
        let message = PublishMessage::build()
            .payload(letter.payload.clone())
            .headers(to_headers(letter))
            .message_id(format!("{}:{}", letter.consumer, letter.id));
        let wire = self.settings.wire(format_args!("dead.{}.{}", letter.consumer, token(&letter.id)));
        let buried = self.stream.publish(wire, message).await;
        buried.map_err(|error| BusError::unavailable_because("dead letter was not stored", error))
    }

    /// Returns the newest, oldest first.
    pub(super) async fn newest(&self, at_most: usize) -> Result<Vec<DeadLetter>, BusError> {
        let mut newest = VecDeque::new();
        let Some(reader) = self.within_deadline(self.reader()).await? else { return Ok(Vec::new()) };
        let mut waiting = reader.cached_info().num_pending;
        while waiting > 0 {
            let batch = self.within_deadline(batch(&reader)).await?;
            // The bounds of the stream took away what was there a moment ago.
            if batch.is_empty() {
                break;
            }
            waiting = waiting.saturating_sub(batch.len() as u64);
            for message in batch {
                match self.to_letter(message) {
                    Some(letter) => newest.push_back(letter),
                    None => tracing::warn!("a message among dead letters is none"),
                }
                if newest.len() > at_most {
                    newest.pop_front();
                }
            }
        }
        Ok(newest.into())
    }

    /// Makes a reader of all letters; nothing where there is no stream of them.
    async fn reader(&self) -> Result<Option<PullConsumer>, BusError> {
        let config = pull::Config {
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::None,
            inactive_threshold: FORGOTTEN_AFTER,
            ..pull::Config::default()
        };
        match self.stream.context().create_consumer_on_stream(config, self.stream.name()).await {
            Ok(reader) => Ok(Some(reader)),
            Err(_) if self.stream.look().await?.is_none() => Ok(None),
            Err(error) => Err(BusError::unavailable_because("dead letters cannot be read", error)),
        }
    }

    fn to_letter(&self, message: async_nats::Message) -> Option<DeadLetter> {
        let headers = message.headers.as_ref()?;
        let read = |name| headers.get(name).map(|value| value.as_str());
        Some(DeadLetter {
            consumer: read(CONSUMER)?.parse().ok()?,
            id: read(ID)?.to_owned(),
            subject: read(SUBJECT)?.parse().ok()?,
            error: read(ERROR).unwrap_or_default().to_owned(),
            attempts: read(ATTEMPTS)?.parse().ok()?,
            time: Timestamp::from_micros(read(TIME)?.parse().ok()?),
            trace: headers::trace(headers),
            payload: message.payload.clone(),
        })
    }

    async fn within_deadline<T>(&self, call: impl Future<Output = Result<T, BusError>>) -> Result<T, BusError> {
        match timeout(self.settings.call_deadline, call).await {
            Ok(outcome) => outcome,
            Err(_) => Err(BusError::unavailable("dead letters were not read in time")),
        }
    }
}

async fn batch(reader: &PullConsumer) -> Result<Vec<async_nats::Message>, BusError> {
    let broken = |error: async_nats::Error| BusError::unavailable_because("dead letters cannot be read", error);
    let mut messages = reader.fetch().max_messages(BATCH).messages().await.map_err(|error| broken(error.into()))?;
    let mut batch = Vec::new();
    while let Some(message) = messages.next().await {
        batch.push(message.map_err(broken)?.split().0);
    }
    Ok(batch)
}

fn to_headers(letter: &DeadLetter) -> HeaderMap {
    let mut headers = headers::of_trace(letter.trace.as_ref());
    headers.insert(CONSUMER, letter.consumer.as_str());
    headers.insert(ID, letter.id.as_str());
    headers.insert(SUBJECT, letter.subject.to_string());
    headers.insert(ERROR, letter.error.as_str());
    headers.insert(ATTEMPTS, letter.attempts.to_string());
    headers.insert(TIME, letter.time.as_micros().to_string());
    headers
}

/// An id as one token of a subject.
fn token(id: &str) -> String {
    let mut token = String::with_capacity(id.len());
    for char in id.chars() {
        match char {
            '.' | '*' | '>' | '%' => token.push_str(&format!("%{:02X}", u32::from(char))),
            _ => token.push(char),
        }
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_tokens_and_stay_apart() {
        assert_eq!(token("room:epoch:7"), "room:epoch:7");
        assert_eq!(token("a.b>c*d%2E"), "a%2Eb%3Ec%2Ad%252E");
    }
}
