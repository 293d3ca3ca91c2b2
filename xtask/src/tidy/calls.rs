//! Calls between services run one way: gateway → all; rooms → messages, users; presence → rooms; all → users.

use std::collections::BTreeMap;

use regex::Regex;

use super::{
    Finding,
    rust_code::{RustCode, test_files},
    tree::Tree,
};

const RULE: &str = "calls";

/// A service names no client of a service that it must not call.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let owners = clients(tree);
    let tests = test_files(tree);
    let client = Regex::new(r"\b[a-z_]+_client\b").expect("a valid pattern");
    let mut findings = Vec::new();
    for (path, source) in tree.rust().filter(|(path, _)| !tests.contains(*path)) {
        let Some((caller, _)) = path.strip_prefix("services/").and_then(|rest| rest.split_once('/')) else { continue };
        let allowed = callable(caller);
        for (number, line) in RustCode::of(source).lines_that_ship() {
            for name in client.find_iter(line).map(|found| found.as_str()) {
                if let Some(owner) = owners.get(name).filter(|owner| !allowed.contains(&owner.as_str())) {
                    let message = format!("{caller} must not call {owner}: news that way travels as events");
                    findings.push(Finding::new(path, number, RULE, message));
                }
            }
        }
    }
    findings
}

/// Whom a service calls: a node of it may call another node of the same service.
fn callable(caller: &str) -> &'static [&'static str] {
    match caller {
        "gateway" | "standalone" => &["users", "rooms", "messages", "presence", "events"],
        "rooms" => &["rooms", "messages", "users"],
        "presence" => &["presence", "rooms", "users"],
        "messages" => &["messages", "users"],
        "users" => &["users"],
        _ => &[],
    }
}

/// The modules of generated clients, each with the area whose service it calls: read from `proto/`.
fn clients(tree: &Tree) -> BTreeMap<String, String> {
    let service = Regex::new(r"(?m)^service ([A-Za-z]+)").expect("a valid pattern");
    let mut clients = BTreeMap::new();
    for (path, text) in tree.written().filter(|(path, _)| path.ends_with(".proto")) {
        let Some(area) = path.strip_prefix("proto/loquat/").and_then(|rest| rest.split('/').next()) else { continue };
        for found in service.captures_iter(text) {
            clients.insert(format!("{}_client", snake_case(&found[1])), area.to_owned());
        }
    }
    clients
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::{super::places, *};

    const PROTO: (&str, &str) = ("proto/loquat/rooms/v1/room_service.proto", "service RoomService {\n}\n");

    #[test]
    fn a_call_against_the_direction_is_found() {
        let code = "use loquat_proto::rooms::v1::{\n  room_service_client::RoomServiceClient,\n};";
        let place = ("services/messages/src/peers/rooms.rs".to_owned(), 2);
        assert_eq!(places(check, &[PROTO, ("services/messages/src/peers/rooms.rs", code)]), [place]);
    }

    #[test]
    fn a_call_along_the_direction_and_a_client_in_a_test_are_let_be() {
        let code = "use loquat_proto::rooms::v1::room_service_client::RoomServiceClient;";
        assert_eq!(places(check, &[PROTO, ("services/presence/src/peers/rooms.rs", code)]), []);
        assert_eq!(places(check, &[PROTO, ("services/messages/tests/rooms.rs", code)]), []);
    }
}
