//! The part of the contract that a server must judge: requests, and what they hold.
//!
//! Rules beside fields of answers tell readers and SDKs what to expect. No server judges its own answers, so no code is
//! generated for them, and the generator's limits (no messages within a oneof) do not bind their shape.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};

/// Returns the descriptor set without our messages that no request holds, and without our services.
///
/// # Errors
///
/// Fails where the bytes are no descriptor set.
pub(super) fn only(descriptors: &[u8]) -> anyhow::Result<Vec<u8>> {
    let pool = DescriptorPool::decode(descriptors)?;
    let mut kept = BTreeSet::new();
    for service in pool.services() {
        for method in service.methods() {
            keep(&method.input(), &mut kept);
        }
    }

    // Read as dynamic messages, since prost's own descriptor types forget the options that the rules stand in.
    let set_type = pool.get_message_by_name("google.protobuf.FileDescriptorSet");
    let pool_of_descriptors = DescriptorPool::global();
    let set_type = set_type
        .or_else(|| pool_of_descriptors.get_message_by_name("google.protobuf.FileDescriptorSet"))
        .ok_or_else(|| anyhow::anyhow!("descriptor.proto is not in the set"))?;
    let mut set = DynamicMessage::decode(set_type, descriptors)?;
    if let Some(Value::List(files)) = set.get_field_by_name_mut("file") {
        for file in files.iter_mut().filter_map(Value::as_message_mut) {
            prune(file, &kept);
        }
    }
    Ok(set.encode_to_vec())
}

fn keep(message: &MessageDescriptor, kept: &mut BTreeSet<String>) {
    if !kept.insert(message.full_name().to_owned()) {
        return;
    }
    for field in message.fields() {
        if let Some(inner) = field.kind().as_message() {
            keep(inner, kept);
        }
    }
}

fn prune(file: &mut DynamicMessage, kept: &BTreeSet<String>) {
    let package = text(file, "package");
    if !package.starts_with("loquat.") || package == "loquat.authorization.v1" {
        return;
    }
    file.clear_field_by_name("service");
    if let Some(Value::List(messages)) = file.get_field_by_name_mut("message_type") {
        messages.retain(|message| {
            message.as_message().is_some_and(|message| kept.contains(&format!("{package}.{}", text(message, "name"))))
        });
    }
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
