//! One place declares dependencies, features and lints.

use toml::{Table, Value};

use super::{
    Finding,
    manifest::{Manifest, line_of_entry},
    tree::Tree,
};

const RULE: &str = "manifests";
const ROOT: &str = "Cargo.toml";

/// Crates take versions, features and lints from the workspace, whose every line says what it is for.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in Manifest::all(tree) {
        for dependency in manifest.dependencies() {
            let line = dependency.line;
            let entry = dependency.value.as_table();
            if entry.and_then(|entry| entry.get("workspace")).and_then(Value::as_bool) != Some(true) {
                let message = format!(
                    "{} is declared once, in the root: `{}.workspace = true`",
                    dependency.name, dependency.name
                );
                findings.push(Finding::new(manifest.path, line, RULE, message));
            } else if entry.is_some_and(|entry| entry.contains_key("features")) {
                let message =
                    format!("{}'s features are declared in the root, so that it is built once", dependency.name);
                findings.push(Finding::new(manifest.path, line, RULE, message));
            }
        }
        if !manifest.takes_workspace_lints() && manifest.folder != "crates/proto" {
            findings.push(Finding::new(manifest.path, 0, RULE, "`[lints] workspace = true` is missing"));
        }
    }
    findings.extend(without_purpose(tree));
    findings
}

/// Declared dependencies that do not say what they are for. What our own crates are for stands in their charters.
fn without_purpose(tree: &Tree) -> Vec<Finding> {
    let text = tree.text(ROOT).unwrap_or_default();
    declared(text)
        .into_iter()
        .filter(|(_, value)| value.get("path").is_none())
        .filter_map(|(name, _)| {
            let line = line_of_entry(text, &name);
            let says_why = line > 0 && text.lines().nth(line - 1).is_some_and(|line| line.contains(" # "));
            (!says_why)
                .then(|| Finding::new(ROOT, line, RULE, format!("the line of {name} says what it is for: `# …`")))
        })
        .collect()
}

/// What a root manifest declares for all.
pub(super) fn declared(root: &str) -> Table {
    let table: Table = root.parse().unwrap_or_default();
    let declared = table.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    declared.and_then(Value::as_table).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{super::places, *};

    const LINTS: &str = "[lints]\nworkspace = true\n[dependencies]\n";

    fn lines(entry: &str) -> Vec<usize> {
        let manifest = format!("{LINTS}{entry}\n");
        places(check, &[("crates/bus/Cargo.toml", &manifest)]).into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn a_version_or_a_feature_outside_the_root_is_found() {
        assert_eq!(lines("tokio = \"1\""), [4]);
        assert_eq!(lines("tokio = { version = \"1\", features = [\"rt\"] }"), [4]);
        assert_eq!(lines("tokio = { workspace = true, features = [\"rt\"] }"), [4]);
        assert_eq!(lines("tokio.workspace = true"), Vec::<usize>::new());
        let in_both =
            "tokio.workspace = true\n[dev-dependencies]\ntokio = { workspace = true, features = [\"test-util\"] }";
        assert_eq!(lines(in_both), [6]);
    }

    #[test]
    fn a_crate_without_the_lints_of_the_workspace_is_found() {
        assert_eq!(
            places(check, &[("crates/bus/Cargo.toml", "[lints.rust]\n")]),
            [("crates/bus/Cargo.toml".to_owned(), 0)]
        );
        assert_eq!(places(check, &[("crates/proto/Cargo.toml", "[lints.rust]\n")]), []);
    }

    #[test]
    fn a_declared_dependency_without_a_purpose_is_found() {
        let root = "[workspace.dependencies]\nloquat-ids = { path = \"crates/ids\" }\nhttp = \"1\" # requests\nbytes = \"1\"\n";
        assert_eq!(places(check, &[(ROOT, root)]), [(ROOT.to_owned(), 4)]);
    }
}
