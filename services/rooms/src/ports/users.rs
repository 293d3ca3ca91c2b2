//! Who exists.

use std::{collections::HashSet, error::Error, fmt};

use async_trait::async_trait;
use loquat_ids::UserId;

/// Nobody says who exists.
#[derive(Debug, thiserror::Error)]
#[error("the users service does not answer")]
pub struct UsersError(#[source] pub Box<dyn Error + Send + Sync>);

/// The people that have an account.
#[async_trait]
pub trait UserDirectory: Send + Sync + fmt::Debug {
    /// Returns those of the users, at most 200, that exist.
    ///
    /// # Errors
    ///
    /// Nobody says who exists.
    async fn existing(&self, user_ids: &[UserId]) -> Result<HashSet<UserId>, UsersError>;
}
