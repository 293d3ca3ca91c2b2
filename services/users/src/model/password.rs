//! Passwords, and what is kept of them.

use std::fmt;

use super::Invalid;

/// The bounds of a password in code points (NIST SP 800-63B 5.1.1).
const LENGTH: std::ops::RangeInclusive<usize> = 12..=256;

/// A password that an account may have.
///
/// Counted in code points and hashed as the UTF-8 bytes given. It is not normalised: NIST recommends NFKC or NFKD where a
/// verifier accepts Unicode, so that one password typed on two systems is one; the browsers and phones of today compose
/// what is typed, and a library of tables for the rest is not worth its weight here.
pub(crate) struct NewPassword(String);

impl NewPassword {
    /// Reads a password for an account.
    ///
    /// # Errors
    ///
    /// Says what breaks the rule.
    pub(crate) fn parse(text: String) -> Result<Self, Invalid> {
        let invalid = |description, rule| Err(Invalid { field: "password", description, rule });
        match text.chars().count() {
            length if length < *LENGTH.start() => invalid("must have at least 12 characters", "string.min_len"),
            length if length > *LENGTH.end() => invalid("must have at most 256 characters", "string.max_len"),
            _ => Ok(Self(text)),
        }
    }

    /// Returns the bytes to hash.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NewPassword(…)")
    }
}

/// What somebody signing in takes for the password. Any text: what cannot be a password is wrong after the same time.
pub(crate) struct PasswordAttempt(String);

impl PasswordAttempt {
    /// Takes the text.
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the bytes to hash.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for PasswordAttempt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordAttempt(…)")
    }
}

/// A hashed password as a PHC string, which names its algorithm, parameters and salt.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PasswordHash(String);

impl PasswordHash {
    /// Takes a PHC string.
    pub(crate) const fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// Returns the PHC string.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_code_points() {
        assert!(NewPassword::parse("пароль-12345".to_owned()).is_ok());
        assert!(NewPassword::parse("🦀".repeat(256)).is_ok());
        assert!(NewPassword::parse("🦀".repeat(11)).is_err());
        assert!(NewPassword::parse("x".repeat(257)).is_err());
    }

    #[test]
    fn a_password_shows_nowhere() {
        let password = NewPassword::parse("correct horse battery".to_owned()).unwrap();
        assert_eq!(format!("{password:?}"), "NewPassword(…)");
        assert_eq!(format!("{:?}", PasswordAttempt::new("correct horse".to_owned())), "PasswordAttempt(…)");
    }
}
