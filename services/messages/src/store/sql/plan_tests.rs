//! The plans of queries: by an index, without a scan, without a sort, and without passing what is not asked for.
//!
//! SQLite says what it would do. PostgreSQL says what it did, in a room of which nine tenths are no messages, beside
//! another room: so the rows that it looked at are counted.

mod busy_room;

use std::time::Duration;

use loquat_ids::RandomIds;
use sea_orm::{ConnectionTrait as _, DbBackend, QueryTrait as _, Statement};
use serde_json::Value;

use super::{SqlMessageStore, folds, queries, scanning};
use crate::{
    model::{
        DedupKey, EventClass, Seq,
        fixture::{event_id, room},
    },
    ports::{End, Stretch},
    store::{Founding, contract::Place},
};

/// A read, and how it is to be answered.
struct Read {
    query: Statement,
    /// The stretch of an index that SQLite takes.
    sqlite: &'static str,
    /// The index that PostgreSQL takes.
    postgres: &'static str,
    /// How many rows it may look at.
    rows: u64,
}

const CLASS: &str = "room_events_class (room_id=? AND (class,seq)>(?,?) AND (class,seq)<(?,?))";
const PAGE: u32 = 50;

fn between(after: u64, through: u64) -> Stretch {
    Stretch { after: Seq::new(after), through: Seq::new(through) }
}

/// All reads of the store, of a room with a log of [`busy_room::EVENTS`] events.
fn reads(backend: DbBackend) -> Vec<Read> {
    let read = |query, sqlite, postgres, rows| Read { query, sqlite, postgres, rows };
    let mut reads = Vec::new();
    for end in [End::Oldest, End::Newest] {
        // At any depth.
        for (after, through) in [(0, busy_room::EVENTS), (0, 600), (busy_room::EVENTS - 600, busy_room::EVENTS)] {
            let stretch = between(after, through);
            let page = queries::events(room(1), stretch, Some(EventClass::Message), end, PAGE).build(backend);
            reads.push(read(page, CLASS, "room_events_class", PAGE.into()));
        }
    }
    for class in [EventClass::State, EventClass::Change] {
        let tail =
            queries::events(room(1), between(10, busy_room::EVENTS), Some(class), End::Oldest, PAGE).build(backend);
        reads.push(read(tail, CLASS, "room_events_class", PAGE.into()));
    }
    let log = queries::events(room(1), between(10, 1_000), None, End::Oldest, 200).build(backend);
    reads.push(read(log, "room_events_place (room_id=? AND seq>? AND seq<?)", "room_events_place", 200));
    let events = queries::by_events(room(1), &[event_id(1), event_id(2)]).build(backend);
    reads.push(read(events, "room_events_event (room_id=? AND event_id=?)", "room_events_event", 2));
    let places = queries::by_places(room(1), &[Seq::new(4), Seq::new(2), Seq::new(900)]).build(backend);
    reads.push(read(places, "room_events_place (room_id=? AND seq=?)", "room_events_place", 3));
    let keys = ["a", "b"].map(|key| DedupKey::from_stored(key.to_owned()));
    let repeats = queries::by_keys(room(1), &keys).build(backend);
    reads.push(read(repeats, "room_events_dedup_key (room_id=? AND dedup_key=?)", "room_events_dedup_key", 2));
    let head = Statement::from_sql_and_values(backend, queries::HEAD, [room(1).as_uuid().into()]);
    reads.push(read(head, "room_events_place (room_id=?)", "room_events_place", 1));
    let heads = queries::heads_statement(backend, &[room(1), room(2)]);
    reads.push(read(heads, "room_events_place (room_id=? AND seq=?)", "room_events_place", 4));
    let scan = Statement::from_sql_and_values(backend, scanning::PAGE, [i64::MAX.into()]);
    reads.push(read(scan, "USING INTEGER PRIMARY KEY (rowid>?)", "room_events_position", 0));
    let messages: Vec<_> = (1..=50).map(|message| Seq::new(message * 10)).collect();
    let folds = folds::folds_statement(backend, room(1), &messages);
    reads.push(read(folds, "PRIMARY KEY (room_id=? AND message_seq=?)", "message_folds_place", 50));
    let folded_to = Statement::from_sql_and_values(backend, folds::FOLDED_TO, [room(1).as_uuid().into()]);
    reads.push(read(folded_to, "PRIMARY KEY (room_id=?)", "room_folds_room", 1));
    reads
}

async fn open(url: &str) -> SqlMessageStore {
    SqlMessageStore::open(url, Founding::fresh(&RandomIds), Duration::from_secs(20)).await.expect("a store")
}

#[tokio::test]
async fn every_read_is_a_stretch_of_an_index_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&format!("sqlite:{}", folder.path().join("messages.db").display())).await;
    for Read { query, sqlite, .. } in reads(DbBackend::Sqlite) {
        let sql = query.sql.clone();
        let explain = Statement { sql: format!("EXPLAIN QUERY PLAN {sql}"), ..query };
        let rows = store.readers.query_all_raw(explain).await.expect("a plan");
        let plan: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").expect("a line")).collect();
        let is_cheap = |line: &String| {
            !line.contains("TEMP B-TREE")
                && (!line.starts_with("SCAN") || line.contains("wanted") || line.contains("CONSTANT"))
        };
        assert!(plan.iter().all(is_cheap), "{sql}\n{plan:#?}");
        assert!(plan.iter().any(|line| line.contains(sqlite)), "{sql}\n{plan:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_looks_at_what_it_returns_and_at_nothing_else_on_postgres() {
    let test = "every_read_looks_at_what_it_returns_and_at_nothing_else_on_postgres";
    let Some(place) = Place::postgres(test).await else { return };
    let store = open(place.url()).await;
    busy_room::fill(&store).await;
    store.writer.execute_unprepared("ANALYZE").await.expect("statistics");
    for Read { query, postgres, rows, .. } in reads(DbBackend::Postgres) {
        let sql = query.sql.clone();
        let explain = Statement { sql: format!("EXPLAIN (ANALYZE, FORMAT JSON) {sql}"), ..query };
        let answer = store.readers.query_one_raw(explain).await.expect("a plan").expect("a plan");
        let plan: Value = answer.try_get_by_index(0).expect("JSON");
        let mut seen = Seen::default();
        seen.look_at(&plan[0]["Plan"]);
        assert_eq!(seen.scans, [""; 0], "{sql}\n{plan:#}");
        assert!(seen.indexes.iter().any(|index| index == postgres), "{sql}\n{plan:#}");
        assert!(seen.rows <= rows, "{} rows looked at for {rows}: {sql}\n{plan:#}", seen.rows);
    }
    drop(store);
    place.remove().await;
}

/// What a plan did.
#[derive(Default)]
struct Seen {
    indexes: Vec<String>,
    /// What reads everything, and what sorts.
    scans: Vec<String>,
    /// The rows that were taken from tables and indexes, those included that were thrown away.
    rows: u64,
}

impl Seen {
    fn look_at(&mut self, node: &Value) {
        let kind = node["Node Type"].as_str().expect("a kind of node");
        if let Some(index) = node["Index Name"].as_str() {
            self.indexes.push(index.to_owned());
        }
        // Three places are sorted in memory where they are read by bitmap; no page is.
        if kind == "Seq Scan" || (kind.contains("Sort") && node["Actual Rows"].as_f64().unwrap_or(0.0) > 3.0) {
            self.scans.push(kind.to_owned());
        }
        if kind.contains("Scan") && node["Relation Name"].is_string() {
            let count = |name: &str| node[name].as_f64().unwrap_or(0.0);
            let each = count("Actual Rows") + count("Rows Removed by Filter") + count("Rows Removed by Index Recheck");
            self.rows += (each * count("Actual Loops")).round() as u64;
        }
        for inner in node["Plans"].as_array().into_iter().flatten() {
            self.look_at(inner);
        }
    }
}
