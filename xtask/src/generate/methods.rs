//! The table of methods: who may call each, and what a repeated call does.

use std::fmt::Write as _;

use anyhow::{Context as _, bail, ensure};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, ReflectMessage as _, Value};

const HEAD: &str = r#"// Generated from proto/ by `cargo xtask generate`. Do not edit.

use crate::authorization::v1::{Access, Permission, Repeat};

/// A method of the contract.
#[derive(Debug, PartialEq, Eq)]
pub struct Method {
    /// The path by which gRPC calls it: `/package.Service/Method`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The permission that the caller needs in the room that the request names.
    pub permission: Permission,
    /// The services that may call it, where `access` is `Service`.
    pub services: &'static [&'static str],
    /// What a repeated call does.
    pub repeat: Repeat,
    /// Whether field 1 of the request is the room that the call is about.
    pub names_room: bool,
    /// Whether the client sends a stream.
    pub client_streaming: bool,
    /// Whether the server answers a stream.
    pub server_streaming: bool,
}

/// Finds a method by its path.
#[must_use]
pub fn find(path: &str) -> Option<&'static Method> {
    METHODS.binary_search_by(|method| method.path.cmp(path)).ok().map(|index| &METHODS[index])
}

/// All methods, by path.
pub const METHODS: &[Method] = &[
"#;

/// Writes the table as Rust code.
///
/// # Errors
///
/// Fails where a method lacks an option, or where its options contradict each other or its request.
pub(super) fn table(pool: &DescriptorPool) -> anyhow::Result<String> {
    let mut rows: Vec<(String, String)> = pool
        .services()
        .filter(|service| service.full_name().starts_with("loquat."))
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| row(pool, &method).with_context(|| format!("method {}", method.full_name())))
        .collect::<anyhow::Result<_>>()?;
    rows.sort();

    let mut code = HEAD.to_owned();
    for (_, row) in rows {
        code.push_str(&row);
    }
    code.push_str("];\n");
    Ok(code)
}

fn row(pool: &DescriptorPool, method: &MethodDescriptor) -> anyhow::Result<(String, String)> {
    let rule = option(pool, method, "rule")?;
    let rule = rule.as_message().context("option `rule` is a message")?;
    let access = enum_name(rule, "access", "ACCESS_")?;
    let permission = enum_name(rule, "permission", "PERMISSION_")?;
    let services = services(rule);
    let repeat = option(pool, method, "repeat")?;
    let repeat = repeat_name(pool, &repeat)?;

    ensure!(access != "Unspecified", "the rule names no class of callers");
    ensure!(repeat != "Unspecified", "the option `repeat` names no class");
    ensure!(
        (access == "Room") == (permission != "Unspecified"),
        "a permission goes with ACCESS_ROOM, and only with it"
    );
    ensure!((access == "Service") != services.is_empty(), "services go with ACCESS_SERVICE, and only with it");

    let input = method.input();
    let names_room = input.get_field(1).is_some_and(|field| field.name() == "room_id");
    ensure!(access != "Room" || names_room, "a request about a room has `room_id` as field 1");
    let has_request_id = input.get_field_by_name("request_id").is_some();
    ensure!((repeat == "Remembered") == has_request_id, "a `request_id` goes with REPEAT_REMEMBERED, and only with it");

    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let mut code = String::new();
    writeln!(
        code,
        "Method {{ path: {path:?}, access: Access::{access}, permission: Permission::{permission}, services: &{services:?}, \
         repeat: Repeat::{repeat}, names_room: {names_room}, client_streaming: {}, server_streaming: {} }},",
        method.is_client_streaming(),
        method.is_server_streaming(),
    )?;
    Ok((path, code))
}

fn option(pool: &DescriptorPool, method: &MethodDescriptor, name: &str) -> anyhow::Result<Value> {
    let full_name = format!("loquat.authorization.v1.{name}");
    let extension = pool.get_extension_by_name(&full_name).with_context(|| format!("no extension {full_name}"))?;
    let options = method.options();
    if !options.has_extension(&extension) {
        bail!("the option ({full_name}) is missing");
    }
    Ok(options.get_extension(&extension).into_owned())
}

fn enum_name(message: &DynamicMessage, field: &str, prefix: &str) -> anyhow::Result<String> {
    let descriptor = message.descriptor().get_field_by_name(field).context("the field is there")?;
    let kind = descriptor.kind();
    let number = message.get_field(&descriptor).as_enum_number().context("the field is an enum")?;
    let value = kind.as_enum().context("the field is an enum")?.get_value(number).context("an undefined value")?;
    Ok(camel(value.name().strip_prefix(prefix).context("the value has its enum's prefix")?))
}

fn repeat_name(pool: &DescriptorPool, value: &Value) -> anyhow::Result<String> {
    let descriptor = pool.get_enum_by_name("loquat.authorization.v1.Repeat").context("the enum is there")?;
    let number = value.as_enum_number().context("option `repeat` is an enum")?;
    let value = descriptor.get_value(number).context("an undefined value")?;
    Ok(camel(value.name().strip_prefix("REPEAT_").context("the value has its enum's prefix")?))
}

fn services(rule: &DynamicMessage) -> Vec<String> {
    let Some(value) = rule.get_field_by_name("services") else { return Vec::new() };
    value.as_list().unwrap_or_default().iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn camel(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_owned() + &word[1..].to_lowercase()).collect()
}
