//! The name that others see.

use super::Invalid;

/// A display name: 1 to 64 characters without control characters, one of them visible.
///
/// That is the rule of every name that is kept. The contract is stricter with names that somebody chooses now, beside the
/// fields of the requests, and nowhere here: names from before stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DisplayName(String);

impl DisplayName {
    /// Reads a display name.
    ///
    /// # Errors
    ///
    /// Says what breaks the rule.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = |description, rule| Err(Invalid { field: "display_name", description, rule });
        if text.is_empty() {
            return invalid("must not be empty", "string.min_len");
        }
        if text.chars().count() > 64 {
            return invalid("must have at most 64 characters", "string.max_len");
        }
        if text.chars().any(|character| character.is_ascii_control()) || text.chars().all(|character| character == ' ')
        {
            return invalid("must have a visible character and no control characters", "string.pattern");
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_display_names() {
        for text in ["A", " A ", "Ada Łoś 🦀", &"é".repeat(64)] {
            assert!(DisplayName::parse(text).is_ok(), "{text}");
        }
        for text in ["", " ", "a\nb", "a\0b", "\u{7f}", &"é".repeat(65)] {
            assert!(DisplayName::parse(text).is_err(), "{text:?}");
        }
    }
}
