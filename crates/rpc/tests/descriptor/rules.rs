//! What every element of the contract must have. The rules are asked of a set of descriptors, wherever it comes from: the
//! system tests ask them of what a server's reflection serves.

use std::collections::BTreeMap;

use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor,
    MethodDescriptor, Value,
};

/// Names the methods without an authorization rule, or without a class of repeats.
pub fn methods_without_a_rule_or_a_repeat_class(pool: &DescriptorPool) -> Vec<String> {
    let mut lacking = Vec::new();
    for method in methods(pool) {
        for (option, unspecified) in [("rule", "access"), ("repeat", "")] {
            let number = match &method_option(&method, option) {
                Some(Value::Message(rule)) => {
                    rule.get_field_by_name(unspecified).and_then(|access| access.as_enum_number())
                }
                Some(value) => value.as_enum_number(),
                None => None,
            };
            if number.is_none_or(|number| number == 0) {
                lacking.push(format!("{}: {option}", method.full_name()));
            }
        }
    }
    lacking
}

/// Names the string, bytes and repeated fields without a limit.
pub fn fields_without_a_limit(pool: &DescriptorPool) -> Vec<String> {
    messages(pool)
        .iter()
        // The value of an option is read from a descriptor and never sent.
        .filter(|message| message.full_name() != "loquat.authorization.v1.Rule")
        .flat_map(|message| message.fields().collect::<Vec<_>>())
        .filter(|field| !is_limited(field))
        .map(|field| field.full_name().to_owned())
        .collect()
}

/// Names the elements above which no comment stands.
pub fn elements_without_a_comment(pool: &DescriptorPool) -> Vec<String> {
    files(pool).iter().flat_map(elements_without_comment).collect()
}

/// Names the requests that name a room by another field than their first.
pub fn rooms_that_are_not_field_1(pool: &DescriptorPool) -> Vec<String> {
    let fields = methods(pool).into_iter().filter_map(|method| method.input().get_field_by_name("room_id"));
    fields.filter(|field| field.number() != 1).map(|field| field.full_name().to_owned()).collect()
}

/// Names the enums that do not begin with an unspecified value.
pub fn enums_without_an_unspecified_value(pool: &DescriptorPool) -> Vec<String> {
    let of_ours = pool.all_enums().filter(|of_ours| of_ours.full_name().starts_with("loquat."));
    of_ours
        .filter(|of_ours| of_ours.get_value(0).is_none_or(|zero| !zero.name().ends_with("_UNSPECIFIED")))
        .map(|of_ours| of_ours.full_name().to_owned())
        .collect()
}

/// Names those of the five packages that have no service.
pub fn packages_without_a_service(pool: &DescriptorPool) -> Vec<String> {
    let services: Vec<String> =
        methods(pool).iter().map(|method| method.parent_service().full_name().to_owned()).collect();
    let packages = ["users", "rooms", "messages", "presence", "events"].map(|package| format!("loquat.{package}.v1."));
    packages.into_iter().filter(|package| !services.iter().any(|service| service.starts_with(package))).collect()
}

fn files(pool: &DescriptorPool) -> Vec<FileDescriptor> {
    pool.files().filter(|file| file.package_name().starts_with("loquat.")).collect()
}

fn messages(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    pool.all_messages().filter(|message| message.full_name().starts_with("loquat.")).collect()
}

fn methods(pool: &DescriptorPool) -> Vec<MethodDescriptor> {
    let services: Vec<_> = files(pool).iter().flat_map(|file| file.services().collect::<Vec<_>>()).collect();
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
    let source = file.file_descriptor_proto().source_code_info.as_ref();
    let comments: BTreeMap<&[i32], &str> = source
        .into_iter()
        .flat_map(|source| &source.location)
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
