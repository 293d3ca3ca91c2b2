//! What only the NATS twin meets: a server that is away, comes back, refuses, or runs out of room.

mod gaps;
mod losses;
mod proxy;
mod server;

use std::{num::NonZeroUsize, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use loquat_bus::{
    Bus, BusError, Connection, NatsBus, NatsLogin, NatsSettings, News, Pattern, Received, StreamLimits, Subject, Woken,
};
use loquat_ids::{IdSource, RandomIds, RoomId};
use tokio::time::{Instant, timeout};

use server::Server;

const PATIENCE: Duration = Duration::from_secs(20);

async fn next<S: Stream + Unpin>(stream: &mut S) -> S::Item {
    timeout(PATIENCE, stream.next()).await.expect("something in time").expect("a stream that goes on")
}

async fn until(bus: &NatsBus, wanted: Connection) {
    let mut connection = bus.connection();
    timeout(PATIENCE, connection.wait_for(|is| *is == wanted)).await.expect("in time").expect("a bus that is there");
}

fn settings(server: &Server) -> NatsSettings {
    let mut settings = NatsSettings::new([server.url()]);
    settings.connect_deadline = Duration::from_secs(10);
    settings.reconnect_delay_cap = Duration::from_millis(200);
    settings
}

fn somewhere() -> Subject {
    Subject::room(RoomId::from_uuid(RandomIds.fresh()))
}

fn said(received: Received) -> Bytes {
    match received {
        Received::News(News { payload, .. }) => payload,
        Received::Missed => panic!("missed something"),
    }
}

#[tokio::test]
async fn after_a_restart_of_the_server_readers_hear_that_they_missed_and_then_live_news() {
    let Some(mut server) = Server::start("after_a_restart") else { return };
    let bus = NatsBus::connect(settings(&server)).await.expect("usable settings");
    let subject = somewhere();
    let mut live = bus.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    let mut consumer = bus.consume("search".parse().expect("a name"), Pattern::all_rooms()).await.expect("a consumer");
    bus.publish_durable(subject, Bytes::from_static(b"before"), "1").await.expect("published");
    assert_eq!(said(next(&mut live).await), "before");
    // Taken but not acknowledged: it must come again.
    let Woken::News(held) = next(&mut consumer).await else { panic!("missed something") };
    assert_eq!(held.news.payload, "before");
    drop(held);

    server.kill();
    until(&bus, Connection::Disconnected).await;
    let begun = Instant::now();
    let refusals = [bus.publish(subject, Bytes::new()).await, bus.publish_durable(subject, Bytes::new(), "2").await];
    for refusal in refusals {
        assert!(matches!(refusal, Err(BusError::Unavailable { .. })), "{refusal:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    let mut while_away = bus.subscribe(Pattern::exactly(subject)).await.expect("a subscription");

    server.start_again();
    until(&bus, Connection::Connected).await;
    assert_eq!(next(&mut live).await, Received::Missed);
    assert_eq!(next(&mut while_away).await, Received::Missed);
    bus.publish_durable(subject, Bytes::from_static(b"after"), "3").await.expect("published");
    assert_eq!(said(next(&mut live).await), "after");
    assert_eq!(said(next(&mut while_away).await), "after");
    let mut has_missed = false;
    let mut woken = Vec::new();
    while !(has_missed && woken.iter().any(|it| it == "after")) {
        match next(&mut consumer).await {
            Woken::Missed => has_missed = true,
            Woken::News(delivery) => {
                woken.push(delivery.news.payload.clone());
                delivery.ack().await.expect("taken");
            }
        }
    }
}

#[tokio::test]
async fn a_start_without_a_server_does_not_hang_and_connects_when_there_is_one() {
    let Some(mut server) = Server::start("a_start_without_a_server") else { return };
    server.kill();
    let mut settings = settings(&server);
    settings.connect_deadline = Duration::from_millis(300);
    let begun = Instant::now();
    let bus = NatsBus::connect(settings).await.expect("usable settings");
    assert_eq!(*bus.connection().borrow(), Connection::Disconnected);
    let subject = somewhere();
    assert!(matches!(bus.publish(subject, Bytes::new()).await, Err(BusError::Unavailable { .. })));
    let mut live = bus.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    let mut consumer = bus.consume("search".parse().expect("a name"), Pattern::all_rooms()).await.expect("a consumer");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());

    server.start_again();
    assert_eq!(next(&mut live).await, Received::Missed);
    assert!(matches!(next(&mut consumer).await, Woken::Missed));
    bus.publish_durable(subject, Bytes::from_static(b"sent"), "1").await.expect("published");
    assert_eq!(said(next(&mut live).await), "sent");
    assert!(matches!(next(&mut consumer).await, Woken::News(_)));
}

#[tokio::test]
async fn a_stream_that_somebody_took_away_is_made_again() {
    let Some(server) = Server::start("a_stream_that_somebody_took_away") else { return };
    let bus = NatsBus::connect(settings(&server)).await.expect("usable settings");
    let subject = somewhere();
    let mut consumer = bus.consume("search".parse().expect("a name"), Pattern::all_rooms()).await.expect("a consumer");
    let client = async_nats::connect(server.url()).await.expect("a client");
    async_nats::jetstream::new(client).delete_stream("LOQUAT").await.expect("a stream to take away");
    bus.publish_durable(subject, Bytes::from_static(b"1"), "1").await.expect("published");
    assert!(matches!(next(&mut consumer).await, Woken::Missed));
    bus.publish_durable(subject, Bytes::from_static(b"2"), "2").await.expect("published");
    assert!(matches!(next(&mut consumer).await, Woken::News(_)));
}

#[tokio::test]
async fn a_consumer_hears_that_the_bounds_of_the_stream_took_wake_ups_away() {
    let Some(server) = Server::start("the_bounds_of_the_stream") else { return };
    let mut settings = settings(&server);
    settings.stream = StreamLimits { max_bytes: 64 << 10, ..StreamLimits::default() };
    settings.loss_check_interval = Duration::from_millis(100);
    settings.consumer_capacity = NonZeroUsize::new(4).expect("not zero");
    let bus = NatsBus::connect(settings).await.expect("usable settings");
    let subject = somewhere();
    let mut consumer = bus.consume("search".parse().expect("a name"), Pattern::all_rooms()).await.expect("a consumer");
    for number in 0..300 {
        let payload = Bytes::from(vec![7; 1_024]);
        bus.publish_durable(subject, payload, &number.to_string()).await.expect("published");
    }
    let mut has_missed = false;
    while !has_missed {
        match next(&mut consumer).await {
            Woken::Missed => has_missed = true,
            Woken::News(delivery) => delivery.ack().await.expect("taken"),
        }
    }
}

#[tokio::test]
async fn only_who_knows_the_password_is_connected() {
    let Some(server) = Server::start_with("only_who_knows_the_password", &["--user", "bob", "--pass", "correct"])
    else {
        return;
    };
    let login = |password: &str| NatsLogin::User { user: "bob".to_owned(), password: password.to_owned() };
    let mut right = settings(&server);
    right.login = login("correct");
    let right = NatsBus::connect(right).await.expect("usable settings");
    assert_eq!(*right.connection().borrow(), Connection::Connected);
    let mut wrong = settings(&server);
    wrong.login = login("false");
    wrong.connect_deadline = Duration::from_millis(500);
    let wrong = NatsBus::connect(wrong).await.expect("usable settings");
    assert_eq!(*wrong.connection().borrow(), Connection::Disconnected);
    assert!(matches!(wrong.publish(somewhere(), Bytes::new()).await, Err(BusError::Unavailable { .. })));
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named() {
    for urls in [vec![], vec!["not a url"], vec!["nats://host:port"]] {
        let refusal = NatsBus::connect(NatsSettings::new(urls)).await;
        assert!(matches!(refusal, Err(BusError::Setting { setting: "urls", .. })), "{refusal:?}");
    }
    let mut settings = NatsSettings::new(["nats://localhost:4222"]);
    settings.login = NatsLogin::Creds("hunter2".to_owned());
    let refusal = NatsBus::connect(settings).await;
    assert!(matches!(refusal, Err(BusError::Setting { setting: "creds", .. })), "{refusal:?}");
    assert!(!format!("{refusal:?}").contains("hunter2"));
}
