//! What durable consumers gave up on.

use std::time::Duration;

use bytes::Bytes;
use loquat_bus::{BusError, DeadLetter, MAX_ERROR_BYTES, MAX_PAYLOAD_BYTES, Pattern, Subject, TraceContext};
use loquat_ids::{Clock, SystemClock};

use crate::twin::{LETTERS, Twin, delivery, room, text};

fn letter(consumer: &str, id: &str) -> DeadLetter {
    DeadLetter {
        consumer: consumer.parse().expect("a name"),
        id: id.to_owned(),
        subject: Subject::room(room()),
        payload: text(format!("{consumer} {id}")),
        error: "cannot be folded".to_owned(),
        attempts: 3,
        time: SystemClock.now(),
        trace: None,
    }
}

async fn ids(twin: &Twin) -> Vec<String> {
    let letters = twin.there.dead_letters(usize::MAX).await.expect("a listing");
    letters.into_iter().map(|letter| letter.id).collect()
}

pub async fn where_nothing_was_buried_there_are_no_letters(twin: &Twin) {
    assert_eq!(twin.there.dead_letters(10).await.expect("a listing"), []);
}

pub async fn a_letter_is_read_as_it_was_buried(twin: &Twin) {
    let mut buried = letter("search", "room:epoch:7");
    buried.payload = Bytes::from((0..=255).collect::<Vec<u8>>());
    buried.error = "fehlgeschlagen: größer als \"erlaubt\"".to_owned();
    buried.trace = Some(TraceContext {
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        tracestate: "one=two".to_owned(),
    });
    twin.here.bury(buried.clone()).await.expect("buried");
    assert_eq!(twin.there.dead_letters(10).await.expect("a listing"), [buried]);
}

pub async fn a_letter_buried_again_is_kept_once(twin: &Twin) {
    let first = letter("search", "room:epoch:7");
    // The answer to the first is never looked at; the second comes from another process, later.
    drop(twin.here.bury(first.clone()).await);
    twin.there.bury(DeadLetter { attempts: 4, ..first.clone() }).await.expect("buried");
    twin.here.bury(first).await.expect("buried");
    twin.here.bury(letter("search", "room:epoch:8")).await.expect("buried");
    assert_eq!(ids(twin).await, ["room:epoch:7", "room:epoch:8"]);
}

pub async fn letters_of_other_consumers_and_ids_stay_apart(twin: &Twin) {
    let all =
        [("search", "7"), ("audit", "7"), ("search", "a.b"), ("search", "a%2Eb"), ("search", "*"), ("search", ">")];
    for (consumer, id) in all {
        twin.here.bury(letter(consumer, id)).await.expect("buried");
    }
    let letters = twin.there.dead_letters(usize::MAX).await.expect("a listing");
    let found: Vec<_> = letters.iter().map(|letter| (letter.consumer.as_str(), letter.id.as_str())).collect();
    assert_eq!(found, all);
}

pub async fn the_newest_letters_are_listed_oldest_first(twin: &Twin) {
    for number in 1..=5 {
        twin.here.bury(letter("search", &number.to_string())).await.expect("buried");
    }
    let newest = twin.there.dead_letters(2).await.expect("a listing");
    assert_eq!(newest.iter().map(|letter| letter.id.as_str()).collect::<Vec<_>>(), ["4", "5"]);
    assert_eq!(twin.there.dead_letters(0).await.expect("a listing"), []);
}

pub async fn beyond_the_bound_the_oldest_letters_go(twin: &Twin) {
    for number in 1..=3 * LETTERS {
        twin.here.bury(letter("search", &number.to_string())).await.expect("buried");
    }
    let expected: Vec<String> = (2 * LETTERS + 1..=3 * LETTERS).map(|number| number.to_string()).collect();
    assert_eq!(ids(twin).await, expected);
}

pub async fn the_largest_payload_and_a_long_error_are_kept(twin: &Twin) {
    let mut largest = letter("search", "1");
    largest.payload = Bytes::from(vec![7; MAX_PAYLOAD_BYTES]);
    largest.error = format!("line\r\nbreak {}", "x".repeat(2 * MAX_ERROR_BYTES));
    twin.here.bury(largest.clone()).await.expect("buried");
    let [kept] = &twin.there.dead_letters(10).await.expect("a listing")[..] else { panic!("not one letter") };
    assert_eq!(kept.payload, largest.payload);
    assert!(kept.error.starts_with("line  break xxx") && kept.error.len() == MAX_ERROR_BYTES, "{}", kept.error);
}

pub async fn what_is_no_letter_is_refused(twin: &Twin) {
    let mut too_large = letter("search", "1");
    too_large.payload = Bytes::from(vec![7; MAX_PAYLOAD_BYTES + 1]);
    let refusal = twin.here.bury(too_large).await;
    assert!(matches!(refusal, Err(BusError::TooLarge { .. })), "{refusal:?}");
    for id in ["", "two words", "ü", &"x".repeat(256)] {
        let refusal = twin.here.bury(letter("search", id)).await;
        assert!(matches!(refusal, Err(BusError::NewsId)), "{id}: {refusal:?}");
    }
    assert_eq!(ids(twin).await, [""; 0]);
}

pub async fn a_delivery_writes_the_same_letter_at_every_attempt(twin: &Twin) {
    let name: loquat_bus::ConsumerName = "search".parse().expect("a name");
    let mut search = twin.there.consume(name.clone(), Pattern::all_rooms()).await.expect("a consumer");
    let subject = Subject::room(room());
    twin.here.publish_durable(subject, text("poison"), "room:epoch:1").await.expect("published");
    for attempt in 1..=3 {
        let delivery = delivery(&mut search).await;
        let letter = delivery.dead_letter(name.clone(), "no", SystemClock.now());
        assert_eq!((letter.id.as_str(), letter.subject, letter.attempts), ("room:epoch:1", subject, attempt));
        assert_eq!(letter.payload, "poison");
        twin.there.bury(letter).await.expect("buried");
        match attempt {
            3 => delivery.ack().await.expect("taken"),
            _ => delivery.nack(Duration::from_millis(1)).await.expect("taken"),
        }
    }
    assert_eq!(ids(twin).await, ["room:epoch:1"]);
}
