//! Sessions: begun by signing in, carried on by refresh tokens, ended once.

use std::time::Duration;

use loquat_ids::{SessionId, Timestamp, UserId};

use super::{DeviceName, TokenHash};

/// By how much the clocks of replicas and verifiers may differ, with the time of a transaction within it.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// How long tokens live.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetimes {
    /// The access token.
    pub(crate) access: Duration,
    /// The refresh token, and with it the session, counted anew at each refresh.
    pub(crate) refresh: Duration,
}

impl Lifetimes {
    /// Returns when a session that ends now may be forgotten: no access token of it can still be valid then.
    pub(crate) fn forget_time(&self, now: Timestamp) -> Timestamp {
        now.plus(self.access).plus(CLOCK_SKEW)
    }

    /// Returns after which moment sessions ended that are not forgotten yet.
    pub(crate) fn oldest_unforgotten(&self, now: Timestamp) -> Timestamp {
        now.minus(self.access).minus(CLOCK_SKEW).minus(CLOCK_SKEW)
    }
}

/// A session to be begun.
#[derive(Debug, Clone)]
pub(crate) struct NewSession {
    /// The session.
    pub(crate) id: SessionId,
    /// Whose.
    pub(crate) user_id: UserId,
    /// What the person recognises it by.
    pub(crate) device_name: Option<DeviceName>,
    /// Its first refresh token.
    pub(crate) token: NewToken,
}

/// A refresh token to be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewToken {
    /// What is kept of it.
    pub(crate) hash: TokenHash,
    /// When it is issued.
    pub(crate) issue_time: Timestamp,
    /// When it ends, and with it the session.
    pub(crate) expire_time: Timestamp,
}

/// The change of one refresh token for the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RotationRequest {
    /// The token that was presented.
    pub(crate) presented: TokenHash,
    /// The next one, issued now.
    pub(crate) next: NewToken,
    /// How long after its first use the token just spent is still taken, while its successor is unused.
    pub(crate) grace: Duration,
    /// When the session may be forgotten if this ends it.
    pub(crate) forget_time: Timestamp,
}

/// What came of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// The next token holds; the presented one is spent.
    Rotated {
        /// The session that goes on.
        session_id: SessionId,
        /// Whose it is.
        user_id: UserId,
    },
    /// The token was spent before: two parties hold it, and the session has ended for both.
    Reused(EndedSession),
    /// The token is unknown, or of a session that had ended before.
    Refused,
}

/// A session that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EndedSession {
    /// The session.
    pub(crate) session_id: SessionId,
    /// When it ended.
    pub(crate) end_time: Timestamp,
    /// When its last access token has ended by itself.
    pub(crate) forget_time: Timestamp,
}
