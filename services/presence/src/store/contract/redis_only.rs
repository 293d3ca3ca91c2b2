//! What only Redis does: be away, and keep keys.

use std::time::Duration;

use tokio::{net::TcpListener, time::Instant};

use super::twin::{Twin, at, complete, device, further, gateway, user};
use crate::{model::Setting, ports::PresenceStore, store::RedisPresenceStore};

#[tokio::test]
async fn who_has_left_costs_nothing_but_what_it_chose() {
    let Some(twin) = Twin::redis("who_has_left_costs_nothing") else { return };
    let ada = user(1);
    twin.renew(&complete(gateway(1), &[device(ada, "a")]), at(0)).await;
    twin.renew(&further(gateway(1), &[], &[device(ada, "a")]), at(1)).await;
    twin.here.told(&twin.here.untold(10).await.expect("read")).await.expect("told");
    assert_eq!(twin.lapse_all(at(20), 10).await, []);
    let mut connection = twin.connection().await;
    let mut keys = twin.keys(&mut connection).await;
    keys.sort();
    assert_eq!(keys, [twin.key(&format!("person:{ada}")), twin.key("version")]);
    twin.flush().await;
}

#[tokio::test]
async fn an_availability_of_a_later_version_is_rather_hidden() {
    let Some(twin) = Twin::redis("an_availability_of_a_later_version") else { return };
    let ada = user(1);
    let mut connection = twin.connection().await;
    let person = twin.key(&format!("person:{ada}"));
    let later = redis::cmd("HSET").arg(person).arg("availability").arg("behind-glass").to_owned();
    later.exec_async(&mut connection).await.expect("written");
    assert!(!twin.standing(ada).await.setting.is_visible());
    twin.flush().await;
}

/// Asks for everything that a caller may wait for.
async fn ask(store: &RedisPresenceStore) {
    let begun = Instant::now();
    assert!(store.ping().await.is_err());
    assert!(store.read(&[user(1)]).await.is_err());
    assert!(store.set(user(1), &Setting::default(), at(0)).await.is_err());
    assert!(store.renew(&complete(gateway(1), &[]), at(0), at(10)).await.is_err());
    assert!(store.lapse(at(0), 1).await.is_err());
    assert!(store.untold(1).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_that_refuses_is_answered_in_time() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("redis://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let store = RedisPresenceStore::new(&url, "test:", Duration::from_millis(500)).expect("a usable url");
    ask(&store).await;
}

#[tokio::test]
async fn a_server_that_is_silent_is_answered_in_time() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("redis://{}", listener.local_addr().expect("an address"));
    let store = RedisPresenceStore::new(&url, "test:", Duration::from_millis(500)).expect("a usable url");
    ask(&store).await;
}

/// Stands between the store and the server, and can cut the line.
#[tokio::test]
async fn after_the_server_was_away_the_store_goes_on() {
    let Some(server) = super::twin::server() else {
        eprintln!("SKIPPED after_the_server_was_away: no LOQUAT_TEST_REDIS_URL");
        return;
    };
    let address = server.trim_start_matches("redis://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let here = listener.local_addr().expect("an address");
    let line = |listener: TcpListener, address: String| {
        tokio::spawn(async move {
            let mut copies = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let mut far = tokio::net::TcpStream::connect(&address).await.expect("a server that answers");
                copies.spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
            }
        })
    };
    let first = line(listener, address.clone());
    let store = RedisPresenceStore::new(&format!("redis://{here}"), "test:away:", Duration::from_secs(2));
    let store = store.expect("a usable url");
    store.ping().await.expect("an answer");
    first.abort();
    assert!(first.await.is_err_and(|error| error.is_cancelled()));
    assert!(store.ping().await.is_err());
    let second = line(TcpListener::bind(here).await.expect("the same port"), address);
    let mut attempts = 0;
    while store.ping().await.is_err() {
        attempts += 1;
        assert!(attempts < 20, "the store does not come back");
        tokio::task::yield_now().await;
    }
    second.abort();
}
