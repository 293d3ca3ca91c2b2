//! A store that does not answer is no wrong setting: it is named at once, and the start ends, or goes on without.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use loquat_testkit::eventually;

use super::{Environment, command, sound};

/// Within this the log names what is waited for.
const AT_ONCE: Duration = Duration::from_secs(5);
/// Within this a start that cannot succeed has ended. A bus that is not there takes it 5 s before it asks its store.
const END: Duration = Duration::from_secs(20);

/// A process that is killed with this.
struct Started(Child);

impl Started {
    fn start(name: &str, environment: &Environment, log: &Path) -> Self {
        let file = std::fs::File::create(log).expect("a file");
        let child = command(name, environment).stdout(Stdio::null()).stderr(file).spawn();
        Self(child.expect("it runs"))
    }

    async fn code(&mut self, within: Duration) -> Option<i32> {
        let begun = Instant::now();
        let status = eventually("the process ends", within, || {
            let ended = self.0.try_wait().expect("it can be waited for");
            std::future::ready(ended.ok_or_else(|| format!("it runs after {:?}", begun.elapsed())))
        });
        status.await.code()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_named_at_once_and_ends_the_start_with_exit_code_1() {
    // Nobody accepts there; and behind the other nobody listens at all.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = silent.local_addr().expect("an address");
    let mut waits = Vec::new();
    for (name, variable, scheme) in [
        ("loquat-users", "LOQUAT_USERS_DATABASE_URL", "postgres"),
        ("loquat-rooms", "LOQUAT_ROOMS_DATABASE_URL", "postgres"),
        ("loquat-messages", "LOQUAT_MESSAGES_STORE_URL", "postgres"),
        ("loquat-messages", "LOQUAT_MESSAGES_STORE_URL", "mongodb"),
    ] {
        for address in [silent.to_string(), "127.0.0.1:1".to_owned()] {
            waits.push(is_named_and_ends(name, variable, format!("{scheme}://bob:hunter2@{address}/name")));
        }
    }
    futures::future::join_all(waits).await;
}

async fn is_named_and_ends(name: &str, variable: &str, url: String) {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let mut environment = sound(name, folder.path(), "127.0.0.1:0");
    environment.insert(variable.to_owned(), url.clone());
    let mut started = Started::start(name, &environment, &log);
    // The bus comes first, and is told of too.
    let within = if name == "loquat-users" { AT_ONCE } else { AT_ONCE + Duration::from_secs(5) };
    is_told(&log, &format!("{variable} names does not answer yet"), within).await;
    assert_eq!(started.code(END).await, Some(1), "{name} at {url}");
    let text = std::fs::read_to_string(&log).expect("a log");
    let last = text.lines().last().unwrap_or_default();
    assert!(last.starts_with("error: ") && last.contains(variable), "{name} at {url}: {text}");
    assert!(!text.contains("hunter2"), "a secret is shown: {text}");
}

#[tokio::test]
async fn what_a_start_can_do_without_is_named_at_once_and_it_goes_on() {
    for (name, variable, value) in [
        ("loquat-presence", "LOQUAT_PRESENCE_STORE_URL", "redis://127.0.0.1:1"),
        ("loquat-presence", "LOQUAT_NATS_URL", "nats://127.0.0.1:1"),
        ("loquat-gateway", "LOQUAT_NATS_URL", "nats://127.0.0.1:1"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let mut environment = sound(name, folder.path(), "127.0.0.1:0");
        environment.insert(variable.to_owned(), value.to_owned());
        let mut started = Started::start(name, &environment, &log);
        // The bus is waited for first, for 5 s.
        is_told(&log, &format!("{variable} names"), AT_ONCE + Duration::from_secs(6)).await;
        is_told(&log, "listening", END).await;
        assert_eq!(started.0.try_wait().expect("it can be waited for"), None, "{name} goes on");
    }
}

async fn is_told(log: &Path, words: &str, within: Duration) {
    let told = || {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        std::future::ready(if text.contains(words) { Ok(()) } else { Err(text) })
    };
    eventually(&format!("the log says: {words}"), within, told).await;
}
