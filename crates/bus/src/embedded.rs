//! The twin inside one process.

mod durable;
mod letter_file;
mod letters;
mod live;
mod recent;

use std::{
    collections::HashMap,
    io,
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::{sync::watch, task::spawn_blocking, time::timeout};
use tracing::Instrument;

use crate::{
    Bus, BusError, Connection, Consumer, ConsumerName, DeadLetter, DeadLetterLimits, News, Pattern, Subject,
    Subscription, TraceContext,
    bus::{check_news_id, check_payload, publish_span},
    mailbox::Mailbox,
};
use durable::Group;
use letter_file::LetterFile;
use letters::Letters;
use live::{Live, Seat};
use recent::Recent;

/// How long a write of dead letters may take.
const DISK_DEADLINE: Duration = Duration::from_secs(5);

/// How much the embedded bus holds.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddedLimits {
    /// News that may wait for one subscriber. Beyond it the oldest goes and the subscriber is told. Default 4,096.
    pub subscription_capacity: NonZeroUsize,
    /// Wake-ups of one durable consumer that may wait for acknowledgement. Beyond it they become one
    /// [`crate::Woken::Missed`]. Default 1,024.
    pub consumer_capacity: NonZeroUsize,
    /// How long a `news_id` is remembered. Default 2 minutes, as on NATS.
    pub duplicate_window: Duration,
    /// How many are remembered; beyond it the oldest is forgotten early. Default 65,536.
    pub duplicate_capacity: NonZeroUsize,
    /// What is kept of dead letters.
    pub dead_letters: DeadLetterLimits,
}

impl Default for EmbeddedLimits {
    fn default() -> Self {
        Self {
            subscription_capacity: NonZeroUsize::new(4_096).expect("not zero"),
            consumer_capacity: NonZeroUsize::new(1_024).expect("not zero"),
            duplicate_window: Duration::from_secs(120),
            duplicate_capacity: NonZeroUsize::new(65_536).expect("not zero"),
            dead_letters: DeadLetterLimits::default(),
        }
    }
}

/// The bus inside one process: always connected, gone with the process.
///
/// Its durable consumers are positions over log and outbox, which their readers keep: the bus only wakes them. What
/// waits for a reader that is away is bounded, collapses into one [`crate::Woken::Missed`], and does not survive the
/// process; a reader that starts reads from its position. Dead letters survive it where a folder is given
/// ([`EmbeddedBus::open`]).
#[derive(Debug)]
pub struct EmbeddedBus {
    limits: EmbeddedLimits,
    /// Who listens. Held while news is handed out, so that all subscribers hear the same order; nothing waits in there.
    hub: Arc<Mutex<Hub>>,
    /// What consumers gave up on. Held while it is read or written, which a disk may draw out: never together with the
    /// hub.
    letters: Arc<Mutex<Letters>>,
    are_letters_on_disk: bool,
    /// Never changes; kept so that receivers do not end.
    connection: watch::Sender<Connection>,
}

#[derive(Debug)]
struct Hub {
    live: Live,
    groups: HashMap<ConsumerName, Arc<Group>>,
    recent: Recent,
}

impl EmbeddedBus {
    /// Makes a bus with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(EmbeddedLimits::default())
    }

    /// Makes a bus with limits of its own.
    #[must_use]
    pub fn with_limits(limits: EmbeddedLimits) -> Self {
        Self::with_letters(limits, Letters::in_memory(limits.dead_letters))
    }

    /// Makes a bus that keeps dead letters in a folder, and takes up those that are there: a line of JSON for each in
    /// `dead-letters.jsonl`. One bus at a time has the folder.
    ///
    /// # Errors
    /// [`BusError::Setting`] where the file cannot be read or mended.
    pub fn open(folder: &Path, limits: EmbeddedLimits) -> Result<Self, BusError> {
        let letters = Letters::in_file(LetterFile::in_folder(folder), limits.dead_letters)
            .map_err(|error| BusError::Setting { setting: "folder of dead letters", source: Some(error.into()) })?;
        Ok(Self::with_letters(limits, letters))
    }

    /// Reads the dead letters that a bus keeps in a folder, oldest first, also while it runs.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] where the file is there and cannot be read.
    pub fn dead_letters_in(folder: &Path) -> Result<Vec<DeadLetter>, BusError> {
        letter_file::letters_in(folder)
            .map_err(|error| BusError::unavailable_because("dead letters were not read", error))
    }

    fn with_letters(limits: EmbeddedLimits, letters: Letters) -> Self {
        let recent = Recent::new(limits.duplicate_window, limits.duplicate_capacity);
        let hub = Hub { live: Live::default(), groups: HashMap::new(), recent };
        Self {
            limits,
            hub: Arc::new(Mutex::new(hub)),
            are_letters_on_disk: letters.are_on_disk(),
            letters: Arc::new(Mutex::new(letters)),
            connection: watch::Sender::new(Connection::Connected),
        }
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        lock(&self.hub)
    }

    /// Does something with the letters; on a thread of its own where a disk is behind them.
    async fn with_the_letters<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut Letters) -> io::Result<T> + Send + 'static,
    ) -> Result<T, BusError> {
        let letters = Arc::clone(&self.letters);
        let work = move || work(&mut lock(&letters));
        let outcome = if self.are_letters_on_disk {
            match timeout(DISK_DEADLINE, spawn_blocking(work)).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(ended)) => return Err(BusError::unavailable_because(what, ended)),
                Err(_) => return Err(BusError::unavailable(what)),
            }
        } else {
            work()
        };
        outcome.map_err(|error| BusError::unavailable_because(what, error))
    }
}

impl Default for EmbeddedBus {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for EmbeddedBus {
    fn drop(&mut self) {
        let hub = self.hub();
        hub.live.close();
        hub.groups.values().for_each(|group| group.close());
    }
}

#[async_trait]
impl Bus for EmbeddedBus {
    async fn publish(&self, subject: Subject, payload: Bytes) -> Result<(), BusError> {
        check_payload(subject, &payload)?;
        async {
            let news = News { subject, payload, trace: TraceContext::current() };
            let hub = self.hub();
            hub.wake(&news, None);
            hub.live.tell(&news);
            Ok(())
        }
        .instrument(publish_span("embedded", subject))
        .await
    }

    async fn publish_durable(&self, subject: Subject, payload: Bytes, news_id: &str) -> Result<(), BusError> {
        if !subject.is_durable() {
            return Err(BusError::NotDurable { subject: subject.to_string() });
        }
        check_news_id(news_id)?;
        check_payload(subject, &payload)?;
        async {
            let news = News { subject, payload, trace: TraceContext::current() };
            let mut hub = self.hub();
            if hub.recent.is_first(news_id) {
                hub.wake(&news, Some(&news_id.into()));
            }
            hub.live.tell(&news);
            Ok(())
        }
        .instrument(publish_span("embedded", subject))
        .await
    }

    async fn subscribe(&self, pattern: Pattern) -> Result<Subscription, BusError> {
        let mailbox = Arc::new(Mailbox::new(self.limits.subscription_capacity));
        let seat = self.hub().live.enter(pattern, Arc::clone(&mailbox));
        Ok(Subscription::new(mailbox, Leave { hub: Arc::clone(&self.hub), seat }))
    }

    async fn consume(&self, name: ConsumerName, pattern: Pattern) -> Result<Consumer, BusError> {
        if !pattern.is_durable() {
            return Err(BusError::NotDurable { subject: pattern.to_string() });
        }
        let group = {
            let mut hub = self.hub();
            let capacity = self.limits.consumer_capacity;
            Arc::clone(hub.groups.entry(name).or_insert_with(|| Arc::new(Group::new(capacity))))
        };
        group.listen_to(pattern);
        Ok(Consumer::new(group.wakes()))
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), BusError> {
        let letter = letter.checked()?;
        self.with_the_letters("dead letter was not kept", move |letters| letters.keep(&letter)).await
    }

    async fn dead_letters(&self, at_most: usize) -> Result<Vec<DeadLetter>, BusError> {
        self.with_the_letters("dead letters were not read", move |letters| letters.newest(at_most)).await
    }

    fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.subscribe()
    }
}

impl Hub {
    fn wake(&self, news: &News, news_id: Option<&Arc<str>>) {
        if news.subject.is_durable() {
            self.groups.values().for_each(|group| group.offer(news, news_id));
        }
    }
}

/// Takes a subscriber's seat away when its subscription is dropped.
#[derive(Debug)]
struct Leave {
    hub: Arc<Mutex<Hub>>,
    seat: Seat,
}

impl Drop for Leave {
    fn drop(&mut self) {
        lock(&self.hub).live.leave(self.seat);
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds a lock, and each change leaves what it guards whole.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
