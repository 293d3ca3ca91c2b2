//! Who is in a room.

use std::fmt;

use async_trait::async_trait;
use loquat_ids::RoomId;

/// What the caller proved itself with, passed on so that the rooms service judges the caller and not us. Its `Debug` shows
/// nothing.
#[derive(Clone)]
pub(crate) struct CallerToken(String);

impl CallerToken {
    pub(crate) fn new(authorization: impl Into<String>) -> Self {
        Self(authorization.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CallerToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CallerToken")
    }
}

/// The rooms service did not say.
#[derive(Debug, thiserror::Error)]
#[error("the rooms service did not say who is in a room")]
pub(crate) struct MembershipError(#[source] pub(crate) Box<dyn std::error::Error + Send + Sync>);

/// Knows who is in a room.
#[async_trait]
pub(crate) trait Memberships: Send + Sync + fmt::Debug {
    /// Tells whether the caller is a member of a room. Of a room that there is not, or that it may not see, it is none.
    async fn is_member(&self, room: RoomId, caller: &CallerToken) -> Result<bool, MembershipError>;
}
