//! The table of inputs, `tests/contract/cases.json`, as the checks of our servers judge it.
//!
//! Python's protovalidate judges the same table in `tests/contract/agree.py`, and the page in its own tests.

use std::collections::BTreeSet;

use loquat_proto::{FILE_DESCRIPTOR_SET, Validate, events, messages, presence, rooms, users};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, MessageDescriptor, Value};
use serde_json::{Value as Json, json};

/// A place and the rule that it breaks.
type Finding = (String, String);

/// Decodes and judges as a server does. Nothing for a message that no server takes.
fn judge(message: &str, bytes: &[u8]) -> Option<Vec<Finding>> {
    macro_rules! judged_as {
        ($($package:ident: $($request:ident),+;)+) => {
            match message {
                $($(concat!("loquat.", stringify!($package), ".v1.", stringify!($request)) => {
                    Some(findings::<$package::v1::$request>(bytes))
                })+)+
                _ => None,
            }
        };
    }
    judged_as! {
        users: RegisterRequest, SignInRequest, RefreshRequest, SignOutRequest, GetKeySetRequest, WatchRevocationsRequest,
            GetUserRequest, BatchGetUsersRequest, SearchUsersRequest, UpdateUserRequest;
        rooms: CreateRoomRequest, GetRoomRequest, ListRoomsRequest, UpdateRoomRequest, JoinRoomRequest, LeaveRoomRequest,
            RemoveMemberRequest, ListMembersRequest, OpenDirectRoomRequest, ListUserRoomChangesRequest, ListJoinedRoomsRequest;
        messages: SendMessageRequest, ListMessagesRequest, GetMessageRequest, EditMessageRequest, DeleteMessageRequest,
            AddReactionRequest, RemoveReactionRequest, PinMessageRequest, UnpinMessageRequest, ListPinnedMessagesRequest,
            AppendRoomEventRequest, ReadRoomLogRequest, WatchHeadsRequest, GetHeadsRequest;
        presence: SetPresenceRequest, GetPresenceRequest, WatchPresenceRequest, SetTypingRequest, RenewLeaseRequest,
            ReadPresenceRequest;
        events: SubscribeRequest, UpdateInterestRequest, SyncRequest, ConnectRequest;
    }
}

fn findings<M: Message + Default + Validate>(bytes: &[u8]) -> Vec<Finding> {
    let message = M::decode(bytes).expect("what was encoded decodes");
    let violations = message.validate().err().map(|error| error.violations().to_vec()).unwrap_or_default();
    sorted(violations.iter().map(|violation| (violation.field_path(), violation.rule_id().to_owned())).collect())
}

#[test]
fn the_servers_find_in_every_case_what_the_table_says() {
    let pool = pool();
    let mut disagreements = Vec::new();
    for group in groups() {
        let name = text(&group["message"]);
        let descriptor = pool.get_message_by_name(&name).expect("the table names messages of the contract");
        for case in group["cases"].as_array().expect("a group has cases") {
            let value = expand(&merged(&group["valid"], &case["with"]));
            let message =
                DynamicMessage::deserialize(descriptor.clone(), &value).expect("the value is one of the message");
            let found =
                judge(&name, &message.encode_to_vec()).unwrap_or_else(|| panic!("add {name} to the requests above"));
            let expected = expected(case);
            if found != expected {
                disagreements
                    .push(format!("{name}: {}: the table says {expected:?}, the server {found:?}", case["name"]));
            }
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

#[test]
fn the_table_breaks_every_rule_of_every_request_and_accepts_something_of_each() {
    let groups = groups();
    let mut missing = Vec::new();
    for request in requests(&pool()) {
        let name = request.full_name();
        let cases: Vec<&Json> = groups
            .iter()
            .filter(|group| group["message"] == *name)
            .flat_map(|group| group["cases"].as_array().expect("a group has cases"))
            .collect();
        if !cases.iter().any(|case| expected(case).is_empty()) {
            missing.push(format!("{name}: a case without violations"));
        }
        let broken: BTreeSet<Finding> =
            cases.iter().flat_map(|case| expected(case)).map(|(field, rule)| (without_indices(&field), rule)).collect();
        let rules = rules_of(&request, "");
        missing.extend(rules.difference(&broken).map(|(field, rule)| format!("{name}: {field}: {rule}")));
    }
    assert!(missing.is_empty(), "tests/contract/cases.json lacks:\n{}", missing.join("\n"));
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the contract decodes")
}

/// The messages that our methods take.
fn requests(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    methods.map(|method| method.input()).filter(|input| input.full_name().starts_with("loquat.")).collect()
}

/// All rules that stand in a message and below it: where, with `[]` for each of many, and the id of its violation.
fn rules_of(message: &MessageDescriptor, prefix: &str) -> BTreeSet<Finding> {
    let mut rules = BTreeSet::new();
    if message.parent_pool().get_extension_by_name("buf.validate.message").is_some_and(|extension| {
        let options = message.options();
        options.get_extension(&extension).as_message().is_some_and(|rules| rules.has_field_by_name("oneof"))
    }) {
        rules.insert((prefix.trim_end_matches('.').to_owned(), "message.oneof".to_owned()));
    }
    for field in message.fields() {
        let each = format!("{prefix}{}{}", field.name(), if field.is_list() { "[]" } else { "" });
        rules.extend(rules_beside(&field, &format!("{prefix}{}", field.name())));
        if let Some(inner) = field.kind().as_message().filter(|inner| inner.full_name().starts_with("loquat.")) {
            rules.extend(rules_of(inner, &format!("{each}.")));
        }
    }
    rules
}

fn rules_beside(field: &FieldDescriptor, path: &str) -> BTreeSet<Finding> {
    let extension = field.parent_message().parent_pool().get_extension_by_name("buf.validate.field").expect("vendored");
    let options = field.options();
    let mut rules = BTreeSet::new();
    if options.has_extension(&extension)
        && let Value::Message(beside) = options.get_extension(&extension).as_ref()
    {
        named_rules(beside, path, &mut rules);
    }
    rules
}

/// Reads a `buf.validate.FieldRules`.
fn named_rules(beside: &DynamicMessage, path: &str, rules: &mut BTreeSet<Finding>) {
    for (kind, value) in beside.fields() {
        let Value::Message(of_kind) = value else {
            if kind.name() == "required" {
                rules.insert((path.to_owned(), "required".to_owned()));
            }
            continue;
        };
        let set: BTreeSet<String> = of_kind.fields().map(|(rule, _)| rule.name().to_owned()).collect();
        for rule in set.iter().filter(|rule| !cannot_break(beside, of_kind, rule)) {
            if rule == "items" {
                let items = of_kind.get_field_by_name("items").expect("it is set").into_owned();
                named_rules(items.as_message().expect("rules are a message"), &format!("{path}[]"), rules);
                continue;
            }
            let id = match rule.as_str() {
                "gte" | "lte" if set.contains("gte") && set.contains("lte") => "gte_lte",
                rule => rule,
            };
            rules.insert((path.to_owned(), format!("{}.{id}", kind.name())));
        }
    }
}

/// An optional text of at least one character: what would break the rule is not looked at.
fn cannot_break(beside: &DynamicMessage, of_kind: &DynamicMessage, rule: &str) -> bool {
    rule == "min_len"
        && beside.has_field_by_name("ignore")
        && of_kind.get_field_by_name(rule).is_some_and(|length| length.as_u64() == Some(1))
}

fn groups() -> Vec<Json> {
    let table: Json =
        serde_json::from_str(include_str!("../../../tests/contract/cases.json")).expect("the table is JSON");
    table["messages"].as_array().expect("the table has messages").clone()
}

fn expected(case: &Json) -> Vec<Finding> {
    let violations = case["violations"].as_array().expect("a case says what is wrong, or `[]`");
    sorted(violations.iter().map(|violation| (text(&violation["field"]), text(&violation["rule"]))).collect())
}

/// Puts a case's changes over the valid message; `null` takes a field away.
fn merged(valid: &Json, changes: &Json) -> Json {
    let mut merged = valid.as_object().expect("a message is an object").clone();
    merged.extend(changes.as_object().cloned().unwrap_or_default());
    merged.retain(|_, value| !value.is_null());
    Json::Object(merged)
}

/// Writes out `{"$repeat": "a", "$times": 3}` as "aaa", and `{"$list": x, "$times": 3}` as [x, x, x].
fn expand(value: &Json) -> Json {
    let times = || usize::try_from(value["$times"].as_u64().expect("a number of times")).expect("a small number");
    match value {
        Json::Array(items) => items.iter().map(expand).collect(),
        Json::Object(fields) if fields.contains_key("$repeat") => json!(text(&value["$repeat"]).repeat(times())),
        Json::Object(fields) if fields.contains_key("$list") => Json::Array(vec![expand(&value["$list"]); times()]),
        Json::Object(fields) => fields.iter().map(|(field, value)| (field.clone(), expand(value))).collect(),
        scalar => scalar.clone(),
    }
}

/// Makes `rooms[].epoch` of `rooms[12].epoch`.
fn without_indices(path: &str) -> String {
    path.split(['[', ']']).step_by(2).collect::<Vec<_>>().join("[]")
}

fn text(value: &Json) -> String {
    value.as_str().expect("a text").to_owned()
}

fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort();
    findings
}
