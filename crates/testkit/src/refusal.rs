//! What a call was refused with.

use std::{collections::BTreeSet, fmt, time::Duration};

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// A refusal, as a client that reads the details sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The canonical code.
    pub code: Code,
    /// `ErrorInfo.domain`. Empty where there is no `ErrorInfo`.
    pub domain: String,
    /// `ErrorInfo.reason`. Empty where there is no `ErrorInfo`.
    pub reason: String,
    /// The fields that `BadRequest` names.
    pub fields: BTreeSet<String>,
    /// What `RetryInfo` says.
    pub retry_after: Option<Duration>,
    /// The text.
    pub text: String,
}

impl Refusal {
    /// Returns code, domain and reason, to be compared.
    #[must_use]
    pub fn told(&self) -> (Code, &str, &str) {
        (self.code, &self.domain, &self.reason)
    }

    /// Returns the code and the reason, to be compared.
    #[must_use]
    pub fn because(&self) -> (Code, &str) {
        (self.code, &self.reason)
    }
}

impl From<&Status> for Refusal {
    fn from(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        Self {
            code: status.code(),
            domain: info.map(|info| info.domain.clone()).unwrap_or_default(),
            reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
            fields: details
                .bad_request()
                .map(|bad| bad.field_violations.iter().map(|violation| violation.field.clone()).collect())
                .unwrap_or_default(),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
            text: status.message().to_owned(),
        }
    }
}

/// Takes the refusal out of an outcome.
///
/// # Panics
///
/// Where the call succeeded.
pub fn refused<T: fmt::Debug>(outcome: Result<T, Status>) -> Refusal {
    match outcome {
        Ok(answer) => panic!("this should have been refused, and was answered {answer:?}"),
        Err(status) => Refusal::from(&status),
    }
}
