//! What the use cases need from outside: stores, hashing, signing, randomness, and somebody to tell of ended sessions.
//!
//! Each answers [`Error::StoreUnavailable`](crate::error::Error::StoreUnavailable) within its own deadline rather than
//! wait; the outcome of a change is unknown then.

use std::fmt;

use async_trait::async_trait;
use loquat_ids::{SessionId, Timestamp, UserId};

use crate::{
    error::Result,
    model::{
        Credential, DisplayName, EndedSession, Handle, NewAccount, NewPassword, NewSession, PasswordAttempt,
        PasswordHash, RefreshToken, Rotation, RotationRequest, SearchPrefix, SigningKey, User,
    },
};

/// Keeps accounts. Every operation is one step: all of it happens, or nothing.
#[async_trait]
pub(crate) trait AccountStore: Send + Sync + fmt::Debug {
    /// Makes an account, with what signs in to it.
    ///
    /// # Errors
    ///
    /// `HandleTaken`, decided by the store's own uniqueness, so that of two at once exactly one succeeds.
    async fn register(&self, account: &NewAccount) -> Result<()>;

    /// Returns a user by id.
    async fn user(&self, id: UserId) -> Result<Option<User>>;

    /// Returns the users that exist among some ids, each once, in no particular order.
    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>>;

    /// Returns what signs in to the account with a handle.
    async fn credential(&self, handle: &Handle) -> Result<Option<Credential>>;

    /// Returns up to `limit` users whose handle or display name begins so, ordered by the bytes of their handles, from
    /// the first one after `after`.
    async fn search(&self, prefix: &SearchPrefix, after: Option<&Handle>, limit: usize) -> Result<Vec<User>>;

    /// Gives a user another display name and returns the user; nothing where there is none.
    async fn rename(&self, id: UserId, name: &DisplayName) -> Result<Option<User>>;
}

/// Keeps sessions and the hashes of their refresh tokens.
#[async_trait]
pub(crate) trait SessionStore: Send + Sync + fmt::Debug {
    /// Begins a session with its first refresh token.
    async fn begin(&self, session: &NewSession) -> Result<()>;

    /// Changes a refresh token for the next, in one transaction.
    ///
    /// A token is spent by the first rotation that presents it, compared and set: of two at once exactly one does. The
    /// other one, and every later one, finds it spent. Then, within `grace` of the first use and while the successor is
    /// unused, the successor is replaced by `next`, and will count as spent if it ever comes. Otherwise the session ends.
    async fn rotate(&self, request: &RotationRequest) -> Result<Rotation>;

    /// Ends a session, and returns when it ended: now, or before. Nothing where it is not known (any more).
    async fn end(&self, id: SessionId, now: Timestamp, forget_time: Timestamp) -> Result<Option<EndedSession>>;

    /// Returns up to `limit` sessions that ended after a position, ordered by when they ended and then by id.
    async fn ended_after(&self, position: (Timestamp, SessionId), limit: u64) -> Result<Vec<EndedSession>>;

    /// Ends up to `limit` sessions whose refresh token has run out, and forgets up to `limit` tokens and sessions that
    /// can no longer matter: those that could be forgotten at `forgotten_before`. Returns how many sessions it ended.
    async fn sweep(
        &self,
        now: Timestamp,
        forget_time: Timestamp,
        forgotten_before: Timestamp,
        limit: u64,
    ) -> Result<u64>;
}

/// Keeps the keys that access tokens are signed with.
#[async_trait]
pub(crate) trait KeyStore: Send + Sync + fmt::Debug {
    /// Returns the keys, the newest first.
    async fn keys(&self) -> Result<Vec<SigningKey>>;

    /// Adds a key unless its generation is there already: of replicas that start at once, one adds it. Read the keys to
    /// learn whose it was.
    async fn offer(&self, key: &SigningKey) -> Result<()>;
}

/// Hashes passwords. Costs time and memory on purpose, so that no more go at once than the machine bears.
#[async_trait]
pub(crate) trait PasswordHasher: Send + Sync + fmt::Debug {
    /// Hashes a password for keeping.
    ///
    /// # Errors
    ///
    /// `TooManySignIns` where its turn does not come in bearable time.
    async fn hash(&self, password: NewPassword) -> Result<PasswordHash>;

    /// Returns whether an attempt is the password. Where there is none it takes the same time to return false.
    ///
    /// # Errors
    ///
    /// `TooManySignIns` where its turn does not come in bearable time.
    async fn is_match(&self, attempt: PasswordAttempt, hash: Option<PasswordHash>) -> Result<bool>;
}

/// Signs access tokens.
pub(crate) trait TokenSigner: Send + Sync + fmt::Debug {
    /// Signs a token for a user's session from a moment on; returns it and when it ends.
    fn sign(&self, user_id: UserId, session_id: SessionId, now: Timestamp) -> Result<(String, Timestamp)>;
}

/// Makes refresh tokens.
pub(crate) trait TokenSource: Send + Sync + fmt::Debug {
    /// Returns a token that nobody can guess.
    fn fresh(&self) -> RefreshToken;
}

/// Is told of ended sessions, each at least once.
pub(crate) trait SessionEndListener: Send + Sync + fmt::Debug {
    /// Notes that a session has ended. Must not wait.
    fn session_ended(&self, ended: &EndedSession);
}
