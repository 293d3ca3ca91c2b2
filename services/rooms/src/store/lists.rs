//! Lists of rooms, of members, and of what changed in a person's list.

use std::collections::HashMap;

use async_trait::async_trait;
use loquat_ids::{RoomId, UserId};
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    entity::{membership, room, user_room},
    people::list_progress,
    rows::{self, damaged, from_sql, kind_number, to_sql, uuids},
    sql::SqlRoomStore,
};
use crate::{
    model::{
        DirectoryPosition, ListPosition, ListProgress, ListVersion, MemberPosition, Membership, NameKey, NamePrefix,
        RoomEntry, RoomKind, UserRoomChange, UserRoomChangeKind, UserRoomChanges,
    },
    ports::{RoomLists, StoreError},
};

#[async_trait]
impl RoomLists for SqlRoomStore {
    async fn joined(
        &self,
        user_id: UserId,
        prefix: &NamePrefix,
        after: Option<ListPosition>,
        limit: usize,
    ) -> Result<(ListVersion, Vec<(ListPosition, RoomEntry)>), StoreError> {
        let work = async {
            let snapshot = self.begin_read().await?;
            let ListProgress { version, .. } = list_progress(&snapshot, user_id).await?;
            let mut find = membership::Entity::find()
                .find_also_related(room::Entity)
                .filter(membership::Column::UserId.eq(user_id.as_uuid()))
                .filter(begins_with(prefix));
            if let Some(ListPosition(after)) = after {
                find = find.filter(membership::Column::ListOrder.lt(to_sql(after)));
            }
            let found = find.order_by_desc(membership::Column::ListOrder).limit(limit as u64).all(&snapshot).await?;
            let entries = found.into_iter().map(|(membership, room)| {
                let room = room.ok_or_else(|| damaged("a membership is of no room"))?;
                let position = ListPosition(from_sql(membership.list_order)?);
                Ok((position, entry(room, Some(&membership))?))
            });
            Ok((version, entries.collect::<Result<_, StoreError>>()?))
        };
        self.within(work).await
    }

    async fn joined_ids(&self, user_id: UserId, limit: usize) -> Result<Vec<RoomId>, StoreError> {
        let work = async {
            let found: Vec<Uuid> = membership::Entity::find()
                .select_only()
                .column(membership::Column::RoomId)
                .filter(membership::Column::UserId.eq(user_id.as_uuid()))
                .order_by_desc(membership::Column::ListOrder)
                .limit(limit as u64)
                .into_tuple()
                .all(self.latest())
                .await?;
            Ok(found.into_iter().map(RoomId::from_uuid).collect())
        };
        self.within(work).await
    }

    async fn directory(
        &self,
        user_id: UserId,
        prefix: &NamePrefix,
        after: Option<&DirectoryPosition>,
        limit: usize,
    ) -> Result<(ListVersion, Vec<(DirectoryPosition, RoomEntry)>), StoreError> {
        let work = async {
            let snapshot = self.begin_read().await?;
            let ListProgress { version, .. } = list_progress(&snapshot, user_id).await?;
            let mut find = room::Entity::find()
                .filter(room::Column::Kind.eq(kind_number(RoomKind::Public)))
                .filter(begins_with(prefix));
            if let Some(after) = after {
                find = find.filter(beyond(after));
            }
            let rooms = find
                .order_by_asc(room::Column::NameKey)
                .order_by_asc(room::Column::RoomId)
                .limit(limit as u64)
                .all(&snapshot)
                .await?;
            let ids = rooms.iter().map(|room| room.room_id).collect();
            let memberships = memberships_in(&snapshot, user_id, ids).await?;
            let entries = rooms.into_iter().map(|room| {
                let name_key = NameKey::from_bytes(room.name_key.clone());
                let position = DirectoryPosition { name_key, room_id: RoomId::from_uuid(room.room_id) };
                let membership = memberships.get(&room.room_id);
                Ok((position, entry(room, membership)?))
            });
            Ok((version, entries.collect::<Result<_, StoreError>>()?))
        };
        self.within(work).await
    }

    async fn members(
        &self,
        room_id: RoomId,
        after: Option<MemberPosition>,
        limit: usize,
    ) -> Result<Vec<(MemberPosition, Membership)>, StoreError> {
        let work = async {
            let snapshot = self.begin_read().await?;
            let mut find = membership::Entity::find().filter(membership::Column::RoomId.eq(room_id.as_uuid()));
            if let Some(MemberPosition(after)) = after {
                find = find.filter(membership::Column::JoinOrder.gt(to_sql(after)));
            }
            let found = find.order_by_asc(membership::Column::JoinOrder).limit(limit as u64).all(&snapshot).await?;
            let positioned =
                |row: &membership::Model| Ok((MemberPosition(from_sql(row.join_order)?), rows::membership(row)?));
            found.iter().map(positioned).collect()
        };
        self.within(work).await
    }

    async fn changes_since(
        &self,
        user_id: UserId,
        since: ListVersion,
        limit: usize,
    ) -> Result<UserRoomChanges, StoreError> {
        let work = async {
            let snapshot = self.begin_read().await?;
            let progress = list_progress(&snapshot, user_id).await?;
            let version = progress.version;
            let afresh = UserRoomChanges { version, changes: None };
            if !progress.passed(since) {
                return Ok(afresh);
            }
            let found = user_room::Entity::find()
                .filter(user_room::Column::UserId.eq(user_id.as_uuid()))
                .filter(user_room::Column::Version.gt(to_sql(since.0)))
                .order_by_asc(user_room::Column::Version)
                .limit(limit as u64 + 1)
                .all(&snapshot)
                .await?;
            if found.len() > limit {
                return Ok(afresh);
            }
            let changes = list_changes(&snapshot, &found).await?;
            let changes = changes.into_iter().map(|(_, change)| change).collect();
            Ok(UserRoomChanges { version, changes: Some(changes) })
        };
        self.within(work).await
    }
}

/// Turns rows of lists into changes, with the rooms and memberships of the same snapshot.
pub(super) async fn list_changes(
    snapshot: &DatabaseTransaction,
    found: &[user_room::Model],
) -> Result<Vec<(UserId, UserRoomChange)>, StoreError> {
    let gained: Vec<&user_room::Model> = found.iter().filter(|row| row.is_member).collect();
    let rooms: HashMap<Uuid, room::Model> = room::Entity::find()
        .filter(room::Column::RoomId.is_in(gained.iter().map(|row| row.room_id)))
        .all(snapshot)
        .await?
        .into_iter()
        .map(|room| (room.room_id, room))
        .collect();
    let memberships: HashMap<(Uuid, Uuid), membership::Model> = membership::Entity::find()
        .filter(membership::Column::RoomId.is_in(gained.iter().map(|row| row.room_id)))
        .filter(membership::Column::UserId.is_in(gained.iter().map(|row| row.user_id)))
        .all(snapshot)
        .await?
        .into_iter()
        .map(|membership| ((membership.room_id, membership.user_id), membership))
        .collect();
    let change = |row: &user_room::Model| {
        let kind = if row.is_member {
            let room = rooms.get(&row.room_id).ok_or_else(|| damaged("a list has a room that is not"))?;
            let membership = memberships.get(&(row.room_id, row.user_id));
            let membership = membership.ok_or_else(|| damaged("a list has a room without a membership"))?;
            UserRoomChangeKind::Gained {
                room: Box::new(rows::room(room.clone())?),
                membership: rows::membership(membership)?,
            }
        } else {
            UserRoomChangeKind::Lost(RoomId::from_uuid(row.room_id))
        };
        let change = UserRoomChange { version: ListVersion(from_sql(row.version)?), kind };
        Ok((UserId::from_uuid(row.user_id), change))
    };
    found.iter().map(change).collect()
}

async fn memberships_in(
    snapshot: &DatabaseTransaction,
    user_id: UserId,
    rooms: Vec<Uuid>,
) -> Result<HashMap<Uuid, membership::Model>, StoreError> {
    let found = membership::Entity::find()
        .filter(membership::Column::UserId.is_in(uuids(&[user_id])))
        .filter(membership::Column::RoomId.is_in(rooms))
        .all(snapshot)
        .await?;
    Ok(found.into_iter().map(|membership| (membership.room_id, membership)).collect())
}

fn entry(room: room::Model, membership: Option<&membership::Model>) -> Result<RoomEntry, StoreError> {
    Ok(RoomEntry { room: rows::room(room)?, membership: membership.map(rows::membership).transpose()? })
}

fn begins_with(prefix: &NamePrefix) -> Condition {
    let Some((lowest, above)) = prefix.range() else { return Condition::all() };
    Condition::all()
        .add(room::Column::NameKey.gte(lowest.as_bytes().to_vec()))
        .add(room::Column::NameKey.lt(above.as_bytes().to_vec()))
}

fn beyond(after: &DirectoryPosition) -> Expr {
    let place = Expr::tuple([Expr::col(room::Column::NameKey), Expr::col(room::Column::RoomId)]);
    let reached = [Expr::val(after.name_key.as_bytes().to_vec()), Expr::val(after.room_id.as_uuid())];
    place.gt(Expr::tuple(reached))
}
