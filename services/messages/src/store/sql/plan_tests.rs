//! The plans of queries on SQLite: by an index, without a scan, without a sort.

use std::time::Duration;

use loquat_ids::RandomIds;
use sea_orm::{ConnectionTrait as _, QueryTrait as _, Statement};

use super::{SqlMessageStore, queries, scanning};
use crate::{
    model::{
        DedupKey, EventClass, Seq,
        fixture::{event_id, room},
    },
    ports::{End, Stretch},
    store::Founding,
};

const STRETCH: Stretch = Stretch { after: Seq::new(10), through: Seq::new(1_000) };

async fn plan(store: &SqlMessageStore, query: Statement) -> Vec<String> {
    let explain = Statement { sql: format!("EXPLAIN QUERY PLAN {}", query.sql), ..query };
    let rows = store.readers.query_all_raw(explain).await.expect("a plan");
    rows.iter().map(|row| row.try_get("", "detail").expect("a line")).collect()
}

async fn assert_by_index(store: &SqlMessageStore, query: Statement, index: &str) {
    let (sql, plan) = (query.sql.clone(), plan(store, query).await);
    let is_cheap = |line: &String| {
        !line.contains("TEMP B-TREE")
            && (!line.starts_with("SCAN") || line.contains("wanted") || line.contains("CONSTANT"))
    };
    assert!(plan.iter().all(is_cheap), "{sql}\n{plan:#?}");
    assert!(plan.iter().any(|line| line.contains(index)), "{sql}\n{plan:#?}");
}

#[tokio::test]
async fn every_read_is_a_stretch_of_an_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("messages.db").display());
    let store =
        SqlMessageStore::open(&url, Founding::fresh(&RandomIds), Duration::from_secs(5)).await.expect("a store");
    let backend = store.readers.get_database_backend();

    for end in [End::Oldest, End::Newest] {
        let pages = queries::events(room(1), STRETCH, Some(EventClass::Message), end, 50).build(backend);
        assert_by_index(&store, pages, "room_events_class (room_id=? AND (class,seq)>(?,?) AND (class,seq)<(?,?))")
            .await;
    }
    let state = queries::events(room(1), STRETCH, Some(EventClass::State), End::Oldest, 50).build(backend);
    assert_by_index(&store, state, "room_events_class (room_id=? AND (class,seq)>(?,?) AND (class,seq)<(?,?))").await;
    let log = queries::events(room(1), STRETCH, None, End::Oldest, 200).build(backend);
    assert_by_index(&store, log, "room_events_place (room_id=? AND seq>? AND seq<?)").await;
    let event = queries::by_event(room(1), event_id(1)).build(backend);
    assert_by_index(&store, event, "room_events_event (room_id=? AND event_id=?)").await;
    let keys = ["a", "b"].map(|key| DedupKey::from_stored(key.to_owned()));
    let repeats = queries::by_keys(room(1), &keys).build(backend);
    assert_by_index(&store, repeats, "room_events_dedup_key (room_id=? AND dedup_key=?)").await;
    let head = Statement::from_sql_and_values(backend, queries::HEAD, [room(1).as_uuid().into()]);
    assert_by_index(&store, head, "room_events_place (room_id=?)").await;
    let heads = queries::heads_statement(&store.readers, &[room(1), room(2)]);
    assert_by_index(&store, heads, "room_events_place (room_id=? AND seq=?)").await;
    let scan = Statement::from_sql_and_values(backend, scanning::PAGE, [1_i64.into()]);
    assert_by_index(&store, scan, "USING INTEGER PRIMARY KEY (rowid>?)").await;
}
