//! Durable consumers.

use std::{collections::BTreeSet, time::Duration};

use futures::{FutureExt, stream};
use loquat_bus::{BusError, ConsumerName, Pattern, Subject};

use crate::twin::{Twin, acknowledged, delivery, room, text};

fn name(text: &str) -> ConsumerName {
    text.parse().expect("a name")
}

async fn consumer(twin: &Twin, named: &str) -> loquat_bus::Consumer {
    twin.there.consume(name(named), Pattern::all_rooms()).await.expect("a consumer")
}

pub async fn a_consumer_is_woken_until_it_acknowledges(twin: &Twin) {
    let mut search = consumer(twin, "search").await;
    let subject = Subject::room(room());
    twin.here.publish_durable(subject, text("sent"), "1").await.expect("published");
    for attempt in 1..=3 {
        let delivery = delivery(&mut search).await;
        assert_eq!((delivery.attempt, delivery.news.subject), (attempt, subject));
        assert_eq!(delivery.news.payload, "sent");
        delivery.nack(Duration::from_millis(1)).await.expect("taken");
    }
    assert_eq!(acknowledged(&mut search).await, "sent");
}

pub async fn an_acknowledged_wake_up_does_not_come_again(twin: &Twin) {
    let mut search = consumer(twin, "search").await;
    let subject = Subject::room(room());
    for number in ["1", "2", "3"] {
        twin.here.publish_durable(subject, text(number), number).await.expect("published");
    }
    for number in ["1", "2", "3"] {
        assert_eq!(acknowledged(&mut search).await, number);
    }
    drop(search);
    let mut search = consumer(twin, "search").await;
    twin.here.publish_durable(subject, text("4"), "4").await.expect("published");
    assert_eq!(acknowledged(&mut search).await, "4");
}

pub async fn what_a_reader_dropped_comes_again(twin: &Twin) {
    let mut search = consumer(twin, "search").await;
    twin.here.publish_durable(Subject::room(room()), text("sent"), "1").await.expect("published");
    drop(delivery(&mut search).await);
    let again = delivery(&mut search).await;
    assert_eq!((again.attempt, &*again.news.payload), (2, &b"sent"[..]));
    again.ack().await.expect("taken");
}

pub async fn a_consumer_hears_what_was_published_while_no_reader_was_there(twin: &Twin) {
    drop(consumer(twin, "search").await);
    let subject = Subject::room(room());
    for number in ["1", "2"] {
        twin.here.publish_durable(subject, text(number), number).await.expect("published");
    }
    let mut search = consumer(twin, "search").await;
    for number in ["1", "2"] {
        assert_eq!(acknowledged(&mut search).await, number);
    }
}

pub async fn a_new_consumer_begins_with_what_comes_next(twin: &Twin) {
    let subject = Subject::room(room());
    twin.here.publish_durable(subject, text("before"), "1").await.expect("published");
    let mut search = consumer(twin, "search").await;
    twin.here.publish_durable(subject, text("after"), "2").await.expect("published");
    assert_eq!(acknowledged(&mut search).await, "after");
}

pub async fn two_readers_of_one_name_share_the_wake_ups(twin: &Twin) {
    let one = consumer(twin, "search").await;
    let two = consumer(twin, "search").await;
    let mut both = stream::select(one, two);
    let numbers: BTreeSet<String> = (10..50).map(|number| number.to_string()).collect();
    for number in &numbers {
        twin.here.publish_durable(Subject::room(room()), text(number), number).await.expect("published");
    }
    let mut woken = BTreeSet::new();
    for _ in &numbers {
        let payload = acknowledged(&mut both).await;
        let number = String::from_utf8(payload.to_vec()).expect("text");
        assert!(woken.insert(number.clone()), "{number} came twice");
    }
    assert_eq!(woken, numbers);
}

pub async fn consumers_of_two_names_are_woken_both(twin: &Twin) {
    let subject = Subject::room(room());
    let mut search = consumer(twin, "search").await;
    let mut audit = twin.there.consume(name("audit"), Pattern::exactly(subject)).await.expect("a consumer");
    twin.here.publish_durable(Subject::room(room()), text("elsewhere"), "1").await.expect("published");
    twin.here.publish_durable(subject, text("here"), "2").await.expect("published");
    assert_eq!(acknowledged(&mut search).await, "elsewhere");
    assert_eq!(acknowledged(&mut search).await, "here");
    assert_eq!(acknowledged(&mut audit).await, "here");
}

pub async fn a_repeat_within_the_window_wakes_nobody_again(twin: &Twin) {
    let mut search = consumer(twin, "search").await;
    let subject = Subject::room(room());
    for (payload, news_id) in [("1", "a"), ("1 again", "a"), ("2", "b"), ("1 again", "a"), ("3", "c")] {
        twin.here.publish_durable(subject, text(payload), news_id).await.expect("published");
    }
    for payload in ["1", "2", "3"] {
        assert_eq!(acknowledged(&mut search).await, payload);
    }
}

pub async fn a_publish_repeated_by_another_process_wakes_once(twin: &Twin) {
    let mut search = consumer(twin, "search").await;
    let subject = Subject::room(room());
    twin.here.publish_durable(subject, text("sent"), "room:epoch:1").await.expect("published");
    twin.there.publish_durable(subject, text("sent"), "room:epoch:1").await.expect("published");
    twin.here.publish_durable(subject, text("next"), "room:epoch:2").await.expect("published");
    assert_eq!(acknowledged(&mut search).await, "sent");
    assert_eq!(acknowledged(&mut search).await, "next");
}

pub async fn a_publish_dropped_half_way_can_be_repeated(twin: &Twin) {
    let mut search = consumer(twin, "search").await;
    let subject = Subject::room(room());
    for number in ["1", "2", "3"] {
        // Polled once and dropped: it may or may not have been sent.
        drop(twin.here.publish_durable(subject, text(number), number).now_or_never());
        twin.here.publish_durable(subject, text(number), number).await.expect("published");
    }
    for number in ["1", "2", "3"] {
        assert_eq!(acknowledged(&mut search).await, number);
    }
}

pub async fn two_publishers_of_one_room_both_wake_its_consumer(twin: &Twin) {
    let mut search = consumer(twin, "search").await;
    let subject = Subject::room(room());
    let numbers: BTreeSet<String> = (10..30).map(|number| number.to_string()).collect();
    for number in &numbers {
        // Two nodes that both tell of each event, as after a change of the room's node.
        let (one, two) = tokio::join!(
            twin.here.publish_durable(subject, text(number), number),
            twin.there.publish_durable(subject, text(number), number),
        );
        one.and(two).expect("published");
    }
    let mut woken = Vec::new();
    for _ in &numbers {
        woken.push(String::from_utf8(acknowledged(&mut search).await.to_vec()).expect("text"));
    }
    assert_eq!(woken, Vec::from_iter(numbers));
}

pub async fn only_durable_subjects_wake(twin: &Twin) {
    let refusal = twin.here.publish_durable(Subject::typing(room()), text(""), "1").await;
    assert!(matches!(refusal, Err(BusError::NotDurable { .. })), "{refusal:?}");
    let refusal = twin.here.consume(name("search"), Pattern::all_typing()).await;
    assert!(matches!(refusal, Err(BusError::NotDurable { .. })), "{refusal:?}");
}

pub async fn an_unusable_news_id_is_refused(twin: &Twin) {
    let subject = Subject::room(room());
    for news_id in ["", "two words", "line\r\nbreak", "ü", &"x".repeat(256)] {
        let refusal = twin.here.publish_durable(subject, text(""), news_id).await;
        assert!(matches!(refusal, Err(BusError::NewsId)), "{news_id}: {refusal:?}");
    }
    twin.here.publish_durable(subject, text(""), &"x".repeat(255)).await.expect("published");
}
