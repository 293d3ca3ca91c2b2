//! Who calls.

use std::{borrow::Cow, time::Duration};

use loquat_ids::{SessionId, UserId};
use tonic::{Request, Status};

use crate::fault::{RpcFault, status};

/// The name of one of our services, such as `rooms`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServiceName(Cow<'static, str>);

impl ServiceName {
    /// Names a service that the code knows.
    #[must_use]
    pub const fn new_static(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// Takes the name that a certificate gives its holder.
    pub(crate) fn from_certificate(name: &str) -> Self {
        Self(Cow::Owned(name.to_owned()))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The service at the other end of a connection. Only the accept loop and the in-process channel put it into a request.
#[derive(Debug, Clone)]
pub(crate) struct PeerService(pub(crate) ServiceName);

/// A user with a session that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedIn {
    /// Who it is.
    pub user_id: UserId,
    /// The session of the access token.
    pub session_id: SessionId,
}

/// Who calls: a user, a service, both (a gateway on behalf of a user), or nobody known.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    pub(crate) user: Option<SignedIn>,
    /// How long the user's access token lives, from its issue to its end.
    pub(crate) token_life: Duration,
    pub(crate) service: Option<ServiceName>,
}

impl Caller {
    /// Returns who makes a call, as the authorization layer found it.
    #[must_use]
    pub fn of<T>(request: &Request<T>) -> &Self {
        const NOBODY: &Caller = &Caller { user: None, token_life: Duration::ZERO, service: None };
        request.extensions().get().unwrap_or(NOBODY)
    }

    /// Returns the signed-in user.
    ///
    /// # Errors
    ///
    /// UNAUTHENTICATED where there is none.
    pub fn user(&self) -> Result<SignedIn, Status> {
        self.user.ok_or_else(|| status(RpcFault::TokenMissing))
    }

    /// Returns whether it is known who calls.
    pub(crate) const fn is_known(&self) -> bool {
        self.user.is_some() || self.service.is_some()
    }

    /// Returns how long the user's access token lives, from its issue to its end: for so long a session that ended is told of
    /// ([`Verifier::unvouched`](crate::Verifier::unvouched)).
    #[must_use]
    pub const fn token_life(&self) -> Duration {
        self.token_life
    }

    /// Returns the service at the other end of the connection.
    #[must_use]
    pub const fn service(&self) -> Option<&ServiceName> {
        self.service.as_ref()
    }
}
