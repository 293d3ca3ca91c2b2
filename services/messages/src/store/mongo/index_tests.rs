//! What the driver sends: every command that looks for something fits a declared index, every write is as durable as it is
//! said to be. What goes through a whole collection is listed by name.

mod looking;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use loquat_ids::RandomIds;
use mongodb::{
    Client,
    bson::Document,
    event::{EventHandler, command::CommandEvent},
    options::ClientOptions,
};
use tokio::sync::mpsc;

use self::looking::{Found, judge};
use super::MongoMessageStore;
use crate::{
    audit::LogAudit,
    model::{
        Change, ChangeKind, DedupKey, EventClass, MessageFold, RoomEvent, ScanPosition, Seq,
        fixture::{ALICE, created, decided, event, event_id, room, send},
    },
    ports::{End, FoldedRoom, MessageFolds as _, RoomLogStore as _, Stretch},
    store::{Founding, contract::Place},
};

const ALL: Stretch = Stretch { after: Seq::ZERO, through: Seq::new(u64::MAX) };
/// The commands that write.
const WRITES: [&str; 4] = ["insert", "update", "delete", "findAndModify"];

/// Options whose client tells of every command.
async fn watched(place: &Place) -> (ClientOptions, mpsc::Receiver<CommandEvent>) {
    let (events, seen) = mpsc::channel(10_000);
    let mut options = ClientOptions::parse(place.url()).await.expect("options");
    options.command_event_handler = Some(EventHandler::TokioMpsc(events));
    (options, seen)
}

/// The commands that were sent.
fn sent(seen: &mut mpsc::Receiver<CommandEvent>) -> Vec<Document> {
    let mut commands = Vec::new();
    while let Ok(seen) = seen.try_recv() {
        if let CommandEvent::Started(started) = seen {
            commands.push(started.command);
        }
    }
    commands
}

/// Has every method of the store send what it sends.
async fn use_all(store: &MongoMessageStore) {
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
    store.check().await.expect("an answer");
}

fn folded_room() -> FoldedRoom {
    let fold = MessageFold { as_of: Seq::new(4), is_deleted: true, ..MessageFold::default() };
    let blanked = Change::Blanked { was: ChangeKind::MessageSent, message: None };
    let erased = vec![(Seq::new(2), blanked.clone()), (Seq::new(3), blanked)];
    FoldedRoom { room: room(1), folded_to: Seq::new(4), folds: vec![(Seq::new(2), fold)], erased }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_of_the_store_fits_a_declared_index_and_every_write_is_majority_and_journalled() {
    let test = "every_command_of_the_store_fits_a_declared_index_and_every_write_is_majority_and_journalled";
    let Some(place) = Place::mongodb(test).await else { return };
    let (options, mut seen) = watched(&place).await;
    let founding = Founding::fresh(&RandomIds);
    let store = MongoMessageStore::open_with(options, founding, Duration::from_secs(20)).await.expect("a store");
    use_all(&store).await;

    let (mut kinds, mut walks) = (BTreeSet::new(), BTreeSet::new());
    for command in sent(&mut seen) {
        let name = command.keys().next().expect("a name").clone();
        match judge(&command).unwrap_or_else(|problem| panic!("{problem}: {command}")) {
            Found::Nothing => {}
            Found::ByIndex => drop(kinds.insert(format!("{name} {}", command.get_str(&name).expect("a collection")))),
            Found::ByWalk(walk) => drop(walks.insert(walk)),
        }
        if name == "find" {
            let concern = command.get_document("readConcern").expect("a concern");
            assert_eq!(concern.get_str("level").expect("a level"), "majority");
        }
        if WRITES.contains(&name.as_str()) {
            let concern = command.get_document("writeConcern").expect("a concern");
            assert_eq!(concern.get_str("w").expect("a number of servers"), "majority");
            assert!(concern.get_bool("j").expect("a journal"));
            assert!(concern.contains_key("wtimeout"), "{concern}");
            let is_of_folds = command.get_str(&name).is_ok_and(|collection| collection == "message_folds");
            assert!(is_of_folds || command.get_bool("ordered").unwrap_or(true), "{command}");
        }
    }
    let expected = [
        "delete message_folds",
        "find message_folds",
        "find room_events",
        "find room_folds",
        "find room_log_facts",
        "update room_events",
        "update room_folds",
        "update room_log_facts",
    ];
    assert_eq!(kinds, expected.map(str::to_owned).into(), "every kind of command is seen");
    assert_eq!(walks, ["where a first scan begins"].into());
    drop(store);
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_of_the_audit_fits_a_declared_index_or_is_a_walk_that_is_listed() {
    let test = "every_command_of_the_audit_fits_a_declared_index_or_is_a_walk_that_is_listed";
    let Some(place) = Place::mongodb(test).await else { return };
    let founding = Founding::fresh(&RandomIds);
    let store = MongoMessageStore::open(place.url(), founding, Duration::from_secs(20)).await.expect("a store");
    use_all(&store).await;
    let client = Client::with_uri_str(place.url()).await.expect("a client");
    let events = client.default_database().expect("a database").collection::<Document>("room_events");
    // Only without its index keys are looked for that stand twice.
    events.drop_index("dedup_key").await.expect("a dropped index");

    let (options, mut seen) = watched(&place).await;
    let audit = LogAudit::open_mongo(options).await.expect("an audit");
    let damages = audit.judge_store().await.expect("a judgement");
    let mut logs = audit.judge_logs();
    while let Some(log) = logs.recv().await {
        audit.mend_log(&log.expect("a log")).await.expect("a mended log");
    }
    audit.judge_log(room(1)).await.expect("a log");
    audit.mend_store(&damages).await.expect("a mended store");
    audit.begin_epoch(&audit.epoch().await.expect("an epoch")).await.expect("a life");

    let mut walks = BTreeSet::new();
    for command in sent(&mut seen) {
        if let Found::ByWalk(walk) = judge(&command).unwrap_or_else(|problem| panic!("{problem}: {command}")) {
            walks.insert(walk);
        }
    }
    let expected = [
        "the audit's reading of all logs",
        "the audit's rooms of which folds are kept",
        "the audit's rooms that are folded",
        "the audit's keys that stand twice",
    ];
    assert_eq!(walks, expected.into(), "every walk that is listed is made, and no other");
    drop(store);
    place.remove().await;
}
