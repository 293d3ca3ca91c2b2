//! Documents stay true: what they point at is there.

use regex::Regex;

use super::{Finding, tree::Tree};

const RULE: &str = "documents";

/// What a checkout must have.
const REQUIRED: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "docs/development.md"];

/// A word that begins so is taken for a path of the repository.
const TOP: [&str; 12] = [
    "crates/",
    "services/",
    "proto/",
    "web/",
    "deploy/",
    "docs/",
    "tests/",
    "xtask/",
    "benches/",
    "third_party/",
    ".ci/",
    ".cargo/",
];

/// The required documents are there, and so is whatever a document links to or names as a path.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let link = Regex::new(r"\]\(([^)\s]+)\)|(?:src|href)=['\x22]([^'\x22\s>]+)").expect("a valid pattern");
    let quoted = Regex::new(r"`([^`\s]+)`").expect("a valid pattern");
    let mut findings: Vec<Finding> = REQUIRED
        .iter()
        .filter(|path| tree.text(path).is_none())
        .map(|path| Finding::new(path, 0, RULE, "this document is missing"))
        .collect();
    for (document, text) in tree.written().filter(|(path, _)| path.ends_with(".md")) {
        let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (index, line) in text.lines().enumerate() {
            let linked = link.captures_iter(line).filter_map(|found| {
                let target = found.get(1).or_else(|| found.get(2))?.as_str();
                relative(folder, target)
            });
            let named = quoted.captures_iter(line).filter_map(|found| repository_path(&found[1]));
            for path in linked.chain(named).filter(|path| !tree.is_made_later(path) && !tree.exists(path)) {
                findings.push(Finding::new(document, index + 1, RULE, format!("{path} is not there")));
            }
        }
    }
    findings
}

/// Resolves a link against its document's folder; nothing for links out of the repository and within the page.
fn relative(folder: &str, target: &str) -> Option<String> {
    let target = target.split('#').next().unwrap_or_default();
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    Some(parts.join("/"))
}

/// Takes a quoted word for a path where it begins with one of our folders and has no placeholder; a line number behind
/// it, or an item after `::`, is not part of it.
fn repository_path(word: &str) -> Option<String> {
    let is_ours = TOP.iter().any(|top| word.starts_with(top));
    if !is_ours || word.contains(['*', '{', '<', '…', '$', '=']) {
        return None;
    }
    Some(word.split(':').next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{super::places, *};

    fn lines(document: &str) -> Vec<usize> {
        let files = [
            ("README.md", ""),
            ("ARCHITECTURE.md", document),
            ("CHANGELOG.md", ""),
            ("docs/development.md", ""),
            ("crates/bus/src/lib.rs", ""),
        ];
        places(check, &files).into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn a_path_that_is_not_there_is_found() {
        assert_eq!(lines("\nsee [the bus](crates/bus/src/gone.rs)"), [2]);
        assert_eq!(lines("see `crates/bus/src/gone.rs`"), [1]);
        assert_eq!(lines("<img src=\"docs/gone.png\">"), [1]);
        assert_eq!(lines("`services/users/`"), [1]);
    }

    #[test]
    fn paths_that_are_there_and_words_that_are_none_are_let_be() {
        for text in [
            "[bus](crates/bus/src/lib.rs#top) and `crates/bus/src/lib.rs:12` and `crates/bus/`",
            "[web](https://example.org/a) [here](#here) `services/*/src` `web/dist` `target/release/loquat` `a/b`",
        ] {
            assert_eq!(lines(text), Vec::<usize>::new(), "{text}");
        }
    }

    #[test]
    fn a_missing_document_is_found() {
        assert_eq!(places(check, &[]).len(), REQUIRED.len());
    }
}
