//! The inside of a service knows neither the wire nor the stores.

use regex::Regex;

use super::{Finding, rust_code::RustCode, tree::Tree};

const RULE: &str = "layers";

const INNER: [&str; 4] = ["model", "ports", "service", "error"];

/// `model`, `ports`, `service` and `error`, with all that is below them, name no transport and no driver.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let outer = Regex::new(r"\b(tonic|prost|sea_orm|mongodb|redis|async_nats)(_[a-z]+)*\s*(::|;|,|\{|\}|\bas\b)")
        .expect("a valid pattern");
    let mut findings = Vec::new();
    for (path, source) in tree.rust().filter(|(path, _)| is_inner(path)) {
        for (number, line) in RustCode::of(source).lines() {
            if let Some(found) = outer.captures(line) {
                let message =
                    format!("`{}` is named in an inner layer: only grpc, store, peers and app may", &found[1]);
                findings.push(Finding::new(path, number, RULE, message));
            }
        }
    }
    findings
}

fn is_inner(path: &str) -> bool {
    let Some((_, inside)) = path.strip_prefix("services/").and_then(|rest| rest.split_once("/src/")) else {
        return false;
    };
    let top = inside.split('/').next().unwrap_or_default();
    INNER.contains(&top.trim_end_matches(".rs"))
}

#[cfg(test)]
mod tests {
    use super::{super::places, *};

    #[test]
    fn a_transport_or_a_driver_in_an_inner_layer_is_found() {
        for (path, code) in [
            ("services/users/src/error.rs", "fn code() -> tonic::Code {}"),
            ("services/users/src/model/user.rs", "use prost_types::Timestamp;"),
            ("services/users/src/service.rs", "use sea_orm_migration::prelude::*;"),
            ("services/users/src/ports/store.rs", "use {redis, std::fmt};"),
            ("services/users/src/ports.rs", "extern crate async_nats as nats;"),
        ] {
            assert_eq!(places(check, &[(path, code)]), [(path.to_owned(), 1)], "{code}");
        }
    }

    #[test]
    fn comments_outer_layers_and_other_words_are_let_be() {
        for (path, code) in [
            ("services/users/src/model.rs", "// unlike tonic::Status"),
            ("services/users/src/grpc.rs", "use tonic::Status;"),
            ("services/users/src/store/mongo.rs", "use mongodb::Client;"),
            ("services/users/src/model.rs", "let redistributed = tonics::of();"),
        ] {
            assert_eq!(places(check, &[(path, code)]), [], "{code}");
        }
    }
}
