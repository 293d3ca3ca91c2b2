//! What may go wrong for a caller.

use std::time::Duration;

use loquat_ids::RoomId;
use loquat_proto::{authorization::v1::ErrorReason as CallReason, presence::v1::ErrorReason};
use loquat_rpc::fault::{Code, Fault, FieldViolation, Reason};

use crate::ports::{MembershipError, StoreError};

/// What may go wrong for a caller.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such room, or the caller is no member of it.
    #[error("there is no room {room} that you are in")]
    RoomNotFound { room: RoomId },
    /// The store of presence does not answer.
    #[error("presence is not known")]
    Store(#[from] StoreError),
    /// The rooms service does not answer.
    #[error("membership is not known")]
    Rooms(#[from] MembershipError),
    /// The process serves as many watchers as it takes.
    #[error("this process serves as many watchers as it takes: try again in a moment")]
    TooManyWatchers,
    /// A field holds what the contract's rules let pass and the model does not.
    #[error("the field {field} cannot be used: {problem}")]
    Field { field: String, problem: String },
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

const DOMAIN: &str = "loquat.presence.v1";

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::RoomNotFound { .. } => Code::NotFound,
            Self::Store(_) | Self::Rooms(_) => Code::Unavailable,
            Self::TooManyWatchers => Code::ResourceExhausted,
            Self::Field { .. } => Code::InvalidArgument,
        }
    }

    fn reason(&self) -> Reason {
        match self {
            Self::RoomNotFound { .. } => Reason::new(DOMAIN, ErrorReason::RoomNotFound.as_str_name()),
            Self::Store(_) => Reason::new(DOMAIN, ErrorReason::StoreUnavailable.as_str_name()),
            Self::TooManyWatchers => Reason::new(DOMAIN, ErrorReason::TooManyWatchers.as_str_name()),
            Self::Rooms(_) => Reason::new("loquat.authorization.v1", CallReason::ServiceUnreachable.as_str_name()),
            Self::Field { .. } => Reason::new("loquat.authorization.v1", CallReason::InvalidFields.as_str_name()),
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::Field { field, problem } => {
                let (field, description) = (field.clone(), problem.clone());
                vec![FieldViolation { field, description, rule: String::new() }]
            }
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyWatchers => Some(Duration::from_secs(5)),
            Self::Store(_) | Self::Rooms(_) => Some(Duration::from_secs(1)),
            Self::RoomNotFound { .. } | Self::Field { .. } => None,
        }
    }

    fn advice(&self) -> String {
        match self {
            Self::Store(_) => "presence is not known for now: try again in a moment".to_owned(),
            Self::Rooms(_) => "the rooms service cannot be reached: try again in a moment".to_owned(),
            Self::RoomNotFound { .. } | Self::TooManyWatchers | Self::Field { .. } => self.to_string(),
        }
    }
}
