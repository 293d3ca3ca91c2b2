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
    model::{ClosingReason, Item, Place, ResetReason, RoomClosedReason, RoomNews},
    ports::UserRoomChange,
};

/// After how long without any item a client takes its stream for dead: two heartbeats at their slowest.
const SILENCE_LIMIT_SECONDS: i64 = 30;

/// The field of `StreamItem` that a room's event is, and that of `SubscribeResponse` that the item is. Their numbers are
/// the contract's; a test holds them against it.
const ROOM_EVENT_FIELD: u32 = 1;
const ITEM_FIELD: u32 = 1;

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
        Item::Heartbeat { heads } => Kind::Heartbeat(proto::Heartbeat {
            heads: heads.iter().map(|(room, place)| cursor(*room, place)).collect(),
            server_time: Some(proto_time(clock.now())),
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
            }
            .into(),
        }),
    };
    Encoded::from_bytes(item_of(kind))
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
    }
}

/// Reads a room's event, once for all its readers, and wraps its bytes as they are into the stream's item.
///
/// Nothing where the bytes are no event of a room.
pub(crate) fn room_news(bytes: &Bytes, trace: Option<TraceContext>) -> Option<RoomNews> {
    let event = messages::RoomEvent::decode(bytes.as_ref()).ok()?;
    Some(RoomNews {
        room: event.room_id.parse().ok()?,
        place: Place { epoch: event.epoch.parse().ok()?, seq: event.seq, event_id: event.event_id.parse().ok()? },
        members: members(&event),
        encoded: wrapped(bytes),
        trace,
    })
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

fn members(event: &messages::RoomEvent) -> Vec<(UserId, bool)> {
    use messages::room_event::Change;
    match &event.change {
        Some(Change::MembershipsChanged(changed)) => {
            changed.changes.iter().filter_map(|change| Some((change.user_id.parse().ok()?, change.is_member))).collect()
        }
        Some(Change::RoomCreated(created)) => {
            created.memberships.iter().filter_map(|member| Some((member.user_id.parse().ok()?, true))).collect()
        }
        _ => Vec::new(),
    }
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
mod tests {
    use super::*;

    #[test]
    fn an_event_is_wrapped_as_the_contract_encodes_it() {
        let event = messages::RoomEvent {
            room_id: "01890a5d-ac96-774b-bcce-b302099a8057".into(),
            seq: 300,
            event_id: "01890a5d-ac96-774b-bcce-b302099a8058".into(),
            epoch: "e1".into(),
            change: Some(messages::room_event::Change::MembershipsChanged(messages::MembershipsChanged {
                changes: vec![messages::MembershipChange {
                    user_id: "01890a5d-ac96-774b-bcce-b302099a8059".into(),
                    is_member: false,
                    role: 0,
                }],
                member_count: 1,
            })),
            ..Default::default()
        };
        let news = room_news(&event.encode_to_vec().into(), None).expect("an event");
        assert_eq!(news.encoded, item_of(Kind::RoomEvent(event)));
        assert_eq!((news.place.seq, news.members.len()), (300, 1));
    }

    #[test]
    fn bytes_that_are_no_event_are_no_news() {
        assert!(room_news(&Bytes::from_static(b"\xff\xff"), None).is_none());
        assert!(room_news(&Bytes::new(), None).is_none());
    }
}
