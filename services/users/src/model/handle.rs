//! The unique name by which others mention a user.

use std::fmt;

use super::Invalid;

/// A handle: lower-case ASCII letters, digits, `.`, `_` and `-`, 2 to 32 characters, a letter or a digit at both ends.
///
/// Handles are ordered by their bytes, in memory and in every store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Handle(String);

impl Handle {
    /// Reads a handle as it is.
    ///
    /// # Errors
    ///
    /// Says what breaks the rule.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = |description, rule| Err(Invalid { field: "handle", description, rule });
        if text.len() < 2 {
            return invalid("must have at least 2 characters", "string.min_len");
        }
        if text.len() > 32 {
            return invalid("must have at most 32 characters", "string.max_len");
        }
        let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let fits = bytes.iter().all(|byte| is_alphanumeric(*byte) || b"._-".contains(byte))
            && is_alphanumeric(bytes[0])
            && is_alphanumeric(bytes[bytes.len() - 1]);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            invalid(
                "must be lower-case letters, digits and `._-`, with a letter or digit at both ends",
                "string.pattern",
            )
        }
    }

    /// Reads a handle as somebody signing in typed it: upper case counts as lower case. Nothing where nobody can have it.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        Self::parse(&text.to_ascii_lowercase()).ok()
    }

    /// Returns the text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_handles() {
        for text in ["ab", "a-b", "a..b", "0_9", &"x".repeat(32)] {
            assert!(Handle::parse(text).is_ok(), "{text}");
        }
        for text in ["", "a", "-ab", "ab.", "Ab", "a b", "aé", "é", &"x".repeat(33)] {
            assert!(Handle::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn upper_case_counts_as_lower_case_when_typed() {
        assert_eq!(Handle::typed("Ada.L"), Handle::parse("ada.l").ok());
        assert_eq!(Handle::typed("\u{212a}elvin"), None, "the Kelvin sign is no ASCII letter");
    }
}
