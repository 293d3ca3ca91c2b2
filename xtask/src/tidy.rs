//! Checks what no compiler checks: that the layout, the names and the bans of the house hold.
//!
//! Each rule is a function from the [`Tree`] to its [`Finding`]s and has a test with a tree that breaks it.

use anyhow::bail;

use crate::workspace;

mod bans;
mod calls;
mod charter;
mod documents;
mod edges;
mod layers;
mod machines;
mod manifest;
mod manifests;
mod names;
mod rust_code;
mod sizes;
mod tree;
mod usage;

use tree::Tree;

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// The file, below the workspace's root.
    path: String,
    /// The line, from 1; 0 where it is about the file as a whole.
    line: usize,
    /// The rule's name.
    rule: &'static str,
    /// What is wrong, and what would be right.
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, rule: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, message: message.into() }
    }
}

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: [Rule; 11] = [
    edges::check,
    calls::check,
    layers::check,
    charter::check,
    names::check,
    manifests::check,
    usage::check,
    bans::check,
    machines::check,
    sizes::check,
    documents::check,
];

/// Checks the whole tree.
///
/// # Errors
///
/// Fails after having printed `file:line: [rule] message` for each place that breaks a rule.
pub(crate) fn run() -> anyhow::Result<()> {
    let tree = Tree::read(&workspace::root())?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort();
    findings.dedup();
    for Finding { path, line, rule, message } in &findings {
        println!("{path}:{line}: [{rule}] {message}");
    }
    if !findings.is_empty() {
        bail!("{} places break the rules of the house", findings.len());
    }
    println!("{} files keep the rules of the house", tree.files().count());
    Ok(())
}

/// Runs one rule over a tree made of the given files, and says which lines of which files break it.
#[cfg(test)]
fn places(rule: Rule, files: &[(&str, &str)]) -> Vec<(String, usize)> {
    rule(&Tree::of(files)).into_iter().map(|finding| (finding.path, finding.line)).collect()
}
