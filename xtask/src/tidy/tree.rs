//! The checkout as paths and texts, so that a rule can be tried on a tree that exists nowhere.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;

/// Folders that hold what was installed, built or run, and nothing that anybody wrote.
const NOT_OURS: [&str; 6] = [".git", "target", "node_modules", "dist", "data", ".venv"];

/// All files that somebody wrote, by their path below the root with `/` between its parts.
#[derive(Debug)]
pub(super) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads a checkout. A file that is not UTF-8 is there, with an empty text.
    ///
    /// # Errors
    ///
    /// Fails where a folder or a file cannot be read.
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        collect(root, "", &mut files)?;
        Ok(Self { files })
    }

    /// Makes a tree of paths and texts.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }

    /// All files with their texts, vendored and generated ones too.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files written by hand.
    pub(super) fn written(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| !path.starts_with("third_party/") && !path.contains("/gen/"))
    }

    /// The Rust files written by hand.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.written().filter(|(path, _)| path.ends_with(".rs"))
    }

    /// A file's text.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether the path is of something that a checkout does not have and a machine may: built, or named by a
    /// `.gitignore` in words without wildcards.
    pub(super) fn is_made_later(&self, path: &str) -> bool {
        let is_ignored = |(ignoring, lines): (&str, &str)| {
            let folder = ignoring.trim_end_matches(".gitignore");
            lines.lines().filter_map(|line| line.strip_prefix('/')).any(|line| path.strip_prefix(folder) == Some(line))
        };
        let is_ignoring = |(path, _): &(&str, &str)| *path == ".gitignore" || path.ends_with("/.gitignore");
        path.split('/').any(|part| NOT_OURS.contains(&part)) || self.written().filter(is_ignoring).any(is_ignored)
    }

    /// Whether there is a file or a folder at the path.
    pub(super) fn exists(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let below = format!("{path}/");
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.range(below.clone()..).next().is_some_and(|(file, _)| file.starts_with(&below))
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_str().context("a file name in UTF-8")?.to_owned();
        let kind = entry.file_type()?;
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                collect(&entry.path(), &format!("{path}/"), files)?;
            }
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).with_context(|| format!("reading {path}"))?;
            files.insert(path, String::from_utf8(bytes).unwrap_or_default());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_the_folders_above_them_exist_and_nothing_else() {
        let tree = Tree::of(&[("crates/bus/src/lib.rs", ""), ("crates/business.md", "")]);
        for there in ["crates/bus/src/lib.rs", "crates/bus/src", "crates/bus/", "crates"] {
            assert!(tree.exists(there), "{there}");
        }
        for absent in ["crates/bus/src/lib", "crates/busi", "services"] {
            assert!(!tree.exists(absent), "{absent}");
        }
    }

    #[test]
    fn what_is_built_or_ignored_is_made_later() {
        let tree = Tree::of(&[("deploy/.gitignore", "/.env\n*.pem\n")]);
        assert!(tree.is_made_later("deploy/.env") && tree.is_made_later("web/dist/index.html"));
        assert!(!tree.is_made_later(".env") && !tree.is_made_later("deploy/.env.example"));
    }

    #[test]
    fn the_checkout_is_read_without_what_was_built() {
        let tree = Tree::read(&crate::workspace::root()).expect("the checkout is readable");
        assert!(tree.exists("xtask/src/tidy/tree.rs"));
        assert!(!tree.exists("target") && !tree.exists("web/node_modules"));
    }
}
