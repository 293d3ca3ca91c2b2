//! What went wrong, told the same way by every service: a canonical code, a reason, and, per field, a violation.
//!
//! A service's error enum implements [`Fault`]; [`status`] is the only place that turns one into a gRPC status, with
//! `google.rpc.ErrorInfo`, `BadRequest` and `RetryInfo` as its details.

use std::{collections::HashMap, error::Error, time::Duration};

use loquat_proto::authorization::v1::ErrorReason;
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

/// The codes that our services answer (<https://grpc.io/docs/guides/status-codes/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request is wrong whatever the state of things.
    InvalidArgument,
    /// It does not exist, or not for this caller.
    NotFound,
    /// It exists already.
    AlreadyExists,
    /// The caller may not.
    PermissionDenied,
    /// Nobody knows who the caller is.
    Unauthenticated,
    /// Not in this state of things.
    FailedPrecondition,
    /// Too much at once.
    ResourceExhausted,
    /// Somebody else was faster: start over.
    Aborted,
    /// Not now. The outcome is unknown.
    Unavailable,
    /// Not in time. The outcome is unknown.
    DeadlineExceeded,
    /// There is no such method.
    Unimplemented,
    /// A fault of ours.
    Internal,
}

impl Code {
    fn to_tonic(self) -> tonic::Code {
        match self {
            Self::InvalidArgument => tonic::Code::InvalidArgument,
            Self::NotFound => tonic::Code::NotFound,
            Self::AlreadyExists => tonic::Code::AlreadyExists,
            Self::PermissionDenied => tonic::Code::PermissionDenied,
            Self::Unauthenticated => tonic::Code::Unauthenticated,
            Self::FailedPrecondition => tonic::Code::FailedPrecondition,
            Self::ResourceExhausted => tonic::Code::ResourceExhausted,
            Self::Aborted => tonic::Code::Aborted,
            Self::Unavailable => tonic::Code::Unavailable,
            Self::DeadlineExceeded => tonic::Code::DeadlineExceeded,
            Self::Unimplemented => tonic::Code::Unimplemented,
            Self::Internal => tonic::Code::Internal,
        }
    }

    fn is_ours_to_mend(self) -> bool {
        matches!(self, Self::Internal | Self::Unavailable)
    }
}

/// A reason, as the contract's enums name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reason {
    /// The package whose enum it is of.
    pub domain: &'static str,
    /// Its name, without the prefix `ERROR_REASON_`.
    pub name: &'static str,
}

impl Reason {
    /// Takes an enum value's name, with or without its prefix.
    #[must_use]
    pub fn new(domain: &'static str, name: &'static str) -> Self {
        Self { domain, name: name.strip_prefix("ERROR_REASON_").unwrap_or(name) }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// The field's path in the request, such as `user_ids[2]`.
    pub field: String,
    /// What is wrong with it, in words.
    pub description: String,
    /// The rule of the contract that it breaks, such as `string.min_len`. Empty where none stands there.
    pub rule: String,
}

/// Something that went wrong and that a caller can act on.
pub trait Fault: Error + Send + Sync + 'static {
    /// Returns the canonical code.
    fn code(&self) -> Code;

    /// Returns the reason.
    fn reason(&self) -> Reason;

    /// Returns what the reason is about, for machines. Never anything that the caller may not know.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Returns what is wrong with which fields.
    fn violations(&self) -> Vec<FieldViolation> {
        Vec::new()
    }

    /// Returns when to call again. Always there with [`Code::ResourceExhausted`].
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// Returns the text that the caller sees: what went wrong for what, and what to do. Never an inner detail.
    fn advice(&self) -> String {
        self.to_string()
    }
}

/// Turns a fault into a status, and logs it, once, where it is ours to mend.
#[must_use]
pub fn status(fault: impl Fault) -> Status {
    let (code, reason) = (fault.code(), fault.reason());
    if code.is_ours_to_mend() {
        tracing::warn!(code = ?code, reason = reason.name, error = %with_sources(&fault), "a call failed");
    }
    let metadata: HashMap<String, String> =
        fault.metadata().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let mut details = ErrorDetails::new();
    details.set_error_info(reason.name, reason.domain, metadata);
    for violation in fault.violations() {
        details.add_bad_request_violation(violation.field, violation.description);
    }
    if let Some(delay) = fault.retry_after() {
        details.set_retry_info(Some(delay));
    }
    Status::with_error_details(code.to_tonic(), fault.advice(), details)
}

fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// What goes wrong before a service is asked, or on the way to it.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the contract's enum of the same names says what each is")]
pub enum RpcFault {
    #[error("{}", sentence(.0))]
    InvalidFields(Vec<FieldViolation>),
    #[error("the request is not the message that this method takes")]
    MalformedRequest,
    #[error("the request is larger than {limit_bytes} bytes")]
    MessageTooLarge { limit_bytes: usize },
    #[error("there is no method {path} here")]
    UnknownMethod { path: String },
    #[error("there is no service of that name here")]
    UnknownService,
    #[error("the call needs an access token: send it as `authorization: Bearer`")]
    TokenMissing,
    #[error("the access token is not valid here: sign in again")]
    TokenInvalid,
    #[error("the access token has expired: refresh it and call again")]
    TokenExpired,
    #[error("the session is over: sign in again")]
    SessionRevoked,
    #[error("this method is not for you")]
    AccessDenied,
    #[error("the service {service} cannot be reached: try again in a moment")]
    ServiceUnreachable { service: String },
    #[error("this process cannot tell which sessions still hold: try again in a moment")]
    RevocationsUnknown,
    #[error("the call did not finish in time: the same call again is safe")]
    Deadline,
    #[error("too many calls at once: try again in a moment")]
    Overloaded,
    #[error("something went wrong on our side: it is in the server's log")]
    Internal,
    #[error("this process is shutting down: call again")]
    ShuttingDown,
}

/// How much of a path that leads nowhere is told back.
const MAX_PATH_CHARS: usize = 128;

impl RpcFault {
    /// Refuses a path that leads nowhere, of which only the beginning is told back.
    #[must_use]
    pub fn unknown_method(path: &str) -> Self {
        Self::UnknownMethod { path: path.chars().take(MAX_PATH_CHARS).collect() }
    }
}

fn sentence(violations: &[FieldViolation]) -> String {
    if violations.iter().all(|violation| violation.field.is_empty()) {
        // A rule of the whole message.
        let rules: Vec<&str> = violations.iter().map(|violation| violation.description.as_str()).collect();
        return format!("the request breaks a rule of the contract: {}", rules.join("; "));
    }
    let mut fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
    fields.dedup();
    format!("these fields break a rule of the contract: {}", fields.join(", "))
}

impl Fault for RpcFault {
    fn code(&self) -> Code {
        match self {
            Self::InvalidFields(_) | Self::MalformedRequest | Self::MessageTooLarge { .. } => Code::InvalidArgument,
            Self::UnknownMethod { .. } => Code::Unimplemented,
            Self::UnknownService => Code::NotFound,
            Self::TokenMissing | Self::TokenInvalid | Self::TokenExpired | Self::SessionRevoked => {
                Code::Unauthenticated
            }
            Self::AccessDenied => Code::PermissionDenied,
            Self::ServiceUnreachable { .. } | Self::RevocationsUnknown | Self::ShuttingDown => Code::Unavailable,
            Self::Deadline => Code::DeadlineExceeded,
            Self::Overloaded => Code::ResourceExhausted,
            Self::Internal => Code::Internal,
        }
    }

    fn reason(&self) -> Reason {
        let reason = match self {
            Self::InvalidFields(_) => ErrorReason::InvalidFields,
            Self::MalformedRequest => ErrorReason::MalformedRequest,
            Self::MessageTooLarge { .. } => ErrorReason::MessageTooLarge,
            Self::UnknownMethod { .. } => ErrorReason::UnknownMethod,
            // Health has its own words, and no place in our contract.
            Self::UnknownService => return Reason::new("grpc.health.v1", "SERVICE_UNKNOWN"),
            Self::TokenMissing => ErrorReason::TokenMissing,
            Self::TokenInvalid => ErrorReason::TokenInvalid,
            Self::TokenExpired => ErrorReason::TokenExpired,
            Self::SessionRevoked => ErrorReason::SessionRevoked,
            Self::AccessDenied => ErrorReason::AccessDenied,
            Self::ServiceUnreachable { .. } => ErrorReason::ServiceUnreachable,
            Self::RevocationsUnknown => ErrorReason::RevocationsUnknown,
            Self::Deadline => ErrorReason::Deadline,
            Self::Overloaded => ErrorReason::Overloaded,
            Self::Internal => ErrorReason::Internal,
            Self::ShuttingDown => ErrorReason::ShuttingDown,
        };
        Reason::new("loquat.authorization.v1", reason.as_str_name())
    }

    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::InvalidFields(violations) => violations.clone(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Overloaded).then_some(Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_arrives_whole() {
        let violation =
            FieldViolation { field: "handle".into(), description: "too short".into(), rule: "string.min_len".into() };
        let status = status(RpcFault::InvalidFields(vec![violation]));
        let details = status.get_error_details();
        let info = details.error_info().expect("a reason");
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("INVALID_FIELDS", "loquat.authorization.v1"));
        assert_eq!(details.bad_request().expect("violations").field_violations[0].field, "handle");
    }

    #[test]
    fn too_much_at_once_says_when_to_come_again() {
        let details = status(RpcFault::Overloaded).get_error_details();
        assert!(details.retry_info().is_some_and(|info| info.retry_delay.is_some()));
    }
}
