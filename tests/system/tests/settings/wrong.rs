//! Each wrong value is named, with exit code 64, before a port is bound.

use std::{net::TcpListener, path::Path, thread};

use super::{BINARIES, Environment, WRONG, environment, names, run, said, sound};

/// Whoever has these settings, and values that they may not have.
const OF_EVERY_PROCESS: [(&str, &[&str]); 4] = [
    ("LOQUAT_LOG", &["", "nonsense", "info,nonsense", "loquat=loud"]),
    ("LOQUAT_LOG_FORMAT", &["verse"]),
    ("LOQUAT_SHUTDOWN_GRACE_SECONDS", &["0", "soon"]),
    ("LOQUAT_OTLP_ENDPOINT", &["", "ftp://x", "jaeger:4317", "http://host:notaport", "https://collector:4317"]),
];

const OF_THE_BUS: (&str, &[&str]) = (
    "LOQUAT_NATS_URL",
    &["", "nats://", "http://127.0.0.1:1", "nats://127.0.0.1:notaport", "nats://127.0.0.1:1,ws://bob:hunter2@host:1"],
);

/// `{folder}` stands for one that is there.
const OF_SQL: [&str; 11] = [
    "",
    "mysql://bob:hunter2@host/name",
    "postgres://bob:hunter2@host:notaport/name",
    "postgres://bob:hunter2@host:99999/name",
    "sqlite:",
    "sqlite://",
    "sqlite::memory:",
    "sqlite:x?mode=memory",
    "sqlite:{folder}",
    "sqlite:/proc/nothing/store.db",
    "sqlite:{folder}/text",
];

const OF_MONGODB: [&str; 5] = [
    "mongodb://",
    "mongodb://host:notaport/name",
    "mongodb://host/name?bogus=1",
    "mongodb://bob:hunter2@host:notaport/name",
    "mongodb://host:0x10/name",
];

const OF_PRESENCE: [&str; 4] =
    ["", "memory", "postgres://bob:hunter2@host/name", "redis://bob:hunter2@host:notaport/zero"];

const OF_STREAMS: &[&str] = &["0", "-1", "many"];

fn cases(name: &str) -> Vec<(&'static str, &'static str)> {
    let mut cases: Vec<(&str, &str)> = Vec::new();
    let mut add = |variable, values: &[&'static str]| cases.extend(values.iter().map(|value| (variable, *value)));
    for (variable, values) in OF_EVERY_PROCESS {
        add(variable, values);
    }
    let is = |service: &str| name == "loquat" || name == format!("loquat-{service}");
    if !matches!(name, "loquat" | "loquat-users") {
        add(OF_THE_BUS.0, OF_THE_BUS.1);
    }
    if is("users") {
        add("LOQUAT_USERS_DATABASE_URL", &OF_SQL);
        add("LOQUAT_USERS_HASHING_CONCURRENCY", &["0", "many"]);
        add("LOQUAT_PUBLIC_URL", &["chat.example.org", "ftp://chat.example.org"]);
    }
    if is("rooms") {
        add("LOQUAT_ROOMS_DATABASE_URL", &OF_SQL);
        add("LOQUAT_ROOMS_DATABASE_CONNECTIONS", &["1"]);
    }
    if is("messages") {
        add("LOQUAT_MESSAGES_STORE_URL", &OF_SQL);
        add("LOQUAT_MESSAGES_STORE_URL", &OF_MONGODB);
        add("LOQUAT_MESSAGES_BATCH_EVENTS", &["0", "101"]);
    }
    if is("presence") {
        add("LOQUAT_PRESENCE_STORE_URL", &OF_PRESENCE);
        add("LOQUAT_PRESENCE_LEASE_SECONDS", &["0"]);
    }
    if is("gateway") {
        add("LOQUAT_GATEWAY_MAX_STREAMS", OF_STREAMS);
        add("LOQUAT_GATEWAY_MAX_STREAMS_PER_SESSION", OF_STREAMS);
    }
    cases
}

#[test]
fn a_wrong_value_is_named_with_exit_code_64_before_a_port_is_bound() {
    // The port is taken: whoever tried to bind it before judging the settings would name it instead.
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("text"), "no database".repeat(1_000)).expect("it is written");
    // A binary's cases one after another, since some wait for a bus that is not there; the binaries side by side.
    let problems: Vec<String> = thread::scope(|scope| {
        let judged = BINARIES.map(|name| scope.spawn(|| judge(name, folder.path(), &address)));
        judged.into_iter().flat_map(|judged| judged.join().expect("no panic")).collect()
    });
    assert!(problems.is_empty(), "{} cases:\n{}", problems.len(), problems.join("\n"));
}

fn judge(name: &str, folder: &Path, address: &str) -> Vec<String> {
    let one = |sound: &Environment, (variable, value): (&str, &str)| {
        let value = value.replace("{folder}", folder.to_str().expect("UTF-8"));
        let mut environment = sound.clone();
        environment.insert(variable.to_owned(), value.clone());
        let output = run(name, &environment, &[]);
        let text = said(&output);
        let problem = match output.status.code() {
            Some(WRONG) if !names(&text, variable) => "it is not named",
            Some(WRONG) if text.contains("LOQUAT_LISTEN") => "the port was tried first",
            Some(WRONG) if text.contains("hunter2") => "a secret is shown",
            Some(WRONG) => return None,
            _ => "it is not refused with exit code 64",
        };
        Some(format!("{name}: {variable}={value:?}: {problem} ({:?}): {text}", output.status))
    };
    let cases = cases(name);
    thread::scope(|scope| {
        // As many at once as a small machine bears.
        let lanes: Vec<_> = (0..4)
            .map(|lane| {
                let sound = sound(name, &folder.join(format!("{name}-{lane}")), address);
                let cases = cases.iter().skip(lane).step_by(4).copied();
                scope.spawn(move || cases.filter_map(|case| one(&sound, case)).collect::<Vec<_>>())
            })
            .collect();
        lanes.into_iter().flat_map(|lane| lane.join().expect("no panic")).collect()
    })
}

#[test]
fn a_sound_environment_fails_at_the_port_alone() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    thread::scope(|scope| {
        for name in BINARIES {
            let address = address.as_str();
            scope.spawn(move || {
                let folder = tempfile::tempdir().expect("a folder");
                let output = run(name, &sound(name, folder.path(), address), &[]);
                assert_eq!(output.status.code(), Some(WRONG), "{name}: {}", said(&output));
                assert!(said(&output).contains("LOQUAT_LISTEN"), "{name}: {}", said(&output));
            });
        }
    });
}

#[test]
fn an_address_to_listen_on_is_judged() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in BINARIES {
        for value in ["", "nowhere", "127.0.0.1", "localhost:http"] {
            let output = run(name, &sound(name, folder.path(), value), &[]);
            assert_eq!(output.status.code(), Some(WRONG), "{name}: {value}: {}", said(&output));
            assert!(names(&said(&output), "LOQUAT_LISTEN"), "{name}: {value}: {}", said(&output));
        }
    }
}

#[test]
fn nothing_is_made_for_a_process_that_is_set_wrongly() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut environment = sound("loquat", folder.path(), "127.0.0.1:0");
    environment.insert("LOQUAT_LOG".into(), "nonsense".into());
    assert_eq!(run("loquat", &environment, &[]).status.code(), Some(WRONG));
    assert!(!folder.path().join("data").exists());
}

#[test]
fn every_service_names_what_it_lacks() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in &BINARIES[1..] {
        let sound = sound(name, folder.path(), "127.0.0.1:0");
        let output = run(name, &environment([]), &[]);
        assert_eq!(output.status.code(), Some(WRONG), "{name}: {}", said(&output));
        assert!(names(&said(&output), "LOQUAT_TLS_KEY"), "{name}: {}", said(&output));
        let stores = ["LOQUAT_USERS_DATABASE_URL", "LOQUAT_ROOMS_DATABASE_URL", "LOQUAT_MESSAGES_STORE_URL"];
        for store in stores.into_iter().filter(|store| sound.contains_key(*store)) {
            let mut environment = sound.clone();
            environment.remove(store);
            let output = run(name, &environment, &[]);
            assert_eq!(output.status.code(), Some(WRONG), "{name}: {}", said(&output));
            assert!(names(&said(&output), store), "{name}: {}", said(&output));
        }
    }
}
