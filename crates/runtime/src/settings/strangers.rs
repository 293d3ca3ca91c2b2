//! Variables that look like settings and are none: misspelt ones, most likely.

use std::collections::BTreeSet;

use clap::Command;

/// What begins our variables.
const OURS: &str = "LOQUAT_";

/// How those begin that only some processes read, or only tests. One file of settings for all processes, as compose's, is no
/// mistake.
const OF_OTHERS: [&str; 10] =
    ["USERS_", "ROOMS_", "MESSAGES_", "PRESENCE_", "GATEWAY_", "NATS_", "TLS_", "DATA_DIR", "PUBLIC_URL", "TEST_"];

/// Returns, of the names of the variables that a process sees, those that look like settings and are none of its own nor of
/// another process of ours.
pub(super) fn strangers(command: &Command, seen: impl Iterator<Item = String>) -> Vec<String> {
    let known: BTreeSet<&str> =
        command.get_arguments().filter_map(|argument| argument.get_env()).filter_map(|name| name.to_str()).collect();
    let is_known =
        |name: &str| known.contains(name) || name.strip_suffix("_FILE").is_some_and(|name| known.contains(name));
    let is_of_others = |name: &str| {
        let own = OF_OTHERS.iter().find(|beginning| name[OURS.len()..].starts_with(**beginning));
        own.is_some_and(|beginning| !known.iter().any(|known| is_own(known, beginning)))
    };
    let seen: BTreeSet<String> = seen.filter(|name| name.starts_with(OURS)).collect();
    seen.into_iter().filter(|name| !is_known(name) && !is_of_others(name)).collect()
}

/// Whether a known setting begins so because it is of that part, and not because it says where that part is. Of a part that it
/// is, or has, a process knows all settings.
fn is_own(known: &str, beginning: &str) -> bool {
    known[OURS.len()..].starts_with(beginning) && !known.ends_with("_URLS")
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    #[test]
    fn what_is_misspelt_is_told_from_what_is_for_others() {
        let command = ["LOQUAT_LISTEN", "LOQUAT_ROOMS_DATABASE_URL", "LOQUAT_USERS_URLS", "LOQUAT_DATA_DIR"]
            .into_iter()
            .fold(Command::new("some"), |command, name| command.arg(Arg::new(name).env(name)));
        let told = |names: &[&str]| strangers(&command, names.iter().map(|name| (*name).to_owned()));
        assert_eq!(told(&["LOQUAT_LISTEN", "LOQUAT_ROOMS_DATABASE_URL_FILE", "PATH"]), [""; 0]);
        let for_others = ["LOQUAT_USERS_HASHING_CONCURRENCY", "LOQUAT_PRESENCE_LEASE_SECONDS", "LOQUAT_TEST_NATS_URL"];
        assert_eq!(told(&for_others), [""; 0]);
        let misspelt = ["LOQUAT_LISTN", "LOQUAT_LOG_", "LOQUAT_ROOMS_DATABASE_ULR"];
        assert_eq!(told(&misspelt), misspelt);
    }
}
