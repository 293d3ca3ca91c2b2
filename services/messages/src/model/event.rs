//! Entries of a room's log.

use loquat_ids::{Epoch, EventId, MessageId, RequestId, RoomId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::{ContentHash, DedupKey, Head, Membership, MembershipChange, MessageText, Room, RoomVersion, Seq};

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
    /// The content was erased.
    Blanked { was: ChangeKind },
}

impl Change {
    pub(crate) const fn kind(&self) -> ChangeKind {
        match self {
            Self::RoomCreated { .. } => ChangeKind::RoomCreated,
            Self::RoomUpdated { .. } => ChangeKind::RoomUpdated,
            Self::MembershipsChanged { .. } => ChangeKind::MembershipsChanged,
            Self::MessageSent { .. } => ChangeKind::MessageSent,
            Self::Blanked { was } => *was,
        }
    }

    /// Returns the room's version that the change led to, where it is one that the rooms service decided.
    pub(crate) const fn version(&self) -> Option<RoomVersion> {
        match self {
            Self::RoomCreated { room, .. } | Self::RoomUpdated { room } => Some(room.version),
            Self::MembershipsChanged { version, .. } => Some(*version),
            Self::MessageSent { .. } | Self::Blanked { .. } => None,
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
}

impl ChangeKind {
    pub(crate) const fn class(self) -> EventClass {
        match self {
            Self::RoomCreated | Self::RoomUpdated | Self::MembershipsChanged => EventClass::State,
            Self::MessageSent => EventClass::Message,
        }
    }
}

/// By which reads find their events without passing all others: stores keep it beside the event, in an index with `seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventClass {
    /// Memberships and settings: what commands are judged by.
    State,
    /// Messages: what pages of history hold.
    Message,
}

impl EventClass {
    /// Returns the number that stores keep. It never changes.
    pub(crate) const fn to_stored(self) -> i16 {
        match self {
            Self::State => 1,
            Self::Message => 2,
        }
    }
}
