//! Scanning for what others wrote.

use std::collections::HashMap;

use loquat_ids::RoomId;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, Statement};

use super::queries::room_head;
use crate::{
    model::{EventClass, Head, ScanPosition, Seq},
    ports::ChangedHeads,
};

/// How many events a first scan looks back.
const LOOK_BACK: &str = "SELECT position FROM room_events ORDER BY position DESC LIMIT 1 OFFSET 500";

/// The oldest transaction that may still write: everything before it has committed or never will.
const OLDEST_RUNNING: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS position";

pub(super) const PAGE: &str = "SELECT position, room_id, seq, event_id, create_time, class FROM room_events \
    WHERE position >= $1 ORDER BY position LIMIT 2000";
const PAGE_EVENTS: usize = 2_000;

/// How many pages a scan reads at most. The next one goes on from there.
const PAGES: usize = 10;

pub(super) async fn changed_heads(db: DatabaseConnection, since: Option<ScanPosition>) -> Result<ChangedHeads, DbErr> {
    // Read before the events: what commits later is then not before it.
    let oldest_running = match db.get_database_backend() {
        DbBackend::Postgres => position(&db, OLDEST_RUNNING).await?,
        _ => None,
    };
    let mut from = match since {
        Some(ScanPosition(position)) => position,
        None => position(&db, LOOK_BACK).await?.unwrap_or(0),
    };
    let mut heads: HashMap<RoomId, Head> = HashMap::new();
    let mut changes: HashMap<RoomId, Seq> = HashMap::new();
    for _ in 0..PAGES {
        let page = Statement::from_sql_and_values(db.get_database_backend(), PAGE, [from.into()]);
        let rows = db.query_all_raw(page).await?;
        for row in &rows {
            from = row.try_get("", "position")?;
            let (room, head) = room_head(row)?;
            heads.entry(room).and_modify(|known| *known = later(*known, head)).or_insert(head);
            if row.try_get::<i16>("", "class")? != EventClass::Message.to_stored() {
                let last = changes.entry(room).or_default();
                *last = head.seq.max(*last);
            }
        }
        if rows.len() < PAGE_EVENTS {
            // What stands at the last position is read once more: it costs little, and on PostgreSQL a batch shares one.
            from = oldest_running.map_or(from, |oldest| oldest.min(from));
            break;
        }
    }
    Ok(ChangedHeads {
        heads: heads.into_iter().collect(),
        changes: changes.into_iter().collect(),
        next: ScanPosition(from),
    })
}

fn later(one: Head, other: Head) -> Head {
    if one.seq >= other.seq { one } else { other }
}

async fn position(db: &DatabaseConnection, query: &str) -> Result<Option<i64>, DbErr> {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), query)).await?;
    row.map(|row| row.try_get("", "position")).transpose()
}
