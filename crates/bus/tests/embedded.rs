//! What only the embedded twin does: its bounds, and its end.

use std::{fs, num::NonZeroUsize, path::Path, time::Duration};

use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use loquat_bus::{
    Bus, BusError, Connection, DeadLetter, DeadLetterLimits, EmbeddedBus, EmbeddedLimits, Pattern, Subject, Woken,
};
use loquat_ids::{IdSource, RandomIds, RoomId, Timestamp};

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

fn letter(id: impl ToString, micros: i64) -> DeadLetter {
    DeadLetter {
        consumer: "search".parse().expect("a name"),
        id: id.to_string(),
        subject: somewhere(),
        payload: Bytes::from_static(b"poison"),
        error: "cannot be folded".to_owned(),
        attempts: 1,
        time: Timestamp::from_micros(micros),
        trace: None,
    }
}

fn open(folder: &Path, dead_letters: DeadLetterLimits) -> EmbeddedBus {
    EmbeddedBus::open(folder, EmbeddedLimits { dead_letters, ..EmbeddedLimits::default() }).expect("a bus")
}

fn ids(letters: &[DeadLetter]) -> Vec<&str> {
    letters.iter().map(|letter| letter.id.as_str()).collect()
}

#[tokio::test]
async fn dead_letters_outlive_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (letter(1, 1), letter(2, 2));
    let bus = open(folder.path(), DeadLetterLimits::default());
    bus.bury(one.clone()).await.expect("buried");
    drop(bus);
    let bus = open(folder.path(), DeadLetterLimits::default());
    bus.bury(one.clone()).await.expect("buried");
    bus.bury(two.clone()).await.expect("buried");
    let expected = [one, two];
    assert_eq!(bus.dead_letters(10).await.expect("a listing"), expected);
    assert_eq!(EmbeddedBus::dead_letters_in(folder.path()).expect("a listing"), expected);
}

#[tokio::test]
async fn a_torn_line_and_one_that_is_no_letter_cost_no_other_letter() {
    let folder = tempfile::tempdir().expect("a folder");
    let bus = open(folder.path(), DeadLetterLimits::default());
    bus.bury(letter(1, 1)).await.expect("buried");
    let path = folder.path().join("dead-letters.jsonl");
    let whole = fs::read(&path).expect("a file");
    drop(bus);
    fs::write(&path, [&b"what is this\n"[..], &whole, &whole[..whole.len() / 2]].concat()).expect("a file");
    assert_eq!(ids(&EmbeddedBus::dead_letters_in(folder.path()).expect("a listing")), ["1"]);
    let bus = open(folder.path(), DeadLetterLimits::default());
    bus.bury(letter(2, 2)).await.expect("buried");
    // A crash in the middle of a line, under the eyes of the same process.
    let text = fs::read(&path).expect("a file");
    fs::write(&path, [&text[..], b"{\"consumer\": "].concat()).expect("a file");
    bus.bury(letter(3, 3)).await.expect("buried");
    assert_eq!(ids(&bus.dead_letters(10).await.expect("a listing")), ["1", "2", "3"]);
    drop(bus);
    let bus = open(folder.path(), DeadLetterLimits::default());
    assert_eq!(ids(&bus.dead_letters(10).await.expect("a listing")), ["1", "2", "3"]);
}

#[tokio::test]
async fn the_file_of_dead_letters_is_bounded_by_number_bytes_and_age() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dead-letters.jsonl");
    let limits = DeadLetterLimits { max_letters: 1_000, max_bytes: 2_000, max_age: Duration::from_secs(60) };
    let bus = open(folder.path(), limits);
    for number in 0..200 {
        bus.bury(letter(number, number)).await.expect("buried");
        let bytes = fs::metadata(&path).expect("a file").len();
        assert!(bytes <= 3_300, "{bytes}");
    }
    let kept = bus.dead_letters(1_000).await.expect("a listing");
    assert_eq!(kept.last().map(|letter| letter.id.as_str()), Some("199"));
    assert!((5..=15).contains(&kept.len()), "{}", kept.len());
    // A minute and a second later all those are old.
    bus.bury(letter("late", 61_000_200)).await.expect("buried");
    assert_eq!(ids(&bus.dead_letters(1_000).await.expect("a listing")), ["late"]);
    drop(bus);
    assert_eq!(ids(&open(folder.path(), limits).dead_letters(9).await.expect("a listing")), ["late"]);
}

#[tokio::test]
async fn a_letter_that_could_not_be_written_is_not_kept_and_can_be_buried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("data");
    let bus = open(&place, DeadLetterLimits::default());
    // The folder is not there yet.
    let refusal = bus.bury(letter(1, 1)).await;
    assert!(matches!(refusal, Err(BusError::Unavailable { .. })), "{refusal:?}");
    assert_eq!(bus.dead_letters(10).await.expect("a listing"), []);
    fs::create_dir(&place).expect("a folder");
    bus.bury(letter(1, 1)).await.expect("buried");
    assert_eq!(ids(&bus.dead_letters(10).await.expect("a listing")), ["1"]);
}
