//! The stream of durable news, which keeps it long enough to wake who is away.

use std::{ops::Deref, sync::Arc};

use async_nats::jetstream::{
    Context,
    context::PublishError,
    message::PublishMessage,
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};
use bytes::Bytes;

use super::{headers, settings::NatsSettings, stream::Stream};
use crate::{Pattern, Subject};

/// The stream of durable news.
#[derive(Debug, Clone)]
pub(super) struct WakeStream {
    settings: Arc<NatsSettings>,
    stream: Stream,
}

impl Deref for WakeStream {
    type Target = Stream;

    fn deref(&self) -> &Stream {
        &self.stream
    }
}

impl WakeStream {
    pub(super) fn new(settings: Arc<NatsSettings>, context: Context) -> Self {
        let limits = &settings.stream;
        let config = Config {
            name: settings.named("LOQUAT"),
            subjects: vec![settings.wire(Pattern::all_rooms())],
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
        let stream = Stream::new(Arc::clone(&settings), context, config, true);
        Self { settings, stream }
    }

    /// Returns when the stream has the news.
    pub(super) async fn store(&self, subject: Subject, payload: Bytes, news_id: &str) -> Result<(), PublishError> {
        let message = PublishMessage::build()
            .payload(payload)
            .headers(headers::of_current_span().unwrap_or_default())
            .message_id(news_id);
        self.publish(self.settings.wire(subject), message).await
    }
}
