//! What has become of messages, kept beside the log so that a page of history need not read all that happened since.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use loquat_ids::RoomId;

use super::{Cause, StoreError, Stretch};
use crate::model::{Change, EventClass, MessageFold, RoomEvent, ScanPosition, Seq};

/// Folds of messages, for those messages alone that something happened to, and how far each room is folded.
///
/// A fold says by itself up to where it is one, and stores keep only a later one in the place of an earlier. So folders
/// may be many, late, or repeat themselves. It is a copy: thrown away, it is made anew from the log.
#[async_trait]
pub(crate) trait MessageFolds: Send + Sync + fmt::Debug {
    /// Returns how far a room is folded and after that, read after it, the folds of some of its messages, by the places of
    /// those. Messages without one are left out: nothing happened to them as far as the room is folded.
    async fn read_folds(&self, room: RoomId, messages: &[Seq]) -> Result<Folds, StoreError>;

    /// Returns the events of one class in a stretch, at most `limit`, in order; those that cannot be read as such.
    async fn read_entries(
        &self,
        room: RoomId,
        class: EventClass,
        stretch: Stretch,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError>;

    /// Keeps what rooms were folded to: the folds, unless later ones are there; what is to be erased of the log; and then
    /// how far the rooms are folded, unless they are further. In whatever way it ends, doing it again completes it.
    async fn keep_folds(&self, rooms: &[FoldedRoom]) -> Result<(), StoreError>;

    /// Returns up to which position of [`changed_heads`](super::RoomLogStore::changed_heads) all rooms are folded; nothing
    /// where none was kept.
    async fn folded_position(&self) -> Result<Option<ScanPosition>, StoreError>;

    /// Keeps that position, unless a later one is kept.
    async fn keep_folded_position(&self, position: ScanPosition) -> Result<(), StoreError>;
}

/// What is kept of some messages of a room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Folds {
    /// Everything at or below it is in the folds.
    pub(crate) folded_to: Seq,
    /// By the places of the messages, in no particular order.
    pub(crate) folds: Vec<(Seq, MessageFold)>,
}

/// A room, folded a stretch further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoldedRoom {
    pub(crate) room: RoomId,
    pub(crate) folded_to: Seq,
    /// The folds that changed, by the places of the messages.
    pub(crate) folds: Vec<(Seq, MessageFold)>,
    /// What stands in the places of events from now on, each a [`Change::Blanked`].
    pub(crate) erased: Vec<(Seq, Change)>,
}

/// An event of the log, or why it is none.
pub(crate) type LogEntry = Result<RoomEvent, Undecodable>;

/// What stands in a log and is no event to this program.
#[derive(Debug)]
pub(crate) struct Undecodable {
    pub(crate) seq: Seq,
    pub(crate) payload: Bytes,
    pub(crate) error: Cause,
}
