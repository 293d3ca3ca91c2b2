//! Settings: documented, judged before a port is bound, and named when they are wrong.

mod help;
mod places;
mod unreachable;
mod wrong;

use std::{
    collections::{BTreeMap, BTreeSet},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use loquat_testkit::{Certificates, Plan, Recipe, Shape, binary, house_of_its_own};

/// The exit code of whoever is set wrongly.
const WRONG: i32 = 64;
/// Within this whoever is set wrongly has ended, on a busy machine too.
const END: Duration = Duration::from_secs(40);

const BINARIES: [&str; 6] =
    ["loquat", "loquat-users", "loquat-rooms", "loquat-messages", "loquat-presence", "loquat-gateway"];

type Environment = BTreeMap<String, String>;

fn command(name: &str, environment: &Environment) -> Command {
    let recipe =
        Recipe { program: binary(name).expect("it is built"), wrapper: Vec::new(), environment: environment.clone() };
    recipe.command()
}

/// Runs a process to its end. One that starts all the same is killed, and has no exit code.
fn run(name: &str, environment: &Environment, arguments: &[&str]) -> Output {
    let mut command = command(name, environment);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let by = Instant::now() + END;
    while child.try_wait().expect("it can be waited for").is_none() {
        if Instant::now() >= by {
            child.kill().expect("it is ours");
            break;
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().expect("it has ended")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn environment<const N: usize>(variables: [(&str, &str); N]) -> Environment {
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Says whether a variable is named in what a process said, by itself or by its flag.
fn names(text: &str, variable: &str) -> bool {
    text.contains(variable) || text.contains(&flag_of(variable))
}

fn flag_of(variable: &str) -> String {
    format!("--{}", variable.trim_start_matches("LOQUAT_").to_lowercase().replace('_', "-"))
}

/// What a process would start with: all that it must have, on stores that are files, with nobody to call.
fn sound(name: &str, folder: &std::path::Path, listen: &str) -> Environment {
    let path = |end: &str| folder.join(end).to_str().expect("UTF-8").to_owned();
    let mut environment = environment([("LOQUAT_LISTEN", listen)]);
    let service = match name.strip_prefix("loquat-") {
        Some(service) => service,
        None => {
            environment.insert("LOQUAT_DATA_DIR".into(), path("data"));
            return environment;
        }
    };
    let certificates = Certificates::found(&folder.join("certificates")).expect("an authority");
    environment.extend(certificates.issue(service).expect("a certificate"));
    let mut set = |name: &str, value: String| environment.insert(name.to_owned(), value);
    for peer in ["USERS", "ROOMS", "MESSAGES", "PRESENCE"] {
        set(&format!("LOQUAT_{peer}_URLS"), "https://127.0.0.1:1".into());
    }
    set("LOQUAT_NATS_URL", "nats://127.0.0.1:1".into());
    match service {
        "users" => drop(set("LOQUAT_USERS_DATABASE_URL", format!("sqlite:{}", path("users.db")))),
        "rooms" => drop(set("LOQUAT_ROOMS_DATABASE_URL", format!("sqlite:{}", path("rooms.db")))),
        "messages" => drop(set("LOQUAT_MESSAGES_STORE_URL", format!("sqlite:{}", path("messages.db")))),
        _ => {}
    }
    environment
}

mod embedded {
    #[tokio::test]
    async fn a_variable_that_looks_like_a_setting_and_is_none_is_told_once() {
        super::a_variable_that_looks_like_a_setting_and_is_none_is_told_once(super::Shape::Embedded).await;
    }
}

mod distributed {
    #[tokio::test]
    async fn a_variable_that_looks_like_a_setting_and_is_none_is_told_once() {
        super::a_variable_that_looks_like_a_setting_and_is_none_is_told_once(super::Shape::Distributed).await;
    }
}

async fn a_variable_that_looks_like_a_setting_and_is_none_is_told_once(shape: Shape) {
    // One setting of a part for all, as a file of settings for a whole deployment has it.
    let plan = Plan::of(shape).with("LOQUAT_LOGG", "debug").with("LOQUAT_ROOMS_RELAY_INTERVAL_MILLIS", 900);
    let test = "a_variable_that_looks_like_a_setting_and_is_none_is_told_once";
    let Some(house) = house_of_its_own(plan, test).await else { return };
    for member in house.members() {
        let log = member.log();
        let told: Vec<&str> = log.lines().filter(|line| line.contains("is it misspelt?")).collect();
        assert!(matches!(told[..], [line] if line.contains("LOQUAT_LOGG ")), "{}: {told:#?}", member.name);
    }
}

#[test]
fn no_binary_can_have_its_clock_shifted() {
    let shift = b"LOQUAT_CLOCK_SHIFT_FILE";
    let carriers: BTreeSet<&str> = BINARIES
        .into_iter()
        .filter(|name| {
            let bytes = std::fs::read(binary(name).expect("it is built")).expect("it can be read");
            bytes.windows(shift.len()).any(|window| window == shift)
        })
        .collect();
    assert_eq!(carriers, BTreeSet::new());
}
