//! Events as documents.

use loquat_ids::{Epoch, EventId, RoomId, Timestamp, UserId};
use mongodb::{
    Collection,
    bson::{Binary, Bson, Document, deserialize_from_bson, doc, serialize_to_bson, spec::BinarySubtype},
};
use uuid::Uuid;

use super::errors::store_error;
use crate::{
    model::{ContentHash, DedupKey, EventClass, Head, RoomEvent, Seq, TraceContext},
    ports::{Cause, LogEntry, StoreError, Undecodable},
};

/// The fields of a document of the collection of events.
pub(super) mod field {
    pub(in super::super) const ROOM: &str = "room_id";
    pub(in super::super) const SEQ: &str = "seq";
    pub(in super::super) const EVENT: &str = "event_id";
    pub(in super::super) const CLASS: &str = "class";
    pub(in super::super) const DEDUP_KEY: &str = "dedup_key";
    pub(in super::super) const ACTOR: &str = "actor_id";
    pub(in super::super) const CREATE_TIME: &str = "create_time";
    pub(in super::super) const TRACE_PARENT: &str = "traceparent";
    pub(in super::super) const TRACE_STATE: &str = "tracestate";
    pub(in super::super) const CONTENT_HASH: &str = "content_hash";
    pub(in super::super) const PAYLOAD: &str = "payload";
}

pub(super) fn from_event(event: &RoomEvent) -> Result<Document, StoreError> {
    let mut document = doc! {
        field::ROOM: binary(event.room.as_uuid()),
        field::SEQ: event.seq.to_stored(),
        field::EVENT: binary(event.event_id.as_uuid()),
        field::CLASS: i32::from(event.change.class().to_stored()),
        field::DEDUP_KEY: event.dedup_key.as_str(),
        field::CREATE_TIME: event.create_time.as_micros(),
        field::CONTENT_HASH: Binary { subtype: BinarySubtype::Generic, bytes: event.content_hash.0.to_vec() },
        field::PAYLOAD: serialize_to_bson(&event.change).map_err(|error| StoreError::Unavailable(error.into()))?,
    };
    if let Some(actor) = event.actor {
        document.insert(field::ACTOR, binary(actor.as_uuid()));
    }
    if let Some(trace) = &event.trace {
        document.insert(field::TRACE_PARENT, &trace.traceparent);
        document.insert(field::TRACE_STATE, &trace.tracestate);
    }
    Ok(document)
}

pub(super) fn to_event(document: &Document, epoch: &Epoch) -> Result<RoomEvent, StoreError> {
    read_event(document, epoch).map_err(StoreError::Unavailable)
}

/// Reads a document, or says why it is none of ours.
pub(super) fn to_entry(document: &Document, epoch: &Epoch) -> LogEntry {
    read_event(document, epoch).map_err(|error| Undecodable {
        seq: document.get_i64(field::SEQ).map_or(Seq::ZERO, Seq::from_stored),
        payload: document.get(field::PAYLOAD).map(ToString::to_string).unwrap_or_default().into(),
        error,
    })
}

fn read_event(document: &Document, epoch: &Epoch) -> Result<RoomEvent, Cause> {
    let (room, head) = read_head(document)?;
    let payload = document.get(field::PAYLOAD).ok_or("an event has a payload")?;
    let traceparent = text_of(document.get(field::TRACE_PARENT))?;
    let tracestate = text_of(document.get(field::TRACE_STATE))?.unwrap_or_default();
    Ok(RoomEvent {
        room,
        seq: head.seq,
        event_id: head.event_id,
        epoch: epoch.clone(),
        actor: document.get(field::ACTOR).map(|actor| uuid_of(Some(actor))).transpose()?.map(UserId::from_uuid),
        create_time: head.create_time,
        trace: traceparent
            .map(|traceparent| TraceContext { traceparent: traceparent.to_owned(), tracestate: tracestate.to_owned() }),
        dedup_key: DedupKey::from_stored(document.get_str(field::DEDUP_KEY)?.to_owned()),
        content_hash: ContentHash(document.get_binary_generic(field::CONTENT_HASH)?.as_slice().try_into()?),
        change: deserialize_from_bson(payload.clone())?,
    })
}

/// Reads the room of an event, and the event as a head.
pub(super) fn read_head(document: &Document) -> Result<(RoomId, Head), Cause> {
    let head = Head {
        seq: Seq::from_stored(document.get_i64(field::SEQ)?),
        event_id: EventId::from_uuid(uuid_of(document.get(field::EVENT))?),
        create_time: Timestamp::from_micros(document.get_i64(field::CREATE_TIME)?),
    };
    Ok((RoomId::from_uuid(uuid_of(document.get(field::ROOM))?), head))
}

/// Tells whether an event is a message.
pub(super) fn is_message(document: &Document) -> bool {
    document.get_i32(field::CLASS).is_ok_and(|class| class == i32::from(EventClass::Message.to_stored()))
}

/// The fields that [`read_head`] and [`is_message`] read.
pub(super) fn head_fields() -> Document {
    doc! { field::ROOM: 1, field::SEQ: 1, field::EVENT: 1, field::CREATE_TIME: 1, field::CLASS: 1 }
}

/// Reads the last event of a room's log.
pub(super) async fn head_of(events: Collection<Document>, room: RoomId) -> Result<Option<Head>, StoreError> {
    let last = events.find_one(doc! { field::ROOM: binary(room.as_uuid()) }).sort(doc! { field::SEQ: -1 });
    let document = last.projection(head_fields()).await.map_err(store_error)?;
    let head = document.map(|document| read_head(&document)).transpose().map_err(StoreError::Unavailable)?;
    Ok(head.map(|(_, head)| head))
}

pub(super) fn binary(uuid: Uuid) -> Binary {
    Binary { subtype: BinarySubtype::Uuid, bytes: uuid.as_bytes().to_vec() }
}

fn uuid_of(value: Option<&Bson>) -> Result<Uuid, Cause> {
    match value {
        Some(Bson::Binary(binary)) => Ok(Uuid::from_slice(&binary.bytes)?),
        _ => Err("an id is binary".into()),
    }
}

fn text_of(value: Option<&Bson>) -> Result<Option<&str>, Cause> {
    match value {
        None => Ok(None),
        Some(Bson::String(text)) => Ok(Some(text)),
        Some(_) => Err("a trace is text".into()),
    }
}
