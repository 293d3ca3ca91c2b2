//! Which crate may use which: the map of DESIGN.md.

use super::{
    Finding,
    manifest::{Dependency, Manifest},
    tree::Tree,
};

const RULE: &str = "edges";

const FOUNDATION: &[&str] = &["loquat-proto", "loquat-ids"];
const PROCESS: &[&str] = &["loquat-proto", "loquat-ids", "loquat-rpc"];
const SHARED: &[&str] = &["loquat-proto", "loquat-ids", "loquat-rpc", "loquat-bus", "loquat-runtime"];
/// Black-box tests speak gRPC: they see the contract, a channel, and the harness that starts what they test.
const BLACK_BOX: &[&str] = &["loquat-proto", "loquat-ids", "loquat-rpc", "loquat-testkit"];
const EVERYTHING: &[&str] = &[
    "loquat-proto",
    "loquat-ids",
    "loquat-rpc",
    "loquat-bus",
    "loquat-runtime",
    "loquat-users",
    "loquat-rooms",
    "loquat-messages",
    "loquat-presence",
    "loquat-gateway",
    "loquat-standalone",
];

/// Every dependency of a crate of ours on another one is an edge of the map.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in Manifest::all(tree) {
        let Some(allowed) = allowed(manifest.folder) else {
            findings.push(Finding::new(manifest.path, 0, RULE, "this crate is not on the map of DESIGN.md"));
            continue;
        };
        for dependency in manifest.dependencies().iter().filter(|dependency| dependency.name.starts_with("loquat-")) {
            if !is_allowed(manifest.folder, allowed, dependency) {
                let message = format!("{} must not use {}; it may use {allowed:?}", manifest.name(), dependency.name);
                findings.push(Finding::new(manifest.path, dependency.line, RULE, message));
            }
        }
    }
    findings
}

fn allowed(folder: &str) -> Option<&'static [&'static str]> {
    Some(match folder {
        "crates/proto" | "crates/ids" | "xtask" => &[],
        "crates/rpc" | "crates/bus" => FOUNDATION,
        "crates/runtime" => PROCESS,
        "services/users" | "services/rooms" | "services/messages" | "services/presence" | "services/gateway" => SHARED,
        "services/standalone" | "crates/testkit" => EVERYTHING,
        "tests/system" | "tests/faults" | "benches" => BLACK_BOX,
        _ => return None,
    })
}

/// The harness of the whole system may serve the tests of whatever stands above the foundation.
fn is_allowed(folder: &str, allowed: &[&str], dependency: &Dependency) -> bool {
    let name = dependency.name.as_str();
    allowed.contains(&name)
        || (dependency.is_for_tests
            && name == "loquat-testkit"
            && (folder.starts_with("services/") || folder == "benches"))
}

#[cfg(test)]
mod tests {
    use super::{super::places, *};

    #[test]
    fn a_service_that_uses_another_service_is_found() {
        let manifest = "[package]\nname = \"loquat-rooms\"\n[dependencies]\nloquat-ids.workspace = true\nloquat-users.workspace = true\n";
        assert_eq!(
            places(check, &[("services/rooms/Cargo.toml", manifest)]),
            [("services/rooms/Cargo.toml".to_owned(), 5)]
        );
        assert_eq!(places(check, &[("services/standalone/Cargo.toml", manifest)]), []);
    }

    #[test]
    fn a_dependency_of_tests_or_of_one_target_is_an_edge_too() {
        let of_tests = "[dev-dependencies]\nloquat-runtime = { workspace = true }\n";
        assert_eq!(places(check, &[("crates/bus/Cargo.toml", of_tests)]).len(), 1);
        let of_target = "[target.'cfg(unix)'.dependencies]\nloquat-bus.workspace = true\n";
        assert_eq!(places(check, &[("crates/rpc/Cargo.toml", of_target)]).len(), 1);
    }

    #[test]
    fn only_tests_use_the_testkit() {
        let of_tests = "[dev-dependencies]\nloquat-testkit.workspace = true\n";
        assert_eq!(places(check, &[("services/users/Cargo.toml", of_tests)]), []);
        let of_all = "[dependencies]\nloquat-testkit.workspace = true\n";
        assert_eq!(places(check, &[("services/users/Cargo.toml", of_all)]).len(), 1);
    }

    #[test]
    fn a_crate_that_the_map_does_not_know_is_found() {
        assert_eq!(places(check, &[("crates/extra/Cargo.toml", "")]), [("crates/extra/Cargo.toml".to_owned(), 0)]);
    }
}
