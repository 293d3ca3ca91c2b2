//! What may go wrong here.

use std::time::Duration;

use loquat_ids::{MessageId, RoomId};
use loquat_proto::messages::v1::ErrorReason;
use loquat_rpc::fault::{Code, Fault, FieldViolation, Reason};

use crate::{
    model::{EmojiUnknown, Refusal},
    ports::{Cause, StoreError},
};

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessagesError {
    #[error("there is no room {room} that you are a member of")]
    RoomNotFound { room: RoomId },
    #[error("there is no message {message} in room {room}")]
    MessageNotFound { room: RoomId, message: MessageId },
    #[error("the message is somebody else's")]
    NotTheSender,
    #[error("the message is deleted: it takes no more changes")]
    MessageDeleted,
    #[error("the message has as many edits, or as many kinds of reaction, as it may")]
    MessageFull,
    #[error("room {room} has as many pinned messages as it may: unpin one first")]
    PinsFull { room: RoomId },
    #[error(transparent)]
    EmojiUnknown(#[from] EmojiUnknown),
    #[error("the request id was used in room {room} for something else: make a new one")]
    RequestIdReused { room: RoomId },
    #[error("the page token is not one that this list gave out: start again without one")]
    PageTokenInvalid,
    #[error("a lower version of room {room} is not in the log yet: append that first")]
    VersionOutOfOrder { room: RoomId },
    #[error("too much waits to be written in room {room}: send again in a moment")]
    RoomBusy { room: RoomId },
    #[error("the store of messages does not answer: the same call again is safe")]
    StoreUnavailable(#[source] Option<Cause>),
    #[error("the store of messages cannot write: nothing was acknowledged, try again later")]
    StoreRefused(#[source] Option<Cause>),
}

impl MessagesError {
    /// Says of which room a refusal was.
    pub(crate) fn refused(room: RoomId, refusal: Refusal) -> Self {
        match refusal {
            Refusal::RoomNotFound => Self::RoomNotFound { room },
            Refusal::MessageNotFound(message) => Self::MessageNotFound { room, message },
            Refusal::NotTheSender => Self::NotTheSender,
            Refusal::MessageDeleted => Self::MessageDeleted,
            Refusal::MessageFull => Self::MessageFull,
            Refusal::PinsFull => Self::PinsFull { room },
            Refusal::VersionOutOfOrder => Self::VersionOutOfOrder { room },
            Refusal::RequestIdReused => Self::RequestIdReused { room },
            Refusal::StoreRefused => Self::StoreRefused(None),
            Refusal::StoreUnavailable => Self::StoreUnavailable(None),
        }
    }
}

impl From<StoreError> for MessagesError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(cause) => Self::StoreRefused(Some(cause)),
            StoreError::Unavailable(cause) => Self::StoreUnavailable(Some(cause)),
        }
    }
}

impl Fault for MessagesError {
    fn code(&self) -> Code {
        match self {
            Self::RoomNotFound { .. } | Self::MessageNotFound { .. } => Code::NotFound,
            Self::RequestIdReused { .. } => Code::AlreadyExists,
            Self::PageTokenInvalid | Self::EmojiUnknown(_) => Code::InvalidArgument,
            Self::NotTheSender => Code::PermissionDenied,
            Self::MessageDeleted | Self::MessageFull | Self::PinsFull { .. } | Self::VersionOutOfOrder { .. } => {
                Code::FailedPrecondition
            }
            Self::RoomBusy { .. } => Code::ResourceExhausted,
            Self::StoreUnavailable(_) | Self::StoreRefused(_) => Code::Unavailable,
        }
    }

    fn reason(&self) -> Reason {
        let reason = match self {
            Self::RoomNotFound { .. } => ErrorReason::RoomNotFound,
            Self::MessageNotFound { .. } => ErrorReason::MessageNotFound,
            Self::RequestIdReused { .. } => ErrorReason::RequestIdReused,
            Self::PageTokenInvalid => ErrorReason::PageTokenInvalid,
            Self::NotTheSender => ErrorReason::NotTheSender,
            Self::MessageDeleted => ErrorReason::MessageDeleted,
            Self::MessageFull => ErrorReason::MessageFull,
            Self::PinsFull { .. } => ErrorReason::PinsFull,
            Self::EmojiUnknown(_) => ErrorReason::EmojiUnknown,
            Self::VersionOutOfOrder { .. } => ErrorReason::VersionOutOfOrder,
            Self::RoomBusy { .. } => ErrorReason::RoomBusy,
            Self::StoreUnavailable(_) => ErrorReason::StoreUnavailable,
            Self::StoreRefused(_) => ErrorReason::StoreRefused,
        };
        Reason::new("loquat.messages.v1", reason.as_str_name())
    }

    fn violations(&self) -> Vec<FieldViolation> {
        let field = match self {
            Self::PageTokenInvalid => "page_token",
            Self::EmojiUnknown(_) => "emoji",
            _ => return Vec::new(),
        };
        vec![FieldViolation { field: field.to_owned(), description: self.to_string(), rule: String::new() }]
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::RoomBusy { .. }).then_some(Duration::from_millis(500))
    }
}
