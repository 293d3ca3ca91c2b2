//! A durable consumer over JetStream: pulled, so that a slow reader slows nobody.

use std::{fmt, sync::Arc, time::Duration};

use async_nats::{
    header::NATS_MESSAGE_ID,
    jetstream::{
        AckKind, Message,
        consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
        message::Acker,
    },
};
use async_trait::async_trait;
use futures::StreamExt;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;

use super::{headers, settings::NatsSettings, wakes::WakeStream};
use crate::{BusError, Consumer, ConsumerName, Delivery, Pattern, Woken, consumer::Receipt};

/// Wake-ups that one pull brings to this process. They wait here for the reader while their `ack_wait` runs.
const BATCH: usize = 64;
/// How long one pull waits for wake-ups, and how often the server says meanwhile that it is alive.
const PULL_EXPIRES: Duration = Duration::from_secs(30);
const PULL_HEARTBEAT: Duration = Duration::from_secs(5);

/// A reader of one durable consumer.
pub(super) struct Pull {
    wakes: WakeStream,
    settings: Arc<NatsSettings>,
    name: ConsumerName,
    pattern: Pattern,
    /// The consumer at the server, while it is taken up.
    consumer: Option<PullConsumer>,
    messages: Option<pull::Stream>,
    /// Up to which message of the stream all were acknowledged when this reader last asked.
    acknowledged: u64,
}

impl Pull {
    pub(super) fn new(wakes: WakeStream, settings: Arc<NatsSettings>, name: ConsumerName, pattern: Pattern) -> Self {
        Self { wakes, settings, name, pattern, consumer: None, messages: None, acknowledged: 0 }
    }

    /// Takes up the consumer, making it and its stream where they are not. What woke it before may be lost.
    pub(super) async fn attach(&mut self) -> Result<(), BusError> {
        self.messages = None;
        self.wakes.ensure().await?;
        let consumer = self.within_deadline(self.take_up()).await?;
        let messages =
            consumer.stream().max_messages_per_batch(BATCH).expires(PULL_EXPIRES).heartbeat(PULL_HEARTBEAT).messages();
        let pulled = async {
            messages.await.map_err(|error| BusError::unavailable_because("durable consumer cannot be pulled", error))
        };
        self.messages = Some(self.within_deadline(pulled).await?);
        self.acknowledged = consumer.cached_info().ack_floor.stream_sequence;
        self.consumer = Some(consumer);
        Ok(())
    }

    async fn take_up(&self) -> Result<PullConsumer, BusError> {
        let config = pull::Config {
            durable_name: Some(self.name.to_string()),
            filter_subject: self.settings.wire(self.pattern),
            deliver_policy: DeliverPolicy::New,
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.settings.ack_wait,
            max_ack_pending: i64::try_from(self.settings.consumer_capacity.get()).unwrap_or(i64::MAX),
            ..pull::Config::default()
        };
        self.wakes
            .context()
            .create_consumer_on_stream(config, self.wakes.name().to_owned())
            .await
            .map_err(|error| BusError::unavailable_because("durable consumer cannot be taken up", error))
    }

    /// Returns the next message; nothing where the pull ended.
    async fn next(&mut self) -> Option<Message> {
        let outcome = self.messages.as_mut()?.next().await;
        match outcome {
            Some(Ok(message)) => return Some(message),
            Some(Err(error)) => tracing::warn!(consumer = %self.name, %error, "pulling ended"),
            None => {}
        }
        self.messages = None;
        None
    }

    /// Tells whether the stream's bounds took away what was not acknowledged when this was last asked. Where the pattern
    /// is narrower than the stream that may have been for others.
    async fn has_lost(&mut self) -> Result<bool, BusError> {
        let Some(consumer) = &self.consumer else { return Ok(false) };
        let Some(stream) = self.wakes.look().await? else { return Ok(false) };
        let first_kept = stream.state.first_sequence;
        let asked = async {
            consumer
                .get_info()
                .await
                .map_err(|error| BusError::unavailable_because("durable consumer is silent", error))
        };
        let acknowledged = self.within_deadline(asked).await?.ack_floor.stream_sequence;
        let has_lost = self.acknowledged + 1 < first_kept;
        // What was taken away before now is told once.
        self.acknowledged = acknowledged.max(first_kept.saturating_sub(1));
        Ok(has_lost)
    }

    async fn within_deadline<T>(&self, call: impl Future<Output = Result<T, BusError>>) -> Result<T, BusError> {
        match timeout(self.settings.call_deadline, call).await {
            Ok(outcome) => outcome,
            Err(_) => Err(BusError::unavailable("durable consumer did not answer in time")),
        }
    }
}

/// Runs a reader as a task that lives as long as what it returns.
pub(super) fn run(pull: Pull, arrivals: watch::Receiver<u64>) -> Consumer {
    // One waits here, the others of a batch in the pull, the rest at the server.
    let (sender, receiver) = mpsc::channel(1);
    let reader = AbortOnDropHandle::new(tokio::spawn(Reader { pull, arrivals, sender }.run()));
    let wakes = ReceiverStream::new(receiver);
    Consumer::new(wakes.inspect(move |_| {
        // Held by the stream: the task ends with it.
        let _held = &reader;
    }))
}

struct Reader {
    pull: Pull,
    arrivals: watch::Receiver<u64>,
    sender: mpsc::Sender<Woken>,
}

impl Reader {
    async fn run(mut self) {
        let period = self.pull.settings.loss_check_interval;
        if self.pull.messages.is_none() && self.arrivals.changed().await.is_err() {
            return;
        }
        let mut checks = interval_at(Instant::now() + period, period);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let woken = tokio::select! {
                biased;
                // What was published while the server was away is not in the stream.
                changed = self.arrivals.changed() => match changed {
                    Ok(()) => self.attach_again().await,
                    Err(_) => return,
                },
                _ = checks.tick() => match self.pull.has_lost().await {
                    Ok(true) => Some(Woken::Missed),
                    Ok(false) => None,
                    Err(error) => {
                        tracing::debug!(consumer = %self.pull.name, %error, "not known whether wake-ups were lost");
                        None
                    }
                },
                message = self.pull.next() => match message {
                    Some(message) => self.woken_by(message),
                    None => self.attach_again().await,
                },
            };
            if let Some(woken) = woken
                && self.sender.send(woken).await.is_err()
            {
                return;
            }
        }
    }

    fn woken_by(&self, message: Message) -> Option<Woken> {
        let attempt = message.info().map_or(1, |info| u64::try_from(info.delivered).unwrap_or(1));
        let (message, acker) = message.split();
        let news_id =
            message.headers.as_ref().and_then(|headers| headers.get(NATS_MESSAGE_ID)).map(|id| id.as_str().into());
        let news = headers::news(&self.pull.settings, message)?;
        let receipt = JetStreamReceipt { acker, deadline: self.pull.settings.call_deadline };
        Some(Woken::News(Delivery::new(news, news_id, attempt, Box::new(receipt))))
    }

    /// Tries until it succeeds, or the bus is gone.
    async fn attach_again(&mut self) -> Option<Woken> {
        let mut delay = Duration::from_millis(50);
        while let Err(error) = self.pull.attach().await {
            tracing::warn!(
                consumer = %self.pull.name,
                error = &error as &dyn std::error::Error,
                "durable consumer is not attached"
            );
            tokio::select! {
                () = sleep(delay) => {}
                () = self.sender.closed() => return None,
            }
            delay = (delay * 2).min(self.pull.settings.reconnect_delay_cap);
        }
        // An arrival that this attempt came after needs no other.
        self.arrivals.mark_unchanged();
        Some(Woken::Missed)
    }
}

/// Acknowledges to JetStream.
struct JetStreamReceipt {
    acker: Acker,
    deadline: Duration,
}

impl JetStreamReceipt {
    async fn answer(&self, answer: AckKind) -> Result<(), BusError> {
        match timeout(self.deadline, self.acker.ack_with(answer)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(BusError::unavailable_because("acknowledgement was not sent", error)),
            Err(_) => Err(BusError::unavailable("acknowledgement was not sent in time")),
        }
    }
}

impl fmt::Debug for JetStreamReceipt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("JetStreamReceipt").finish_non_exhaustive()
    }
}

#[async_trait]
impl Receipt for JetStreamReceipt {
    async fn ack(self: Box<Self>) -> Result<(), BusError> {
        self.answer(AckKind::Ack).await
    }

    async fn nack(self: Box<Self>, after: Duration) -> Result<(), BusError> {
        let after = Some(after).filter(|after| !after.is_zero());
        self.answer(AckKind::Nak(after)).await
    }
}
