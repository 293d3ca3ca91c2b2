//! Every field beyond its limit: the table of `tests/contract/cases.json`, sent.

use std::collections::BTreeSet;

use loquat_proto::{
    authorization::v1::Access,
    methods::{METHODS, Method},
};
use loquat_testkit::{Gateway, House, frame, grpc_web, in_both_shapes};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use serde_json::{Value as Json, json};
use tonic::Code;

use super::{Witness, gift, request_of};

in_both_shapes! { shared:
    every_field_beyond_its_limit_is_named_and_nothing_is_stored,
}

async fn every_field_beyond_its_limit_is_named_and_nothing_is_stored(house: &House) {
    let witness = Witness::of(house).await;
    let bearer = witness.ann.bearer();
    let gateway = house.gateway(1);
    let (mut problems, mut sent) = (Vec::new(), BTreeSet::new());
    let for_users = || METHODS.iter().filter(|method| method.access != Access::Service);
    for method in for_users() {
        for case in bad_cases(method, &witness) {
            let body = frame(&case.bytes);
            let answer = gateway.raw(method.path, &[("authorization", &bearer)], body.clone()).await;
            let refusal = answer.refusal();
            problems.extend(gift(&answer).map(|gift| format!("{}: {}: {gift}", method.path, case.name)));
            let told = (Code::InvalidArgument, "loquat.authorization.v1", "INVALID_FIELDS");
            if refusal.told() != told || refusal.fields != case.fields {
                problems.push(format!("{}: {}: wants {:?}, is {refusal:?}", method.path, case.name, case.fields));
            }
            if sent.insert(method.path) {
                problems.extend(over_grpc_web(&gateway, method, &bearer, &body).await);
            }
        }
    }
    assert!(problems.is_empty(), "{} of many:\n{}", problems.len(), problems.join("\n"));
    // Requests without fields have no limits.
    let limited: BTreeSet<&str> =
        for_users().filter(|method| request_of(method).fields().len() > 0).map(|method| method.path).collect();
    let lacking: Vec<_> = limited.difference(&sent).collect();
    assert!(lacking.is_empty(), "no case was sent to {lacking:?}");
    witness.assert_nothing_was_stored().await;
}

/// A browser is told the same.
async fn over_grpc_web(gateway: &Gateway, method: &Method, bearer: &str, body: &[u8]) -> Option<String> {
    let answer = grpc_web(gateway.address(), method.path, &[("authorization", bearer)], body).await;
    match answer.map(|answer| answer.status.map(|status| status.code())) {
        Ok(Some(Code::InvalidArgument)) => None,
        other => Some(format!("{} over grpc-web: {other:?}", method.path)),
    }
}

struct Case {
    name: String,
    bytes: Vec<u8>,
    fields: BTreeSet<String>,
}

/// Good fields by which it would tell if a request were taken all the same: somebody registers and a room is made, known by the
/// witness's mark, and the witness signs in.
fn telling(request: &str, witness: &Witness, number: usize) -> serde_json::Map<String, Json> {
    let marked = format!("{}{number}", witness.mark);
    let fields = match request {
        "loquat.users.v1.RegisterRequest" => json!({ "handle": marked, "display_name": marked }),
        "loquat.rooms.v1.CreateRoomRequest" => json!({ "name": marked, "user_ids": [] }),
        "loquat.users.v1.SignInRequest" => {
            json!({ "handle": witness.ann.handle, "password": witness.ann.password })
        }
        _ => json!({}),
    };
    fields.as_object().cloned().unwrap_or_default()
}

/// The cases of the table that break a rule of a method's request.
fn bad_cases(method: &Method, witness: &Witness) -> Vec<Case> {
    let table: Json = serde_json::from_str(include_str!("../../../contract/cases.json")).expect("the table is JSON");
    let request = request_of(method);
    let groups = table["messages"].as_array().expect("the table has messages").clone();
    let groups = groups.into_iter().filter(|group| group["message"] == *request.full_name());
    let mut cases = Vec::new();
    for group in groups {
        for case in group["cases"].as_array().expect("a group has cases") {
            let violations = case["violations"].as_array().expect("a case says what is wrong, or `[]`");
            let fields: BTreeSet<String> = violations.iter().map(|violation| text(&violation["field"])).collect();
            if fields.is_empty() {
                continue;
            }
            let mut value = group["valid"].as_object().expect("a message is an object").clone();
            if value.contains_key("room_id") {
                value.insert("room_id".to_owned(), json!(witness.room.to_string()));
            }
            value.extend(telling(request.full_name(), witness, cases.len()));
            value.extend(case["with"].as_object().cloned().unwrap_or_default());
            value.retain(|_, value| !value.is_null());
            let message = DynamicMessage::deserialize(request.clone(), &expand(&Json::Object(value)));
            let bytes = message.expect("the value is one of the message").encode_to_vec();
            cases.push(Case { name: text(&case["name"]), bytes, fields });
        }
    }
    cases
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

fn text(value: &Json) -> String {
    value.as_str().expect("a text").to_owned()
}
