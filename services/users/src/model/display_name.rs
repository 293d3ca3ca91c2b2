//! The name that others see.

use super::{Invalid, visible};

/// A display name: 1 to 64 characters without control characters, one of them visible.
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

    /// Reads a display name that somebody chooses now: one that others see, and that turns no writing. Names from before
    /// stay as they are.
    ///
    /// # Errors
    ///
    /// Says what breaks the rule.
    pub(crate) fn chosen(text: &str) -> Result<Self, Invalid> {
        let name = Self::parse(text)?;
        let is_seen = text.chars().any(visible::shows) && !text.chars().any(visible::turns_writing);
        is_seen.then_some(name).ok_or(Invalid {
            field: "display_name",
            description: "must have a visible character, and none that turns the direction of writing",
            rule: "string.pattern",
        })
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
            assert!(DisplayName::chosen(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_name_that_is_chosen_is_seen_and_turns_no_writing() {
        for text in ["A", " A ", "مریم‌السادات", "👩\u{200d}🚀", "\u{3000}村"] {
            assert!(DisplayName::chosen(text).is_ok(), "{text}");
        }
        let unseen = ["\u{200b}", "\u{3000}", "\u{a0} \u{2060}", "\u{3164}", "\u{2800}", "\u{e0061}"];
        let turned = ["\u{202e}", "Ada\u{202e}nimda", "\u{2066}Ada\u{2069}", "Ada\u{200f}"];
        for text in unseen.into_iter().chain(turned) {
            assert!(DisplayName::chosen(text).is_err(), "{text:?}");
            assert!(DisplayName::parse(text).is_ok(), "one that is stored is read: {text:?}");
        }
    }
}
