//! Where presence is kept.

use std::fmt;

use async_trait::async_trait;
use loquat_ids::{Timestamp, UserId};

use crate::model::{Renewal, Renewed, Setting, Standing, Version};

/// The store did not answer in time, or not what it should. Whether a change was made is not known; making it again is safe.
#[derive(Debug, thiserror::Error)]
#[error("the store of presence did not {doing}")]
pub(crate) struct StoreError {
    /// What was asked of it.
    pub(crate) doing: &'static str,
    /// Why it was not done, where that is known.
    #[source]
    pub(crate) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// Keeps leases, what people chose, and of which changes others were not told yet.
///
/// Each change of how somebody shows to others is marked in the same atomic step that makes it, and stays marked until
/// [`PresenceStore::told`]: so nothing is lost with a process between the change and the telling. Several processes share a
/// store; time is told by them.
#[async_trait]
pub(crate) trait PresenceStore: Send + Sync + fmt::Debug {
    /// Keeps a gateway's lease until `expires` and takes what changed. The same renewal twice is as once. Where it fails, or
    /// the lease is unknown by the end, part of it may be done: the same again, or a complete one, does the rest.
    async fn renew(&self, renewal: &Renewal, now: Timestamp, expires: Timestamp) -> Result<Renewed>;

    /// Ends one lease that expired by `now`, or goes on with one whose end was begun: takes away at most `limit` users of
    /// it. Each user is taken by one call alone, whoever calls. Returns who now shows differently, and nothing where there
    /// is nothing left to end. A user was last there when the lease was last kept.
    async fn lapse(&self, now: Timestamp, limit: usize) -> Result<Option<Vec<UserId>>>;

    /// Takes what a person chose, and returns what is known of it now.
    async fn set(&self, user: UserId, setting: &Setting, now: Timestamp) -> Result<Standing>;

    /// Returns what is known of some people, in their order, each as of one moment.
    async fn read(&self, users: &[UserId]) -> Result<Vec<Standing>>;

    /// Returns at most `limit` changes that others were not told of, the oldest first.
    async fn untold(&self, limit: usize) -> Result<Vec<(UserId, Version)>>;

    /// Takes marks away: others were told of these changes. Returns whose mark was another by then or was gone: somebody
    /// else may have told something since, before or after.
    async fn told(&self, changes: &[(UserId, Version)]) -> Result<Vec<UserId>>;

    /// Succeeds where the store answers.
    async fn ping(&self) -> Result<()>;
}
