//! The tables as sea-orm sees them, one a file.

pub(super) mod credential;
pub(super) mod refresh_token;
pub(super) mod session;
pub(super) mod signing_key;
pub(super) mod user;
