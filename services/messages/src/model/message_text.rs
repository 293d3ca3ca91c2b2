//! The source text of a message.

use serde::{Deserialize, Serialize};

/// A text that somebody may send: 1 to 4,000 code points, one of them not a space, a tab or a line end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct MessageText(String);

/// A text that nobody may send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("text must be 1 to {} characters, one of them visible", MessageText::MAX_CODE_POINTS)]
pub(crate) struct MessageTextError;

impl MessageText {
    /// The most code points that a text has, as the contract says.
    pub(crate) const MAX_CODE_POINTS: usize = 4_000;

    /// Reads a text. It is kept to the byte: nothing is trimmed or normalised.
    pub(crate) fn parse(text: String) -> Result<Self, MessageTextError> {
        let is_visible = text.contains(|char| !matches!(char, ' ' | '\t' | '\r' | '\n'));
        let fits = text.chars().take(Self::MAX_CODE_POINTS + 1).count() <= Self::MAX_CODE_POINTS;
        if is_visible && fits { Ok(Self(text)) } else { Err(MessageTextError) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_code_points() {
        assert!(MessageText::parse("\u{1F34A}".repeat(4_000)).is_ok());
        assert_eq!(MessageText::parse("x".repeat(4_001)), Err(MessageTextError));
    }

    #[test]
    fn a_text_of_blanks_alone_says_nothing() {
        for text in ["", " ", "\t\r\n \n"] {
            assert_eq!(MessageText::parse(text.to_owned()), Err(MessageTextError), "{text:?}");
        }
    }

    #[test]
    fn a_text_is_kept_to_the_byte() {
        let text = "  e\u{301}\u{0} \n";
        assert_eq!(MessageText::parse(text.to_owned()).expect("a text").as_str(), text);
    }
}
