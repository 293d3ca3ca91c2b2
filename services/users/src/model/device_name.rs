//! What a person recognises a session by.

/// A device's name, such as "Firefox on Linux". At most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeviceName(String);

impl DeviceName {
    /// Takes a name, without its control characters: no form shows them, and PostgreSQL keeps no NUL. Nothing where
    /// nothing is left.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|character| !character.is_control()).take(64).collect();
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
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
    fn control_characters_are_dropped() {
        assert_eq!(DeviceName::of("Fire\0fox\n").map(|name| name.0), Some("Firefox".to_owned()));
        assert_eq!(DeviceName::of(" \0 "), None);
    }
}
