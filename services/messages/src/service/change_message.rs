//! Doing something to a message.

use loquat_ids::{EventId, MessageId, RequestId, RoomId, UserId};

use super::RoomLogs;
use crate::{
    error::MessagesError,
    folding::read_messages,
    model::{Command, DedupKey, Deed, Done, Intent, Message, Placed, Seq},
    room_actor::read_state,
    trace_link,
};

/// What somebody does to a message.
#[derive(Debug, Clone)]
pub(crate) struct MessageChange {
    pub(crate) actor: UserId,
    pub(crate) request_id: RequestId,
    pub(crate) message: MessageId,
    pub(crate) deed: Deed,
}

/// The message as of the change, and where that stands.
#[derive(Debug, Clone)]
pub(crate) struct ChangedMessage {
    pub(crate) message: Message,
    /// Nothing where the message was so already.
    pub(crate) seq: Option<Seq>,
    pub(crate) is_repeat: bool,
}

impl RoomLogs {
    /// Writes what is done to a message into the room's log, once for each request id of a person.
    ///
    /// # Errors
    /// What the room and the message refuse as of the place that the change would take.
    pub(crate) async fn change_message(
        &self,
        room: RoomId,
        change: MessageChange,
    ) -> Result<ChangedMessage, MessagesError> {
        let MessageChange { actor, request_id, message, deed } = change;
        let (what, content) = deed.content();
        let command = Command {
            dedup_key: DedupKey::of_request(actor, &request_id),
            content_hash: self.hasher.hash(&[what.as_bytes(), message.as_uuid().as_bytes(), content.as_bytes()]),
            event_id: EventId::from_uuid(self.ids.fresh()),
            actor,
            trace: trace_link::current(),
            intent: Intent::ChangeMessage { message, deed },
        };
        match self.actors.submit(room, command).await? {
            Done::Unchanged(message) => Ok(ChangedMessage { message, seq: None, is_repeat: false }),
            Done::Placed(Placed { event, is_repeat, message: Some(message) }) => {
                Ok(ChangedMessage { message, seq: Some(event.seq), is_repeat })
            }
            Done::Placed(Placed { event, is_repeat, message: None }) => {
                let message = self.message_now(room, actor, message).await?;
                Ok(ChangedMessage { message, seq: Some(event.seq), is_repeat })
            }
        }
    }

    /// Reads a message after a change that stood in the log already: as it is now, for one who may see it, and otherwise as
    /// it was sent, since nothing that came later may be told.
    async fn message_now(&self, room: RoomId, reader: UserId, message: MessageId) -> Result<Message, MessagesError> {
        let state = read_state(&*self.store, room, self.state(room).await?);
        let (state, mut messages) = read_messages(&*self.store, room, &[message], state).await?;
        let not_found = MessagesError::MessageNotFound { room, message };
        let folded = messages.remove(&message).flatten().ok_or(not_found)?;
        let seq = folded.event.seq;
        if state.is_member(reader) && state.view_of(reader).is_some_and(|view| view.shows(seq)) {
            let is_pinned = state.is_pinned(seq);
            return Ok(Message { event: folded.event, fold: folded.fold, is_pinned, as_of: state.seq() });
        }
        Ok(Message::as_sent(folded.event))
    }
}
