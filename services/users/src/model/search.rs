//! Looking people up by the beginning of a name.

/// The beginning that a search asks for, as a range of texts in the order of their bytes.
///
/// A range, not a LIKE pattern: it has no wildcards to escape, and an index in byte order serves it on every store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SearchPrefix {
    first: String,
    end: Option<String>,
}

impl SearchPrefix {
    /// Reads what somebody looks for. Nothing where no name can begin so: names have no control characters.
    pub(crate) fn parse(query: &str) -> Option<Self> {
        if query.is_empty() || query.chars().any(|character| character.is_ascii_control()) {
            return None;
        }
        let first = search_key(query);
        Some(Self { end: after_all_that_begin_with(&first), first })
    }

    /// Returns the first text that begins so: the beginning itself.
    pub(crate) fn first(&self) -> &str {
        &self.first
    }

    /// Returns the text before which all end that begin so. Nothing where none comes after them.
    pub(crate) fn end(&self) -> Option<&str> {
        self.end.as_deref()
    }
}

/// Returns the form of a name that searches compare, without regard to case.
///
/// Character by character, unlike `str::to_lowercase`, whose final sigma depends on what follows: the form of a beginning
/// must be the beginning of the form.
pub(crate) fn search_key(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).collect()
}

/// UTF-8 orders as its code points do, so the next text is that with the last code point raised.
fn after_all_that_begin_with(text: &str) -> Option<String> {
    let mut characters: Vec<char> = text.chars().collect();
    while let Some(last) = characters.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

/// How many users a page holds, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageSize(usize);

impl PageSize {
    /// Reads a request's page size. 0 and less means 20; more than 100 means 100.
    pub(crate) fn of(asked: i32) -> Self {
        match usize::try_from(asked) {
            Ok(asked) if asked > 0 => Self(asked.min(100)),
            _ => Self(20),
        }
    }

    /// Returns the number.
    pub(crate) const fn get(self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(prefix: &SearchPrefix, text: &str) -> bool {
        prefix.first() <= text && prefix.end().is_none_or(|end| text < end)
    }

    #[test]
    fn the_range_holds_exactly_what_begins_so() {
        for query in ["a", "ad", "%", "_", "\\", "é", "\u{d7ff}", "a\u{10ffff}", "\u{10ffff}"] {
            let prefix = SearchPrefix::parse(query).unwrap();
            for text in
                ["", "a", "ad", "ada", "ae", "b", "%x", "_x", "x", "é", "éa", "\u{d7ff}z", "a\u{10ffff}\u{10ffff}"]
            {
                assert_eq!(has(&prefix, text), text.starts_with(query), "{query} in {text}");
            }
        }
    }

    #[test]
    fn the_form_of_a_beginning_is_the_beginning_of_the_form() {
        assert!(search_key("ΣΑΣΑ").starts_with(&search_key("ΣΑΣ")));
        assert_eq!(search_key("ÀDA"), "àda");
    }

    #[test]
    fn nothing_begins_with_a_control_character() {
        assert_eq!(SearchPrefix::parse("a\0"), None);
    }

    #[test]
    fn page_sizes_have_a_default_and_a_cap() {
        assert_eq!([0, -1, 1, 100, 101].map(|asked| PageSize::of(asked).get()), [20, 20, 1, 100, 100]);
    }
}
