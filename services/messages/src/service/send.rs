//! Sending a message.

use loquat_ids::{EventId, RequestId, RoomId, UserId};

use super::RoomLogs;
use crate::{
    error::MessagesError,
    model::{Command, DedupKey, Intent, MessageText, Placed},
    trace_link,
};

impl RoomLogs {
    /// Writes a message into a room's log, once for each request id of a sender.
    ///
    /// # Errors
    /// [`MessagesError::RoomNotFound`] where the sender is no member as of the place that the message would take.
    pub(crate) async fn send(
        &self,
        room: RoomId,
        sender: UserId,
        request_id: RequestId,
        text: MessageText,
    ) -> Result<Placed, MessagesError> {
        let command = Command {
            dedup_key: DedupKey::of_request(sender, &request_id),
            content_hash: self.hasher.hash(&[b"message", text.as_str().as_bytes()]),
            event_id: EventId::from_uuid(self.ids.fresh()),
            actor: sender,
            trace: trace_link::current(),
            intent: Intent::Send { request_id, text },
        };
        self.actors.place(room, command).await
    }
}
