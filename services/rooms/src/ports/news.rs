//! Telling people what changed in their lists.

use std::{error::Error, fmt};

use async_trait::async_trait;
use loquat_ids::UserId;

use crate::model::UserRoomChange;

/// The news did not go out.
#[derive(Debug, thiserror::Error)]
#[error("the event bus does not take the news")]
pub struct NewsError(#[source] pub Box<dyn Error + Send + Sync>);

/// Tells who listens now. News may be lost and may come twice or out of order: the list's version says what it is worth,
/// and whoever misses one reads the list's changes.
#[async_trait]
pub trait UserNews: Send + Sync + fmt::Debug {
    /// Tells of a change in a person's list.
    ///
    /// # Errors
    ///
    /// The news did not go out: tell it again.
    async fn publish(&self, user_id: UserId, change: &UserRoomChange) -> Result<(), NewsError>;
}
