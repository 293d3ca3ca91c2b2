//! Streams: how they were opened, and what they said.

use serde::{Deserialize, Serialize};

use super::{Id, Room, StreamId, User};

/// A client opens a stream. An answer of Sync is written as a stream of its own that ends at once, with
/// [`EndReason::Answered`]; its cursors are written as [`Head`]s with `is_reached`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The stream.
    pub stream: StreamId,
    /// The client. It names what it has by cursors; a client that continues an earlier stream keeps its number.
    pub client: u32,
    /// Whose client.
    pub user: User,
    /// At which gateway.
    #[serde(default)]
    pub via: u32,
    /// Which rooms, and from where.
    pub rooms: Vec<CursorOpen>,
    /// Whether the client reads slowly, or not at all, on purpose: it may be told so at any time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_slow: bool,
}

/// A change of what a stream watches. Rooms that it already watches go on where they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The stream.
    pub stream: StreamId,
    /// Rooms that it watches from then on, and from where.
    pub add: Vec<CursorOpen>,
    /// Rooms that it no longer watches.
    #[serde(default)]
    pub drop: Vec<Room>,
}

/// A room to watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorOpen {
    /// The room.
    pub room: Room,
    /// After which place. Absent: from now on. A place with number 0, an epoch and no event is the log's beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Place>,
}

/// A place in a room's log: right after an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The life of the log.
    pub epoch: String,
    /// The number of the event there.
    pub seq: u64,
    /// The event's id. Absent where the number is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Id>,
}

/// A stream said an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The stream.
    pub stream: StreamId,
    /// The room.
    pub room: Room,
    /// The event's number.
    pub seq: u64,
    /// The event's id.
    pub event: Id,
    /// The life of the log.
    pub epoch: String,
    /// Whose doing it was. Absent where nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<User>,
    /// When it was ordered, in microseconds since 1970.
    pub create_time: i64,
    /// What happened.
    pub change: Change,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The room began.
    Created {
        /// Who is in it.
        members: Vec<User>,
    },
    /// Name or topic changed.
    Updated {
        /// The topic after it.
        topic: String,
    },
    /// People came or went.
    Memberships {
        /// Each change.
        changes: Vec<Membership>,
    },
    /// Somebody said something. The message's id is the event's.
    Sent {
        /// The text.
        text: String,
        /// The `request_id` that it was sent with.
        request: String,
    },
    /// A message has another text.
    Edited {
        /// The message.
        message: Id,
        /// Where the message stands.
        message_seq: u64,
        /// The text from here on.
        text: String,
        /// Which edit of the message it is: 1, 2, 3 …
        edit_count: u32,
    },
    /// A message is deleted.
    Deleted {
        /// The message.
        message: Id,
        /// Where the message stands.
        message_seq: u64,
    },
    /// The actor reacted to a message, or took a reaction back.
    Reacted {
        /// The message.
        message: Id,
        /// Where the message stands.
        message_seq: u64,
        /// The emoji.
        emoji: String,
        /// Whether the reaction is there from here on.
        is_added: bool,
    },
    /// A message was pinned, or is no longer.
    Pinned {
        /// The message.
        message: Id,
        /// Where the message stands.
        message_seq: u64,
        /// Whether it is pinned from here on.
        is_pinned: bool,
    },
    /// The content was erased; it was of this kind.
    Blanked {
        /// What it was.
        kind: ChangeKind,
    },
}

impl Change {
    /// Returns what kind of change it is, or was before it was erased.
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        match self {
            Self::Created { .. } => ChangeKind::Created,
            Self::Updated { .. } => ChangeKind::Updated,
            Self::Memberships { .. } => ChangeKind::Memberships,
            Self::Sent { .. } => ChangeKind::Sent,
            Self::Edited { .. } => ChangeKind::Edited,
            Self::Deleted { .. } => ChangeKind::Deleted,
            Self::Reacted { .. } => ChangeKind::Reacted,
            Self::Pinned { .. } => ChangeKind::Pinned,
            Self::Blanked { kind } => *kind,
        }
    }
}

/// Kinds of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// [`Change::Created`]
    Created,
    /// [`Change::Updated`]
    Updated,
    /// [`Change::Memberships`]
    Memberships,
    /// [`Change::Sent`]
    Sent,
    /// [`Change::Edited`]
    Edited,
    /// [`Change::Deleted`]
    Deleted,
    /// [`Change::Reacted`]
    Reacted,
    /// [`Change::Pinned`]
    Pinned,
}

/// A person came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The person.
    pub user: User,
    /// Whether the person is a member from here on.
    pub is_member: bool,
}

/// A stream said which numbers it does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    /// The stream.
    pub stream: StreamId,
    /// The room.
    pub room: Room,
    /// The first number.
    pub from: u64,
    /// The last number.
    pub to: u64,
}

/// A stream said that a room must be loaded afresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomReset {
    /// The stream.
    pub stream: StreamId,
    /// The room.
    pub room: Room,
    /// Why.
    pub reason: ResetReason,
    /// From where events follow.
    pub cursor: Place,
}

/// Why a cursor cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetReason {
    /// None was given.
    Unspecified,
    /// Another event stands at the cursor's number.
    EventDiffers,
    /// The log ends before the cursor's number.
    LogEndsEarlier,
    /// The log is of another epoch.
    EpochChanged,
    /// The client did not read its stream.
    ReaderTooSlow,
    /// So much was missed that loading afresh costs less.
    TooFarBehind,
}

/// A stream said that it no longer tells of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomClosed {
    /// The stream.
    pub stream: StreamId,
    /// The room.
    pub room: Room,
    /// Why.
    pub reason: ClosedReason,
}

/// Why a room is no longer watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedReason {
    /// None was given.
    Unspecified,
    /// There is no such room, or none that the reader may see.
    NotFound,
    /// The reader left or was removed.
    Removed,
    /// The log cannot be read now.
    Unavailable,
}

/// Where a room's log stands, as a heartbeat or an answer of Sync said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The stream.
    pub stream: StreamId,
    /// The room.
    pub room: Room,
    /// Where.
    pub place: Place,
    /// Whether all up to there has been said: so the cursors of Sync, and not those of heartbeats.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_reached: bool,
}

/// A stream ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The stream.
    pub stream: StreamId,
    /// Why.
    pub reason: EndReason,
}

/// Why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The client closed it.
    Left,
    /// It was an answer of Sync.
    Answered,
    /// It broke, or could not be opened.
    Broken,
    /// Nothing came for two heartbeats.
    Silent,
    /// The gateway said that it goes.
    GoingAway,
    /// The gateway said that the session is over.
    SessionEnded,
    /// The gateway said that the client does not read.
    ReaderTooSlow,
}
