//! Rust source without its comments and literals, and with the knowledge which lines are test code.
//!
//! A lexer of a hundred lines instead of a parser: rules are about words, and a file that does not parse yet can still
//! be judged.

use std::{collections::BTreeSet, ops::RangeInclusive};

use super::tree::Tree;

/// A Rust file as a rule wants to read it.
#[derive(Debug)]
pub(super) struct RustCode {
    /// The source with comments, strings and character literals blanked, line by line.
    lines: Vec<String>,
    /// The lines of items under `#[cfg(test)]`, from 1.
    tests: Vec<RangeInclusive<usize>>,
    /// The modules under `#[cfg(test)]` that have a file of their own.
    test_modules: Vec<String>,
}

impl RustCode {
    /// Reads a source text.
    pub(super) fn of(source: &str) -> Self {
        let code = blank(source);
        let mut tests = Vec::new();
        let mut test_modules = Vec::new();
        for (start, attribute) in code.match_indices("#[cfg(test)]") {
            let after = &code[start + attribute.len()..];
            let Some(end_of_head) = after.find(['{', ';']) else { continue };
            let head = &after[..end_of_head];
            if after[end_of_head..].starts_with(';') {
                test_modules.extend(head.split_whitespace().last().map(str::to_owned));
            }
            let length = attribute.len() + end_of_head + item_length(&after[end_of_head..]);
            tests.push(line_at(&code, start)..=line_at(&code, start + length));
        }
        Self { lines: code.lines().map(str::to_owned).collect(), tests, test_modules }
    }

    /// All lines with their numbers from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines.iter().enumerate().map(|(index, line)| (index + 1, line.as_str()))
    }

    /// The lines that are not test code.
    pub(super) fn lines_that_ship(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter(|(number, _)| !self.tests.iter().any(|range| range.contains(number)))
    }
}

/// Says which files are test code as a whole: below `tests/` or `benches/`, or a module under `#[cfg(test)]`.
pub(super) fn test_files(tree: &Tree) -> BTreeSet<String> {
    let mut stems = Vec::new();
    for (path, source) in tree.rust() {
        let stem = path.trim_end_matches(".rs");
        let folder = match stem.rsplit_once('/') {
            Some((folder, "lib" | "main" | "mod")) => folder,
            _ => stem,
        };
        stems.extend(RustCode::of(source).test_modules.iter().map(|module| format!("{folder}/{module}")));
    }
    let is_test = |path: &str| {
        let is_below_a_test_folder = path.split('/').any(|part| part == "tests" || part == "benches");
        let is_a_test_module = stems
            .iter()
            .any(|stem| path.strip_prefix(stem.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/')));
        is_below_a_test_folder || is_a_test_module
    };
    tree.rust().map(|(path, _)| path).filter(|path| is_test(path)).map(str::to_owned).collect()
}

fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// How long an item is that begins with its body, or with the `;` that it has instead.
fn item_length(text: &str) -> usize {
    let mut depth = 0usize;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return offset;
        }
    }
    text.len()
}

/// Replaces comments and what stands in literals by spaces; lines stay where they are.
fn blank(source: &str) -> String {
    let mut rest = source;
    let mut code = String::with_capacity(source.len());
    while let Some(first) = rest.chars().next() {
        let in_word = code.chars().next_back().is_some_and(|last| last.is_alphanumeric() || last == '_');
        let blanked = comment_length(rest)
            .or_else(|| if in_word { None } else { raw_string_length(rest) })
            .or_else(|| (first == '"').then(|| quoted_length(rest, '"')))
            .or_else(|| (first == '\'' && is_character(rest)).then(|| quoted_length(rest, '\'')));
        let length = blanked.unwrap_or(first.len_utf8());
        let (taken, after) = rest.split_at(length);
        if blanked.is_some() {
            code.extend(taken.chars().map(|character| if character == '\n' { '\n' } else { ' ' }));
        } else {
            code.push(first);
        }
        rest = after;
    }
    code
}

fn comment_length(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if !text.starts_with("/*") {
        return None;
    }
    let (mut depth, mut offset) = (0usize, 0);
    while offset < text.len() {
        let rest = &text.as_bytes()[offset..];
        let step = if rest.starts_with(b"/*") {
            depth += 1;
            2
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            2
        } else {
            1
        };
        offset += step;
        if depth == 0 {
            break;
        }
    }
    Some(offset)
}

fn raw_string_length(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix("cr")).or_else(|| text.strip_prefix('r'))?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    let content = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = text.len() - content.len();
    Some(content.find(&end).map_or(text.len(), |at| start + at + end.len()))
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((offset, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote {
            return offset + quote.len_utf8();
        }
    }
    text.len()
}

/// Tells a character literal from a lifetime.
fn is_character(text: &str) -> bool {
    let mut characters = text.chars().skip(1);
    characters.next() == Some('\\') || characters.next() == Some('\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(source: &str) -> Vec<String> {
        RustCode::of(source).lines.iter().map(|line| line.trim_end().to_owned()).collect()
    }

    #[test]
    fn comments_and_literals_are_blank_and_lines_stay() {
        assert_eq!(code("a // x\nb"), ["a", "b"]);
        assert_eq!(code("a /* x /* y */\n z */ b"), ["a", "      b"]);
        assert_eq!(code(r#"f("x \" // y") + g"#).join(""), "f(           ) + g");
        assert_eq!(code("f(r#\"x \" y\"#, 'x', '\\'', 'a: 'b)").join("").replace(' ', ""), "f(,,,'a:'b)");
        assert_eq!(code("for \"x\""), ["for"]);
    }

    #[test]
    fn items_under_cfg_test_do_not_ship() {
        let source = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { {} }\n}\nfn c() {}";
        let numbers: Vec<usize> = RustCode::of(source).lines_that_ship().map(|(number, _)| number).collect();
        assert_eq!(numbers, [1, 6]);
    }

    #[test]
    fn test_files_are_those_of_test_folders_and_of_test_modules() {
        let tree = Tree::of(&[
            ("crates/bus/src/lib.rs", "#[cfg(test)]\nmod contract;\nmod live;"),
            ("crates/bus/src/contract.rs", ""),
            ("crates/bus/src/contract/order.rs", ""),
            ("crates/bus/src/live.rs", "#[cfg(test)]\nmod trial;"),
            ("crates/bus/src/live/trial.rs", ""),
            ("crates/bus/tests/both.rs", ""),
        ]);
        let expected = [
            "crates/bus/src/contract.rs",
            "crates/bus/src/contract/order.rs",
            "crates/bus/src/live/trial.rs",
            "crates/bus/tests/both.rs",
        ];
        assert_eq!(test_files(&tree).into_iter().collect::<Vec<_>>(), expected);
    }
}
