//! Nothing in the tree knows the machine that it was written on.

use regex::Regex;

use super::{Finding, tree::Tree};

const RULE: &str = "machines";

/// Lock files name where packages come from, in words of their tools.
const LOCKS: [&str; 2] = ["Cargo.lock", "package-lock.json"];

/// No absolute path of a machine, and no host of a package registry.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let path = Regex::new(r#"(?:^|[^A-Za-z0-9_.$~)}>*/-])(/(?:work|farm|root|home|Users)/)"#).expect("a valid pattern");
    let registry = Regex::new(
        r"(registry\.npmjs\.org|registry\.yarnpkg\.com|(?:static|index)\.crates\.io|pypi\.org|files\.pythonhosted\.org|proxy\.golang\.org|deb\.debian\.org|archive\.ubuntu\.com)",
    )
    .expect("a valid pattern");
    let mut findings = Vec::new();
    for (file, text) in tree.written() {
        let is_lock = LOCKS.iter().any(|lock| file.ends_with(lock));
        for (index, line) in text.lines().enumerate() {
            if let Some(found) = path.captures(line).filter(|_| !is_lock) {
                let message = format!("`{}` is a path of one machine", &found[1]);
                findings.push(Finding::new(file, index + 1, RULE, message));
            }
            if let Some(found) = registry.captures(line) {
                let message = format!("`{}`: which registry serves is the machine's affair", &found[1]);
                findings.push(Finding::new(file, index + 1, RULE, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{super::places, *};

    #[test]
    fn a_path_of_a_machine_is_found() {
        for text in [
            concat!("see /ro", "ot/.cargo"),
            concat!("\"/ho", "me/a\""),
            concat!("/wo", "rk/main"),
            concat!("=/fa", "rm/x"),
        ] {
            assert_eq!(places(check, &[("docs/a.md", text)]), [("docs/a.md".to_owned(), 1)], "{text}");
        }
    }

    #[test]
    fn a_registry_is_found_in_lock_files_too() {
        let text = concat!("\n\"resolved\": \"https://registry.npm", "js.org/a/-/a-1.tgz\"");
        assert_eq!(places(check, &[("web/package-lock.json", text)]), [("web/package-lock.json".to_owned(), 2)]);
    }

    #[test]
    fn paths_that_only_resemble_them_are_let_be() {
        for text in ["https://example.org/home/a", "web/home/a", "$HOME/root/", "../work/a"] {
            assert_eq!(places(check, &[("docs/a.md", text)]), [], "{text}");
        }
    }
}
