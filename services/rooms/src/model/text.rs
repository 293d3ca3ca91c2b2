//! The two texts of a room, under the rules that stand in the contract.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The rule of the contract that a text breaks, by the name it has there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextRule {
    /// It is empty where it may not be.
    #[error("must have at least 1 character")]
    MinLength,
    /// It is too long.
    #[error("must have at most {0} characters")]
    MaxLength(usize),
    /// It has control characters, or nothing visible.
    #[error("must have no control characters, and a visible one where it may not be empty")]
    Pattern,
}

impl TextRule {
    /// Returns the rule's name in `buf.validate`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MinLength => "string.min_len",
            Self::MaxLength(_) => "string.max_len",
            Self::Pattern => "string.pattern",
        }
    }
}

fn is_control(character: char) -> bool {
    character < ' ' || character == '\u{7f}'
}

/// The name of a room: 1 to 80 characters (code points) without control characters, one of them visible.
///
/// That is the rule of every name that is kept. The contract is stricter with names that somebody chooses now, beside the
/// fields of the requests, and nowhere here: names from before stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomName(String);

impl RoomName {
    /// The longest name, in code points.
    pub const MAX_CHARS: usize = 80;

    /// Reads a name.
    ///
    /// # Errors
    ///
    /// The rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, TextRule> {
        if text.is_empty() {
            return Err(TextRule::MinLength);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(TextRule::MaxLength(Self::MAX_CHARS));
        }
        if text.chars().any(is_control) || text.chars().all(|character| character == ' ') {
            return Err(TextRule::Pattern);
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a room is about: at most 250 characters (code points) without control characters. It may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct RoomTopic(String);

impl RoomTopic {
    /// The longest topic, in code points.
    pub const MAX_CHARS: usize = 250;

    /// Reads a topic.
    ///
    /// # Errors
    ///
    /// The rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, TextRule> {
        if text.chars().count() > Self::MAX_CHARS {
            return Err(TextRule::MaxLength(Self::MAX_CHARS));
        }
        if text.chars().any(is_control) {
            return Err(TextRule::Pattern);
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What names are sorted and found by: the name without regard to case, as bytes.
///
/// Bytes rather than text, because two databases sort text in two ways and bytes in one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NameKey(Vec<u8>);

impl NameKey {
    /// Returns the key of a name, or of the beginning of one.
    #[must_use]
    pub fn of(text: &str) -> Self {
        // One character at a time: `str::to_lowercase` writes a Σ at a word's end otherwise than one within it, and the
        // end of a beginning is no end.
        Self(text.chars().flat_map(char::to_lowercase).collect::<String>().into_bytes())
    }

    /// Takes a key that a store or a page token holds.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_visible_and_plain() {
        assert!(RoomName::parse("Grüße 👋").is_ok());
        assert!(RoomName::parse(&"ü".repeat(80)).is_ok());
        assert_eq!(RoomName::parse(""), Err(TextRule::MinLength));
        assert_eq!(RoomName::parse(&"ü".repeat(81)), Err(TextRule::MaxLength(80)));
        for text in ["   ", "a\nb", "\u{7f}x"] {
            assert_eq!(RoomName::parse(text), Err(TextRule::Pattern), "{text:?}");
        }
    }

    #[test]
    fn a_topic_may_be_empty() {
        assert!(RoomTopic::parse("").is_ok());
        assert_eq!(RoomTopic::parse(&"x".repeat(251)), Err(TextRule::MaxLength(250)));
        assert_eq!(RoomTopic::parse("a\tb"), Err(TextRule::Pattern));
    }

    #[test]
    fn the_key_of_a_beginning_begins_the_key() {
        for (name, beginning) in [("ÄPFEL und Birnen", "äpfel"), ("ΟΔΟΣΑ", "ΟΔΟΣ")] {
            let (name, beginning) = (NameKey::of(name), NameKey::of(beginning));
            assert!(name.as_bytes().starts_with(beginning.as_bytes()), "{name:?}");
        }
    }
}
