//! What a decision does to the people concerned: their memberships, their lists, and the versions of these.
//!
//! Lists are touched in the order of their owners' ids, by every decision, so that two decisions never wait for each other.

use std::collections::HashMap;

use loquat_ids::{RoomId, UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _,
    sea_query::{Expr, OnConflict, Query},
};
use uuid::Uuid;

use super::{
    entity::{membership, user_list, user_room},
    rows::{damaged, role_number, to_sql},
};
use crate::{
    model::{ListVersion, Membership, MembershipChange, RoomVersion},
    ports::StoreError,
};

/// More people than come with one event, as the contract bounds it.
const PLACES_PER_VERSION: u64 = 64;

/// Lets people in and out.
pub(super) async fn change_memberships(
    transaction: &DatabaseTransaction,
    room_id: RoomId,
    version: RoomVersion,
    changes: &[MembershipChange],
) -> Result<(), StoreError> {
    let lists = touch(transaction, room_id, version, changes).await?;
    let mut joined = Vec::new();
    for (place, change) in (0..).zip(changes) {
        match change {
            MembershipChange::Joined(new) => joined.push(membership_row(new, version, place, &lists)?),
            MembershipChange::Left(user) => {
                membership::Entity::delete_by_id((room_id.as_uuid(), user.as_uuid())).exec(transaction).await?;
            }
        }
    }
    if !joined.is_empty() {
        membership::Entity::insert_many(joined).exec_without_returning(transaction).await?;
    }
    Ok(())
}

fn membership_row(
    new: &Membership,
    version: RoomVersion,
    place: u64,
    lists: &HashMap<Uuid, i64>,
) -> Result<membership::ActiveModel, StoreError> {
    let list_version = lists.get(&new.user_id.as_uuid()).ok_or_else(|| damaged("a list got no version"))?;
    Ok(membership::ActiveModel {
        room_id: Set(new.room_id.as_uuid()),
        user_id: Set(new.user_id.as_uuid()),
        role: Set(role_number(new.role)),
        join_time: Set(new.join_time.as_micros()),
        join_order: Set(to_sql(version.0 * PLACES_PER_VERSION + place)),
        list_order: Set(*list_version),
    })
}

/// Writes what happens to the room in the lists of the people who come and go, and returns the new versions of these.
async fn touch(
    transaction: &DatabaseTransaction,
    room_id: RoomId,
    version: RoomVersion,
    changes: &[MembershipChange],
) -> Result<HashMap<Uuid, i64>, StoreError> {
    let mut people: Vec<(UserId, bool)> =
        changes.iter().map(|change| (change.user_id(), change.role().is_some())).collect();
    people.sort_unstable();
    let lists = next_versions(transaction, &people).await?;
    let rows = people.iter().map(|(user, is_member)| user_room::ActiveModel {
        user_id: Set(user.as_uuid()),
        room_id: Set(room_id.as_uuid()),
        version: Set(lists.get(&user.as_uuid()).copied().unwrap_or_default()),
        room_version: Set(to_sql(version.0)),
        is_member: Set(*is_member),
    });
    let latest = OnConflict::columns([user_room::Column::UserId, user_room::Column::RoomId])
        .update_columns([user_room::Column::Version, user_room::Column::RoomVersion, user_room::Column::IsMember])
        .to_owned();
    user_room::Entity::insert_many(rows).on_conflict(latest).exec_without_returning(transaction).await?;
    Ok(lists)
}

/// Gives the lists of some people their next versions.
async fn next_versions(
    transaction: &DatabaseTransaction,
    people: &[(UserId, bool)],
) -> Result<HashMap<Uuid, i64>, StoreError> {
    use user_list::{Column, Entity};
    let first = to_sql(ListVersion::UNTOUCHED.0 + 1);
    let mut insert = Query::insert();
    insert.into_table(Entity).columns([Column::UserId, Column::Version]);
    for (user, _) in people {
        insert.values_panic([user.as_uuid().into(), first.into()]);
    }
    let next = Expr::col((Entity, Column::Version)).add(1);
    insert.on_conflict(OnConflict::column(Column::UserId).value(Column::Version, next).to_owned());
    insert.returning(Query::returning().columns([Column::UserId, Column::Version]));
    let mut versions = HashMap::with_capacity(people.len());
    for row in transaction.query_all(&insert).await? {
        versions.insert(row.try_get("", "user_id")?, row.try_get("", "version")?);
    }
    Ok(versions)
}

/// Writes, into the lists of all members, that the room's settings changed.
pub(super) async fn touch_members(
    transaction: &DatabaseTransaction,
    room_id: RoomId,
    version: RoomVersion,
) -> Result<(), StoreError> {
    let members = || {
        membership::Entity::find()
            .select_only()
            .column(membership::Column::UserId)
            .filter(membership::Column::RoomId.eq(room_id.as_uuid()))
            .into_query()
    };
    user_list::Entity::find()
        .filter(user_list::Column::UserId.in_subquery(members()))
        .order_by_asc(user_list::Column::UserId)
        .lock_exclusive()
        .all(transaction)
        .await?;
    user_list::Entity::update_many()
        .col_expr(user_list::Column::Version, Expr::col(user_list::Column::Version).add(1))
        .filter(user_list::Column::UserId.in_subquery(members()))
        .exec(transaction)
        .await?;
    let list_version = Query::select()
        .column((user_list::Entity, user_list::Column::Version))
        .from(user_list::Entity)
        .and_where(
            Expr::col((user_list::Entity, user_list::Column::UserId))
                .equals((user_room::Entity, user_room::Column::UserId)),
        )
        .to_owned();
    user_room::Entity::update_many()
        .col_expr(user_room::Column::Version, Expr::from(list_version))
        .col_expr(user_room::Column::RoomVersion, Expr::val(to_sql(version.0)))
        .filter(user_room::Column::RoomId.eq(room_id.as_uuid()))
        .filter(user_room::Column::IsMember.eq(true))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Reads the version of a person's list.
pub(super) async fn list_version(connection: &impl ConnectionTrait, user: UserId) -> Result<ListVersion, StoreError> {
    let row = user_list::Entity::find_by_id(user.as_uuid()).one(connection).await?;
    row.map_or(Ok(ListVersion::UNTOUCHED), |row| super::rows::from_sql(row.version).map(ListVersion))
}
