//! A stream of JetStream, made and made again: somebody may take it away at any time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream::{
    Context, ErrorCode,
    context::{GetStreamErrorKind, PublishError, PublishErrorKind, UpdateStreamErrorKind},
    message::PublishMessage,
    stream::{Config, Info},
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

use super::settings::NatsSettings;
use crate::BusError;

/// How long the server gets to take away the last of a stream before it is made again. A stream that is made meanwhile
/// may be deaf: it is there, but keeps nothing, since its folder was taken away under it (nats-server 2.15).
const BURIAL: Duration = Duration::from_millis(300);

/// One stream.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    settings: Arc<NatsSettings>,
    context: Context,
    config: Config,
    /// What it keeps may be lost: consumers are told so, and read the store.
    only_wakes: bool,
    /// This process has seen it: where it is not there any more, somebody has just taken it away.
    was_there: Arc<AtomicBool>,
    /// Held by the one publish that deals with a loss; the others that found it wait, and take its outcome. Whoever holds
    /// it keeps within the deadlines of a few calls.
    mending: Arc<Mutex<Mending>>,
}

#[derive(Debug, Default)]
struct Mending {
    /// When somebody last began, and whether the stream then was there.
    last: Option<(Instant, bool)>,
    /// The stream, by the moment of its making, had this last number, though something had been published to it.
    may_be_deaf: Option<(String, u64)>,
}

impl Stream {
    pub(super) fn new(settings: Arc<NatsSettings>, context: Context, config: Config, only_wakes: bool) -> Self {
        Self { settings, context, config, only_wakes, was_there: Arc::default(), mending: Arc::default() }
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    pub(super) fn name(&self) -> &str {
        &self.config.name
    }

    /// Tells whether this process has seen it.
    pub(super) fn was_there(&self) -> bool {
        self.was_there.load(Ordering::Relaxed)
    }

    /// Makes the stream, or gives it the limits of the settings.
    pub(super) async fn ensure(&self) -> Result<Info, BusError> {
        let info = match timeout(self.settings.call_deadline, self.make()).await {
            Ok(outcome) => outcome?,
            Err(_) => return Err(BusError::unavailable("no stream in time")),
        };
        self.was_there.store(true, Ordering::Relaxed);
        Ok(info)
    }

    async fn make(&self) -> Result<Info, BusError> {
        match self.context.update_stream(&self.config).await {
            Err(error) if error.kind() == UpdateStreamErrorKind::NotFound => {
                if self.was_there() {
                    sleep(BURIAL).await;
                }
                self.context.create_or_update_stream(self.config.clone()).await
            }
            outcome => outcome,
        }
        .map_err(|error| BusError::unavailable_because("no stream", error))
    }

    /// Publishes and returns when the stream has it; where the stream is gone makes it, and tries once more.
    pub(super) async fn publish(&self, wire: String, message: PublishMessage) -> Result<(), PublishError> {
        let begun = Instant::now();
        let Err(error) = self.try_to_publish(&wire, &message).await else { return Ok(()) };
        if !self.may_be_gone(begun, &error).await {
            return Err(error);
        }
        let begun = Instant::now();
        let Err(error) = self.try_to_publish(&wire, &message).await else { return Ok(()) };
        // For whoever comes next.
        self.may_be_gone(begun, &error).await;
        Err(error)
    }

    /// Publishes and awaits the stream's acknowledgement, each within the deadline of a call.
    async fn try_to_publish(&self, wire: &str, message: &PublishMessage) -> Result<(), PublishError> {
        self.context.send_publish(wire.to_owned(), message.clone()).await?.await?;
        Ok(())
    }

    /// Tells whether a loss of the stream may be behind a failure; in that case it is there again.
    ///
    /// Where others listen live to the same subject, the server does not say that nobody stores it: then there is just
    /// no answer.
    async fn may_be_gone(&self, begun: Instant, error: &PublishError) -> bool {
        if !matches!(error.kind(), PublishErrorKind::TimedOut | PublishErrorKind::StreamNotFound) {
            return false;
        }
        let mut mending = self.mending.lock().await;
        if let Some((moment, is_there)) = mending.last
            && moment >= begun
        {
            return is_there;
        }
        let moment = Instant::now();
        let outcome = self.mend(&mut mending.may_be_deaf).await;
        if let Err(reason) = &outcome {
            let reason = reason as &dyn std::error::Error;
            tracing::warn!(stream = self.name(), reason, "stream is not known to be there");
        }
        mending.last = Some((moment, outcome.is_ok()));
        outcome.is_ok()
    }

    async fn mend(&self, may_be_deaf: &mut Option<(String, u64)>) -> Result<(), BusError> {
        let Some(info) = self.look().await? else {
            *may_be_deaf = None;
            return self.ensure().await.map(drop);
        };
        let seen = (info.created.to_string(), info.state.last_sequence);
        let seen = Some(seen).filter(|_| self.only_wakes || info.state.messages == 0);
        if seen.is_none() || *may_be_deaf != seen {
            *may_be_deaf = seen;
            return Ok(());
        }
        // It has taken nothing, though it answers, and something was published to it since the last look: deaf.
        *may_be_deaf = None;
        tracing::warn!(stream = self.name(), "stream keeps nothing, and is made anew");
        let deleted = timeout(self.settings.call_deadline, self.context.delete_stream(self.name())).await;
        if !matches!(deleted, Ok(Ok(_))) {
            return Err(BusError::unavailable("stream that keeps nothing is not taken away"));
        }
        self.ensure().await.map(drop)
    }

    /// Returns what the server says of the stream; nothing where there is none.
    pub(super) async fn look(&self) -> Result<Option<Info>, BusError> {
        match timeout(self.settings.call_deadline, self.context.get_stream(self.name())).await {
            Ok(Ok(stream)) => Ok(Some(stream.cached_info().clone())),
            Ok(Err(error)) if is_missing(&error.kind()) => Ok(None),
            Ok(Err(error)) => Err(BusError::unavailable_because("stream does not answer", error)),
            Err(_) => Err(BusError::unavailable("stream does not answer in time")),
        }
    }
}

fn is_missing(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}
