//! Answers that never come, and batches that fail in the middle.

use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use loquat_bus::{BusError, Consumer, DeadLetter, MAX_PAYLOAD_BYTES, Pattern, Subject};
use loquat_ids::{Clock as _, SystemClock};

use crate::twin::{Twin, acknowledged, delivery, heard, room, text};

async fn search(twin: &Twin) -> Consumer {
    twin.there.consume("search".parse().expect("a name"), Pattern::all_rooms()).await.expect("a consumer")
}

pub async fn a_publish_whose_answer_is_lost_has_woken_and_wakes_once(twin: &Twin) {
    let mut search = search(twin).await;
    let subject = Subject::room(room());
    twin.with_a_lost_answer(b"room:epoch:1", async |bus| {
        bus.publish_durable(subject, text("sent"), "room:epoch:1").await
    })
    .await;
    // It was taken: nobody has to say it again for the consumer to be woken.
    assert_eq!(acknowledged(&mut search).await, "sent");
    // Whoever lost the answer says it again, and so does another process.
    for bus in [&twin.here, &twin.there] {
        bus.publish_durable(subject, text("sent"), "room:epoch:1").await.expect("published");
    }
    twin.here.publish_durable(subject, text("next"), "room:epoch:2").await.expect("published");
    // What waited long before it was acknowledged may come again; what was stored twice would come for the first time.
    let next = loop {
        let woken = delivery(&mut search).await;
        let (payload, attempt) = (woken.news.payload.clone(), woken.attempt);
        woken.ack().await.expect("an acknowledgement that is taken");
        if payload != "sent" || attempt == 1 {
            break payload;
        }
    };
    assert_eq!(next, "next");
}

pub async fn a_letter_whose_answer_is_lost_is_kept_once(twin: &Twin) {
    let letter = DeadLetter {
        consumer: "search".parse().expect("a name"),
        id: "room:epoch:7".to_owned(),
        subject: Subject::room(room()),
        payload: text("poison"),
        error: "cannot be folded".to_owned(),
        attempts: 3,
        time: SystemClock.now(),
        trace: None,
    };
    // The streams are there, so that the only question is the letter.
    twin.here.bury(DeadLetter { id: "room:epoch:6".to_owned(), ..letter.clone() }).await.expect("buried");
    twin.with_a_lost_answer(b"room:epoch:7", async |bus| bus.bury(letter.clone()).await).await;
    let ids = async || -> Vec<String> {
        let letters = twin.there.dead_letters(10).await.expect("a listing");
        letters.into_iter().map(|letter| letter.id).collect()
    };
    assert_eq!(ids().await, ["room:epoch:6", "room:epoch:7"], "it was kept before its answer was lost");
    twin.here.bury(letter).await.expect("buried");
    assert_eq!(ids().await, ["room:epoch:6", "room:epoch:7"]);
}

/// The third of five is more than the bus carries.
pub async fn of_many_publishes_one_that_fails_in_the_middle_stops_no_other(twin: &Twin) {
    let mut search = search(twin).await;
    let subject = Subject::room(room());
    let mut live = twin.there.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    let payload = |number: usize| match number {
        3 => Bytes::from(vec![7; MAX_PAYLOAD_BYTES + 1]),
        _ => text(number.to_string()),
    };
    let ids: Vec<String> = (1..=5).map(|number| format!("room:epoch:{number}")).collect();
    let batch = ids.iter().zip(1..).map(|(id, number)| twin.here.publish_durable(subject, payload(number), id));
    let outcomes = join_all(batch).await;
    let refused: Vec<usize> = (1..=5).filter(|number| outcomes[number - 1].is_err()).collect();
    assert_eq!(refused, [3], "{outcomes:?}");
    assert!(matches!(outcomes[2], Err(BusError::TooLarge { .. })), "{outcomes:?}");

    // The whole batch again, the third mended: of what stands already nobody is woken.
    for (id, number) in ids.iter().zip(1..) {
        let payload = if number == 3 { text("3") } else { payload(number) };
        twin.there.publish_durable(subject, payload, id).await.expect("published");
    }
    for number in ["1", "2", "4", "5", "3"] {
        assert_eq!(acknowledged(&mut search).await, number);
    }
    for number in ["1", "2", "4", "5"] {
        assert_eq!(heard(&mut live).await, number);
    }
}

/// Of five wake-ups in hand the third cannot be worked on.
pub async fn of_many_wake_ups_one_that_fails_in_the_middle_comes_again_alone(twin: &Twin) {
    let mut search = search(twin).await;
    let subject = Subject::room(room());
    for number in 1..=5 {
        let number = number.to_string();
        twin.here.publish_durable(subject, text(number.clone()), &number).await.expect("published");
    }
    let mut batch = Vec::new();
    for _ in 1..=5 {
        batch.push(delivery(&mut search).await);
    }
    for delivery in batch {
        match &delivery.news.payload[..] {
            b"3" => delivery.nack(Duration::from_millis(1)).await.expect("taken"),
            _ => delivery.ack().await.expect("taken"),
        }
    }
    let again = delivery(&mut search).await;
    assert_eq!((&again.news.payload[..], again.attempt), (&b"3"[..], 2));
    again.ack().await.expect("taken");
    twin.here.publish_durable(subject, text("6"), "6").await.expect("published");
    assert_eq!(acknowledged(&mut search).await, "6", "no other came again");
}
