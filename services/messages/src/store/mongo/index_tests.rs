//! What the driver sends: every read fits a declared index, every write is as durable as it is said to be.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

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
        Change, ChangeKind, DedupKey, EventClass, MessageFold, RoomEvent, ScanPosition, Seq,
        fixture::{ALICE, created, decided, event, event_id, room, send},
    },
    ports::{End, FoldedRoom, MessageFolds as _, RoomLogStore as _, Stretch},
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
    store.find_events(room(1), &[event_id(2)]).await.expect("an event");
    store.read_places(room(1), &[Seq::new(1), Seq::new(2)]).await.expect("events");
    let keys = ["a", "b"].map(|key| DedupKey::from_stored(key.to_owned()));
    store.find_repeats(room(1), &keys).await.expect("an answer");
    let found = store.changed_heads(None).await.expect("heads");
    store.changed_heads(Some(found.next)).await.expect("heads");
    store.read_folds(room(1), &[Seq::new(2), Seq::new(3)]).await.expect("folds");
    store.read_entries(room(1), EventClass::Change, ALL, 10).await.expect("events");
    store.keep_folds(&[folded_room()]).await.expect("a fold");
    store.keep_folded_position(ScanPosition(1)).await.expect("a position");
    store.folded_position().await.expect("a position");

    let mut counts = BTreeMap::new();
    while let Ok(seen) = seen.try_recv() {
        let CommandEvent::Started(started) = seen else { continue };
        let (name, command) = (started.command_name.as_str(), started.command);
        if !["find", "insert", "update", "delete"].contains(&name) {
            continue;
        }
        let collection = command.get_str(name).expect("a collection");
        if collection == "room_log_facts" {
            // A handful of documents, each by its `_id`.
            continue;
        }
        *counts.entry(name.to_owned()).or_insert(0) += 1;
        let declared = match collection {
            "room_events" => indexes::of_events(),
            "message_folds" => indexes::of_message_folds(),
            _ => indexes::of_room_folds(),
        };
        let is_by_index =
            |filter: &Document, sort: &Document| declared.iter().any(|(_, keys, _)| fits(keys, filter, sort));
        if name == "find" {
            let empty = Document::new();
            let filter = command.get_document("filter").unwrap_or(&empty);
            let sort = command.get_document("sort").unwrap_or(&empty);
            assert!(is_by_index(filter, sort), "{command}");
            let concern = command.get_document("readConcern").expect("a concern");
            assert_eq!(concern.get_str("level").expect("a level"), "majority");
            continue;
        }
        let concern = command.get_document("writeConcern").expect("a concern");
        assert_eq!(concern.get_str("w").expect("a number of servers"), "majority");
        assert!(concern.get_bool("j").expect("a journal"));
        assert!(concern.contains_key("wtimeout"), "{concern}");
        assert!(collection == "message_folds" || command.get_bool("ordered").unwrap_or(true), "{command}");
        for writes in ["updates", "deletes"] {
            for write in command.get_array(writes).into_iter().flatten() {
                let filter = write.as_document().expect("a write").get_document("q").expect("a filter");
                assert!(is_by_index(filter, &Document::new()), "{command}");
            }
        }
    }
    let expected = [("delete", 1), ("find", 16), ("insert", 2), ("update", 3)];
    assert_eq!(counts, expected.map(|(name, count)| (name.to_owned(), count)).into(), "every command is seen");
    drop(store);
    place.remove().await;
}

fn folded_room() -> FoldedRoom {
    let fold = MessageFold { as_of: Seq::new(4), is_deleted: true, ..MessageFold::default() };
    let blanked = Change::Blanked { was: ChangeKind::MessageSent, message: None };
    let erased = vec![(Seq::new(2), blanked.clone()), (Seq::new(3), blanked)];
    FoldedRoom { room: room(1), folded_to: Seq::new(4), folds: vec![(Seq::new(2), fold)], erased }
}
