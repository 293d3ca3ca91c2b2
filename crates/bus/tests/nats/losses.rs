//! What an operator's mistake takes away: streams, consumers, the server's data.

use std::time::Duration;

use async_nats::jetstream;
use bytes::Bytes;
use loquat_bus::{Bus, BusError, Connection, Consumer, DeadLetter, NatsBus, Pattern, Subject, Woken};
use loquat_ids::Timestamp;
use tokio::time::timeout;

use crate::{next, server::Server, settings, somewhere, until};

async fn search(bus: &NatsBus) -> Consumer {
    bus.consume("search".parse().expect("a name"), Pattern::all_rooms()).await.expect("a consumer")
}

async fn streams(server: &Server) -> jetstream::Context {
    jetstream::new(async_nats::connect(server.url()).await.expect("a client"))
}

fn letter(id: &str) -> DeadLetter {
    DeadLetter {
        consumer: "search".parse().expect("a name"),
        id: id.to_owned(),
        subject: somewhere(),
        payload: Bytes::from_static(b"poison"),
        error: "cannot be folded".to_owned(),
        attempts: 1,
        time: Timestamp::from_micros(1),
        trace: None,
    }
}

/// Takes what wakes a consumer, and returns whether it heard that it missed something before this news.
async fn missed_before(consumer: &mut Consumer, payload: &str) -> bool {
    let mut has_missed = false;
    loop {
        match next(consumer).await {
            Woken::Missed => has_missed = true,
            Woken::News(delivery) => {
                let is_it = delivery.news.payload == payload;
                delivery.ack().await.expect("taken");
                if is_it {
                    return has_missed;
                }
            }
        }
    }
}

async fn publish(bus: &NatsBus, subject: Subject, payload: &'static str) {
    bus.publish_durable(subject, Bytes::from_static(payload.as_bytes()), payload).await.expect("published");
}

#[tokio::test]
async fn consumers_notice_by_themselves_that_their_stream_is_gone() {
    let Some(server) = Server::start("consumers_notice_by_themselves") else { return };
    let bus = NatsBus::connect(settings(&server)).await.expect("usable settings");
    let subject = somewhere();
    let mut one = search(&bus).await;
    let mut two = bus.consume("audit".parse().expect("a name"), Pattern::all_rooms()).await.expect("a consumer");
    publish(&bus, subject, "before").await;
    assert!(!missed_before(&mut one, "before").await);
    assert!(!missed_before(&mut two, "before").await);
    let streams = streams(&server).await;
    streams.delete_stream("LOQUAT").await.expect("a stream to take away");
    // Nobody publishes anything.
    assert!(matches!(next(&mut one).await, Woken::Missed));
    assert!(matches!(next(&mut two).await, Woken::Missed));
    publish(&bus, subject, "after").await;
    missed_before(&mut one, "after").await;
    missed_before(&mut two, "after").await;
    let mut stream = streams.get_stream("LOQUAT").await.expect("a stream that was made again");
    assert_eq!(stream.info().await.expect("an answer").state.consumer_count, 2);
}

#[tokio::test]
async fn a_consumer_that_somebody_took_away_is_made_again() {
    let Some(server) = Server::start("a_consumer_that_somebody_took_away") else { return };
    let bus = NatsBus::connect(settings(&server)).await.expect("usable settings");
    let mut consumer = search(&bus).await;
    let streams = streams(&server).await;
    let stream = streams.get_stream("LOQUAT").await.expect("a stream");
    stream.delete_consumer("search").await.expect("a consumer to take away");
    assert!(matches!(next(&mut consumer).await, Woken::Missed));
    publish(&bus, somewhere(), "after").await;
    missed_before(&mut consumer, "after").await;
}

#[tokio::test]
async fn news_between_the_loss_of_the_stream_and_its_return_is_told_as_missed() {
    let Some(server) = Server::start("news_between_the_loss") else { return };
    let bus = NatsBus::connect(settings(&server)).await.expect("usable settings");
    let subject = somewhere();
    let mut consumer = search(&bus).await;
    let streams = streams(&server).await;
    for round in 0..5 {
        streams.delete_stream("LOQUAT").await.expect("a stream to take away");
        // The publisher makes the stream again, perhaps before the consumer is there.
        for number in 0..20 {
            let id = format!("{round}:{number}");
            bus.publish_durable(subject, Bytes::from(id.clone()), &id).await.expect("published");
        }
        let last = format!("{round}:19");
        let mut known = None;
        let mut has_missed = false;
        // Either it was woken for it, or it was told to read the store after it was there.
        while known.as_deref() != Some(last.as_str()) && !has_missed {
            match next(&mut consumer).await {
                Woken::Missed => has_missed = true,
                Woken::News(delivery) => {
                    known = Some(String::from_utf8(delivery.news.payload.to_vec()).expect("text"));
                    delivery.ack().await.expect("taken");
                }
            }
        }
        assert!(has_missed, "the stream was lost and nobody told");
        let id: &'static str = ["a", "b", "c", "d", "e"][round];
        publish(&bus, subject, id).await;
        missed_before(&mut consumer, id).await;
    }
}

/// Nats-server 2.15 leaves such a stream deaf, more often than not: it is there, and keeps nothing.
#[tokio::test]
async fn a_stream_that_was_made_again_too_early_is_mended() {
    let Some(server) = Server::start("a_stream_that_was_made_again_too_early") else { return };
    let mut settings = settings(&server);
    settings.call_deadline = Duration::from_millis(700);
    let bus = NatsBus::connect(settings).await.expect("usable settings");
    let subject = somewhere();
    publish(&bus, subject, "before").await;
    let streams = streams(&server).await;
    let config = streams.get_stream("LOQUAT").await.expect("a stream").cached_info().config.clone();
    for round in 0..5 {
        let made = futures::future::join_all((0..20).map(|_| streams.create_stream(&config)));
        let (deleted, _) = tokio::join!(streams.delete_stream("LOQUAT"), made);
        deleted.expect("a stream to take away");
        let id = format!("after:{round}");
        let repeated = async {
            while let Err(error) = bus.publish_durable(subject, Bytes::new(), &id).await {
                assert!(matches!(error, BusError::Unavailable { .. }), "{error:?}");
            }
        };
        timeout(Duration::from_secs(15), repeated).await.expect("a stream that was mended in time");
    }
}

#[tokio::test]
async fn a_server_that_lost_its_data_gets_stream_and_consumers_again() {
    let Some(mut server) = Server::start("a_server_that_lost_its_data") else { return };
    let bus = NatsBus::connect(settings(&server)).await.expect("usable settings");
    let subject = somewhere();
    let mut consumer = search(&bus).await;
    for payload in ["1", "2", "3"] {
        publish(&bus, subject, payload).await;
    }
    missed_before(&mut consumer, "3").await;
    bus.bury(letter("before")).await.expect("buried");
    server.kill();
    until(&bus, Connection::Disconnected).await;
    server.forget_everything();
    server.start_again();
    until(&bus, Connection::Connected).await;
    assert!(matches!(next(&mut consumer).await, Woken::Missed));
    // Its numbers begin anew, below what was acknowledged before.
    publish(&bus, subject, "after").await;
    missed_before(&mut consumer, "after").await;
    bus.bury(letter("after")).await.expect("buried");
    let letters = bus.dead_letters(10).await.expect("a listing");
    assert_eq!(letters.iter().map(|letter| letter.id.as_str()).collect::<Vec<_>>(), ["after"]);
}

#[tokio::test]
async fn dead_letters_can_be_seen_with_the_servers_own_tools_and_outlive_it() {
    let Some(mut server) = Server::start("dead_letters_can_be_seen") else { return };
    let bus = NatsBus::connect(settings(&server)).await.expect("usable settings");
    let onlooker = async_nats::connect(server.url()).await.expect("a client");
    let mut seen = onlooker.subscribe("dead.>").await.expect("a subscription");
    onlooker.flush().await.expect("an answer");
    bus.bury(letter("room:epoch:7")).await.expect("buried");
    let message = next(&mut seen).await;
    assert_eq!(&*message.subject, "dead.search.room:epoch:7");
    assert_eq!(message.payload, "poison");
    let headers = message.headers.expect("headers");
    assert_eq!(headers.get("Loquat-Error").map(|error| error.as_str()), Some("cannot be folded"));
    // Taken away by mistake: the next one makes its stream again.
    streams(&server).await.delete_stream("LOQUAT_DEAD").await.expect("a stream to take away");
    assert_eq!(bus.dead_letters(10).await.expect("a listing"), []);
    bus.bury(letter("room:epoch:8")).await.expect("buried");
    server.kill();
    until(&bus, Connection::Disconnected).await;
    assert!(bus.bury(letter("room:epoch:9")).await.is_err());
    server.start_again();
    until(&bus, Connection::Connected).await;
    let letters = timeout(Duration::from_secs(20), bus.dead_letters(10)).await.expect("in time");
    let letters = letters.expect("a listing");
    assert_eq!(letters.iter().map(|letter| letter.id.as_str()).collect::<Vec<_>>(), ["room:epoch:8"]);
}
