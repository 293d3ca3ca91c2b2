//! Scanning for what others wrote.

use std::collections::HashMap;

use futures::TryStreamExt as _;
use loquat_ids::RoomId;
use mongodb::{
    Collection,
    bson::{Document, doc},
};

use super::{
    document::{field, head_fields, is_message, read_head},
    errors::store_error,
};
use crate::{
    model::{Head, ScanPosition, Seq},
    ports::{ChangedHeads, StoreError},
};

/// How many events a first scan looks back.
const LOOK_BACK: u64 = 500;
/// How many events a scan reads at most. The next one goes on from there.
const SCANNED_EVENTS: i64 = 20_000;
/// How far a scan goes back behind the last moment it saw, in microseconds. Moments are of the writers' clocks and batches
/// become visible late: what lies further apart than this is not found by a scan, but still by comparing heads.
const OVERLAP_MICROS: i64 = 15_000_000;

/// Positions are moments: the server numbers nothing across rooms.
pub(super) async fn changed_heads(
    events: Collection<Document>,
    since: Option<ScanPosition>,
) -> Result<ChangedHeads, StoreError> {
    let from = match since {
        Some(ScanPosition(moment)) => moment,
        None => look_back(&events).await?,
    };
    let found = events.find(doc! { field::CREATE_TIME: { "$gte": from } }).sort(doc! { field::CREATE_TIME: 1 });
    let mut found = found.projection(head_fields()).limit(SCANNED_EVENTS).await.map_err(store_error)?;
    let mut heads: HashMap<RoomId, Head> = HashMap::new();
    let mut changes: HashMap<RoomId, Seq> = HashMap::new();
    let (mut last, mut count) = (from, 0);
    while let Some(document) = found.try_next().await.map_err(store_error)? {
        let (room, head) = read_head(&document).map_err(StoreError::Unavailable)?;
        (last, count) = (head.create_time.as_micros(), count + 1);
        heads.entry(room).and_modify(|known| *known = later(*known, head)).or_insert(head);
        if !is_message(&document) {
            let last_change = changes.entry(room).or_default();
            *last_change = head.seq.max(*last_change);
        }
    }
    let next = if count < SCANNED_EVENTS { from.max(last.saturating_sub(OVERLAP_MICROS)) } else { last };
    Ok(ChangedHeads {
        heads: heads.into_iter().collect(),
        changes: changes.into_iter().collect(),
        next: ScanPosition(next),
    })
}

async fn look_back(events: &Collection<Document>) -> Result<i64, StoreError> {
    let back = events.find_one(doc! {}).sort(doc! { field::CREATE_TIME: -1 }).skip(LOOK_BACK);
    let back = back.projection(head_fields()).await.map_err(store_error)?;
    let head = back.map(|document| read_head(&document)).transpose().map_err(StoreError::Unavailable)?;
    Ok(head.map_or(0, |(_, head)| head.create_time.as_micros()))
}

fn later(one: Head, other: Head) -> Head {
    if one.seq >= other.seq { one } else { other }
}
