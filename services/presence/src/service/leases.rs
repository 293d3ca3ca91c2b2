//! Gateways and what they hold.

use std::{sync::Arc, time::Duration};

use loquat_ids::Clock;

use super::TellQueue;
use crate::{
    error::Result,
    model::{Renewal, Renewed},
    ports::PresenceStore,
};

/// The leases of gateways.
#[derive(Debug)]
pub(crate) struct Leases {
    pub(crate) store: Arc<dyn PresenceStore>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long a lease holds after it was kept.
    pub(crate) duration: Duration,
    pub(crate) telling: TellQueue,
}

impl Leases {
    /// Keeps a gateway's lease. Returns whether the next renewal must be complete.
    ///
    /// # Errors
    /// Where the store does not answer: the same renewal again is safe.
    pub(crate) async fn renew(&self, renewal: &Renewal) -> Result<bool> {
        let now = self.clock.now();
        match self.store.renew(renewal, now, now.plus(self.duration)).await? {
            Renewed::Kept { changed } => {
                self.telling.put(changed);
                Ok(false)
            }
            Renewed::Unknown => Ok(true),
        }
    }
}
