//! What the driver sends: every read fits a declared index, every write is as durable as it is said to be.

use std::{sync::Arc, time::Duration};

use loquat_ids::RandomIds;
use mongodb::{
    bson::{Bson, Document},
    event::{EventHandler, command::CommandEvent},
    options::ClientOptions,
};
use tokio::sync::mpsc;

use super::{MongoMessageStore, indexes};
use crate::{
    model::{
        DedupKey, RoomEvent, Seq,
        fixture::{ALICE, created, decided, event, event_id, room, send},
    },
    ports::{End, RoomLogStore as _, Stretch},
    store::{Founding, contract::Place},
};

const ALL: Stretch = Stretch { after: Seq::ZERO, through: Seq::new(u64::MAX) };

/// Tells whether an index answers a filter and a sort: equalities first, then at most one range or the sort, in the order
/// of the index, with nothing between (the ESR rule, <https://www.mongodb.com/docs/manual/tutorial/equality-sort-range-rule/>).
fn fits(index: &Document, filter: &Document, sort: &Document) -> bool {
    let is_range = |value: &Bson| matches!(value, Bson::Document(range) if !range.contains_key("$in"));
    let ranges: Vec<_> = filter.iter().filter(|(_, value)| is_range(value)).map(|(field, _)| field.as_str()).collect();
    let equal: Vec<_> = filter.iter().filter(|(_, value)| !is_range(value)).map(|(field, _)| field.as_str()).collect();
    let keys: Vec<_> = index.keys().map(String::as_str).collect();
    let Some((first, rest)) = keys.split_at_checked(equal.len()) else { return false };
    let next = rest.first();
    first.iter().all(|key| equal.contains(key))
        && ranges.len() <= 1
        && ranges.iter().all(|range| next == Some(range))
        && sort.len() <= 1
        && sort.keys().all(|field| next == Some(&field.as_str()))
}

#[test]
fn an_index_fits_by_equality_then_range_or_sort() {
    use mongodb::bson::doc;
    let index = doc! { "room_id": 1, "class": 1, "seq": 1 };
    assert!(fits(&index, &doc! { "room_id": 1, "class": 2, "seq": { "$gt": 3 } }, &doc! { "seq": -1 }));
    assert!(!fits(&index, &doc! { "room_id": 1, "seq": { "$gt": 3 } }, &doc! { "seq": -1 }));
    assert!(!fits(&index, &doc! { "room_id": 1, "class": 2 }, &doc! { "create_time": 1 }));
    assert!(!fits(&index, &doc! { "class": 2 }, &doc! {}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_fits_a_declared_index_and_every_write_is_majority_and_journalled() {
    let test = "every_read_fits_a_declared_index_and_every_write_is_majority_and_journalled";
    let Some(place) = Place::mongodb(test).await else { return };
    let (events, mut seen) = mpsc::channel(1_000);
    let mut options = ClientOptions::parse(place.url()).await.expect("options");
    options.command_event_handler = Some(EventHandler::TokioMpsc(events));
    let founding = Founding::fresh(&RandomIds);
    let store = MongoMessageStore::open_with(options, founding, Duration::from_secs(20)).await.expect("a store");

    let batch: Vec<Arc<RoomEvent>> =
        vec![event(room(1), 1, decided(1, created(&[ALICE]))), event(room(1), 2, send(ALICE, 2, "request-2", "hello"))];
    store.append_batch(room(1), &batch).await.expect("a batch");
    store.head(room(1)).await.expect("a head");
    store.heads(&[room(1), room(2)]).await.expect("heads");
    store.read_events(room(1), ALL, 10).await.expect("events");
    store.read_state_events(room(1), ALL, 10).await.expect("events");
    store.read_messages(room(1), ALL, End::Oldest, 10).await.expect("messages");
    store.read_messages(room(1), ALL, End::Newest, 10).await.expect("messages");
    store.find_event(room(1), event_id(2)).await.expect("an event");
    let keys = ["a", "b"].map(|key| DedupKey::from_stored(key.to_owned()));
    store.find_repeats(room(1), &keys).await.expect("an answer");
    let found = store.changed_heads(None).await.expect("heads");
    store.changed_heads(Some(found.next)).await.expect("heads");

    let (mut finds, mut inserts) = (0, 0);
    let declared = indexes::declared();
    while let Ok(seen) = seen.try_recv() {
        let CommandEvent::Started(started) = seen else { continue };
        let command = started.command;
        match started.command_name.as_str() {
            "find" if command.get_str("find").is_ok_and(|collection| collection == "room_events") => {
                finds += 1;
                let empty = Document::new();
                let filter = command.get_document("filter").unwrap_or(&empty);
                let sort = command.get_document("sort").unwrap_or(&empty);
                assert!(declared.iter().any(|(_, keys, _)| fits(keys, filter, sort)), "{command}");
                let concern = command.get_document("readConcern").expect("a concern");
                assert_eq!(concern.get_str("level").expect("a level"), "majority");
            }
            "insert" => {
                inserts += 1;
                let concern = command.get_document("writeConcern").expect("a concern");
                assert_eq!(concern.get_str("w").expect("a number of servers"), "majority");
                assert!(concern.get_bool("j").expect("a journal"));
                assert!(concern.contains_key("wtimeout"), "{concern}");
                assert!(command.get_bool("ordered").unwrap_or(true));
            }
            _ => {}
        }
    }
    assert_eq!(finds, 12, "every read is seen");
    assert_eq!(inserts, 4, "the batch, and three facts about the store");
    drop(store);
    place.remove().await;
}
