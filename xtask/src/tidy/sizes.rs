//! One idea per file: a long one holds several, or says here why not.

use super::{Finding, tree::Tree};

const RULE: &str = "sizes";

/// More lines than this need a reason.
const MOST_LINES: usize = 600;

const CODE: [&str; 9] = [".rs", ".ts", ".svelte", ".mjs", ".js", ".css", ".proto", ".py", ".sh"];

/// The files that may be longer, each with the reason.
const LONG: [(&str, &str); 0] = [];

/// No code file is longer than 600 lines without a reason, and no reason outlives its file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = tree
        .written()
        .filter(|(path, _)| CODE.iter().any(|end| path.ends_with(end)))
        .filter(|(path, text)| text.lines().count() > MOST_LINES && !LONG.iter().any(|(long, _)| long == path))
        .map(|(path, text)| {
            let message = format!(
                "{} lines: split it by topic, or add its reason to xtask/src/tidy/sizes.rs",
                text.lines().count()
            );
            Finding::new(path, 0, RULE, message)
        })
        .collect();
    for (path, _) in LONG {
        if tree.text(path).is_none_or(|text| text.lines().count() <= MOST_LINES) {
            findings.push(Finding::new(
                path,
                0,
                RULE,
                "no longer a long file: take its reason out of xtask/src/tidy/sizes.rs",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{super::places, *};

    #[test]
    fn a_long_file_without_a_reason_is_found() {
        let long = "//\n".repeat(MOST_LINES + 1);
        assert_eq!(places(check, &[("crates/bus/src/live.rs", &long)]), [("crates/bus/src/live.rs".to_owned(), 0)]);
        assert_eq!(places(check, &[("web/src/app.svelte", &long)]).len(), 1);
        assert_eq!(places(check, &[("crates/proto/src/gen/a.rs", &long), ("docs/a.md", &long)]), []);
        assert_eq!(places(check, &[("crates/bus/src/live.rs", &"//\n".repeat(MOST_LINES))]), []);
    }
}
