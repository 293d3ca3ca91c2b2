//! The one stream, which keeps durable news long enough to wake who is away.

use std::sync::Arc;

use async_nats::{
    Client,
    jetstream::{
        Context, ContextBuilder,
        context::PublishError,
        message::PublishMessage,
        stream::{Config, DiscardPolicy, Info, RetentionPolicy, StorageType},
    },
};
use bytes::Bytes;
use tokio::time::timeout;

use super::{headers, settings::NatsSettings};
use crate::{BusError, Subject};

/// Publishes whose acknowledgement may be awaited at once; beyond it they wait, within their deadline.
const MAX_PUBLISHES_IN_FLIGHT: usize = 4_096;

/// The stream of durable news.
#[derive(Debug, Clone)]
pub(super) struct WakeStream {
    settings: Arc<NatsSettings>,
    context: Context,
}

impl WakeStream {
    pub(super) fn new(settings: Arc<NatsSettings>, client: &Client) -> Self {
        let context = ContextBuilder::new()
            .timeout(settings.call_deadline)
            .ack_timeout(settings.call_deadline)
            .max_ack_inflight(MAX_PUBLISHES_IN_FLIGHT)
            .backpressure_on_inflight(true)
            .build(client.clone());
        Self { settings, context }
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Makes the stream, or gives it the limits of the settings.
    pub(super) async fn ensure(&self) -> Result<Info, BusError> {
        let limits = &self.settings.stream;
        let config = Config {
            name: self.settings.stream_name(),
            subjects: vec![self.settings.stream_subjects()],
            retention: RetentionPolicy::Limits,
            storage: StorageType::File,
            discard: DiscardPolicy::Old,
            num_replicas: limits.replicas,
            max_age: limits.max_age,
            max_bytes: i64::try_from(limits.max_bytes).unwrap_or(i64::MAX),
            max_messages: -1,
            max_messages_per_subject: -1,
            max_consumers: -1,
            duplicate_window: limits.duplicate_window.min(limits.max_age),
            ..Config::default()
        };
        match timeout(self.settings.call_deadline, self.context.create_or_update_stream(config)).await {
            Ok(Ok(info)) => Ok(info),
            Ok(Err(error)) => Err(BusError::unavailable_because("no stream for durable news", error)),
            Err(_) => Err(BusError::unavailable("no stream for durable news in time")),
        }
    }

    /// Returns the number of the first message that the stream still keeps.
    pub(super) async fn first_kept(&self) -> Result<u64, BusError> {
        let stream = self.context.get_stream(self.settings.stream_name()).await;
        let stream = stream.map_err(|error| BusError::unavailable_because("stream does not answer", error))?;
        Ok(stream.cached_info().state.first_sequence)
    }

    /// Publishes and awaits the stream's acknowledgement, each within the deadline of a call.
    pub(super) async fn store(&self, subject: Subject, payload: &Bytes, news_id: &str) -> Result<(), PublishError> {
        let publish = PublishMessage::build()
            .payload(payload.clone())
            .headers(headers::of_current_span().unwrap_or_default())
            .message_id(news_id);
        self.context.send_publish(self.settings.wire(subject), publish).await?.await?;
        Ok(())
    }
}
