//! `--help` tells of every setting that the code has.

use std::{collections::BTreeSet, fs, path::Path};

use super::{BINARIES, Environment, run, said};

/// Where settings are declared, beside the services: for every process, and for those that speak to others.
const SHARED: [&str; 3] =
    ["crates/runtime/src/settings.rs", "crates/runtime/src/settings/peers.rs", "crates/bus/src/settings.rs"];

#[test]
fn help_documents_every_setting_of_the_code() {
    let helps: Vec<(&str, String)> = BINARIES.into_iter().map(|name| (name, help(name))).collect();
    let shown = |name: &str| {
        let (_, help) = helps.iter().find(|(binary, _)| *binary == name).expect("one of them");
        variables_in(help, "[env: ")
    };
    let shared: BTreeSet<String> = SHARED.iter().flat_map(|file| declared_in(file)).collect();
    let mut declared = shared.clone();
    for name in BINARIES {
        let service = name.strip_prefix("loquat-").unwrap_or("standalone");
        let own = declared_in(&format!("services/{service}/src"));
        assert!(service == "standalone" || !own.is_empty(), "no setting is found in the code of {service}");
        for binary in [name, "loquat"] {
            let lacking: Vec<_> = own.difference(&shown(binary)).cloned().collect();
            assert!(lacking.is_empty(), "`{binary} --help` does not tell of {lacking:?}");
        }
        let strange: Vec<_> = shown(name).difference(&own).filter(|name| !shared.contains(*name)).cloned().collect();
        assert!(name == "loquat" || strange.is_empty(), "`{name} --help` tells of {strange:?}, which its code has not");
        declared.extend(own);
    }
    let told: BTreeSet<String> = helps.iter().flat_map(|(name, _)| shown(name)).collect();
    assert_eq!(told, declared);
}

#[test]
fn each_setting_is_described_with_its_variable_its_unit_and_its_default() {
    for name in BINARIES {
        let help = help(name);
        for (flag, text) in options(&help) {
            if matches!(flag.as_str(), "--help" | "--version") {
                continue;
            }
            let described = text.split("[env:").next().unwrap_or_default();
            assert!(described.split_whitespace().count() >= 3, "{name}: {flag} is not described: {text:?}");
            if flag == "--check-health" {
                continue;
            }
            assert!(text.contains("[env: LOQUAT_"), "{name}: {flag} has no variable: {text:?}");
            let says_what_without = ["ithout it", "by default"].iter().any(|words| described.contains(words));
            let is_required = usage(&help).contains(&format!(" {flag} "));
            let says_default = text.contains("[default: ") || says_what_without || is_required;
            assert!(flag == "--config" || says_default, "{name}: {flag} states no default: {text:?}");
            let units =
                [("-seconds", "seconds"), ("-millis", "milliseconds"), ("-ms", "milliseconds"), ("-days", "days")];
            for (end, unit) in units {
                assert!(!flag.ends_with(end) || described.contains(unit), "{name}: {flag} states no unit: {text:?}");
            }
        }
    }
}

fn help(name: &str) -> String {
    let output = run(name, &Environment::new(), &["--help"]);
    assert_eq!(output.status.code(), Some(0), "{name}: {}", said(&output));
    String::from_utf8(output.stdout).expect("text")
}

fn usage(help: &str) -> String {
    help.lines().skip_while(|line| !line.starts_with("Usage:")).take_while(|line| !line.is_empty()).collect()
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

/// Finds the variables that a file's code names, or that of a folder's files; what tests name is left out.
fn declared_in(place: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut places = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(place)];
    while let Some(path) = places.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            places.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let ships = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            found.extend(variables_in(ships, "\"").into_iter().filter(|name| !name.starts_with("LOQUAT_TEST_")));
        }
    }
    found
}

/// Finds our variables that stand behind a mark.
fn variables_in(text: &str, mark: &str) -> BTreeSet<String> {
    let is_of_a_name = |character: &char| character.is_ascii_uppercase() || *character == '_';
    let candidates = text.split(mark).skip(1).map(|rest| rest.chars().take_while(is_of_a_name).collect::<String>());
    candidates.filter(|name| name.strip_prefix("LOQUAT_").is_some_and(|rest| !rest.is_empty())).collect()
}
