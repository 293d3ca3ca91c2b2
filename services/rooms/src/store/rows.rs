//! Rows from the model and back.

use loquat_ids::{EventId, RoomId, Timestamp, UserId};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::entity::{membership, outbox, room};
use crate::{
    model::{
        DirectPair, Membership, NameKey, Role, Room, RoomEvent, RoomForm, RoomKind, RoomName, RoomTopic, RoomVersion,
    },
    ports::StoreError,
};

/// The numbers by which the tables know kinds and roles.
pub(super) const fn kind_number(kind: RoomKind) -> i16 {
    match kind {
        RoomKind::Public => 1,
        RoomKind::Private => 2,
        RoomKind::Direct => 3,
    }
}

pub(super) const fn role_number(role: Role) -> i16 {
    match role {
        Role::Owner => 1,
        Role::Member => 2,
    }
}

/// Writes a counter as SQL has it. None of ours comes near the end of the range.
pub(super) fn to_sql(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Reads a counter.
pub(super) fn from_sql(count: i64) -> Result<u64, StoreError> {
    u64::try_from(count).map_err(|_| damaged("a counter is negative"))
}

pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(what.to_owned())
}

pub(super) fn room_row(room: &Room) -> room::ActiveModel {
    let pair = room.direct_pair().map(DirectPair::users);
    room::ActiveModel {
        room_id: Set(room.id.as_uuid()),
        kind: Set(kind_number(room.kind())),
        name: Set(room.name().to_owned()),
        name_key: Set(NameKey::of(room.name()).as_bytes().to_vec()),
        topic: Set(room.topic().to_owned()),
        direct_low: Set(pair.map(|[low, _]| low.as_uuid())),
        direct_high: Set(pair.map(|[_, high]| high.as_uuid())),
        create_time: Set(room.create_time.as_micros()),
        version: Set(to_sql(room.version.0)),
        member_count: Set(i64::from(room.member_count)),
    }
}

pub(super) fn room(row: room::Model) -> Result<Room, StoreError> {
    Ok(Room {
        id: RoomId::from_uuid(row.room_id),
        form: form(&row)?,
        create_time: Timestamp::from_micros(row.create_time),
        version: RoomVersion(from_sql(row.version)?),
        member_count: u32::try_from(row.member_count).map_err(|_| damaged("a member count is out of range"))?,
    })
}

fn form(row: &room::Model) -> Result<RoomForm, StoreError> {
    if let (3, Some(low), Some(high)) = (row.kind, row.direct_low, row.direct_high) {
        let pair = DirectPair::of(UserId::from_uuid(low), UserId::from_uuid(high));
        return pair.map(RoomForm::Direct).ok_or_else(|| damaged("a pair is of one person"));
    }
    let is_public = match row.kind {
        1 => true,
        2 => false,
        _ => return Err(damaged("a room is of no known kind")),
    };
    let name = RoomName::parse(&row.name).map_err(|_| damaged("a room's name breaks its rule"))?;
    let topic = RoomTopic::parse(&row.topic).map_err(|_| damaged("a room's topic breaks its rule"))?;
    Ok(RoomForm::Named { is_public, name, topic })
}

pub(super) fn membership(row: &membership::Model) -> Result<Membership, StoreError> {
    let role = match row.role {
        1 => Role::Owner,
        2 => Role::Member,
        _ => return Err(damaged("a membership has no known role")),
    };
    Ok(Membership {
        room_id: RoomId::from_uuid(row.room_id),
        user_id: UserId::from_uuid(row.user_id),
        role,
        join_time: Timestamp::from_micros(row.join_time),
    })
}

/// Writes an event that is pending. The key says what asked for it.
pub(super) fn outbox_row(event: &RoomEvent, key: String, now: Timestamp) -> Result<outbox::ActiveModel, StoreError> {
    let payload = serde_json::to_string(&event.change).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(outbox::ActiveModel {
        event_id: Set(event.event_id.as_uuid()),
        room_id: Set(event.room_id.as_uuid()),
        version: Set(to_sql(event.version.0)),
        actor_id: Set(event.actor.as_uuid()),
        dedup_key: Set(key),
        payload: Set(payload),
        decide_time: Set(now.as_micros()),
        seq: Set(None),
        is_published: Set(false),
    })
}

pub(super) fn event(row: &outbox::Model) -> Result<RoomEvent, StoreError> {
    Ok(RoomEvent {
        event_id: EventId::from_uuid(row.event_id),
        room_id: RoomId::from_uuid(row.room_id),
        version: RoomVersion(from_sql(row.version)?),
        actor: UserId::from_uuid(row.actor_id),
        change: serde_json::from_str(&row.payload).map_err(|error| StoreError::Damaged(error.to_string()))?,
    })
}

/// Returns the database form of people.
pub(super) fn uuids(users: &[UserId]) -> Vec<Uuid> {
    users.iter().map(|user| user.as_uuid()).collect()
}
