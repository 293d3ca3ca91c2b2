//! From Protobuf to the model. The field rules of the contract hold already; what they cannot say is checked here.

use std::str::FromStr;

use loquat_ids::{RoomId, UserId};
use loquat_proto::{messages::v1 as proto, rooms::v1 as rooms};
use loquat_rpc::{
    fault::{FieldViolation, RpcFault},
    moment, status,
};
use tonic::Status;

use crate::{
    error::MessagesError,
    model::{
        Change, Emoji, Membership, MembershipChange, MessageText, Role, Room, RoomCursor, RoomKind, RoomVersion, Seq,
    },
    service::{Anchor, LogReading, RoomChange},
};

const DEFAULT_MESSAGES: u32 = 50;
const DEFAULT_EVENTS: u32 = 200;

/// A field that says what cannot be.
pub(super) fn violation(field: &str, description: &str) -> Status {
    let violation =
        FieldViolation { field: field.to_owned(), description: description.to_owned(), rule: String::new() };
    status(RpcFault::InvalidFields(vec![violation]))
}

/// Reads an id, of whatever kind the field holds.
pub(super) fn id<T: FromStr>(field: &str, text: &str) -> Result<T, Status> {
    text.parse().map_err(|_| violation(field, "it is not an id"))
}

pub(super) fn message_text(text: String) -> Result<MessageText, Status> {
    MessageText::parse(text).map_err(|error| violation("text", &error.to_string()))
}

pub(super) fn emoji(text: &str) -> Result<Emoji, Status> {
    Emoji::parse(text).map_err(|error| status(MessagesError::from(error)))
}

pub(super) fn anchor(anchor: Option<proto::list_messages_request::Anchor>) -> Anchor {
    use proto::list_messages_request::Anchor as Proto;
    match anchor {
        None => Anchor::Newest,
        Some(Proto::BeforeSeq(seq)) => Anchor::Before(Seq::new(seq)),
        Some(Proto::AfterSeq(seq)) => Anchor::After(Seq::new(seq)),
        Some(Proto::AroundSeq(seq)) => Anchor::Around(Seq::new(seq)),
    }
}

/// Reads how many messages a page holds.
pub(super) fn page_messages(size: i32) -> u32 {
    page_size(size, DEFAULT_MESSAGES)
}

fn page_size(size: i32, default: u32) -> u32 {
    u32::try_from(size).ok().filter(|size| *size > 0).unwrap_or(default)
}

pub(super) fn log_reading(request: proto::ReadRoomLogRequest) -> Result<LogReading, Status> {
    let room: RoomId = id("room_id", &request.room_id)?;
    let reader = match request.reader_id.as_str() {
        "" => None,
        reader => Some(id::<UserId>("reader_id", reader)?),
    };
    let after = match request.after {
        // Nothing is known of the room yet.
        None => None,
        Some(cursor) if cursor.epoch.is_empty() => None,
        Some(cursor) if cursor.room_id != request.room_id => {
            return Err(violation("after.room_id", "it names another room than the request"));
        }
        Some(cursor) => Some(RoomCursor {
            epoch: id("after.epoch", &cursor.epoch)?,
            seq: Seq::new(cursor.seq),
            event_id: cursor.event_id.parse().ok(),
        }),
    };
    Ok(LogReading { room, reader, after, page_size: page_size(request.page_size, DEFAULT_EVENTS) })
}

pub(super) fn room_change(request: proto::AppendRoomEventRequest) -> Result<(RoomId, RoomChange), Status> {
    let room_id: RoomId = id("room_id", &request.room_id)?;
    let version = RoomVersion(request.version);
    let is_first = version == RoomVersion::FIRST;
    let change = match (request.room_created, request.room_updated, request.memberships_changed) {
        (Some(created), None, None) if is_first => Change::RoomCreated {
            room: room("room_created.room", room_id, version, created.room)?,
            memberships: each("room_created.memberships", created.memberships, membership)?,
        },
        (None, Some(updated), None) if !is_first => {
            Change::RoomUpdated { room: room("room_updated.room", room_id, version, updated.room)? }
        }
        (None, None, Some(changed)) if !is_first => Change::MembershipsChanged {
            version,
            changes: each("memberships_changed.changes", changed.changes, membership_change)?,
            member_count: changed.member_count,
        },
        _ => return Err(violation("version", "version 1, and no other, is the one that the room is created with")),
    };
    let event_id = id("event_id", &request.event_id)?;
    let actor = id("actor_id", &request.actor_id)?;
    Ok((room_id, RoomChange { event_id, version, actor, change }))
}

fn each<P, M>(field: &str, items: Vec<P>, read: impl Fn(&str, P) -> Result<M, Status>) -> Result<Vec<M>, Status> {
    items.into_iter().enumerate().map(|(index, item)| read(&format!("{field}[{index}]"), item)).collect()
}

fn room(field: &str, id_asked: RoomId, version: RoomVersion, room: Option<rooms::Room>) -> Result<Room, Status> {
    let room = room.ok_or_else(|| violation(field, "it is required"))?;
    let kind = match rooms::RoomKind::try_from(room.kind) {
        Ok(rooms::RoomKind::Public) => RoomKind::Public,
        Ok(rooms::RoomKind::Private) => RoomKind::Private,
        Ok(rooms::RoomKind::Direct) => RoomKind::Direct,
        _ => return Err(violation(&format!("{field}.kind"), "it is not a kind of room")),
    };
    if id::<RoomId>(&format!("{field}.room_id"), &room.room_id)? != id_asked {
        return Err(violation(&format!("{field}.room_id"), "it names another room than the request"));
    }
    if room.version != version.0 {
        return Err(violation(&format!("{field}.version"), "it is another version than the request's"));
    }
    Ok(Room {
        kind,
        name: room.name,
        topic: room.topic,
        create_time: room.create_time.as_ref().map(moment).unwrap_or_default(),
        version,
        member_count: room.member_count,
        direct_users: each(&format!("{field}.direct_user_ids"), room.direct_user_ids, |field, user| id(field, &user))?,
    })
}

fn membership(field: &str, membership: rooms::Membership) -> Result<Membership, Status> {
    Ok(Membership {
        user: id(&format!("{field}.user_id"), &membership.user_id)?,
        role: role(&format!("{field}.role"), membership.role)?,
        join_time: membership.join_time.as_ref().map(moment).unwrap_or_default(),
    })
}

fn membership_change(field: &str, change: proto::MembershipChange) -> Result<MembershipChange, Status> {
    let user = id(&format!("{field}.user_id"), &change.user_id)?;
    let role = if change.is_member { Some(role(&format!("{field}.role"), change.role)?) } else { None };
    Ok(MembershipChange { user, role })
}

fn role(field: &str, role: i32) -> Result<Role, Status> {
    match rooms::Role::try_from(role) {
        Ok(rooms::Role::Owner) => Ok(Role::Owner),
        Ok(rooms::Role::Member) => Ok(Role::Member),
        _ => Err(violation(field, "it is not a role")),
    }
}
