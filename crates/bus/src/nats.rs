//! The twin over NATS: plain subjects for live news, one JetStream stream that wakes durable consumers.

mod durable;
mod headers;
mod letters;
mod link;
mod settings;
mod stream;
mod wakes;

use std::sync::Arc;

use async_nats::{
    Client, client,
    connection::State,
    jetstream::{ContextBuilder, context::PublishErrorKind},
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use tokio::{sync::watch, time::timeout};
use tokio_util::{sync::DropGuard, task::AbortOnDropHandle};
use tracing::Instrument;

use crate::{
    Bus, BusError, Connection, Consumer, ConsumerName, DeadLetter, Pattern, Subject, Subscription,
    bus::{check_news_id, check_payload, publish_span},
    mailbox::Mailbox,
};
use letters::LetterStream;
use link::{Link, Signals};
use wakes::WakeStream;

pub use settings::{NatsLogin, NatsPrefix, NatsSettings, NatsTls, StreamLimits};

/// Publishes whose acknowledgement may be awaited at once; beyond it they wait, within their deadline.
const MAX_PUBLISHES_IN_FLIGHT: usize = 4_096;

/// The bus over NATS.
///
/// It reconnects for ever, with a delay that grows to a cap. What is published while the server is away fails at once;
/// subscriptions and consumers outlive the gap and tell it as missed.
#[derive(Debug)]
pub struct NatsBus {
    settings: Arc<NatsSettings>,
    client: Client,
    /// The stream of durable news.
    wakes: WakeStream,
    /// The stream of what durable consumers gave up on.
    letters: LetterStream,
    /// What is known of the connection.
    link: Link,
    /// Ends the task that follows the connection.
    _follower: DropGuard,
}

impl NatsBus {
    /// Connects. Where no server answers within `connect_deadline` the bus is made all the same, and goes on trying.
    ///
    /// # Errors
    /// [`BusError::Setting`] names the setting that cannot be used.
    pub async fn connect(settings: NatsSettings) -> Result<Self, BusError> {
        let settings = Arc::new(settings);
        let signals = watch::Sender::new(Signals::default());
        let client = settings.connect(signals.clone()).await?;
        let streams = ContextBuilder::new()
            .timeout(settings.call_deadline)
            .ack_timeout(settings.call_deadline)
            .max_ack_inflight(MAX_PUBLISHES_IN_FLIGHT)
            .backpressure_on_inflight(true)
            .build(client.clone());
        let wakes = WakeStream::new(Arc::clone(&settings), streams.clone());
        let letters = LetterStream::new(Arc::clone(&settings), streams);
        let (link, follower) = Link::follow(signals, client.clone(), wakes.clone(), Arc::clone(&settings));
        let bus = Self { settings, client, wakes, letters, link, _follower: follower };
        let mut connection = bus.connection();
        let connected = connection.wait_for(|connection| *connection == Connection::Connected);
        if timeout(bus.settings.connect_deadline, connected).await.is_err() {
            tracing::warn!("nats does not answer yet; the bus goes on trying");
        }
        Ok(bus)
    }

    fn require_connection(&self) -> Result<(), BusError> {
        if self.client.connection_state() == State::Connected {
            Ok(())
        } else {
            Err(BusError::unavailable("not connected"))
        }
    }

    async fn tell(&self, subject: Subject, payload: Bytes) -> Result<(), BusError> {
        let bytes = payload.len();
        let sent = async {
            let wire = self.settings.wire(subject);
            match headers::of_current_span() {
                Some(headers) => self.client.publish_with_headers(wire, headers, payload).await,
                None => self.client.publish(wire, payload).await,
            }
        };
        match timeout(self.settings.call_deadline, sent).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == client::PublishErrorKind::MaxPayloadExceeded => {
                Err(BusError::TooLarge { subject, bytes })
            }
            Ok(Err(error)) => Err(BusError::unavailable_because("news was not sent", error)),
            Err(_) => Err(BusError::unavailable("news was not sent in time")),
        }
    }

    async fn store(&self, subject: Subject, payload: Bytes, news_id: &str) -> Result<(), BusError> {
        let bytes = payload.len();
        self.wakes.store(subject, payload, news_id).await.map_err(|error| match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => BusError::TooLarge { subject, bytes },
            _ => BusError::unavailable_because("news was not stored", error),
        })
    }
}

#[async_trait]
impl Bus for NatsBus {
    async fn publish(&self, subject: Subject, payload: Bytes) -> Result<(), BusError> {
        check_payload(subject, &payload)?;
        self.require_connection()?;
        self.tell(subject, payload).instrument(publish_span("nats", subject)).await
    }

    async fn publish_durable(&self, subject: Subject, payload: Bytes, news_id: &str) -> Result<(), BusError> {
        if !subject.is_durable() {
            return Err(BusError::NotDurable { subject: subject.to_string() });
        }
        check_news_id(news_id)?;
        check_payload(subject, &payload)?;
        self.require_connection()?;
        self.store(subject, payload, news_id).instrument(publish_span("nats", subject)).await
    }

    async fn subscribe(&self, pattern: Pattern) -> Result<Subscription, BusError> {
        let mailbox = Arc::new(Mailbox::new(self.settings.subscription_capacity));
        let wire = self.settings.wire(pattern);
        let subscribing = timeout(self.settings.call_deadline, self.client.subscribe(wire));
        let mut subscriber = match subscribing.await {
            Ok(Ok(subscriber)) => subscriber,
            Ok(Err(error)) => return Err(BusError::unavailable_because("not subscribed", error)),
            Err(_) => return Err(BusError::unavailable("not subscribed in time")),
        };
        let seat = self.link.enter(&mailbox);
        let letters = Arc::clone(&mailbox);
        let settings = Arc::clone(&self.settings);
        // The client drops the newest of a full queue; this task empties it at once into ours, which drops the oldest.
        let pump = tokio::spawn(async move {
            while let Some(message) = subscriber.next().await {
                if let Some(news) = headers::news(&settings, message) {
                    letters.push(news);
                }
            }
            letters.close();
        });
        let subscription = Subscription::new(mailbox, (seat, AbortOnDropHandle::new(pump)));
        if self.require_connection().is_ok()
            && let Err(error) = link::round_trip(&self.client, &self.settings).await
            && self.require_connection().is_ok()
        {
            return Err(error);
        }
        Ok(subscription)
    }

    async fn consume(&self, name: ConsumerName, pattern: Pattern) -> Result<Consumer, BusError> {
        if !pattern.is_durable() {
            return Err(BusError::NotDurable { subject: pattern.to_string() });
        }
        let mut pull = durable::Pull::new(self.wakes.clone(), Arc::clone(&self.settings), name, pattern);
        let arrivals = self.link.arrivals();
        if self.require_connection().is_ok()
            && let Err(error) = pull.attach().await
            && self.require_connection().is_ok()
        {
            return Err(error);
        }
        Ok(durable::run(pull, arrivals))
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), BusError> {
        let letter = letter.checked()?;
        self.require_connection()?;
        self.letters.bury(&letter).await
    }

    async fn dead_letters(&self, at_most: usize) -> Result<Vec<DeadLetter>, BusError> {
        self.require_connection()?;
        self.letters.newest(at_most).await
    }

    fn connection(&self) -> watch::Receiver<Connection> {
        self.link.connection()
    }
}
