//! What only the embedded twin does: its bounds, and its end.

use std::num::NonZeroUsize;

use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use loquat_bus::{Bus, Connection, EmbeddedBus, EmbeddedLimits, Pattern, Subject, Woken};
use loquat_ids::{IdSource, RandomIds, RoomId};

fn somewhere() -> Subject {
    Subject::room(RoomId::from_uuid(RandomIds.fresh()))
}

fn bus_of_four() -> EmbeddedBus {
    let four = NonZeroUsize::new(4).expect("not zero");
    EmbeddedBus::with_limits(EmbeddedLimits { consumer_capacity: four, ..EmbeddedLimits::default() })
}

#[tokio::test]
async fn more_wake_ups_than_may_wait_become_one_missed() {
    let bus = bus_of_four();
    let mut consumer = bus.consume("search".parse().expect("a name"), Pattern::all_rooms()).await.expect("a consumer");
    let subject = somewhere();
    for number in 0..100 {
        bus.publish_durable(subject, Bytes::new(), &number.to_string()).await.expect("published");
    }
    assert!(matches!(consumer.next().await, Some(Woken::Missed)));
    assert!(consumer.next().now_or_never().is_none());
    bus.publish_durable(subject, Bytes::from_static(b"next"), "next").await.expect("published");
    let Some(Woken::News(delivery)) = consumer.next().await else { panic!("not woken") };
    assert_eq!(delivery.news.payload, "next");
    delivery.ack().await.expect("taken");
}

#[tokio::test]
async fn unacknowledged_wake_ups_count_towards_the_bound() {
    let bus = bus_of_four();
    let mut consumer = bus.consume("search".parse().expect("a name"), Pattern::all_rooms()).await.expect("a consumer");
    let subject = somewhere();
    let mut held = Vec::new();
    for number in 0..4 {
        bus.publish_durable(subject, Bytes::new(), &number.to_string()).await.expect("published");
        held.push(consumer.next().await.expect("woken"));
    }
    bus.publish_durable(subject, Bytes::new(), "5").await.expect("published");
    assert!(matches!(consumer.next().await, Some(Woken::Missed)));
    drop(held);
    for _ in 0..4 {
        let Some(Woken::News(delivery)) = consumer.next().await else { panic!("not woken") };
        assert_eq!(delivery.attempt, 2);
        delivery.ack().await.expect("taken");
    }
    assert!(consumer.next().now_or_never().is_none());
}

#[tokio::test]
async fn readers_end_with_the_bus() {
    let bus = EmbeddedBus::new();
    assert_eq!(*bus.connection().borrow(), Connection::Connected);
    let mut live = bus.subscribe(Pattern::all_rooms()).await.expect("a subscription");
    let mut consumer = bus.consume("search".parse().expect("a name"), Pattern::all_rooms()).await.expect("a consumer");
    bus.publish(Subject::room(RoomId::from_uuid(RandomIds.fresh())), Bytes::new()).await.expect("published");
    drop(bus);
    assert!(live.next().await.is_some(), "what was heard before");
    assert!(live.next().await.is_none());
    assert!(consumer.next().await.is_none());
}
