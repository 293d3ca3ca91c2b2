//! Signing in, carrying a session on, signing out.

use std::{sync::Arc, time::Duration};

use loquat_ids::{Clock, IdSource, SessionId, Timestamp, UserId};

use crate::{
    error::{Error, Result},
    model::{
        DeviceName, Handle, Lifetimes, NewSession, NewToken, PasswordAttempt, RefreshToken, Rotation, RotationRequest,
        TokenHash, User,
    },
    ports::{AccountStore, PasswordHasher, SessionStore, TokenSigner, TokenSource},
    service::RevocationFeed,
};

/// How long a spent refresh token is taken once more.
///
/// Single use alone would sign people out whenever the answer of a refresh is lost on the way (a closed lid, a tunnel, a
/// gateway that restarts): the client still holds the token that is spent here, and presents it again. So the token just
/// spent is taken again for a short while, as long as its successor is unused, which is what a lost answer looks like. The
/// lost successor is spent by that: should it turn up after all, somebody else has it, and the session ends. What a thief
/// gains is to be found out one refresh later, at the latest when the holder comes with the token that the thief used.
const REUSE_GRACE: Duration = Duration::from_secs(10);

/// The use cases about sessions.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) signer: Arc<dyn TokenSigner>,
    pub(crate) tokens: Arc<dyn TokenSource>,
    pub(crate) feed: Arc<RevocationFeed>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
}

/// A session's tokens, and whose they are.
#[derive(Debug)]
pub(crate) struct IssuedTokens {
    pub(crate) session_id: SessionId,
    pub(crate) user: User,
    pub(crate) access_token: String,
    pub(crate) access_expire_time: Timestamp,
    pub(crate) refresh_token: RefreshToken,
    pub(crate) refresh_expire_time: Timestamp,
}

impl Sessions {
    /// Begins a session.
    ///
    /// Takes the time of one hash whatever is wrong: a handle that nobody has is measured with a hash that nothing
    /// matches.
    pub(crate) async fn sign_in(
        &self,
        handle: Option<&Handle>,
        attempt: PasswordAttempt,
        device_name: Option<DeviceName>,
    ) -> Result<IssuedTokens> {
        let credential = match handle {
            Some(handle) => self.accounts.credential(handle).await?,
            None => None,
        };
        let hash = credential.as_ref().and_then(|credential| credential.password.clone());
        let is_match = self.hasher.is_match(attempt, hash).await?;
        let user = credential.filter(|_| is_match).ok_or(Error::CredentialsWrong)?.user;

        let now = self.clock.now();
        let session_id = SessionId::from_uuid(self.ids.fresh());
        let (refresh_token, token) = self.next_token(now);
        let issued = self.issue(user, session_id, refresh_token, token, now)?;
        self.store.begin(&NewSession { id: session_id, user_id: issued.user.id, device_name, token }).await?;
        Ok(issued)
    }

    /// Changes a refresh token for the next pair of tokens.
    pub(crate) async fn refresh(&self, presented: &str) -> Result<IssuedTokens> {
        // The moment is taken before the rotation: whoever ends the session after it knows that no access token of it
        // was issued later.
        let now = self.clock.now();
        let (refresh_token, next) = self.next_token(now);
        let request = RotationRequest {
            presented: TokenHash::of_presented(presented),
            next,
            grace: REUSE_GRACE,
            forget_time: self.lifetimes.forget_time(now),
        };
        match self.store.rotate(&request).await? {
            Rotation::Rotated { session_id, user_id } => {
                let user = self.user_of(user_id).await?;
                self.issue(user, session_id, refresh_token, next, now)
            }
            Rotation::Reused(ended) => {
                tracing::warn!(session = %ended.session_id, "a spent refresh token came again: the session has ended");
                self.feed.note(&ended);
                Err(Error::RefreshTokenInvalid)
            }
            Rotation::Refused => Err(Error::RefreshTokenInvalid),
        }
    }

    /// Ends a session. One that has ended already stays so.
    pub(crate) async fn sign_out(&self, session_id: SessionId) -> Result<()> {
        let now = self.clock.now();
        let ended = self.store.end(session_id, now, self.lifetimes.forget_time(now)).await?;
        if let Some(ended) = ended {
            self.feed.note(&ended);
        }
        Ok(())
    }

    async fn user_of(&self, user_id: UserId) -> Result<User> {
        self.accounts.user(user_id).await?.ok_or(Error::RefreshTokenInvalid)
    }

    fn next_token(&self, now: Timestamp) -> (RefreshToken, NewToken) {
        let token = self.tokens.fresh();
        let kept = NewToken { hash: token.hash(), issue_time: now, expire_time: now.plus(self.lifetimes.refresh) };
        (token, kept)
    }

    fn issue(
        &self,
        user: User,
        session_id: SessionId,
        refresh_token: RefreshToken,
        kept: NewToken,
        now: Timestamp,
    ) -> Result<IssuedTokens> {
        let (access_token, access_expire_time) = self.signer.sign(user.id, session_id, now)?;
        Ok(IssuedTokens {
            session_id,
            user,
            access_token,
            access_expire_time,
            refresh_token,
            refresh_expire_time: kept.expire_time,
        })
    }
}

#[cfg(test)]
mod tests;
