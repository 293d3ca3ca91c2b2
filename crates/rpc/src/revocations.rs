//! Sessions that ended while a token of theirs may still be valid.

use std::{collections::HashMap, sync::Mutex, sync::PoisonError, time::Duration};

use loquat_ids::{SessionId, Timestamp};
use tokio::{sync::watch, time::Instant};

/// After how long without news of revocations every token is refused.
const SILENCE_LIMIT: Duration = Duration::from_secs(5);

/// The ended sessions, and when they were last heard of.
pub(crate) struct Revocations {
    /// Each ended session, until its last access token has ended by itself.
    ended: Mutex<HashMap<SessionId, Timestamp>>,
    /// Grows with each ended session: whoever waits for one looks again.
    grown: watch::Sender<u64>,
    /// When the feed last spoke. Nothing where the process itself decides what is revoked.
    heard: Option<Mutex<Option<Instant>>>,
}

impl Revocations {
    /// For the process that decides what is revoked.
    pub(crate) fn authoritative() -> Self {
        Self { ended: Mutex::default(), grown: watch::Sender::new(0), heard: None }
    }

    /// For a process that is told.
    pub(crate) fn told() -> Self {
        Self { heard: Some(Mutex::default()), ..Self::authoritative() }
    }

    pub(crate) fn add(&self, sessions: impl IntoIterator<Item = (SessionId, Timestamp)>, now: Timestamp) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|_, forget| *forget > now);
        let before = ended.len();
        ended.extend(sessions);
        let is_grown = ended.len() > before;
        drop(ended);
        if is_grown {
            self.grown.send_modify(|count| *count += 1);
        }
    }

    pub(crate) fn contains(&self, session: SessionId) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&session)
    }

    /// Resolves when a session has ended.
    pub(crate) async fn ended(&self, session: SessionId) {
        let mut grown = self.grown.subscribe();
        while !self.contains(session) {
            if grown.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    pub(crate) fn note_heard(&self) {
        if let Some(heard) = &self.heard {
            *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }

    pub(crate) fn are_known(&self) -> bool {
        self.heard.as_ref().is_none_or(|heard| {
            heard.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at.elapsed() < SILENCE_LIMIT)
        })
    }
}
