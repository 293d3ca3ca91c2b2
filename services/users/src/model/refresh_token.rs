//! Refresh tokens.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// A refresh token: 32 random bytes, as base64url without padding.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshToken(String);

impl RefreshToken {
    /// Makes a token of random bytes.
    pub(crate) fn of(secret: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(secret))
    }

    /// Returns the text for its holder, ASCII letters, digits, `-` and `_`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what is kept of it.
    pub(crate) fn hash(&self) -> TokenHash {
        TokenHash::of_presented(&self.0)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RefreshToken(…)")
    }
}

/// What is kept of a refresh token: the SHA-256 of its text. A fast hash does, because the token has 256 bits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    /// Hashes what somebody presents, whatever it is.
    pub(crate) fn of_presented(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Returns the hash.
    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_43_plain_characters_and_shows_nowhere() {
        let token = RefreshToken::of([255; 32]);
        assert_eq!(token.as_str().len(), 43);
        assert!(token.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(format!("{token:?}"), "RefreshToken(…)");
        assert_eq!(token.hash(), TokenHash::of_presented(token.as_str()));
    }
}
