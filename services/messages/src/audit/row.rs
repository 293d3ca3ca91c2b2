//! An event as a store keeps it, before anybody has trusted it.

use loquat_ids::{EventId, RoomId, Timestamp, UserId};

use crate::model::{Change, ContentHash, DedupKey, RoomEvent, Seq};

/// One row, or document, of events.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) room: RoomId,
    pub(super) seq: i64,
    pub(super) event_id: EventId,
    pub(super) actor: Option<UserId>,
    pub(super) class: i16,
    /// In microseconds since 1970.
    pub(super) create_time: i64,
    /// The change, or why it cannot be read.
    pub(super) change: Result<Change, String>,
}

impl Row {
    /// Returns the event, as far as what becomes of messages depends on it. Nothing for one that cannot be read.
    pub(super) fn event(&self) -> Option<RoomEvent> {
        Some(RoomEvent {
            room: self.room,
            seq: Seq::from_stored(self.seq),
            event_id: self.event_id,
            epoch: "audit".parse().ok()?,
            actor: self.actor,
            create_time: Timestamp::from_micros(self.create_time),
            trace: None,
            dedup_key: DedupKey::from_stored(String::new()),
            content_hash: ContentHash([0; 32]),
            change: self.change.as_ref().ok()?.clone(),
        })
    }
}
