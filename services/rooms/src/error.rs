//! What may go wrong here, as a caller can act on it.

use loquat_ids::{RoomId, UserId};
use loquat_proto::{authorization, rooms};
use loquat_rpc::fault::{Code, Fault, FieldViolation, Reason};

use crate::{
    model::{Permission, TextRule},
    ports::{StoreError, UsersError},
};

/// What may go wrong here.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    /// There is no such room, or none that the caller may see. The two read the same.
    #[error("there is no room {0}")]
    RoomNotFound(RoomId),
    /// The caller sees the room but may not do this in it.
    #[error("the permission {permission} is missing in room {room_id}")]
    PermissionMissing {
        /// The room.
        room_id: RoomId,
        /// What the caller lacks.
        permission: Permission,
    },
    /// Nobody has these ids.
    #[error("there is no such user: {}", .fields.join(", "))]
    UserNotFound {
        /// The fields of the request that name nobody.
        fields: Vec<String>,
    },
    /// A direct room is neither joined nor left nor renamed.
    #[error("room {0} is a direct room: nobody joins it, leaves it or changes its settings")]
    RoomIsDirect(RoomId),
    /// An owner is not removed.
    #[error("{user_id} owns room {room_id}: an owner is not removed")]
    MemberIsOwner {
        /// The room.
        room_id: RoomId,
        /// Its owner.
        user_id: UserId,
    },
    /// Nobody removes oneself.
    #[error("nobody removes oneself from room {0}: leave it instead")]
    MemberIsCaller(RoomId),
    /// Nobody has a direct room with oneself.
    #[error("a direct room is between two people: name somebody else")]
    DirectWithSelf,
    /// The request id stands for something else.
    #[error("this request_id was used for something else: make a new one")]
    RequestIdReused,
    /// The page token is not of this list.
    #[error("the page token is not one that this list gave out: start with the first page")]
    PageTokenInvalid,
    /// The update mask is longer than one that makes sense.
    #[error("the update mask may have at most 16 paths, each of at most 64 characters")]
    UpdateMaskTooLong,
    /// The update mask is empty, or names what cannot change.
    #[error("the update mask may name `name` and `topic`, and must name one of them")]
    UpdateMaskInvalid {
        /// The path that cannot change. Empty where the mask is.
        path: String,
    },
    /// A field breaks a rule that stands beside it in the contract.
    #[error("the field {field} {rule}")]
    FieldInvalid {
        /// The field.
        field: &'static str,
        /// The rule.
        rule: TextRule,
    },
    /// A field is not the id that it should be.
    #[error("the field {field} is not an id")]
    IdInvalid {
        /// The field.
        field: String,
    },
    /// The change is decided and not yet known to be in the log. The relay sees to it.
    #[error("a change of room {room_id} is decided but not yet in its log: the same call answers when it is")]
    ChangePending {
        /// The room.
        room_id: RoomId,
        /// What kept it from the log.
        #[source]
        source: DeliveryError,
    },
    /// The store does not answer. Nothing is known of the outcome.
    #[error("the store of rooms does not answer: try again in a moment")]
    StoreUnavailable(#[source] StoreError),
    /// The users service does not answer.
    #[error("the users service does not answer: try again in a moment")]
    UsersUnreachable(#[source] UsersError),
    /// What the store holds cannot be read.
    #[error("something went wrong on our side: it is in the server's log")]
    StoreDamaged(#[source] StoreError),
}

/// Why a decided change is not in the log yet.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The log did not take it.
    #[error(transparent)]
    Log(#[from] crate::ports::LogError),
    /// The outbox could not be read or marked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It took too long.
    #[error("the change did not reach the log in time")]
    Deadline,
}

impl From<StoreError> for RoomError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Deadline => Self::StoreUnavailable(error),
            StoreError::Damaged(_) => Self::StoreDamaged(error),
        }
    }
}

const DOMAIN: &str = "loquat.rooms.v1";
const GENERAL_DOMAIN: &str = "loquat.authorization.v1";

impl Fault for RoomError {
    fn code(&self) -> Code {
        match self {
            Self::RoomNotFound(_) | Self::UserNotFound { .. } => Code::NotFound,
            Self::PermissionMissing { .. } => Code::PermissionDenied,
            Self::RoomIsDirect(_) | Self::MemberIsOwner { .. } | Self::MemberIsCaller(_) => Code::FailedPrecondition,
            Self::RequestIdReused => Code::AlreadyExists,
            Self::DirectWithSelf
            | Self::PageTokenInvalid
            | Self::UpdateMaskTooLong
            | Self::UpdateMaskInvalid { .. }
            | Self::FieldInvalid { .. }
            | Self::IdInvalid { .. } => Code::InvalidArgument,
            Self::ChangePending { .. } | Self::StoreUnavailable(_) | Self::UsersUnreachable(_) => Code::Unavailable,
            Self::StoreDamaged(_) => Code::Internal,
        }
    }

    fn reason(&self) -> Reason {
        use authorization::v1::ErrorReason as General;
        use rooms::v1::ErrorReason as Ours;
        let ours = |reason: Ours| Reason::new(DOMAIN, reason.as_str_name());
        let general = |reason: General| Reason::new(GENERAL_DOMAIN, reason.as_str_name());
        match self {
            Self::RoomNotFound(_) => ours(Ours::RoomNotFound),
            Self::PermissionMissing { .. } => ours(Ours::PermissionMissing),
            Self::UserNotFound { .. } => ours(Ours::UserNotFound),
            Self::RoomIsDirect(_) => ours(Ours::RoomIsDirect),
            Self::MemberIsOwner { .. } => ours(Ours::MemberIsOwner),
            Self::MemberIsCaller(_) => ours(Ours::MemberIsCaller),
            Self::DirectWithSelf => ours(Ours::DirectWithSelf),
            Self::RequestIdReused => ours(Ours::RequestIdReused),
            Self::PageTokenInvalid => ours(Ours::PageTokenInvalid),
            Self::UpdateMaskTooLong | Self::UpdateMaskInvalid { .. } => ours(Ours::UpdateMaskInvalid),
            Self::ChangePending { .. } => ours(Ours::ChangePending),
            Self::StoreUnavailable(_) => ours(Ours::StoreUnavailable),
            Self::FieldInvalid { .. } | Self::IdInvalid { .. } => general(General::InvalidFields),
            Self::UsersUnreachable(_) => general(General::ServiceUnreachable),
            Self::StoreDamaged(_) => general(General::Internal),
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::PermissionMissing { permission, .. } => vec![("permission", permission.to_string())],
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        let violation = |field: &str, description: String, rule: &str| FieldViolation {
            field: field.to_owned(),
            description,
            rule: rule.to_owned(),
        };
        match self {
            Self::UserNotFound { fields } => {
                fields.iter().map(|field| violation(field, "there is no such user".to_owned(), "")).collect()
            }
            Self::DirectWithSelf => vec![violation("user_id", "must be somebody else".to_owned(), "")],
            Self::PageTokenInvalid => vec![violation("page_token", self.to_string(), "")],
            Self::UpdateMaskTooLong => vec![violation("update_mask", self.to_string(), "")],
            Self::UpdateMaskInvalid { path } if path.is_empty() => {
                vec![violation("update_mask", "must name at least one field".to_owned(), "")]
            }
            Self::UpdateMaskInvalid { path } => {
                vec![violation("update_mask", format!("{path:?} is no field that can change"), "")]
            }
            Self::FieldInvalid { field, rule } => vec![violation(field, rule.to_string(), rule.name())],
            Self::IdInvalid { field } => vec![violation(field, "must be a UUID".to_owned(), "string.uuid")],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use loquat_ids::{IdSource as _, SequentialIds};

    use super::*;

    #[test]
    fn what_goes_wrong_inside_is_not_told_outside() {
        let inner = StoreError::Unavailable("password authentication failed for user loquat".into());
        let error = RoomError::from(inner);
        assert_eq!((error.code(), error.reason().name), (Code::Unavailable, "STORE_UNAVAILABLE"));
        assert!(!error.advice().contains("password"));
    }

    #[test]
    fn a_missing_permission_is_named() {
        let room_id = RoomId::from_uuid(SequentialIds::default().fresh());
        let error = RoomError::PermissionMissing { room_id, permission: Permission::UpdateRoom };
        assert_eq!(error.metadata(), vec![("permission", "UPDATE_ROOM".to_owned())]);
    }

    #[test]
    fn each_unknown_user_has_its_violation() {
        let error = RoomError::UserNotFound { fields: vec!["user_ids[0]".into(), "user_ids[3]".into()] };
        let fields: Vec<String> = error.violations().into_iter().map(|violation| violation.field).collect();
        assert_eq!(fields, ["user_ids[0]", "user_ids[3]"]);
    }
}
