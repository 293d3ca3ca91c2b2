//! A line of a person's own.

use std::{fmt, sync::Arc};

/// A line of a person's own: at most 80 characters, none of them a control character of ASCII. May be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatusText(Arc<str>);

/// A text that is no status text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a status text has at most 80 characters, without control characters")]
pub(crate) struct StatusTextError;

impl StatusText {
    /// How many characters it may have.
    const MAX_CHARS: usize = 80;

    /// Reads a text.
    ///
    /// # Errors
    /// Where it is too long or has control characters.
    pub(crate) fn parse(text: &str) -> Result<Self, StatusTextError> {
        if text.chars().count() > Self::MAX_CHARS || text.chars().any(|char| char.is_ascii_control()) {
            return Err(StatusTextError);
        }
        Ok(Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for StatusText {
    fn default() -> Self {
        Self("".into())
    }
}

impl fmt::Display for StatusText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighty_characters_of_any_script_fit() {
        assert!(StatusText::parse(&"ü".repeat(80)).is_ok());
        assert_eq!(StatusText::parse(&"ü".repeat(81)), Err(StatusTextError));
        assert_eq!(StatusText::parse(""), Ok(StatusText::default()));
    }

    #[test]
    fn control_characters_do_not() {
        for text in ["a\nb", "\0", "\u{7f}"] {
            assert_eq!(StatusText::parse(text), Err(StatusTextError), "{text:?}");
        }
    }
}
