//! The connection as it comes and goes, and what subscribers are told of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use async_nats::{Client, Event, RequestErrorKind};
use bytes::Bytes;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{settings::NatsSettings, wakes::WakeStream};
use crate::{BusError, Connection, mailbox::Mailbox};

/// Nobody listens here. A request to it is answered at once that nobody does, after all that was sent before it.
const NOBODY: &str = "loquat.round-trip";

/// What the client met, counted, so that nothing is lost between two looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Signals {
    connects: u64,
    losses: u64,
    is_up: bool,
}

impl Signals {
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Connected => {
                self.connects += 1;
                self.is_up = true;
            }
            Event::Disconnected | Event::Closed => self.is_up = false,
            // Which of our subscriptions it is the client does not tell.
            Event::SlowConsumer(_) => self.losses += 1,
            Event::LameDuckMode | Event::Draining | Event::ServerError(_) | Event::ClientError(_) => {}
        }
    }
}

/// What is known of the connection, and who wants to hear of a gap.
#[derive(Debug, Clone)]
pub(super) struct Link {
    mailboxes: Arc<Mutex<Mailboxes>>,
    /// What the bus tells.
    connection: watch::Sender<Connection>,
    /// Counts arrivals at a server: after each one all subscriptions are alive there, and news before it may be lost.
    arrivals: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Mailboxes {
    by_seat: HashMap<u64, Weak<Mailbox>>,
    last_seat: u64,
}

impl Link {
    /// Follows the connection until the guard is dropped.
    pub(super) fn follow(
        signals: watch::Sender<Signals>,
        client: Client,
        wakes: WakeStream,
        settings: Arc<NatsSettings>,
    ) -> (Self, DropGuard) {
        let link = Self {
            mailboxes: Arc::default(),
            connection: watch::Sender::new(Connection::Disconnected),
            arrivals: watch::Sender::new(0),
        };
        let stop = CancellationToken::new();
        let follower = Follower { link: link.clone(), client, wakes, settings, known: Signals::default() };
        tokio::spawn(stop.clone().run_until_cancelled_owned(follower.run(signals.subscribe())));
        (link, stop.drop_guard())
    }

    pub(super) fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.subscribe()
    }

    pub(super) fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.subscribe()
    }

    /// From now on a gap is told to this mailbox, until the seat is dropped.
    pub(super) fn enter(&self, mailbox: &Arc<Mailbox>) -> Seat {
        let mut mailboxes = self.mailboxes();
        mailboxes.last_seat += 1;
        let number = mailboxes.last_seat;
        mailboxes.by_seat.insert(number, Arc::downgrade(mailbox));
        drop(mailboxes);
        Seat { link: self.clone(), number }
    }

    fn tell_gap(&self) {
        let mailboxes: Vec<_> = self.mailboxes().by_seat.values().filter_map(Weak::upgrade).collect();
        mailboxes.iter().for_each(|mailbox| mailbox.miss());
    }

    fn mailboxes(&self) -> MutexGuard<'_, Mailboxes> {
        // No code panics while it holds the lock, and each change leaves the map whole.
        self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A subscriber's place among those who hear of gaps.
#[derive(Debug)]
pub(super) struct Seat {
    link: Link,
    number: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.link.mailboxes().by_seat.remove(&self.number);
    }
}

/// The task that follows the connection.
struct Follower {
    link: Link,
    client: Client,
    wakes: WakeStream,
    settings: Arc<NatsSettings>,
    /// What has been dealt with.
    known: Signals,
}

impl Follower {
    async fn run(mut self, mut signals: watch::Receiver<Signals>) {
        loop {
            let seen = *signals.borrow_and_update();
            let is_settled = self.deal_with(seen).await;
            let changed = signals.changed();
            let outcome = if is_settled {
                changed.await
            } else {
                tokio::select! {
                    outcome = changed => outcome,
                    () = sleep(self.settings.reconnect_delay_cap) => Ok(()),
                }
            };
            if outcome.is_err() {
                return;
            }
        }
    }

    /// Returns whether there is nothing to do before the next signal.
    async fn deal_with(&mut self, seen: Signals) -> bool {
        if seen.losses != self.known.losses {
            self.link.tell_gap();
            self.known.losses = seen.losses;
        }
        if !seen.is_up || seen.connects != self.known.connects {
            self.link.connection.send_replace(Connection::Disconnected);
        }
        if !seen.is_up || seen.connects == self.known.connects {
            return true;
        }
        // The client has sent all subscriptions again. Once the server has taken them, what comes is heard, and the
        // gap is what was published before: not earlier, or a reader would read the store too soon.
        if let Err(error) = round_trip(&self.client, &self.settings).await {
            tracing::warn!(%error, "connected to nats, but it does not answer");
            return false;
        }
        if let Err(error) = self.wakes.ensure().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "durable consumers are not woken for now");
        }
        self.known.connects = seen.connects;
        self.link.tell_gap();
        self.link.arrivals.send_modify(|arrivals| *arrivals += 1);
        self.link.connection.send_replace(Connection::Connected);
        true
    }
}

/// Returns when the server has dealt with all that was sent to it before.
pub(super) async fn round_trip(client: &Client, settings: &NatsSettings) -> Result<(), BusError> {
    match timeout(settings.call_deadline, client.request(settings.wire(NOBODY), Bytes::new())).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.kind() == RequestErrorKind::NoResponders => Ok(()),
        Ok(Err(error)) => Err(BusError::unavailable_because("nats did not answer", error)),
        Err(_) => Err(BusError::unavailable("nats did not answer in time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_lost_and_found_between_two_looks_is_seen() {
        let mut signals = Signals::default();
        signals.note(&Event::Connected);
        let before = signals;
        signals.note(&Event::Disconnected);
        signals.note(&Event::Connected);
        assert!(signals.is_up && signals != before);
    }
}
