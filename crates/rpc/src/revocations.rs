//! Sessions that ended while a token of theirs may still be valid.

use std::{collections::HashMap, sync::Mutex, sync::PoisonError, time::Duration};

use loquat_ids::{SessionId, Timestamp};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

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
        self.are_known_within(SILENCE_LIMIT)
    }

    /// Returns whether the feed has spoken within a span, which is at least [`SILENCE_LIMIT`].
    pub(crate) fn are_known_within(&self, span: Duration) -> bool {
        let span = span.max(SILENCE_LIMIT);
        self.heard.as_ref().is_none_or(|heard| last(heard).is_some_and(|at| at.elapsed() < span))
    }

    /// Resolves when the feed has been silent for a span, which is at least [`SILENCE_LIMIT`].
    pub(crate) async fn silent_for(&self, span: Duration) {
        let Some(heard) = &self.heard else { return std::future::pending().await };
        while self.are_known_within(span) {
            let at = last(heard).unwrap_or_else(Instant::now);
            sleep_until(at + span.max(SILENCE_LIMIT)).await;
        }
    }
}

fn last(heard: &Mutex<Option<Instant>>) -> Option<Instant> {
    *heard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn who_has_heard_nothing_for_a_token_s_life_vouches_for_nobody() {
        let revocations = Revocations::told();
        revocations.note_heard();
        let silent = revocations.silent_for(LIFE);
        let mut silent = std::pin::pin!(silent);
        for _ in 0..5 {
            assert!(tokio::time::timeout(LIFE - Duration::from_secs(1), &mut silent).await.is_err());
            assert!(!revocations.are_known() && revocations.are_known_within(LIFE));
            revocations.note_heard();
        }
        assert!(tokio::time::timeout(LIFE + Duration::from_secs(1), &mut silent).await.is_ok());
        assert!(!revocations.are_known_within(LIFE));
    }

    #[tokio::test(start_paused = true)]
    async fn who_decides_what_is_revoked_always_vouches() {
        let revocations = Revocations::authoritative();
        assert!(tokio::time::timeout(LIFE * 100, revocations.silent_for(LIFE)).await.is_err());
        assert!(revocations.are_known_within(LIFE));
    }
}
