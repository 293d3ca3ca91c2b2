//! Items of a stream as Protobuf.

use bytes::{BufMut as _, Bytes, BytesMut};
use loquat_ids::{Clock, RoomId, UserId};
use loquat_proto::{
    events::v1::{self as proto, StreamItem, SubscribeResponse, stream_item::Kind},
    messages::v1 as messages,
    presence::v1::Presence,
    rooms::v1 as rooms,
};
use loquat_rpc::{codec::Encoded, proto_time, trace::TraceContext};
use prost::{
    Message as _,
    encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len},
};

use crate::{
    model::{ClosingReason, Cursor, Item, Place, ResetReason, RoomClosedReason, RoomNews, Text},
    ports::UserRoomChange,
    service::Caught,
};

/// After how long without any item a client takes its stream for dead: two heartbeats at their slowest.
const SILENCE_LIMIT_SECONDS: i64 = 30;

/// The field of `StreamItem` that a room's event is, and that of `SubscribeResponse` that the item is. Their numbers are
/// the contract's; a test holds them against it.
const ROOM_EVENT_FIELD: u32 = 1;
const ITEM_FIELD: u32 = 1;
/// The field of `RoomEvent` that says who came and went.
const MEMBERSHIPS_CHANGED_FIELD: u32 = 12;
/// The fields of `RoomEvent` that hold texts.
const MESSAGE_SENT_FIELD: u32 = 13;
const MESSAGE_EDITED_FIELD: u32 = 15;

/// Encodes an item, unless it is encoded already.
pub(crate) fn encode(item: &Item, clock: &dyn Clock) -> Encoded {
    let kind = match item {
        Item::RoomEvent(news) => return Encoded::from_bytes(news.encoded.clone()),
        Item::Encoded(encoded) => return Encoded::from_bytes(encoded.clone()),
        Item::Welcome { stream } => Kind::Welcome(proto::Welcome {
            stream_id: stream.to_string(),
            silence_limit: Some(prost_types::Duration { seconds: SILENCE_LIMIT_SECONDS, nanos: 0 }),
            server_time: Some(proto_time(clock.now())),
        }),
        Item::RoomReset { room, head, reason } => Kind::Reset(proto::Reset {
            subject: Some(proto::reset::Subject::Room(cursor(*room, head))),
            reason: reset_reason(*reason).into(),
        }),
        Item::UserStateReset { version } => Kind::Reset(proto::Reset {
            subject: Some(proto::reset::Subject::UserStateVersion(*version)),
            reason: messages::ResetReason::Unspecified.into(),
        }),
        Item::Hidden { room, range } => {
            Kind::Hidden(proto::Hidden { room_id: room.to_string(), from_seq: range.from, to_seq: range.to })
        }
        Item::Heartbeat { heads, user_state_version } => Kind::Heartbeat(proto::Heartbeat {
            heads: heads.iter().map(|(room, place)| cursor(*room, place)).collect(),
            server_time: Some(proto_time(clock.now())),
            user_state_version: *user_state_version,
        }),
        Item::InterestApplied { revision } => Kind::InterestApplied(proto::InterestApplied { revision: *revision }),
        Item::RoomClosed { room, reason } => Kind::RoomClosed(proto::RoomClosed {
            room_id: room.to_string(),
            reason: match reason {
                RoomClosedReason::NotFound => proto::RoomClosedReason::NotFound,
                RoomClosedReason::Removed => proto::RoomClosedReason::Removed,
                RoomClosedReason::Unavailable => proto::RoomClosedReason::Unavailable,
            }
            .into(),
        }),
        Item::Closing(reason) => Kind::Closing(proto::Closing {
            reason: match reason {
                ClosingReason::GoingAway => proto::ClosingReason::GoingAway,
                ClosingReason::SessionEnded => proto::ClosingReason::SessionEnded,
                ClosingReason::NoBeat => proto::ClosingReason::NoBeat,
                ClosingReason::ReaderTooSlow => proto::ClosingReason::ReaderTooSlow,
            }
            .into(),
        }),
    };
    Encoded::from_bytes(item_of(kind))
}

/// Puts the items of an answer together. They are encoded as a stream says them, each as the one field of a message that has the
/// same number as the repeated field of this one: put one behind the other, they are that field.
pub(super) fn sync_response(caught: &Caught, clock: &dyn Clock) -> proto::SyncResponse {
    let mut items = BytesMut::new();
    for item in &caught.items {
        items.put_slice(&encode(item, clock).bytes());
    }
    let items = proto::SyncResponse::decode(items.freeze()).map(|response| response.items);
    proto::SyncResponse {
        items: items.expect("what was encoded here decodes"),
        cursors: caught.cursors.iter().map(room_cursor).collect(),
        user_state_version: caught.user_state_version,
        has_more: caught.has_more,
    }
}

fn room_cursor(at: &Cursor) -> messages::RoomCursor {
    match &at.place {
        Some(place) => cursor(at.room, place),
        None => messages::RoomCursor { room_id: at.room.to_string(), ..messages::RoomCursor::default() },
    }
}

fn item_of(kind: Kind) -> Bytes {
    SubscribeResponse { item: Some(StreamItem { kind: Some(kind) }) }.encode_to_vec().into()
}

fn cursor(room: RoomId, place: &Place) -> messages::RoomCursor {
    messages::RoomCursor {
        room_id: room.to_string(),
        epoch: place.epoch.to_string(),
        seq: place.seq,
        event_id: place.event_id.to_string(),
    }
}

const fn reset_reason(reason: ResetReason) -> messages::ResetReason {
    match reason {
        ResetReason::EventDiffers => messages::ResetReason::EventDiffers,
        ResetReason::LogEndsEarlier => messages::ResetReason::LogEndsEarlier,
        ResetReason::EpochChanged => messages::ResetReason::EpochChanged,
        ResetReason::TooFarBehind => messages::ResetReason::TooFarBehind,
        ResetReason::ReaderTooSlow => messages::ResetReason::ReaderTooSlow,
    }
}

/// Reads a room's event, once for all its readers, and wraps its bytes as they are into the stream's item.
///
/// Nothing where the bytes are no event of a room.
pub(crate) fn room_news(bytes: &Bytes, trace: Option<TraceContext>) -> Option<RoomNews> {
    let event = EventOutline::decode(bytes.as_ref()).ok()?;
    Some(RoomNews {
        room: event.room_id.parse().ok()?,
        place: Place { epoch: event.epoch.parse().ok()?, seq: event.seq, event_id: event.event_id.parse().ok()? },
        members: event.members(),
        is_erased: event.blanked.as_ref().is_some_and(|blanked| blanked.change_field == MEMBERSHIPS_CHANGED_FIELD),
        text: event.text(),
        deletes: event.message_deleted.map(|deleted| deleted.message_seq),
        encoded: wrapped(bytes),
        trace,
    })
}

/// What is read of a room's event here: where it stands, who came and went by it, and of which message it says something. All
/// else is carried unread, so that a kind of event that this gateway does not know yet arrives as it was sent.
#[derive(Clone, PartialEq, prost::Message)]
struct EventOutline {
    #[prost(string, tag = "1")]
    room_id: String,
    #[prost(uint64, tag = "2")]
    seq: u64,
    #[prost(string, tag = "3")]
    event_id: String,
    #[prost(string, tag = "4")]
    epoch: String,
    #[prost(string, tag = "5")]
    actor_id: String,
    #[prost(message, optional, tag = "6")]
    create_time: Option<prost_types::Timestamp>,
    #[prost(message, optional, tag = "7")]
    trace_context: Option<messages::TraceContext>,
    #[prost(message, optional, tag = "10")]
    room_created: Option<messages::RoomCreated>,
    #[prost(message, optional, tag = "12")]
    memberships_changed: Option<messages::MembershipsChanged>,
    #[prost(message, optional, tag = "13")]
    message_sent: Option<Unread>,
    #[prost(message, optional, tag = "14")]
    blanked: Option<messages::Blanked>,
    #[prost(message, optional, tag = "15")]
    message_edited: Option<OfMessage>,
    #[prost(message, optional, tag = "16")]
    message_deleted: Option<OfMessage>,
}

/// Something of which nothing is read but that it is there.
#[derive(Clone, PartialEq, prost::Message)]
struct Unread {}

/// What is read of a change of a message.
#[derive(Clone, PartialEq, prost::Message)]
struct OfMessage {
    #[prost(uint64, tag = "2")]
    message_seq: u64,
}

impl EventOutline {
    fn members(&self) -> Vec<(UserId, bool)> {
        let changed = self.memberships_changed.iter().flat_map(|changed| &changed.changes);
        let changed = changed.filter_map(|change| Some((change.user_id.parse().ok()?, change.is_member)));
        let created = self.room_created.iter().flat_map(|created| &created.memberships);
        let created = created.filter_map(|member| Some((member.user_id.parse().ok()?, true)));
        created.chain(changed).collect()
    }

    /// Returns what is said of a message, and what the log tells of the event once that is erased.
    fn text(&self) -> Option<Text> {
        let (message, change_field) = match (&self.message_sent, &self.message_edited) {
            (Some(Unread {}), _) => (self.seq, MESSAGE_SENT_FIELD),
            (None, Some(edited)) => (edited.message_seq, MESSAGE_EDITED_FIELD),
            (None, None) => return None,
        };
        let event = messages::RoomEvent {
            room_id: self.room_id.clone(),
            seq: self.seq,
            event_id: self.event_id.clone(),
            epoch: self.epoch.clone(),
            actor_id: self.actor_id.clone(),
            create_time: self.create_time,
            trace_context: self.trace_context.clone(),
            change: Some(messages::room_event::Change::Blanked(messages::Blanked { change_field })),
        };
        Some(Text { message, blanked: item_of(Kind::RoomEvent(event)) })
    }
}

/// Puts the two keys and lengths of `SubscribeResponse { item { room_event } }` before an encoded event.
fn wrapped(event: &Bytes) -> Bytes {
    let inner = key_len(ROOM_EVENT_FIELD) + encoded_len_varint(event.len() as u64) + event.len();
    let mut item = BytesMut::with_capacity(inner + 12);
    encode_key(ITEM_FIELD, WireType::LengthDelimited, &mut item);
    encode_varint(inner as u64, &mut item);
    encode_key(ROOM_EVENT_FIELD, WireType::LengthDelimited, &mut item);
    encode_varint(event.len() as u64, &mut item);
    item.put_slice(event);
    item.freeze()
}

/// Wraps somebody's presence into an item.
pub(crate) fn presence_item(presence: Presence) -> Bytes {
    item_of(Kind::Presence(presence))
}

/// Wraps somebody's typing into an item.
pub(crate) fn typing_item(typing: proto::TypingChanged) -> Bytes {
    item_of(Kind::Typing(typing))
}

/// Reads a change of a user's list of rooms and wraps it into an item. Nothing where it names no room.
pub(crate) fn user_change(change: rooms::UserRoomChange) -> Option<UserRoomChange> {
    use rooms::user_room_change::Change;
    let (room, is_member) = match change.change.as_ref()? {
        Change::Gained(gained) => (gained.room.as_ref()?.room_id.parse().ok()?, true),
        Change::Lost(lost) => (lost.room_id.parse().ok()?, false),
    };
    let version = change.version;
    let encoded = item_of(Kind::UserStateChanged(proto::UserStateChanged { change: Some(change) }));
    Some(UserRoomChange { version, room, is_member, encoded })
}

#[cfg(test)]
mod tests;
