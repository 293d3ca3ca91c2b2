//! Code that must not be there, whatever the compiler says.

use regex::Regex;

use super::{
    Finding,
    rust_code::{RustCode, test_files},
    tree::Tree,
};

const RULE: &str = "bans";

/// What is banned everywhere, and what to write instead.
const EVERYWHERE: [(&str, &str); 5] = [
    (r"#!?\[\s*allow\b", "write `#[expect(lint, reason = \"…\")]`"),
    (r"cfg_attr\([^\]]*\ballow\s*\(", "write `#[expect(lint, reason = \"…\")]`"),
    (r"#\[\s*ignore\b", "a test runs, or says `SKIPPED` with its reason, or is not there"),
    (r"\b(todo|unimplemented|dbg)!", "finish it, or take it away"),
    (r"\blet\s+_\s*(:[^=]*)?=[^=]", "handle the result, or name what is dropped: `drop(…)`"),
];

/// What is banned outside tests.
const WHERE_IT_SHIPS: [(&str, &str); 1] = [(r"\.unwrap\(\)", "answer an error, or `expect(\"why it cannot fail\")`")];

/// No suppressed lints, no ignored tests, nothing unfinished, no dropped results, and no `unwrap` in what ships.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let compile = |bans: &[(&str, &'static str)]| -> Vec<(Regex, &'static str)> {
        bans.iter().map(|(pattern, instead)| (Regex::new(pattern).expect("a valid pattern"), *instead)).collect()
    };
    let (everywhere, where_it_ships) = (compile(&EVERYWHERE), compile(&WHERE_IT_SHIPS));
    let tests = test_files(tree);
    let mut findings = Vec::new();
    for (path, source) in tree.rust() {
        let code = RustCode::of(source);
        let mut judge = |number: usize, line: &str, bans: &[(Regex, &'static str)]| {
            for (pattern, instead) in bans {
                if let Some(found) = pattern.find(line) {
                    let message = format!("`{}` is banned: {instead}", found.as_str().trim());
                    findings.push(Finding::new(path, number, RULE, message));
                }
            }
        };
        code.lines().for_each(|(number, line)| judge(number, line, &everywhere));
        if !tests.contains(path) {
            code.lines_that_ship().for_each(|(number, line)| judge(number, line, &where_it_ships));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{super::places, *};

    #[test]
    fn each_ban_is_found() {
        for code in [
            "#[allow(dead_code)]",
            "#![allow(missing_docs)]",
            "#[cfg_attr(test, allow(unused))]",
            "#[ignore]",
            "#[ignore = \"slow\"]",
            "fn a() { todo!() }",
            "dbg!(a);",
            "unimplemented!()",
            "let _ = send(a);",
            "let _: Result<(), Error> = send(a);",
            "a.unwrap();",
        ] {
            assert_eq!(places(check, &[("crates/bus/src/live.rs", code)]).len(), 1, "{code}");
        }
    }

    #[test]
    fn words_in_comments_and_strings_and_other_code_are_let_be() {
        for code in [
            "// todo!()",
            "a(\"#[allow(x)]\")",
            "let _guard = span.enter();",
            "a.unwrap_or_default();",
            "#[expect(dead_code, reason = \"…\")]",
            "#[cfg(test)]\nmod tests { fn a() { b.unwrap(); } }",
        ] {
            assert_eq!(places(check, &[("crates/bus/src/live.rs", code)]), [], "{code}");
        }
        assert_eq!(places(check, &[("crates/bus/tests/live.rs", "a.unwrap();")]), []);
    }
}
