//! What the service is about, always valid: a value of a type here has been parsed once, at the edge.

mod account;
mod device_name;
mod display_name;
mod handle;
mod page_token;
mod password;
mod refresh_token;
mod search;
mod session;
mod signing_key;

pub(crate) use account::{Credential, NewAccount, User};
pub(crate) use device_name::DeviceName;
pub(crate) use display_name::DisplayName;
pub(crate) use handle::Handle;
pub(crate) use page_token::PageTokens;
pub(crate) use password::{NewPassword, PasswordAttempt, PasswordHash};
pub(crate) use refresh_token::{RefreshToken, TokenHash};
pub(crate) use search::{PageSize, SearchPrefix, search_key};
pub(crate) use session::{CLOCK_SKEW, EndedSession, Lifetimes, NewSession, NewToken, Rotation, RotationRequest};
pub(crate) use signing_key::{PrivateKey, SigningKey};

/// A text that breaks the rule of the field that it was for.
///
/// The contract's generated checks judge every request before a handler sees it, by the same rules, so that callers
/// rarely meet this one: it is what makes the types here total.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {description}")]
pub struct Invalid {
    /// The field, as the contract names it.
    pub field: &'static str,
    /// What is wrong with it.
    pub description: &'static str,
    /// The rule of the contract.
    pub rule: &'static str,
}
