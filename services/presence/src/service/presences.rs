//! How people show themselves, and how they are seen.

use std::sync::Arc;

use loquat_ids::{Clock, UserId};

use super::TellQueue;
use crate::{
    error::Result,
    model::{Presence, Setting},
    ports::PresenceStore,
};

/// How people show themselves, and how they are seen.
#[derive(Debug)]
pub(crate) struct Presences {
    pub(crate) store: Arc<dyn PresenceStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) telling: TellQueue,
}

impl Presences {
    /// Takes what a person chose, and returns how it now shows to itself.
    ///
    /// # Errors
    /// Where the store does not answer: the same again is safe.
    pub(crate) async fn set(&self, user: UserId, setting: &Setting) -> Result<Presence> {
        let standing = self.store.set(user, setting, self.clock.now()).await?;
        if standing.untold.is_some() {
            self.telling.put(vec![user]);
        }
        Ok(standing.as_it_sees_itself())
    }

    /// Returns how people show to a viewer, in their order.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub(crate) async fn get(&self, viewer: Option<UserId>, users: &[UserId]) -> Result<Vec<Presence>> {
        let standings = self.store.read(users).await?;
        Ok(standings.iter().map(|standing| standing.as_seen_by(viewer)).collect())
    }
}
