//! Entries of a room's log.

use loquat_ids::{Epoch, EventId, MessageId, RequestId, RoomId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::{ContentHash, DedupKey, Emoji, Head, Membership, MembershipChange, MessageText, Room, RoomVersion, Seq};

/// One durable change of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoomEvent {
    pub(crate) room: RoomId,
    pub(crate) seq: Seq,
    pub(crate) event_id: EventId,
    /// The life of the log. A store gives all its events its own, so that restoring it changes them all at once.
    pub(crate) epoch: Epoch,
    pub(crate) actor: Option<UserId>,
    /// When it was ordered. It never falls along `seq`.
    pub(crate) create_time: Timestamp,
    pub(crate) trace: Option<TraceContext>,
    pub(crate) dedup_key: DedupKey,
    pub(crate) content_hash: ContentHash,
    pub(crate) change: Change,
}

impl RoomEvent {
    pub(crate) const fn head(&self) -> Head {
        Head { seq: self.seq, event_id: self.event_id, create_time: self.create_time }
    }

    /// Returns the id of the message that the event brought: the event's own.
    pub(crate) const fn message_id(&self) -> MessageId {
        MessageId::from_uuid(self.event_id.as_uuid())
    }
}

/// A place in a W3C trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TraceContext {
    pub(crate) traceparent: String,
    /// May be empty.
    pub(crate) tracestate: String,
}

/// What happened. Stores keep it as this is serialised: variants and fields may be added, never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// The room began: always at 1.
    RoomCreated { room: Room, memberships: Vec<Membership> },
    /// Name or topic changed.
    RoomUpdated { room: Room },
    /// People came or went.
    MembershipsChanged { version: RoomVersion, changes: Vec<MembershipChange>, member_count: u32 },
    /// Somebody said something.
    MessageSent { request_id: RequestId, text: MessageText },
    /// A message has another text.
    MessageEdited { message: MessagePlace, text: MessageText, edit_count: u32 },
    /// A message is deleted, and with it its pin if it had one.
    MessageDeleted {
        message: MessagePlace,
        #[serde(default, skip_serializing_if = "is_false")]
        unpins: bool,
    },
    /// The actor reacted to a message, or took a reaction back.
    ReactionChanged { message: MessagePlace, emoji: Emoji, is_added: bool },
    /// A message was pinned, or is no longer.
    PinChanged { message: MessagePlace, is_pinned: bool },
    /// The content was erased. An edit still says of which message it was.
    Blanked {
        was: ChangeKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessagePlace>,
    },
}

/// A message that a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct MessagePlace {
    pub(crate) seq: Seq,
    pub(crate) id: MessageId,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Change {
    pub(crate) const fn kind(&self) -> ChangeKind {
        match self {
            Self::RoomCreated { .. } => ChangeKind::RoomCreated,
            Self::RoomUpdated { .. } => ChangeKind::RoomUpdated,
            Self::MembershipsChanged { .. } => ChangeKind::MembershipsChanged,
            Self::MessageSent { .. } => ChangeKind::MessageSent,
            Self::MessageEdited { .. } => ChangeKind::MessageEdited,
            Self::MessageDeleted { .. } => ChangeKind::MessageDeleted,
            Self::ReactionChanged { .. } => ChangeKind::ReactionChanged,
            Self::PinChanged { .. } => ChangeKind::PinChanged,
            Self::Blanked { was, .. } => *was,
        }
    }

    /// Returns the class of reads that it belongs to. It stays when the content is erased.
    pub(crate) const fn class(&self) -> EventClass {
        match self {
            // What a room has pinned is part of its state.
            Self::MessageDeleted { unpins: true, .. } => EventClass::State,
            change => change.kind().class(),
        }
    }

    /// Returns the message that it is about.
    pub(crate) const fn message(&self) -> Option<MessagePlace> {
        match self {
            Self::MessageEdited { message, .. }
            | Self::MessageDeleted { message, .. }
            | Self::ReactionChanged { message, .. }
            | Self::PinChanged { message, .. } => Some(*message),
            Self::Blanked { message, .. } => *message,
            Self::RoomCreated { .. }
            | Self::RoomUpdated { .. }
            | Self::MembershipsChanged { .. }
            | Self::MessageSent { .. } => None,
        }
    }

    /// Returns the room's version that the change led to, where it is one that the rooms service decided.
    pub(crate) const fn version(&self) -> Option<RoomVersion> {
        match self {
            Self::RoomCreated { room, .. } | Self::RoomUpdated { room } => Some(room.version),
            Self::MembershipsChanged { version, .. } => Some(*version),
            Self::MessageSent { .. }
            | Self::MessageEdited { .. }
            | Self::MessageDeleted { .. }
            | Self::ReactionChanged { .. }
            | Self::PinChanged { .. }
            | Self::Blanked { .. } => None,
        }
    }
}

/// A kind of change. It stays when the content is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeKind {
    RoomCreated,
    RoomUpdated,
    MembershipsChanged,
    MessageSent,
    MessageEdited,
    MessageDeleted,
    ReactionChanged,
    PinChanged,
}

impl ChangeKind {
    /// Returns the class of all changes of the kind, but for a deletion that takes a pin away ([`Change::class`]).
    pub(crate) const fn class(self) -> EventClass {
        match self {
            Self::RoomCreated | Self::RoomUpdated | Self::MembershipsChanged | Self::PinChanged => EventClass::State,
            Self::MessageSent => EventClass::Message,
            Self::MessageEdited | Self::MessageDeleted | Self::ReactionChanged => EventClass::Change,
        }
    }
}

/// By which reads find their events without passing all others: stores keep it beside the event, in an index with `seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventClass {
    /// Memberships, settings and pins: what commands are judged by.
    State,
    /// Messages: what pages of history hold.
    Message,
    /// What happened to messages, pins aside.
    Change,
}

impl EventClass {
    /// Returns the number that stores keep. It never changes.
    pub(crate) const fn to_stored(self) -> i16 {
        match self {
            Self::State => 1,
            Self::Message => 2,
            Self::Change => 3,
        }
    }
}
