//! Which sessions have ended, known to every replica within a second.
//!
//! A replica learns of its own ends at once and of the others' by reading the store. It tells its own verifier and
//! everybody who watches.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use loquat_ids::{Clock, SessionId, Timestamp};
use tokio::{sync::broadcast, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    error::{Error, Result},
    model::{CLOCK_SKEW, EndedSession, Lifetimes},
    ports::{SessionEndListener, SessionStore},
};

mod watch;

pub(crate) use watch::RevocationWatch;

/// How often the store is read.
const POLL: Duration = Duration::from_millis(200);
/// How many polls pass between two sweeps of sessions whose time has run out.
const POLLS_PER_SWEEP: u32 = 10;
/// How many rows one query of ended sessions reads, and one sweep changes.
const ROWS: u64 = 1_000;
/// How many ended sessions a watcher may be behind. One that falls further behind is told all of them anew.
const NEWS: usize = 1_024;

/// The ended sessions that are not to be forgotten yet, and who wants to know.
#[derive(Debug)]
pub(crate) struct RevocationFeed {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    lifetimes: Lifetimes,
    listener: Arc<dyn SessionEndListener>,
    state: Mutex<State>,
    /// Each ended session, once, in the order in which it was learned of. Sent under the lock of `state`, so that who
    /// subscribes under it and reads the state misses none and hears none twice.
    news: broadcast::Sender<EndedSession>,
}

#[derive(Debug, Default)]
struct State {
    /// The ended sessions, until their forget time.
    ended: HashMap<SessionId, EndedSession>,
    /// Up to where the store has been read, by the time at which sessions ended.
    read_to: Option<Timestamp>,
    /// When the store last answered. Nothing before the first time.
    read_at: Option<Instant>,
}

impl RevocationFeed {
    /// Makes a feed that has read nothing yet.
    pub(crate) fn new(
        store: Arc<dyn SessionStore>,
        clock: Arc<dyn Clock>,
        lifetimes: Lifetimes,
        listener: Arc<dyn SessionEndListener>,
    ) -> Self {
        Self { store, clock, lifetimes, listener, state: Mutex::default(), news: broadcast::Sender::new(NEWS) }
    }

    /// Notes that a session has ended, and tells all who want to know, once.
    pub(crate) fn note(&self, ended: &EndedSession) {
        let mut state = self.locked();
        if ended.forget_time <= self.clock.now() || state.ended.insert(ended.session_id, *ended).is_some() {
            return;
        }
        self.listener.session_ended(ended);
        // An error says that nobody watches.
        drop(self.news.send(*ended));
    }

    /// Reads what has ended since the last time.
    ///
    /// Replicas write by their own clocks, and a transaction becomes visible after the moment that it wrote: so each
    /// reading begins [`CLOCK_SKEW`] before the end of the last one. What is known already is passed over.
    pub(crate) async fn catch_up(&self) -> Result<()> {
        let now = self.clock.now();
        let oldest = self.lifetimes.oldest_unforgotten(now);
        let start = self.locked().read_to.map_or(oldest, |read_to| read_to.minus(CLOCK_SKEW).max(oldest));
        let mut position = (start, SessionId::from_uuid(uuid::Uuid::nil()));
        loop {
            let batch = self.store.ended_after(position, ROWS).await?;
            batch.iter().for_each(|ended| self.note(ended));
            match batch.last() {
                Some(last) if batch.len() as u64 == ROWS => position = (last.end_time, last.session_id),
                _ => break,
            }
        }
        let mut state = self.locked();
        state.ended.retain(|_, ended| ended.forget_time > now);
        state.read_to = Some(now);
        state.read_at = Some(Instant::now());
        Ok(())
    }

    /// Ends the sessions whose time has run out, and lets the store forget what no longer matters.
    pub(crate) async fn sweep(&self) -> Result<()> {
        let now = self.clock.now();
        self.store.sweep(now, self.lifetimes.forget_time(now), now.minus(CLOCK_SKEW), ROWS).await?;
        Ok(())
    }

    /// Keeps the feed up to date until the process stops.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut is_blind = false;
        let mut polls = 0_u32;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
            polls = polls.wrapping_add(1);
            let mut outcome = self.catch_up().await;
            if outcome.is_ok() && polls.is_multiple_of(POLLS_PER_SWEEP) {
                outcome = self.sweep().await;
            }
            match &outcome {
                Ok(()) if is_blind => tracing::info!("ended sessions can be read again"),
                Err(error) if !is_blind => {
                    let reason = std::error::Error::source(error).map(ToString::to_string);
                    tracing::warn!(%error, reason, "ended sessions cannot be read, trying again");
                }
                _ => {}
            }
            is_blind = outcome.is_err();
        }
    }

    /// Watches from now on: first all that are not to be forgotten yet, then each. An empty batch comes every `beat`.
    pub(crate) fn watch(self: &Arc<Self>, beat: Duration, stop: CancellationToken) -> RevocationWatch {
        RevocationWatch::new(Arc::clone(self), beat, stop)
    }

    /// Returns all that are not to be forgotten yet, and what comes after them.
    fn subscribe(&self) -> (Vec<EndedSession>, broadcast::Receiver<EndedSession>) {
        let now = self.clock.now();
        let state = self.locked();
        let ended = state.ended.values().filter(|ended| ended.forget_time > now).copied().collect();
        (ended, self.news.subscribe())
    }

    /// Returns an error where nothing is known of the ends at other replicas.
    ///
    /// While the store is away no replica can end a session, so that going on without it for a while loses nothing,
    /// and people keep talking. A replica that alone is cut off from the store could miss the others' ends, though: so
    /// it goes on for no longer than an access token lives, and reports itself as not ready meanwhile.
    fn check_sight(&self) -> Result<()> {
        let read_at = self.locked().read_at;
        if read_at.is_some_and(|at| at.elapsed() <= self.lifetimes.access) {
            return Ok(());
        }
        Err(Error::StoreUnavailable { doing: "read ended sessions", source: "it has not answered for too long".into() })
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
