//! What is asked of a room's log, and what comes of it.

use std::sync::Arc;

use loquat_ids::{EventId, MessageId, RequestId, UserId};

use super::{Change, ContentHash, DedupKey, Emoji, Message, MessageText, RoomEvent, RoomVersion, TraceContext};

/// Something to be written into a room's log, once.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) dedup_key: DedupKey,
    pub(crate) content_hash: ContentHash,
    /// The event's id. It stays the same over all attempts to write it.
    pub(crate) event_id: EventId,
    pub(crate) actor: UserId,
    pub(crate) trace: Option<TraceContext>,
    pub(crate) intent: Intent,
}

/// What the log is to say. It is judged against the room, and the message, at the place that it is written to.
#[derive(Debug, Clone)]
pub(crate) enum Intent {
    /// The actor says something.
    Send { request_id: RequestId, text: MessageText },
    /// The rooms service decided something. The room's version before is the one right below.
    ChangeRoom { version: RoomVersion, change: Change },
    /// The actor does something to a message.
    ChangeMessage { message: MessageId, deed: Deed },
}

impl Intent {
    /// Returns the message that it is about.
    pub(crate) const fn message(&self) -> Option<MessageId> {
        match self {
            Self::ChangeMessage { message, .. } => Some(*message),
            Self::Send { .. } | Self::ChangeRoom { .. } => None,
        }
    }
}

/// What is done to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    Edit(MessageText),
    Delete,
    AddReaction(Emoji),
    RemoveReaction(Emoji),
    Pin,
    Unpin,
}

impl Deed {
    /// Returns what tells it from every other deed, for a content hash.
    pub(crate) fn content(&self) -> (&'static str, &str) {
        match self {
            Self::Edit(text) => ("edit", text.as_str()),
            Self::Delete => ("delete", ""),
            Self::AddReaction(emoji) => ("add reaction", emoji.as_str()),
            Self::RemoveReaction(emoji) => ("remove reaction", emoji.as_str()),
            Self::Pin => ("pin", ""),
            Self::Unpin => ("unpin", ""),
        }
    }
}

/// What came of a command that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    /// It stands in the log.
    Placed(Placed),
    /// The message is so already, as it is here: nothing was written.
    Unchanged(Message),
}

/// An event that stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) event: Arc<RoomEvent>,
    /// Whether it stood there before the command came.
    pub(crate) is_repeat: bool,
    /// The message that it is about, right after it: where whoever wrote it knew that.
    pub(crate) message: Option<Message>,
}

/// Why a command came to nothing, or to nothing known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such room, or the actor is no member.
    RoomNotFound,
    /// The room has no such message, or none that the actor may see.
    MessageNotFound(MessageId),
    /// The message is somebody else's.
    NotTheSender,
    /// The message takes no more changes.
    MessageDeleted,
    /// The message has as many kinds of reaction, or as many edits, as it may.
    MessageFull,
    /// The room has as many pins as it may.
    PinsFull,
    /// The room's version before is not the one right below.
    VersionOutOfOrder,
    /// The key stands there with other content.
    RequestIdReused,
    /// The store refused to write.
    StoreRefused,
    /// The store does not answer. The command may still be written.
    StoreUnavailable,
}
