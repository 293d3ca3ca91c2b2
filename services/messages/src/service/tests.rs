//! Reads while others write, fold, and remove the reader.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use loquat_ids::{FixedClock, RoomId, SequentialIds, Timestamp};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::*;
use crate::{
    model::{
        EventClass, MessageFold, RoomEvent,
        fixture::{ALICE, BOB, changed, created, edited, message_id, moved, room, send_event},
    },
    news::NewsDesk,
    ports::{Cause, RoomNews},
    room_actor::ActorLimits,
    store::faulty::FaultyStore,
};

const ROOM: RoomId = room(1);

#[derive(Debug)]
struct Nobody;

#[async_trait]
impl RoomNews for Nobody {
    async fn tell(&self, _: &RoomEvent) -> Result<(), Cause> {
        Ok(())
    }
}

/// A room with Alice and Bob, where Alice has said something at 2.
fn logs() -> (Arc<FaultyStore>, RoomLogs) {
    let store = Arc::new(FaultyStore::default());
    store.write(&[changed(ROOM, 1, ALICE, created(&[ALICE, BOB])), send_event(2, ALICE, "hello")]);
    let (tasks, stop, heads) = (TaskTracker::new(), CancellationToken::new(), Arc::new(HeadBoard::default()));
    let news: Arc<dyn RoomNews> = Arc::new(Nobody);
    let desk = NewsDesk::open(&news, &tasks, &stop);
    let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1)));
    let limits = ActorLimits { settle_within: Duration::from_secs(5), ..ActorLimits::default() };
    let actors = RoomActors::new(store.clone(), clock, heads.clone(), desk, limits, tasks, stop);
    (Arc::clone(&store), RoomLogs::new(store, actors, heads, Arc::new(SequentialIds::default())))
}

/// Writes events, and folds what they do to the message at 2.
fn write_and_fold(store: &FaultyStore, events: &[Arc<RoomEvent>]) {
    store.write(events);
    let mut fold = MessageFold::default();
    for event in events.iter().filter(|event| event.change.class() == EventClass::Change) {
        fold.apply(event).expect("an event of the message");
    }
    store.fold(ROOM, 2, fold);
}

#[tokio::test]
async fn what_was_folded_meanwhile_is_told_as_of_then() {
    let (store, logs) = logs();
    store.before_folds(|store| write_and_fold(store, &[changed(ROOM, 3, ALICE, edited(2, 1, "meanwhile"))]));
    let page = logs.list_messages(ROOM, BOB, Anchor::Newest, 10, "").await.expect("a page");
    let message = &page.messages[0];
    assert_eq!(page.cursor.seq, Seq::new(2));
    assert_eq!((message.text().map(|text| text.as_str()), message.as_of), (Some("meanwhile"), Seq::new(3)));
}

#[tokio::test]
async fn what_was_folded_after_a_removal_is_told_to_nobody_who_was_removed() {
    let (store, logs) = logs();
    let meanwhile =
        [changed(ROOM, 3, ALICE, moved(2, BOB, None)), changed(ROOM, 4, ALICE, edited(2, 1, "not for Bob any more"))];
    store.before_folds(move |store| write_and_fold(store, &meanwhile));
    let page = logs.list_messages(ROOM, BOB, Anchor::Newest, 10, "").await;
    assert!(matches!(page, Err(MessagesError::RoomNotFound { .. })), "{page:?}");
    let message = logs.get_message(ROOM, ALICE, message_id(2)).await.expect("a message");
    assert_eq!(message.text().map(|text| text.as_str()), Some("not for Bob any more"));
}

#[tokio::test]
async fn a_change_between_the_two_reads_of_a_message_is_in_it() {
    let (store, logs) = logs();
    // The folds are read, then it is edited, then the head is read: the tail has it.
    store.before_folds(|store| store.write(&[changed(ROOM, 3, ALICE, edited(2, 1, "in the tail"))]));
    let read = logs.get_message(ROOM, BOB, message_id(2)).await.expect("a message");
    assert_eq!(read.as_of, Seq::new(2), "it was read as of the head before");
    let read = logs.get_message(ROOM, BOB, message_id(2)).await.expect("a message");
    assert_eq!((read.text().map(|text| text.as_str()), read.as_of), (Some("in the tail"), Seq::new(3)));
}
