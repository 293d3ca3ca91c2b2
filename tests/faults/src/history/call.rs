//! Calls: what was asked, and what was answered.

use serde::{Deserialize, Serialize};

use super::{Id, Op, Place, Room, User};

/// A client calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoke {
    /// The call.
    pub op: Op,
    /// The client: a user may have several.
    pub client: u32,
    /// Whose client.
    pub user: User,
    /// In which room.
    pub room: Room,
    /// Through which gateway.
    #[serde(default)]
    pub via: u32,
    /// The `request_id`. Empty for calls that have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request: String,
    /// What is asked.
    pub action: Action,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// SendMessage.
    Send {
        /// The text: never the same for two commands of a run.
        text: String,
    },
    /// EditMessage.
    Edit {
        /// The message.
        message: Id,
        /// The text from then on: never the same for two commands of a run.
        text: String,
    },
    /// DeleteMessage.
    Delete {
        /// The message.
        message: Id,
    },
    /// AddReaction.
    React {
        /// The message.
        message: Id,
        /// The emoji.
        emoji: String,
    },
    /// RemoveReaction.
    Unreact {
        /// The message.
        message: Id,
        /// The emoji.
        emoji: String,
    },
    /// PinMessage.
    Pin {
        /// The message.
        message: Id,
    },
    /// UnpinMessage.
    Unpin {
        /// The message.
        message: Id,
    },
    /// JoinRoom.
    Join,
    /// LeaveRoom.
    Leave,
    /// RemoveMember.
    Remove {
        /// Whose membership ends.
        target: User,
    },
    /// UpdateRoom.
    Update {
        /// The topic from then on.
        topic: String,
    },
    /// ListMessages.
    Page {
        /// Where.
        around: Around,
    },
    /// GetMessage.
    Get {
        /// The message.
        message: Id,
    },
    /// ListPinnedMessages.
    Pins,
}

/// Where a page of messages is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Around {
    /// The newest messages.
    Newest,
    /// The nearest messages with a lower number.
    Before(u64),
    /// The nearest messages with a higher number.
    After(u64),
    /// Messages on both sides of a number.
    Seq(u64),
    /// What follows an earlier page.
    Token,
}

/// A call was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The call.
    pub op: Op,
    /// What was answered.
    pub reply: Reply,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// To a command with a `request_id`.
    Written(Written),
    /// To a command without one: joining, leaving, removing, updating a room.
    Done,
    /// To the reading of a page, or of the pinned messages.
    Page {
        /// The messages, as they came.
        messages: Vec<MessageSeen>,
        /// Where the log stood.
        cursor: Place,
    },
    /// To the reading of one message.
    Message(MessageSeen),
}

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Where it stands in the log. 0 where nothing changed.
    pub seq: u64,
    /// The message that was sent or changed.
    pub message: Id,
    /// When it was ordered, in microseconds since 1970: the message's `create_time`, for sends. Absent where the answer does
    /// not say when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_time: Option<i64>,
    /// Whether the server says that an earlier call did it.
    pub is_repeat: bool,
}

/// A message as an answer showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageSeen {
    /// Where it stands in the log.
    pub seq: u64,
    /// The message.
    pub message: Id,
    /// Who sent it.
    pub sender: User,
    /// Its text. Empty for a deleted one.
    pub text: String,
    /// When it was ordered, in microseconds since 1970.
    pub create_time: i64,
    /// How often it was edited.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub edit_count: u32,
    /// Whether it was deleted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_deleted: bool,
    /// Whether it is pinned.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_pinned: bool,
    /// Its reactions, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// Up to which number of the log this is what the message is.
    pub as_of: u64,
}

/// How many reacted with an emoji.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// How many people.
    pub count: u32,
}

/// A call was not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The call.
    pub op: Op,
    /// The status code, such as `NOT_FOUND`; of the harness's own for a connection that broke or a deadline that passed.
    pub code: String,
    /// The reason in `ErrorInfo`, such as `ROOM_NOT_FOUND`. Empty where none came.
    #[serde(default)]
    pub reason: String,
    /// What is known of the outcome.
    pub outcome: Outcome,
}

/// What is known of the outcome of a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The server decided against it: INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, FAILED_PRECONDITION.
    /// This attempt was not and will not be carried out.
    Refused,
    /// It was not carried out, for no fault of the asker's: RESOURCE_EXHAUSTED with a reason that says so.
    NotDone,
    /// It may have been carried out, or be carried out later: UNAVAILABLE, a deadline, a broken connection.
    Unknown,
}

const fn is_false(value: &bool) -> bool {
    !*value
}

const fn is_zero(value: &u32) -> bool {
    *value == 0
}
