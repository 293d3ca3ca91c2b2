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
    rows::{damaged, from_sql, role_number, to_sql},
};
use crate::{
    model::{Life, ListProgress, ListVersion, Membership, MembershipChange, RoomVersion},
    ports::StoreError,
};

/// More people than come with one event, as the contract bounds it.
const PLACES_PER_VERSION: u64 = 64;

/// Lets people in and out.
pub(super) async fn change_memberships(
    transaction: &DatabaseTransaction,
    life: Life,
    room_id: RoomId,
    version: RoomVersion,
    changes: &[MembershipChange],
) -> Result<(), StoreError> {
    let lists = touch(transaction, life, room_id, version, changes).await?;
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
    life: Life,
    room_id: RoomId,
    version: RoomVersion,
    changes: &[MembershipChange],
) -> Result<HashMap<Uuid, i64>, StoreError> {
    let mut people: Vec<(UserId, bool)> =
        changes.iter().map(|change| (change.user_id(), change.role().is_some())).collect();
    people.sort_unstable();
    let lists = next_versions(transaction, life, &people).await?;
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

/// The version after a list's own: the next one, or the first of the life.
fn next_version(life: Life) -> Expr {
    let first = to_sql(life.first_version().0);
    let version = || Expr::col((user_list::Entity, user_list::Column::Version));
    Expr::case(version().lt(first), first).finally(version().add(1)).into()
}

/// The last version before the life, after a change in it.
fn next_version_before(life: Life) -> Expr {
    let first = to_sql(life.first_version().0);
    let column = |column| Expr::col((user_list::Entity, column));
    let version = || column(user_list::Column::Version);
    Expr::case(version().lt(first), version()).finally(column(user_list::Column::VersionBeforeLife)).into()
}

/// Gives the lists of some people their next versions.
async fn next_versions(
    transaction: &DatabaseTransaction,
    life: Life,
    people: &[(UserId, bool)],
) -> Result<HashMap<Uuid, i64>, StoreError> {
    use user_list::{Column, Entity};
    let (untouched, first) = (to_sql(ListVersion::UNTOUCHED.0), to_sql(life.first_version().0));
    let mut insert = Query::insert();
    insert.into_table(Entity).columns([Column::UserId, Column::Version, Column::VersionBeforeLife]);
    for (user, _) in people {
        insert.values_panic([user.as_uuid().into(), first.into(), untouched.into()]);
    }
    let next = [(Column::Version, next_version(life)), (Column::VersionBeforeLife, next_version_before(life))];
    insert.on_conflict(OnConflict::column(Column::UserId).values(next).to_owned());
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
    life: Life,
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
        .col_expr(user_list::Column::Version, next_version(life))
        .col_expr(user_list::Column::VersionBeforeLife, next_version_before(life))
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

/// Reads how far a person's list has come.
pub(super) async fn list_progress(connection: &impl ConnectionTrait, user: UserId) -> Result<ListProgress, StoreError> {
    let Some(row) = user_list::Entity::find_by_id(user.as_uuid()).one(connection).await? else {
        return Ok(ListProgress::NONE);
    };
    Ok(ListProgress {
        version: ListVersion(from_sql(row.version)?),
        version_before_life: ListVersion(from_sql(row.version_before_life)?),
    })
}
