//! What `deploy/compose.yaml` says of the containers.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value;

/// The file, with its anchors merged and its variables at their defaults.
pub(super) struct ComposeFile {
    containers: Vec<Container>,
}

/// A container.
pub(super) struct Container {
    /// By this others reach it.
    pub(super) name: String,
    command: Vec<String>,
    health_check: Vec<String>,
    /// Its variables.
    pub(super) environment: BTreeMap<String, String>,
    /// What is mounted: each volume or file, and where.
    pub(super) mounts: Vec<(String, String)>,
    /// The ports at which it is reached from outside, as it knows them.
    pub(super) published: Vec<String>,
    waits_for: BTreeSet<String>,
}

impl ComposeFile {
    pub(super) fn read() -> Self {
        let text = include_str!("../../../../deploy/compose.yaml");
        let mut file: Value = serde_yaml_ng::from_str(&with_defaults(text)).expect("the file is YAML");
        file.apply_merge().expect("its anchors can be merged");
        let services = file["services"].as_mapping().expect("it has services");
        let containers = services.iter().map(|(name, said)| Container::read(text_of(name), said)).collect();
        Self { containers }
    }

    /// Our own processes that stay, each after those that it waits for.
    pub(super) fn ours_in_order(&self) -> Vec<&Container> {
        let mut waiting: Vec<&Container> = self.containers.iter().filter(|container| container.is_ours()).collect();
        let ours: BTreeSet<&str> = waiting.iter().map(|container| container.name.as_str()).collect();
        let mut started: Vec<&Container> = Vec::new();
        while !waiting.is_empty() {
            let is_next = |container: &&Container| {
                let mut needed = container.waits_for.iter().filter(|name| ours.contains(name.as_str()));
                needed.all(|name| started.iter().any(|started| started.name == *name))
            };
            let next = waiting.iter().position(is_next).expect("somebody waits for nobody else");
            started.push(waiting.remove(next));
        }
        started
    }
}

impl Container {
    fn read(name: String, said: &Value) -> Self {
        let environment = said["environment"].as_mapping().into_iter().flatten();
        let waits_for = said["depends_on"].as_mapping().into_iter().flatten();
        let mounts = texts(&said["volumes"]).into_iter().map(|mount| {
            let mut parts = mount.split(':').map(str::to_owned);
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
        });
        Self {
            command: texts(&said["command"]),
            health_check: texts(&said["healthcheck"]["test"]),
            environment: environment.map(|(name, value)| (text_of(name), text_of(value))).collect(),
            mounts: mounts.collect(),
            published: texts(&said["ports"])
                .iter()
                .filter_map(|port| Some(port.rsplit(':').next()?.to_owned()))
                .collect(),
            waits_for: waits_for.map(|(name, _)| text_of(name)).collect(),
            name,
        }
    }

    fn is_ours(&self) -> bool {
        self.command.first().is_some_and(|program| program.starts_with("loquat-"))
    }

    pub(super) fn command(&self) -> &[String] {
        &self.command
    }

    pub(super) fn health_check(&self) -> &[String] {
        &self.health_check
    }

    /// The service that it is.
    pub(super) fn service(&self) -> &'static str {
        let service = self.command.first().and_then(|program| program.strip_prefix("loquat-")).unwrap_or_default();
        let known = ["users", "rooms", "messages", "presence", "gateway"].into_iter().find(|known| *known == service);
        known.unwrap_or_else(|| panic!("{}: {service} is no service of ours", self.name))
    }
}

/// Puts the default for each `${NAME:-default}`, as compose does where no `.env` is.
fn with_defaults(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, after) = after.split_once('}').expect("a variable ends");
        let (_, default) = variable.split_once(":-").unwrap_or((variable, ""));
        written.push_str(before);
        written.push_str(default);
        rest = after;
    }
    written + rest
}

fn texts(list: &Value) -> Vec<String> {
    list.as_sequence().into_iter().flatten().map(text_of).collect()
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(is) => is.to_string(),
        other => panic!("no scalar: {other:?}"),
    }
}
