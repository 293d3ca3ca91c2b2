//! People with accounts.

use loquat_ids::{Timestamp, UserId};

use super::{DisplayName, Handle, PasswordHash};

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// Who it is. Never used again.
    pub(crate) id: UserId,
    /// The unique name. It does not change.
    pub(crate) handle: Handle,
    /// The name that others see.
    pub(crate) display_name: DisplayName,
    /// When the account was made.
    pub(crate) create_time: Timestamp,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewAccount {
    /// Whose.
    pub(crate) user: User,
    /// What signs in. Nothing where nobody may.
    pub(crate) password: Option<PasswordHash>,
}

/// What somebody signing in is measured with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    /// Whose it is.
    pub(crate) user: User,
    /// The password's hash. Nothing where nobody may sign in.
    pub(crate) password: Option<PasswordHash>,
}
