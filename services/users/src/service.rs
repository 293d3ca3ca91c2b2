//! The use cases: what this service decides.

mod accounts;
mod keys;
mod revocations;
mod sessions;

pub(crate) use accounts::Accounts;
pub(crate) use keys::ensure_signing_keys;
pub(crate) use revocations::RevocationFeed;
pub(crate) use sessions::{IssuedTokens, Sessions};
