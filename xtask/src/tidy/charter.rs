//! Each crate says what it is for, and what does not belong in it.

use super::{Finding, manifest::Manifest, tree::Tree};

const RULE: &str = "charter";

/// A crate's `lib.rs` begins with a `//!` charter that says what does not belong here; every Rust file begins with `//!`.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in Manifest::all(tree) {
        let path = format!("{}/src/lib.rs", manifest.folder);
        if let Some(source) = tree.text(&path)
            && !charter(source).contains("Does not belong here")
        {
            findings.push(Finding::new(&path, 1, RULE, "the crate's charter says what `Does not belong here:`"));
        }
    }
    for (path, source) in tree.rust() {
        if charter(source).is_empty() && !path.ends_with("/build.rs") {
            findings.push(Finding::new(path, 1, RULE, "a file begins with its purpose: `//! …`"));
        }
    }
    findings
}

fn charter(source: &str) -> String {
    source.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{super::places, *};

    const MANIFEST: (&str, &str) = ("crates/bus/Cargo.toml", "");

    #[test]
    fn a_crate_without_a_charter_is_found() {
        let place = ("crates/bus/src/lib.rs".to_owned(), 1);
        assert_eq!(places(check, &[MANIFEST, ("crates/bus/src/lib.rs", "//! The bus.\n")]), [place]);
        let late = "mod a;\n//! Does not belong here: b.\n";
        assert_eq!(places(check, &[MANIFEST, ("crates/bus/src/lib.rs", late)]).len(), 2);
        let charter = "//! The bus.\n//!\n//! Does not belong here: b.\n";
        assert_eq!(places(check, &[MANIFEST, ("crates/bus/src/lib.rs", charter)]), []);
    }

    #[test]
    fn a_file_without_a_purpose_is_found() {
        assert_eq!(
            places(check, &[("crates/bus/src/live.rs", "mod a;\n")]),
            [("crates/bus/src/live.rs".to_owned(), 1)]
        );
    }
}
