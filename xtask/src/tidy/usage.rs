//! Nothing is declared that nothing uses.

use std::collections::BTreeSet;

use regex::Regex;

use super::{
    Finding,
    manifest::{Manifest, line_of_entry},
    manifests::declared,
    rust_code::RustCode,
    tree::Tree,
};

const RULE: &str = "usage";
const ROOT: &str = "Cargo.toml";

/// Dependencies that a crate needs without naming them, each with the reason.
const UNNAMED: [(&str, &str, &str); 0] = [];

/// Each dependency that the root declares is used by a crate, and each that a crate takes is named in its code.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = Manifest::all(tree);
    let mut taken = BTreeSet::new();
    let mut findings = Vec::new();
    for manifest in &manifests {
        let dependencies = manifest.dependencies();
        let named = names(tree, manifest.folder);
        for dependency in &dependencies {
            let is_known =
                UNNAMED.iter().any(|(folder, name, _)| (*folder, *name) == (manifest.folder, &dependency.name));
            if !named.contains(&dependency.name.replace('-', "_")) && !is_known {
                let message = format!("{} is not named in the code of this crate", dependency.name);
                findings.push(Finding::new(manifest.path, dependency.line, RULE, message));
            }
        }
        taken.extend(dependencies.into_iter().map(|dependency| dependency.name));
    }
    let root = tree.text(ROOT).unwrap_or_default();
    for name in declared(root).keys().filter(|name| !taken.contains(*name) && !name.starts_with("loquat-")) {
        findings.push(Finding::new(ROOT, line_of_entry(root, name), RULE, format!("no crate uses {name}")));
    }
    findings
}

/// All words in a crate's Rust files, generated ones too.
fn names(tree: &Tree, folder: &str) -> BTreeSet<String> {
    let word = Regex::new(r"[A-Za-z_][A-Za-z0-9_]*").expect("a valid pattern");
    let below = format!("{folder}/");
    tree.files()
        .filter(|(path, _)| path.starts_with(&below) && path.ends_with(".rs"))
        .flat_map(|(_, source)| {
            let code = RustCode::of(source);
            let lines: Vec<String> = code.lines().map(|(_, line)| line.to_owned()).collect();
            lines
                .iter()
                .flat_map(|line| word.find_iter(line).map(|found| found.as_str().to_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{super::places, *};

    #[test]
    fn what_no_crate_takes_is_found_in_the_root() {
        let root = "[workspace.dependencies]\nbytes = \"1\" # bytes\nhttp-body = \"1\" # bodies\n";
        let crate_ = "[dependencies]\nhttp-body.workspace = true\n";
        let code = "use http_body::Body;";
        let files = [(ROOT, root), ("crates/rpc/Cargo.toml", crate_), ("crates/rpc/src/lib.rs", code)];
        assert_eq!(places(check, &files), [(ROOT.to_owned(), 2)]);
    }

    #[test]
    fn what_a_crate_takes_and_names_only_in_a_comment_is_found() {
        let crate_ = "[dependencies]\nhttp-body.workspace = true\n";
        let files = [("crates/rpc/Cargo.toml", crate_), ("crates/rpc/src/lib.rs", "// http_body\n")];
        assert_eq!(places(check, &files), [("crates/rpc/Cargo.toml".to_owned(), 2)]);
    }
}
