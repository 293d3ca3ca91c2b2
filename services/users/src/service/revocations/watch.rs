//! One watcher of ended sessions.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::broadcast::{
        Receiver,
        error::{RecvError, TryRecvError},
    },
    time::{Interval, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::RevocationFeed;
use crate::{error::Result, model::EndedSession};

/// How many ended sessions a batch holds at most, as the contract says.
const MAX_BATCH: usize = 10_000;

/// One watcher. Dropping it ends the watch.
#[derive(Debug)]
pub(crate) struct RevocationWatch {
    feed: Arc<RevocationFeed>,
    /// What was known when the watch began, or anew when it fell too far behind, and is not told yet.
    backlog: Vec<EndedSession>,
    news: Receiver<EndedSession>,
    beat: Interval,
    stop: CancellationToken,
    has_failed: bool,
}

impl RevocationWatch {
    pub(super) fn new(feed: Arc<RevocationFeed>, beat: Duration, stop: CancellationToken) -> Self {
        let (backlog, news) = feed.subscribe();
        let mut beat = interval(beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { feed, backlog, news, beat, stop, has_failed: false }
    }

    /// Returns the next batch, which may be empty; nothing when the process stops. Nothing is lost where the future is
    /// dropped.
    ///
    /// # Errors
    ///
    /// `StoreUnavailable`, and then nothing more, where the feed has been cut off from its store for too long.
    pub(crate) async fn next(&mut self) -> Option<Result<Vec<EndedSession>>> {
        if self.has_failed || self.stop.is_cancelled() {
            return None;
        }
        if self.backlog.is_empty() {
            tokio::select! {
                () = self.stop.cancelled() => return None,
                // The first beat comes at once: it tells a watcher with nothing to learn that the watch has begun.
                _ = self.beat.tick() => {
                    let sight = self.feed.check_sight();
                    self.has_failed = sight.is_err();
                    return Some(sight.map(|()| Vec::new()));
                }
                first = self.news.recv() => match first {
                    Ok(ended) => self.backlog.push(ended),
                    Err(RecvError::Lagged(_)) => self.begin_anew(),
                    Err(RecvError::Closed) => return None,
                },
            }
            self.take_what_is_there();
        }
        let rest = self.backlog.len().saturating_sub(MAX_BATCH);
        Some(Ok(self.backlog.split_off(rest)))
    }

    fn take_what_is_there(&mut self) {
        loop {
            match self.news.try_recv() {
                Ok(ended) => self.backlog.push(ended),
                Err(TryRecvError::Lagged(_)) => self.begin_anew(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn begin_anew(&mut self) {
        (self.backlog, self.news) = self.feed.subscribe();
    }
}
