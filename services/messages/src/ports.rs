//! What this service needs from outside: a store for the logs and what is made of them, and somebody to tell the news to.

mod dead_letters;
mod message_folds;

use std::{error::Error, fmt, sync::Arc};

use async_trait::async_trait;
use loquat_ids::{Epoch, EventId, RoomId};

pub(crate) use dead_letters::{DeadLetter, DeadLetters};
pub(crate) use message_folds::{FoldedRoom, Folds, LogEntry, MessageFolds, Undecodable};

use crate::model::{ContentKey, DedupKey, Head, RoomEvent, ScanPosition, Seq};

/// The source of an error, as a driver gave it.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// The largest batch that [`RoomLogStore::append_batch`] takes.
///
/// FerretDB, which speaks MongoDB's protocol, goes on after a duplicate in ordered inserts above 100 documents.
pub(crate) const MAX_BATCH_EVENTS: usize = 100;

/// The logs of all rooms, and what has become of their messages.
pub(crate) trait MessageStore: RoomLogStore + MessageFolds {}

impl<T: RoomLogStore + MessageFolds> MessageStore for T {}

/// The logs of all rooms, append-only.
///
/// Unique are `(room, seq)` and `(room, dedup_key)`: the only fence between writers, however many there are. Events are
/// never removed and never numbered anew; all that may change is that the content of one is erased
/// ([`MessageFolds::keep_folds`]).
///
/// Every method returns within the store's deadline, and may be dropped at any await: what it had begun goes on. Reads
/// see whatever was acknowledged before they began, and nothing that could still be undone.
#[async_trait]
pub(crate) trait RoomLogStore: Send + Sync + fmt::Debug {
    /// Returns the life of the logs: made once for each store, changed by restoring it.
    fn epoch(&self) -> Epoch;

    /// Returns the key of content hashes, made once for each store.
    fn content_key(&self) -> ContentKey;

    /// Writes at most [`MAX_BATCH_EVENTS`] events of one room, numbered without holes from right after its head. When it
    /// returns `Ok` they are durable. In whatever way it ends, a prefix of the batch stands in the log, or nothing, or all.
    ///
    /// # Errors
    /// - [`AppendError::Conflict`]: an index refused one of them; nobody says which index, nor which event.
    /// - [`AppendError::Store`] with [`StoreError::Refused`]: the store has no room or its disk failed.
    /// - [`AppendError::Store`] with [`StoreError::Unavailable`]: the outcome is not known, and the batch may still be
    ///   written after this has returned, as long as its first place is free.
    async fn append_batch(&self, room: RoomId, events: &[Arc<RoomEvent>]) -> Result<(), AppendError>;

    /// Returns the last event of a log; nothing for a room without one.
    async fn head(&self, room: RoomId) -> Result<Option<Head>, StoreError>;

    /// Returns the heads of some rooms. Rooms without a log are left out.
    async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Head)>, StoreError>;

    /// Returns the events of a stretch, at most `limit`, in order.
    async fn read_events(&self, room: RoomId, stretch: Stretch, limit: u32) -> Result<Vec<RoomEvent>, StoreError>;

    /// Returns only what changed memberships, settings and pins in a stretch, at most `limit`, in order, at a cost that does
    /// not grow with the messages between.
    async fn read_state_events(&self, room: RoomId, stretch: Stretch, limit: u32)
    -> Result<Vec<RoomEvent>, StoreError>;

    /// Returns only messages of a stretch, blanked ones included: at most `limit` from the end that `from` names, always in
    /// the order of `seq`, at a cost that does not grow with what lies beyond them.
    async fn read_messages(
        &self,
        room: RoomId,
        stretch: Stretch,
        from: End,
        limit: u32,
    ) -> Result<Vec<RoomEvent>, StoreError>;

    /// Returns the events of some ids, which are also the ids of the messages that they brought: at most
    /// [`MAX_BATCH_EVENTS`], in no particular order.
    async fn find_events(&self, room: RoomId, events: &[EventId]) -> Result<Vec<RoomEvent>, StoreError>;

    /// Returns the events at some places, at most [`MAX_BATCH_EVENTS`], in order.
    async fn read_places(&self, room: RoomId, places: &[Seq]) -> Result<Vec<RoomEvent>, StoreError>;

    /// Returns the events under some keys, at most [`MAX_BATCH_EVENTS`] of them, in no particular order.
    async fn find_repeats(&self, room: RoomId, keys: &[DedupKey]) -> Result<Vec<RoomEvent>, StoreError>;

    /// Scans for heads that changed since a scan before, in all rooms. The first scan, from `None`, returns the heads of
    /// whatever was written last, some hundred events back.
    ///
    /// A head may come again in a later scan. What is committed after this returns is found from the position returned.
    async fn changed_heads(&self, since: Option<ScanPosition>) -> Result<ChangedHeads, StoreError>;

    /// Tells whether the store answers.
    async fn check(&self) -> Result<(), StoreError>;
}

/// A part of a log: what lies after one place, up to and with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) after: Seq,
    pub(crate) through: Seq,
}

/// An end of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Oldest,
    Newest,
}

/// What a scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangedHeads {
    /// The heads. Of one room the highest that was found.
    pub(crate) heads: Vec<(RoomId, Head)>,
    /// Where what is no message stands, for rooms in which some of that was found. Of one room the highest place.
    pub(crate) changes: Vec<(RoomId, Seq)>,
    /// From where the next scan goes on.
    pub(crate) next: ScanPosition,
}

/// Why a batch was not, or not surely, written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppendError {
    #[error("a place or a key in the log is taken")]
    Conflict,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the store refused to write")]
    Refused(#[source] Cause),
    #[error("the store did not answer")]
    Unavailable(#[source] Cause),
}

/// Tells what was written. What is not told is found by heads.
#[async_trait]
pub(crate) trait RoomNews: Send + Sync + fmt::Debug {
    /// Tells everybody who listens of an event that stands in the log. Returns within a deadline.
    async fn tell(&self, event: &RoomEvent) -> Result<(), Cause>;
}
