//! Events as rows.

use loquat_ids::{Epoch, EventId, RoomId, Timestamp, UserId};
use sea_orm::{ActiveValue::NotSet, Set};

use super::entity::{ActiveModel, Model};
use crate::{
    model::{ContentHash, DedupKey, RoomEvent, Seq, TraceContext},
    ports::{Cause, LogEntry, StoreError, Undecodable},
};

pub(super) fn from_event(event: &RoomEvent) -> ActiveModel {
    let payload = serde_json::to_string(&event.change).expect("a change has only keys that are text");
    ActiveModel {
        room_id: Set(event.room.as_uuid()),
        seq: Set(event.seq.to_stored()),
        position: NotSet,
        event_id: Set(event.event_id.as_uuid()),
        class: Set(event.change.class().to_stored()),
        dedup_key: Set(event.dedup_key.as_str().to_owned()),
        actor_id: Set(event.actor.map(UserId::as_uuid)),
        create_time: Set(event.create_time.as_micros()),
        traceparent: Set(event.trace.as_ref().map(|trace| trace.traceparent.clone())),
        tracestate: Set(event.trace.as_ref().map(|trace| trace.tracestate.clone())),
        content_hash: Set(event.content_hash.0.to_vec()),
        payload: Set(payload),
    }
}

/// Reads a row, or says why it is none of ours.
pub(super) fn to_entry(row: Model, epoch: &Epoch) -> LogEntry {
    let (seq, payload) = (Seq::from_stored(row.seq), row.payload.clone());
    read(row, epoch).map_err(|error| Undecodable { seq, payload: payload.into(), error })
}

pub(super) fn to_event(row: Model, epoch: &Epoch) -> Result<RoomEvent, StoreError> {
    read(row, epoch).map_err(StoreError::Unavailable)
}

fn read(row: Model, epoch: &Epoch) -> Result<RoomEvent, Cause> {
    let content_hash = row.content_hash.try_into().map_err(|_| "a content hash has 32 bytes")?;
    let change = serde_json::from_str(&row.payload)?;
    let trace =
        row.traceparent.map(|traceparent| TraceContext { traceparent, tracestate: row.tracestate.unwrap_or_default() });
    Ok(RoomEvent {
        room: RoomId::from_uuid(row.room_id),
        seq: Seq::from_stored(row.seq),
        event_id: EventId::from_uuid(row.event_id),
        epoch: epoch.clone(),
        actor: row.actor_id.map(UserId::from_uuid),
        create_time: Timestamp::from_micros(row.create_time),
        trace,
        dedup_key: DedupKey::from_stored(row.dedup_key),
        content_hash: ContentHash(content_hash),
        change,
    })
}
