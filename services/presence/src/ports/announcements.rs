//! Telling others.

use std::fmt;

use async_trait::async_trait;

use crate::model::{Presence, Typing};

/// It was not told.
#[derive(Debug, thiserror::Error)]
#[error("not told: {0}")]
pub(crate) struct Unannounced(#[source] pub(crate) Box<dyn std::error::Error + Send + Sync>);

/// Tells whoever listens, at most once, within a deadline.
#[async_trait]
pub(crate) trait Announcements: Send + Sync + fmt::Debug {
    /// Tells how somebody now shows to others.
    async fn presence_changed(&self, presence: &Presence) -> Result<(), Unannounced>;

    /// Tells a room whether somebody is typing.
    async fn typing_changed(&self, typing: &Typing) -> Result<(), Unannounced>;
}
