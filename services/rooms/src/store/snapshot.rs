//! Reading a room as one person finds it.

use loquat_ids::RoomId;
use sea_orm::{DatabaseTransaction, EntityTrait as _, QuerySelect as _};

use super::{
    entity::{membership, room, user_room},
    rows,
};
use crate::{
    model::RoomView,
    ports::{People, StoreError},
};

/// How a room's row is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As it is.
    AsItIs,
    /// So that nobody else decides about the room until the transaction ends. (On SQLite that is so of every transaction
    /// that writes.)
    ToDecide,
}

/// Reads a room as one person finds it. `None` where there is no such room.
pub(super) async fn view(
    transaction: &DatabaseTransaction,
    room_id: RoomId,
    people: People,
    reading: Reading,
) -> Result<Option<RoomView>, StoreError> {
    let mut find = room::Entity::find_by_id(room_id.as_uuid());
    if reading == Reading::ToDecide {
        find = find.lock_exclusive();
    }
    let Some(room) = find.one(transaction).await? else { return Ok(None) };
    let (room_id, actor) = (room_id.as_uuid(), people.actor.as_uuid());
    let membership = membership::Entity::find_by_id((room_id, actor)).one(transaction).await?;
    let in_list = user_room::Entity::find_by_id((actor, room_id)).one(transaction).await?;
    let other_membership = match people.other {
        Some(other) => membership::Entity::find_by_id((room_id, other.as_uuid())).one(transaction).await?,
        None => None,
    };
    Ok(Some(RoomView {
        room: rows::room(room)?,
        membership: membership.as_ref().map(rows::membership).transpose()?,
        was_member: in_list.is_some_and(|row| !row.is_member),
        other_membership: other_membership.as_ref().map(rows::membership).transpose()?,
    }))
}
