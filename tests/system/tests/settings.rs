//! Settings: documented, judged before a port is bound, and named when they are wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use loquat_testkit::{Recipe, binary};

const WRONG: i32 = 64;

/// Each binary with the settings that are its own, beside those of every process.
const BINARIES: [(&str, &[&str]); 6] = [
    ("loquat", &["LOQUAT_DATA_DIR", "LOQUAT_PUBLIC_URL", "LOQUAT_GATEWAY_MAX_STREAMS"]),
    ("loquat-users", &["LOQUAT_USERS_DATABASE_URL", "LOQUAT_USERS_ACCESS_TOKEN_SECONDS", "LOQUAT_TLS_KEY"]),
    ("loquat-rooms", &["LOQUAT_ROOMS_DATABASE_URL", "LOQUAT_MESSAGES_URLS", "LOQUAT_NATS_URL", "LOQUAT_TLS_KEY"]),
    ("loquat-messages", &["LOQUAT_MESSAGES_STORE_URL", "LOQUAT_USERS_URLS", "LOQUAT_NATS_URL", "LOQUAT_TLS_KEY"]),
    ("loquat-presence", &["LOQUAT_PRESENCE_STORE_URL", "LOQUAT_ROOMS_URLS", "LOQUAT_NATS_URL", "LOQUAT_TLS_KEY"]),
    ("loquat-gateway", &["LOQUAT_USERS_URLS", "LOQUAT_PRESENCE_URLS", "LOQUAT_NATS_URL", "LOQUAT_TLS_KEY"]),
];

const OF_EVERY_PROCESS: [&str; 6] = [
    "LOQUAT_CONFIG",
    "LOQUAT_LISTEN",
    "LOQUAT_LOG",
    "LOQUAT_LOG_FORMAT",
    "LOQUAT_OTLP_ENDPOINT",
    "LOQUAT_SHUTDOWN_GRACE_SECONDS",
];

fn command(name: &str, environment: &[(&str, &str)]) -> Command {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let recipe = Recipe {
        program: binary(name).expect("it is built"),
        wrapper: Vec::new(),
        environment: environment.collect::<BTreeMap<_, _>>(),
    };
    recipe.command()
}

fn run(name: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    command(name, environment).args(arguments).output().expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_documents_every_setting_with_its_variable_and_its_default() {
    for (name, own) in BINARIES {
        let output = run(name, &[], &["--help"]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", said(&output));
        let help = String::from_utf8(output.stdout).expect("text");
        for variable in own.iter().chain(&OF_EVERY_PROCESS) {
            assert!(help.contains(&format!("[env: {variable}]")), "{name}: {variable} is not in:\n{help}");
        }
        for (flag, text) in options(&help) {
            if matches!(flag.as_str(), "--help" | "--version") {
                continue;
            }
            let described = text.split("[env:").next().unwrap_or_default();
            assert!(described.split_whitespace().count() >= 3, "{name}: {flag} is not described: {text:?}");
            if flag != "--check-health" {
                assert!(text.contains("[env: LOQUAT_"), "{name}: {flag} has no variable: {text:?}");
            }
            let units =
                [("-seconds", "seconds"), ("-millis", "milliseconds"), ("-ms", "milliseconds"), ("-days", "days")];
            for (end, unit) in units {
                assert!(!flag.ends_with(end) || text.contains(unit), "{name}: {flag} states no unit: {text:?}");
                assert!(
                    !flag.ends_with(end) || text.contains("[default: "),
                    "{name}: {flag} states no default: {text:?}"
                );
            }
        }
    }
}

/// Each flag of a help text with what is said of it.
fn options(help: &str) -> Vec<(String, String)> {
    let mut options: Vec<(String, String)> = Vec::new();
    for line in help.lines().skip_while(|line| !line.starts_with("Options:")).skip(1) {
        let words = line.trim_start();
        let flag = words.strip_prefix("-h, ").or_else(|| words.strip_prefix("-V, ")).unwrap_or(words);
        if flag.starts_with("--") {
            options.push((flag.split_whitespace().next().unwrap_or_default().to_owned(), String::new()));
        } else if let Some((_, text)) = options.last_mut() {
            text.push(' ');
            text.push_str(words);
        }
    }
    assert!(options.len() > 5, "options are read from:\n{help}");
    options
}

#[test]
fn a_wrong_setting_is_named_with_exit_code_64_before_a_port_is_bound() {
    // The port is taken: whoever tried to bind it before judging the settings would name it instead.
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let data = data.to_str().expect("UTF-8");
    let cases: [(&str, &str, &str); 5] = [
        ("LOQUAT_LOG", "loquat=loud", "log"),
        ("LOQUAT_SHUTDOWN_GRACE_SECONDS", "0", "shutdown-grace-seconds"),
        ("LOQUAT_LOG_FORMAT", "verse", "log-format"),
        ("LOQUAT_USERS_HASHING_CONCURRENCY", "many", "users-hashing-concurrency"),
        ("LOQUAT_MESSAGES_BATCH_EVENTS", "101", "messages-batch-events"),
    ];
    for (variable, value, flag) in cases {
        let environment = [("LOQUAT_LISTEN", address.as_str()), ("LOQUAT_DATA_DIR", data), (variable, value)];
        let output = run("loquat", &environment, &[]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(WRONG), "{variable}: {text}");
        assert!(text.contains(&format!("--{flag}")) || text.contains(variable), "{variable} is not named: {text}");
        assert!(!text.contains("LOQUAT_LISTEN"), "the port was tried first: {text}");
        assert!(!Path::new(data).exists(), "{variable}: nothing was made");
    }
    for (variable, value) in [("LOQUAT_LISTEN", "nowhere"), ("LOQUAT_LISTEN", address.as_str())] {
        let output = run("loquat", &[(variable, value), ("LOQUAT_DATA_DIR", data)], &[]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(WRONG), "{value}: {text}");
        assert!(text.contains("LOQUAT_LISTEN") || text.contains("--listen"), "{text}");
    }
    let output = run("loquat", &[("LOQUAT_LISTEN", "127.0.0.1:0"), ("LOQUAT_DATA_DIR", "/proc/nothing")], &[]);
    assert_eq!(output.status.code(), Some(WRONG), "{}", said(&output));
    assert!(said(&output).contains("LOQUAT_DATA_DIR"), "{}", said(&output));
}

#[test]
fn every_service_names_what_it_lacks() {
    for (name, own) in &BINARIES[1..] {
        let output = run(name, &[], &[]);
        assert_eq!(output.status.code(), Some(WRONG), "{name}: {}", said(&output));
        assert!(
            said(&output).contains("--tls-key") || said(&output).contains("LOQUAT_TLS_KEY"),
            "{name}: {}",
            said(&output)
        );
        assert!(own.contains(&"LOQUAT_TLS_KEY"));
    }
}

#[test]
fn every_service_names_a_store_that_it_is_not_given_or_cannot_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let certificates = loquat_testkit::Certificates::found(folder.path()).expect("an authority");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let peers = ["USERS", "ROOMS", "MESSAGES", "PRESENCE"].map(|peer| format!("LOQUAT_{peer}_URLS"));
    for (name, store) in [
        ("loquat-users", "LOQUAT_USERS_DATABASE_URL"),
        ("loquat-rooms", "LOQUAT_ROOMS_DATABASE_URL"),
        ("loquat-messages", "LOQUAT_MESSAGES_STORE_URL"),
        ("loquat-presence", "LOQUAT_PRESENCE_STORE_URL"),
    ] {
        let tls = certificates.issue(name.trim_start_matches("loquat-")).expect("a certificate");
        let mut environment: Vec<(&str, &str)> =
            tls.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        environment.extend(peers.iter().map(|peer| (peer.as_str(), "https://127.0.0.1:1")));
        environment.extend([("LOQUAT_LISTEN", address.as_str()), ("LOQUAT_NATS_URL", "nats://127.0.0.1:1")]);
        let values: &[Option<&str>] = if name == "loquat-presence" {
            &[Some("mysql://bob:hunter2@host/name")]
        } else {
            &[None, Some("mysql://bob:hunter2@host/name")]
        };
        for value in values {
            let mut environment = environment.clone();
            environment.extend(value.map(|value| (store, value)));
            let output = run(name, &environment, &[]);
            let text = said(&output);
            assert_eq!(output.status.code(), Some(WRONG), "{name} with {value:?}: {text}");
            let flag = store.trim_start_matches("LOQUAT_").to_lowercase().replace('_', "-");
            assert!(text.contains(store) || text.contains(&flag), "{name} with {value:?}: {text}");
            assert!(!text.contains("hunter2"), "a secret is shown: {text}");
        }
    }
}

#[test]
fn a_file_of_settings_is_read_and_an_unknown_key_in_it_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("loquat.toml");
    let path = file.to_str().expect("UTF-8");
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\nunheard_of = 1\n").expect("it is written");
    for (environment, arguments) in [(vec![("LOQUAT_CONFIG", path)], vec![]), (vec![], vec!["--config", path])] {
        let output = run("loquat", &environment, &arguments);
        assert_eq!(output.status.code(), Some(WRONG), "{}", said(&output));
        assert!(said(&output).contains("unheard_of"), "{}", said(&output));
    }
    std::fs::write(&file, "shutdown_grace_seconds = 0\n").expect("it is written");
    let output = run("loquat", &[("LOQUAT_CONFIG", path)], &[]);
    assert_eq!(output.status.code(), Some(WRONG), "the file's value is judged: {}", said(&output));
    assert!(said(&output).contains("shutdown-grace-seconds"), "{}", said(&output));
}

#[test]
fn a_setting_is_read_from_the_file_that_its_twin_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mounted");
    let path = file.to_str().expect("UTF-8");
    std::fs::write(&file, "0\n").expect("it is written");
    let output = run("loquat", &[("LOQUAT_SHUTDOWN_GRACE_SECONDS_FILE", path)], &[]);
    assert_eq!(output.status.code(), Some(WRONG), "{}", said(&output));
    assert!(said(&output).contains("shutdown-grace-seconds"), "{}", said(&output));
    let both = [("LOQUAT_SHUTDOWN_GRACE_SECONDS_FILE", path), ("LOQUAT_SHUTDOWN_GRACE_SECONDS", "5")];
    let output = run("loquat", &both, &[]);
    assert_eq!(output.status.code(), Some(WRONG), "both at once contradict each other: {}", said(&output));
    assert!(said(&output).contains("LOQUAT_SHUTDOWN_GRACE_SECONDS_FILE"), "{}", said(&output));
    let absent = [("LOQUAT_DATA_DIR_FILE", "/proc/nothing")];
    let output = run("loquat", &absent, &[]);
    assert_eq!(output.status.code(), Some(WRONG), "{}", said(&output));
    assert!(said(&output).contains("LOQUAT_DATA_DIR_FILE"), "{}", said(&output));
}

#[test]
fn a_data_folder_serves_one_process_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let held = std::fs::File::create(folder.path().join("lock")).expect("a file");
    held.lock().expect("nobody else has it");
    let path = folder.path().to_str().expect("UTF-8");
    let output = run("loquat", &[("LOQUAT_LISTEN", "127.0.0.1:0"), ("LOQUAT_DATA_DIR", path)], &[]);
    assert_eq!(output.status.code(), Some(WRONG), "{}", said(&output));
    assert!(said(&output).contains("LOQUAT_DATA_DIR"), "{}", said(&output));
}

#[test]
fn no_binary_can_have_its_clock_shifted() {
    let shift = b"LOQUAT_CLOCK_SHIFT_FILE";
    let carriers: BTreeSet<&str> = BINARIES
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| {
            let bytes = std::fs::read(binary(name).expect("it is built")).expect("it can be read");
            bytes.windows(shift.len()).any(|window| window == shift)
        })
        .collect();
    assert_eq!(carriers, BTreeSet::new());
}
