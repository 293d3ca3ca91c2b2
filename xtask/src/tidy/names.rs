//! Names that say nothing, for crates, modules and types.

use regex::Regex;

use super::{Finding, manifest::Manifest, rust_code::RustCode, tree::Tree};

const RULE: &str = "names";

const EMPTY_MODULES: [&str; 8] = ["common", "util", "utils", "helpers", "shared", "core", "misc", "types"];
const EMPTY_TYPE_ENDS: [&str; 6] = ["Manager", "Helper", "Impl", "Data", "Info", "Util"];

/// No crate, module or type carries a name that fits anything.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in Manifest::all(tree) {
        let name = manifest.name().trim_start_matches("loquat-");
        if is_empty_module(name) {
            let message = format!("a crate named {name} has no charter: name its capability");
            findings.push(Finding::new(manifest.path, manifest.line_of("name"), RULE, message));
        }
    }
    let declared =
        Regex::new(r"\b(mod|struct|enum|union|trait|type)\s+(?:r#)?([A-Za-z_][A-Za-z0-9_]*)").expect("a valid pattern");
    for (path, source) in tree.rust() {
        let named = path.trim_end_matches("/mod.rs").trim_end_matches(".rs").rsplit('/').next().unwrap_or_default();
        if is_empty_module(named) {
            findings.push(Finding::new(path, 0, RULE, format!("a module named {named} fits anything: name its idea")));
        }
        for (number, line) in RustCode::of(source).lines() {
            for found in declared.captures_iter(line) {
                let (keyword, name) = (&found[1], &found[2]);
                if keyword == "mod" && is_empty_module(name) {
                    let message = format!("a module named {name} fits anything: name its idea");
                    findings.push(Finding::new(path, number, RULE, message));
                }
                // A trait of somebody else says how its associated types are called.
                let is_associated = keyword == "type" && line.starts_with(' ');
                if keyword != "mod" && !is_associated && EMPTY_TYPE_ENDS.iter().any(|end| name.ends_with(end)) {
                    let message = format!("a type named {name} says nothing by its end: name the noun");
                    findings.push(Finding::new(path, number, RULE, message));
                }
            }
        }
    }
    findings
}

fn is_empty_module(name: &str) -> bool {
    EMPTY_MODULES.contains(&name) || name == "manager"
}

#[cfg(test)]
mod tests {
    use super::{super::places, *};

    #[test]
    fn an_empty_name_is_found_wherever_it_stands() {
        for (path, text, line) in [
            ("crates/common/Cargo.toml", "[package]\nname = \"loquat-common\"", 2),
            ("crates/bus/src/util.rs", "", 0),
            ("crates/bus/src/helpers/mod.rs", "", 0),
            ("crates/bus/src/lib.rs", "pub(crate) mod misc;", 1),
            ("crates/bus/src/lib.rs", "\npub struct RoomManager;", 2),
            ("crates/bus/src/lib.rs", "enum UserInfo {}", 1),
            ("crates/bus/src/lib.rs", "pub trait StoreImpl {}", 1),
            ("crates/bus/src/lib.rs", "pub type RoomData = ();", 1),
        ] {
            assert_eq!(places(check, &[(path, text)]), [(path.to_owned(), line)], "{path} {text}");
        }
    }

    #[test]
    fn names_that_only_resemble_them_are_let_be() {
        let code = "// struct RoomManager\nuse tonic_types::ErrorInfo;\nstruct Metadata;\nmod typing;\nimpl Body for A {\n    type Data = B;\n}";
        assert_eq!(places(check, &[("crates/bus/src/lib.rs", code)]), []);
    }
}
