//! What may go wrong here, each a thing that a caller can act on.

use std::time::Duration;

use loquat_proto::{authorization, users::v1::ErrorReason};
use loquat_rpc::fault::{Code, Fault, FieldViolation, Reason};

use crate::model::Invalid;

/// What an operation of this service ends with when it does not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Somebody else has the handle.
    #[error("the handle @{handle} is taken: choose another")]
    HandleTaken {
        /// The handle asked for.
        handle: String,
    },
    /// Handle and password do not belong together. Which is wrong is not told.
    #[error("the handle or the password is wrong")]
    CredentialsWrong,
    /// The token is unknown, spent, or of an ended session.
    #[error("the refresh token is not valid: sign in again")]
    RefreshTokenInvalid,
    /// There is no such user.
    #[error("there is no such user")]
    UserNotFound,
    /// The page token is not one that this search gave out.
    #[error("the page token is not one that this search gave out: begin again without one")]
    PageTokenInvalid,
    /// The update mask names nothing, or something that cannot change.
    #[error("the update mask {0}: name display_name")]
    UpdateMaskInvalid(String),
    /// A field breaks its rule.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// More passwords are waiting to be hashed than will be in bearable time.
    #[error("too many people are signing in: try again in a moment")]
    TooManySignIns {
        /// When to come again.
        retry_after: Duration,
    },
    /// The store did not answer, or not in time. The outcome is unknown.
    #[error("the store of accounts did not answer to {doing}")]
    StoreUnavailable {
        /// What was asked of it.
        doing: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A fault of ours.
    #[error("cannot {doing}")]
    Broken {
        /// What cannot be done.
        doing: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What operations of this service return.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::HandleTaken { .. } => Code::AlreadyExists,
            Self::CredentialsWrong | Self::RefreshTokenInvalid => Code::Unauthenticated,
            Self::UserNotFound => Code::NotFound,
            Self::PageTokenInvalid | Self::UpdateMaskInvalid(_) | Self::Invalid(_) => Code::InvalidArgument,
            Self::TooManySignIns { .. } => Code::ResourceExhausted,
            Self::StoreUnavailable { .. } => Code::Unavailable,
            Self::Broken { .. } => Code::Internal,
        }
    }

    fn reason(&self) -> Reason {
        let of_users = |reason: ErrorReason| Reason::new("loquat.users.v1", reason.as_str_name());
        let of_any =
            |reason: authorization::v1::ErrorReason| Reason::new("loquat.authorization.v1", reason.as_str_name());
        match self {
            Self::HandleTaken { .. } => of_users(ErrorReason::HandleTaken),
            Self::CredentialsWrong => of_users(ErrorReason::CredentialsWrong),
            Self::RefreshTokenInvalid => of_users(ErrorReason::RefreshTokenInvalid),
            Self::UserNotFound => of_users(ErrorReason::UserNotFound),
            Self::PageTokenInvalid => of_users(ErrorReason::PageTokenInvalid),
            Self::UpdateMaskInvalid(_) => of_users(ErrorReason::UpdateMaskInvalid),
            Self::TooManySignIns { .. } => of_users(ErrorReason::TooManySignIns),
            Self::StoreUnavailable { .. } => of_users(ErrorReason::StoreUnavailable),
            Self::Invalid(_) => of_any(authorization::v1::ErrorReason::InvalidFields),
            Self::Broken { .. } => of_any(authorization::v1::ErrorReason::Internal),
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        let violation = |field: &str, description: String, rule: &str| {
            vec![FieldViolation { field: field.to_owned(), description, rule: rule.to_owned() }]
        };
        match self {
            Self::HandleTaken { .. } => violation("handle", "is taken".to_owned(), ""),
            Self::PageTokenInvalid => violation("page_token", "was not given out by this search".to_owned(), ""),
            Self::UpdateMaskInvalid(description) => violation("update_mask", description.clone(), ""),
            Self::Invalid(invalid) => violation(invalid.field, invalid.description.to_owned(), invalid.rule),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManySignIns { retry_after } => Some(*retry_after),
            _ => None,
        }
    }

    fn advice(&self) -> String {
        match self {
            Self::StoreUnavailable { .. } => "the accounts cannot be reached: try again in a moment".to_owned(),
            Self::Broken { .. } => "something went wrong on our side: it is in the server's log".to_owned(),
            _ => self.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_detail_is_not_told() {
        let error = Error::StoreUnavailable { doing: "sign in", source: "password authentication failed".into() };
        assert_eq!(error.advice(), "the accounts cannot be reached: try again in a moment");
        assert_eq!(error.reason().name, "STORE_UNAVAILABLE");
    }

    #[test]
    fn too_many_at_once_are_told_when_to_come_again() {
        let error = Error::TooManySignIns { retry_after: Duration::from_secs(2) };
        assert_eq!((error.code(), error.retry_after()), (Code::ResourceExhausted, Some(Duration::from_secs(2))));
        assert_eq!(error.reason().name, "TOO_MANY_SIGN_INS");
    }

    #[test]
    fn a_taken_handle_names_its_field() {
        let error = Error::HandleTaken { handle: "ada".to_owned() };
        assert_eq!((error.code(), error.violations()[0].field.as_str()), (Code::AlreadyExists, "handle"));
    }
}
