//! What somebody reacts with.

use serde::{Deserialize, Serialize};

/// One emoji of Unicode's list, in its fully qualified form, so that the same reaction is not counted twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Emoji(String);

/// A text that is not one emoji.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a reaction is one emoji")]
pub(crate) struct EmojiUnknown;

impl Emoji {
    /// Reads an emoji. Forms that Unicode lists as not fully qualified (`❤` without its variation selector) are read as the
    /// one that is (<https://www.unicode.org/reports/tr51/#Emoji_Variation_Selector_Notes>).
    pub(crate) fn parse(text: &str) -> Result<Self, EmojiUnknown> {
        emojis::get(text).map(|emoji| Self(emoji.as_str().to_owned())).ok_or(EmojiUnknown)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_emoji_of_any_form_is_one() {
        for text in ["👍", "👍🏽", "👩‍💻", "🇨🇭", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "3️⃣", "🏳️‍🌈"]
        {
            assert_eq!(Emoji::parse(text).expect("an emoji").as_str(), text);
        }
        assert_eq!(
            Emoji::parse("\u{2764}"),
            Emoji::parse("\u{2764}\u{FE0F}"),
            "the heart with and without its selector"
        );
    }

    #[test]
    fn what_is_not_one_emoji_is_none() {
        for text in ["", "a", "1", "👍👍", "👍 ", ":+1:", "+1", "👩‍", "\u{FE0F}", "\u{1F3FD}a"] {
            assert_eq!(Emoji::parse(text), Err(EmojiUnknown), "{text:?}");
        }
    }

    #[test]
    fn every_emoji_is_within_the_contracts_length() {
        assert!(emojis::iter().all(|emoji| emoji.as_str().chars().count() <= 16));
    }
}
