//! A message as it is at a place in the log.

use std::sync::Arc;

use loquat_ids::{MessageId, RequestId, UserId};

use super::{Change, MessageFold, MessagePlace, MessageText, Reaction, RoomEvent, Seq};

/// What somebody said, and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The event that brought it.
    pub(crate) event: Arc<RoomEvent>,
    pub(crate) fold: Arc<MessageFold>,
    pub(crate) is_pinned: bool,
    /// Up to which place of the log this is so.
    pub(crate) as_of: Seq,
}

impl Message {
    /// Returns a message as its event brought it.
    pub(crate) fn as_sent(event: Arc<RoomEvent>) -> Self {
        Self { fold: Arc::default(), is_pinned: false, as_of: event.seq, event }
    }

    pub(crate) fn id(&self) -> MessageId {
        self.event.message_id()
    }

    pub(crate) fn place(&self) -> MessagePlace {
        MessagePlace { id: self.id(), seq: self.event.seq }
    }

    pub(crate) fn sender(&self) -> Option<UserId> {
        self.event.actor
    }

    pub(crate) fn request_id(&self) -> Option<RequestId> {
        self.event.dedup_key.request_id()
    }

    /// Tells whether it was deleted. Its event is erased for no other reason, and may be before the deletion is read.
    pub(crate) fn is_deleted(&self) -> bool {
        self.fold.is_deleted || matches!(self.event.change, Change::Blanked { .. })
    }

    /// Returns the text as it is now. Nothing for a deleted message.
    pub(crate) fn text(&self) -> Option<&MessageText> {
        match (&self.fold.text, &self.event.change) {
            _ if self.is_deleted() => None,
            (Some(edited), _) => Some(edited),
            (None, Change::MessageSent { text, .. }) => Some(text),
            (None, _) => None,
        }
    }

    /// Returns the reactions, in the order in which the first of each came. None to a deleted message.
    pub(crate) fn reactions(&self) -> &[Reaction] {
        if self.is_deleted() { &[] } else { &self.fold.reactions }
    }
}
