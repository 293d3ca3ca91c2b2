//! What could not be worked on, put aside for operators to see.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use loquat_ids::{Epoch, RoomId};

use super::Cause;
use crate::model::Seq;

/// An event that the folder cannot fold, now or later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeadLetter {
    pub(crate) room: RoomId,
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) payload: Bytes,
    pub(crate) error: String,
}

/// Takes dead letters.
#[async_trait]
pub(crate) trait DeadLetters: Send + Sync + fmt::Debug {
    /// Puts a letter where operators find it, once for each place of a log. Returns within a deadline.
    async fn bury(&self, letter: DeadLetter) -> Result<(), Cause>;
}
