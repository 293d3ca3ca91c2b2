//! What every element of the contract must have, read from the descriptor set that servers carry and reflection serves.

use std::collections::BTreeMap;

use loquat_proto::FILE_DESCRIPTOR_SET;
use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor,
    MethodDescriptor, Value,
};

#[test]
fn every_method_has_a_rule_and_a_repeat_class() {
    for method in methods() {
        for (option, unspecified) in [("rule", "access"), ("repeat", "")] {
            let value = method_option(&method, option);
            let value = value.unwrap_or_else(|| panic!("{} has no {option}", method.full_name()));
            let number = match &value {
                Value::Message(rule) => rule.get_field_by_name(unspecified).and_then(|access| access.as_enum_number()),
                value => value.as_enum_number(),
            };
            assert!(number.is_some_and(|number| number != 0), "{}: its {option} is unspecified", method.full_name());
        }
    }
}

#[test]
fn every_string_bytes_and_repeated_field_has_a_limit() {
    let unlimited: Vec<String> = messages()
        .iter()
        // The value of an option is read from a descriptor and never sent.
        .filter(|message| message.full_name() != "loquat.authorization.v1.Rule")
        .flat_map(|message| message.fields().collect::<Vec<_>>())
        .filter(|field| !is_limited(field))
        .map(|field| field.full_name().to_owned())
        .collect();
    assert!(unlimited.is_empty(), "no limit stands beside {unlimited:?}");
}

#[test]
fn every_element_has_a_comment() {
    let silent: Vec<String> = files().iter().flat_map(elements_without_comment).collect();
    assert!(silent.is_empty(), "no comment stands above {silent:?}");
}

#[test]
fn the_room_is_field_1_of_every_request_that_names_one() {
    for method in methods() {
        if let Some(field) = method.input().get_field_by_name("room_id") {
            assert_eq!(field.number(), 1, "{}", field.full_name());
        }
    }
}

#[test]
fn every_enum_begins_with_an_unspecified_value() {
    let pool = pool();
    for of_ours in pool.all_enums().filter(|of_ours| of_ours.full_name().starts_with("loquat.")) {
        let zero = of_ours.get_value(0).unwrap_or_else(|| panic!("{} has no zero", of_ours.full_name()));
        assert!(zero.name().ends_with("_UNSPECIFIED"), "{}", zero.full_name());
    }
}

#[test]
fn the_contract_has_the_five_packages_and_their_services() {
    let mut services: Vec<String> =
        methods().iter().map(|method| method.parent_service().full_name().to_owned()).collect();
    services.dedup();
    for package in ["users", "rooms", "messages", "presence", "events"] {
        let prefix = format!("loquat.{package}.v1.");
        assert!(services.iter().any(|service| service.starts_with(&prefix)), "no service in {prefix} of {services:?}");
    }
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the contract decodes")
}

fn files() -> Vec<FileDescriptor> {
    pool().files().filter(|file| file.package_name().starts_with("loquat.")).collect()
}

fn messages() -> Vec<MessageDescriptor> {
    pool().all_messages().filter(|message| message.full_name().starts_with("loquat.")).collect()
}

fn methods() -> Vec<MethodDescriptor> {
    let services: Vec<_> = files().iter().flat_map(|file| file.services().collect::<Vec<_>>()).collect();
    services.iter().flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

fn method_option(method: &MethodDescriptor, name: &str) -> Option<Value> {
    let extension = method.parent_pool().get_extension_by_name(&format!("loquat.authorization.v1.{name}"))?;
    let options = method.options();
    options.has_extension(&extension).then(|| options.get_extension(&extension).into_owned())
}

/// Whether a field of a kind that may grow says how far, and each of its items too.
fn is_limited(field: &FieldDescriptor) -> bool {
    let rules = rules_beside(field);
    if !field.is_list() {
        return is_kind_limited(&field.kind(), rules.as_ref());
    }
    let repeated = rules.as_ref().and_then(|rules| inner(rules, "repeated"));
    let items = repeated.as_ref().and_then(|repeated| inner(repeated, "items"));
    let is_bounded = repeated.is_some_and(|repeated| repeated.has_field_by_name("max_items"));
    is_bounded && is_kind_limited(&field.kind(), items.as_ref())
}

fn is_kind_limited(kind: &Kind, rules: Option<&DynamicMessage>) -> bool {
    let (of_kind, limits): (&str, &[&str]) = match kind {
        Kind::String => ("string", &["max_len", "len", "max_bytes", "len_bytes", "const", "in"]),
        Kind::Bytes => ("bytes", &["max_len", "len", "const", "in"]),
        _ => return true,
    };
    let rules = rules.and_then(|rules| inner(rules, of_kind));
    rules.is_some_and(|rules| limits.iter().any(|limit| rules.has_field_by_name(limit)))
}

fn rules_beside(field: &FieldDescriptor) -> Option<DynamicMessage> {
    let extension = field.parent_message().parent_pool().get_extension_by_name("buf.validate.field").expect("vendored");
    let options = field.options();
    options.has_extension(&extension).then(|| options.get_extension(&extension).as_message().cloned()).flatten()
}

fn inner(message: &DynamicMessage, field: &str) -> Option<DynamicMessage> {
    message.has_field_by_name(field).then(|| message.get_field_by_name(field)?.as_message().cloned()).flatten()
}

fn elements_without_comment(file: &FileDescriptor) -> Vec<String> {
    let source = file.file_descriptor_proto().source_code_info.as_ref().expect("comments are in the descriptor set");
    let comments: BTreeMap<&[i32], &str> = source
        .location
        .iter()
        .map(|location| (location.path.as_slice(), location.leading_comments.as_deref().unwrap_or_default()))
        .collect();
    let mut elements: Vec<(String, Vec<i32>)> = Vec::new();
    for service in file.services() {
        elements.push((service.full_name().to_owned(), service.path().to_vec()));
        elements.extend(service.methods().map(|method| (method.full_name().to_owned(), method.path().to_vec())));
    }
    file.messages().for_each(|message| message_elements(&message, &mut elements));
    file.enums().for_each(|of_file| enum_elements(&of_file, &mut elements));
    elements.extend(file.extensions().map(|extension| (extension.full_name().to_owned(), extension.path().to_vec())));
    let is_silent = |path: &[i32]| comments.get(path).is_none_or(|comment| comment.trim().is_empty());
    elements.into_iter().filter(|(_, path)| is_silent(path)).map(|(name, _)| name).collect()
}

fn message_elements(message: &MessageDescriptor, elements: &mut Vec<(String, Vec<i32>)>) {
    elements.push((message.full_name().to_owned(), message.path().to_vec()));
    elements.extend(message.fields().map(|field| (field.full_name().to_owned(), field.path().to_vec())));
    let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic());
    elements.extend(oneofs.map(|oneof| (oneof.full_name().to_owned(), oneof.path().to_vec())));
    message.child_messages().for_each(|child| message_elements(&child, elements));
    message.child_enums().for_each(|child| enum_elements(&child, elements));
}

fn enum_elements(of_ours: &EnumDescriptor, elements: &mut Vec<(String, Vec<i32>)>) {
    elements.push((of_ours.full_name().to_owned(), of_ours.path().to_vec()));
    elements.extend(of_ours.values().map(|value| (value.full_name().to_owned(), value.path().to_vec())));
}
