//! A crate's `Cargo.toml`, as far as rules ask.

use toml::{Table, Value};

use super::tree::Tree;

/// A member of the workspace.
#[derive(Debug)]
pub(super) struct Manifest<'a> {
    /// Its `Cargo.toml`.
    pub(super) path: &'a str,
    /// The folder that it stands in, such as `services/users`.
    pub(super) folder: &'a str,
    text: &'a str,
    table: Table,
}

/// A dependency as a crate names it.
#[derive(Debug)]
pub(super) struct Dependency {
    /// The name to the left of the `=`.
    pub(super) name: String,
    /// What stands to its right.
    pub(super) value: Value,
    /// Whether only tests, examples and benches see it.
    pub(super) is_for_tests: bool,
    /// The line on which it stands, from 1; 0 where it cannot be told.
    pub(super) line: usize,
}

const SECTIONS: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];

impl<'a> Manifest<'a> {
    /// The workspace's members; a manifest that is no TOML is cargo's to refuse and reads as empty.
    pub(super) fn all(tree: &'a Tree) -> Vec<Self> {
        tree.written()
            .filter_map(|(path, text)| {
                let folder = path.strip_suffix("/Cargo.toml")?;
                Some(Self { path, folder, text, table: text.parse().unwrap_or_default() })
            })
            .collect()
    }

    /// The package's name.
    pub(super) fn name(&self) -> &str {
        self.table.get("package").and_then(|package| package.get("name")).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the crate takes the workspace's lints.
    pub(super) fn takes_workspace_lints(&self) -> bool {
        self.table.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool) == Some(true)
    }

    /// All dependencies, those for some targets only included.
    pub(super) fn dependencies(&self) -> Vec<Dependency> {
        let targets = self.table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
        let holders = std::iter::once(&self.table).chain(targets.filter_map(Value::as_table));
        let mut dependencies = Vec::new();
        for holder in holders {
            for section in SECTIONS {
                let entries = holder.get(section).and_then(Value::as_table).into_iter().flatten();
                dependencies.extend(entries.map(|(name, value)| Dependency {
                    name: name.clone(),
                    value: value.clone(),
                    is_for_tests: section == "dev-dependencies",
                    line: line_in_section(self.text, section, name),
                }));
            }
        }
        dependencies
    }

    /// The line on which an entry stands, from 1; 0 where it cannot be told.
    pub(super) fn line_of(&self, name: &str) -> usize {
        line_of_entry(self.text, name)
    }
}

/// The first line of a TOML text that sets `name` or `name.something`.
pub(super) fn line_of_entry(text: &str, name: &str) -> usize {
    text.lines().position(|line| sets(line, name)).map_or(0, |index| index + 1)
}

/// The line that does so below a header whose last part is `section`.
fn line_in_section(text: &str, section: &str, name: &str) -> usize {
    let mut is_inside = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            is_inside = line.trim_matches(['[', ']', ' ']).rsplit('.').next() == Some(section);
        } else if is_inside && sets(line, name) {
            return index + 1;
        }
    }
    0
}

fn sets(line: &str, name: &str) -> bool {
    let rest = line.trim_start().trim_start_matches('"').strip_prefix(name);
    rest.is_some_and(|rest| rest.starts_with(['.', '"', '=', ' ']))
}
