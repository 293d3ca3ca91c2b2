//! The bus between the simulated hosts: it loses news by dice, and hosts lose it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use loquat_bus::{
    Bus, BusError, Connection, Consumer, ConsumerName, DeadLetter, EmbeddedBus, Pattern, Received, Subject,
    Subscription,
};
use rand::{RngExt as _, rngs::SmallRng};
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;

/// What all hosts share.
#[derive(Debug)]
pub(crate) struct Server {
    /// Durable news and dead letters.
    durable: EmbeddedBus,
    dice: Mutex<SmallRng>,
    /// How many of a thousand live news get lost on the way to a host.
    losses: AtomicU32,
    links: Mutex<Vec<Arc<Link>>>,
}

/// A host's way to the bus.
#[derive(Debug)]
struct Link {
    /// Who listens on the host.
    listeners: EmbeddedBus,
    is_cut: AtomicBool,
    connection: watch::Sender<Connection>,
    /// Counts the gaps of the connection that are over.
    gaps: watch::Sender<u64>,
}

impl Server {
    pub(crate) fn new(dice: SmallRng) -> Arc<Self> {
        let (losses, links) = (AtomicU32::new(0), Mutex::default());
        Arc::new(Self { durable: EmbeddedBus::new(), dice: Mutex::new(dice), losses, links })
    }

    /// Makes a host's way to the bus, which the host keeps over its crashes.
    pub(crate) fn connect(self: &Arc<Self>) -> Arc<HostBus> {
        let link = Arc::new(Link {
            listeners: EmbeddedBus::new(),
            is_cut: AtomicBool::new(false),
            connection: watch::Sender::new(Connection::Connected),
            gaps: watch::Sender::new(0),
        });
        self.links.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&link));
        Arc::new(HostBus { server: Arc::clone(self), link })
    }

    /// From here on so many of a thousand live news get lost on the way to a host.
    pub(crate) fn lose(&self, of_1000: u32) {
        self.losses.store(of_1000, Ordering::SeqCst);
    }

    async fn tell(&self, subject: Subject, payload: &Bytes) -> Result<(), BusError> {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for link in links {
            let roll = self.dice.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..1_000);
            if !link.is_cut.load(Ordering::SeqCst) && roll >= self.losses.load(Ordering::SeqCst) {
                link.listeners.publish(subject, payload.clone()).await?;
            }
        }
        Ok(())
    }
}

/// The bus as a host holds it.
#[derive(Debug)]
pub(crate) struct HostBus {
    server: Arc<Server>,
    link: Arc<Link>,
}

impl HostBus {
    /// Cuts the host off, or connects it again: then all who listen on it are told that they missed something.
    pub(crate) fn cut(&self, is_cut: bool) {
        self.link.is_cut.store(is_cut, Ordering::SeqCst);
        let connection = if is_cut { Connection::Disconnected } else { Connection::Connected };
        self.link.connection.send_replace(connection);
        if !is_cut {
            self.link.gaps.send_modify(|gaps| *gaps += 1);
        }
    }

    fn require_connection(&self) -> Result<(), BusError> {
        if self.link.is_cut.load(Ordering::SeqCst) {
            return Err(BusError::Unavailable { what: "not connected", source: None });
        }
        Ok(())
    }
}

#[async_trait]
impl Bus for HostBus {
    async fn publish(&self, subject: Subject, payload: Bytes) -> Result<(), BusError> {
        self.require_connection()?;
        self.server.tell(subject, &payload).await
    }

    async fn publish_durable(&self, subject: Subject, payload: Bytes, news_id: &str) -> Result<(), BusError> {
        self.require_connection()?;
        self.server.durable.publish_durable(subject, payload.clone(), news_id).await?;
        self.server.tell(subject, &payload).await
    }

    async fn subscribe(&self, pattern: Pattern) -> Result<Subscription, BusError> {
        let news = self.link.listeners.subscribe(pattern).await?;
        let gaps = WatchStream::from_changes(self.link.gaps.subscribe()).map(|_| Received::Missed);
        Ok(Subscription::over(stream::select(news, gaps)))
    }

    async fn consume(&self, name: ConsumerName, pattern: Pattern) -> Result<Consumer, BusError> {
        self.server.durable.consume(name, pattern).await
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), BusError> {
        self.server.durable.bury(letter).await
    }

    async fn dead_letters(&self, at_most: usize) -> Result<Vec<DeadLetter>, BusError> {
        self.server.durable.dead_letters(at_most).await
    }

    fn connection(&self) -> watch::Receiver<Connection> {
        self.link.connection.subscribe()
    }
}
