//! Ordering what the rooms service decided.

use loquat_ids::{EventId, RoomId, UserId};

use super::RoomLogs;
use crate::{
    error::MessagesError,
    model::{Change, Command, DedupKey, Intent, Placed, RoomVersion},
    trace_link,
};

/// A change that the rooms service decided.
#[derive(Debug, Clone)]
pub(crate) struct RoomChange {
    pub(crate) event_id: EventId,
    /// The room's version that the change led to.
    pub(crate) version: RoomVersion,
    pub(crate) actor: UserId,
    pub(crate) change: Change,
}

impl RoomLogs {
    /// Writes a decided change into a room's log, once for each event id, in the order of versions.
    ///
    /// # Errors
    /// [`MessagesError::VersionOutOfOrder`] where the version before is not the last one in the log, and
    /// [`MessagesError::RequestIdReused`] where the event id stands there for another change.
    pub(crate) async fn append(&self, room: RoomId, change: RoomChange) -> Result<Placed, MessagesError> {
        let RoomChange { event_id, version, actor, change } = change;
        let content = serde_json::to_vec(&change).expect("a change has only keys that are text");
        let command = Command {
            dedup_key: DedupKey::of_room_change(event_id),
            content_hash: self.hasher.hash(&[b"room", actor.as_uuid().as_bytes(), &content]),
            event_id,
            actor,
            trace: trace_link::current(),
            intent: Intent::ChangeRoom { version, change },
        };
        self.actors.place(room, command).await
    }
}
