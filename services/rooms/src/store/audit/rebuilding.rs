//! Making what the store has of a room what it must be.
//!
//! The lists of the people concerned get a version of a life of their own, before which nothing is known: whoever has an
//! earlier one loads the list afresh.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use loquat_ids::{Clock as _, RoomId, SystemClock, UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, DatabaseTransaction, DbErr, EntityTrait as _, QueryFilter as _, SqliteTransactionMode,
    TransactionOptions, TransactionTrait as _,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::{AuditError, RebuiltRoom, RoomAudit};
use crate::{
    model::{Life, ListVersion, Membership},
    ports::StoreError,
    store::{
        entity::{membership, outbox, request, room, user_list, user_room},
        life, rows,
    },
};

/// How many rows are written by one statement.
const CHUNK: usize = 200;

pub(super) async fn rebuild(audit: &RoomAudit, id: RoomId, wanted: Option<&RebuiltRoom>) -> Result<(), AuditError> {
    let life = audit.mending_life.get_or_try_init(|| begin_life(audit)).await?;
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = audit.db.begin_with_options(options).await?;
    let id = id.as_uuid();
    let existing = membership::Entity::find().filter(membership::Column::RoomId.eq(id)).all(&transaction).await?;
    let listed = user_room::Entity::find().filter(user_room::Column::RoomId.eq(id)).all(&transaction).await?;
    let wanted_members = wanted.into_iter().flat_map(|wanted| &wanted.members).map(|member| member.user_id.as_uuid());
    let people: BTreeSet<Uuid> = existing.iter().map(|row| row.user_id).chain(wanted_members).collect();
    let people = people.into_iter().chain(listed.iter().filter(|row| row.is_member).map(|row| row.user_id)).collect();
    let lists = renew_lists(&transaction, *life, people).await?;
    match wanted {
        Some(wanted) => write(&transaction, wanted, &existing, &lists).await?,
        None => take_away(&transaction, id).await?,
    }
    Ok(transaction.commit().await?)
}

async fn begin_life(audit: &RoomAudit) -> Result<Life, AuditError> {
    life::begin(&audit.db, SystemClock.now()).await.map_err(|error| match error {
        StoreError::Unavailable(source) => DbErr::Custom(source.to_string()).into(),
        other => DbErr::Custom(other.to_string()).into(),
    })
}

/// Gives the lists of some people versions before which nothing is known.
async fn renew_lists(
    transaction: &DatabaseTransaction,
    life: Life,
    people: BTreeSet<Uuid>,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    let (first, untouched) = (rows::to_sql(life.first_version().0), rows::to_sql(ListVersion::UNTOUCHED.0));
    let people: Vec<Uuid> = people.into_iter().collect();
    let mut versions = HashMap::with_capacity(people.len());
    for chunk in people.chunks(CHUNK) {
        let known = user_list::Entity::find().filter(user_list::Column::UserId.is_in(chunk.iter().copied()));
        let known: HashMap<Uuid, i64> =
            known.all(transaction).await?.into_iter().map(|list| (list.user_id, list.version)).collect();
        let next = |user: &Uuid| known.get(user).map_or(first, |version| first.max(version + 1));
        versions.extend(chunk.iter().map(|user| (*user, next(user))));
        let lists = chunk.iter().map(|user| user_list::ActiveModel {
            user_id: Set(*user),
            version: Set(next(user)),
            version_before_life: Set(untouched),
        });
        let replace = OnConflict::column(user_list::Column::UserId)
            .update_columns([user_list::Column::Version, user_list::Column::VersionBeforeLife])
            .to_owned();
        user_list::Entity::insert_many(lists).on_conflict(replace).exec_without_returning(transaction).await?;
    }
    Ok(versions)
}

async fn write(
    transaction: &DatabaseTransaction,
    wanted: &RebuiltRoom,
    existing: &[membership::Model],
    lists: &HashMap<Uuid, i64>,
) -> Result<(), DbErr> {
    let replace = OnConflict::column(room::Column::RoomId)
        .update_columns([
            room::Column::Kind,
            room::Column::Name,
            room::Column::NameKey,
            room::Column::Topic,
            room::Column::DirectLow,
            room::Column::DirectHigh,
            room::Column::CreateTime,
            room::Column::Version,
            room::Column::MemberCount,
        ])
        .to_owned();
    room::Entity::insert(rows::room_row(&wanted.room)).on_conflict(replace).exec_without_returning(transaction).await?;
    write_members(transaction, wanted, existing, lists).await?;
    write_lists(transaction, wanted, lists).await?;
    write_outbox(transaction, wanted).await
}

async fn write_members(
    transaction: &DatabaseTransaction,
    wanted: &RebuiltRoom,
    existing: &[membership::Model],
    lists: &HashMap<Uuid, i64>,
) -> Result<(), DbErr> {
    let id = wanted.room.id.as_uuid();
    let members: BTreeMap<Uuid, &Membership> =
        wanted.members.iter().map(|member| (member.user_id.as_uuid(), member)).collect();
    let mut known = BTreeSet::new();
    for row in existing {
        let one = (id, row.user_id);
        let Some(member) = members.get(&row.user_id) else {
            membership::Entity::delete_by_id(one).exec(transaction).await?;
            continue;
        };
        known.insert(row.user_id);
        let role = rows::role_number(member.role);
        if row.role != role {
            membership::Entity::update_many()
                .col_expr(membership::Column::Role, Expr::val(role))
                .filter(membership::Column::RoomId.eq(id))
                .filter(membership::Column::UserId.eq(row.user_id))
                .exec(transaction)
                .await?;
        }
    }
    // Who came when among the others nobody knows any more.
    let last = existing.iter().map(|row| row.join_order).max().unwrap_or(0);
    let missing = members.iter().filter(|(user, _)| !known.contains(user)).zip(last + 1..);
    let missing: Vec<_> = missing
        .map(|((user, member), join_order)| membership::ActiveModel {
            room_id: Set(id),
            user_id: Set(*user),
            role: Set(rows::role_number(member.role)),
            join_time: Set(member.join_time.as_micros()),
            join_order: Set(join_order),
            list_order: Set(lists.get(user).copied().unwrap_or_default()),
        })
        .collect();
    for chunk in missing.chunks(CHUNK) {
        membership::Entity::insert_many(chunk.to_vec()).exec_without_returning(transaction).await?;
    }
    Ok(())
}

async fn write_lists(
    transaction: &DatabaseTransaction,
    wanted: &RebuiltRoom,
    lists: &HashMap<Uuid, i64>,
) -> Result<(), DbErr> {
    let members: BTreeSet<UserId> = wanted.members.iter().map(|member| member.user_id).collect();
    let listed: Vec<_> = lists
        .iter()
        .map(|(user, version)| user_room::ActiveModel {
            user_id: Set(*user),
            room_id: Set(wanted.room.id.as_uuid()),
            version: Set(*version),
            room_version: Set(rows::to_sql(wanted.room.version.0)),
            is_member: Set(members.contains(&UserId::from_uuid(*user))),
        })
        .collect();
    for chunk in listed.chunks(CHUNK) {
        let replace = OnConflict::columns([user_room::Column::UserId, user_room::Column::RoomId])
            .update_columns([user_room::Column::Version, user_room::Column::RoomVersion, user_room::Column::IsMember])
            .to_owned();
        let insert = user_room::Entity::insert_many(chunk.to_vec()).on_conflict(replace);
        insert.exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// Gives what the outbox may have its place, and takes the rest away.
async fn write_outbox(transaction: &DatabaseTransaction, wanted: &RebuiltRoom) -> Result<(), DbErr> {
    let of_room = outbox::Column::RoomId.eq(wanted.room.id.as_uuid());
    for row in outbox::Entity::find().filter(of_room).all(transaction).await? {
        let Some(seq) = wanted.outbox.get(&loquat_ids::EventId::from_uuid(row.event_id)) else {
            outbox::Entity::delete_by_id(row.event_id).exec(transaction).await?;
            continue;
        };
        let seq = seq.map(rows::to_sql);
        if row.seq != seq {
            outbox::Entity::update_many()
                .col_expr(outbox::Column::Seq, Expr::val(seq))
                .col_expr(outbox::Column::IsPublished, Expr::val(row.is_published && seq.is_some()))
                .filter(outbox::Column::EventId.eq(row.event_id))
                .exec(transaction)
                .await?;
        }
    }
    Ok(())
}

async fn take_away(transaction: &DatabaseTransaction, id: Uuid) -> Result<(), DbErr> {
    membership::Entity::delete_many().filter(membership::Column::RoomId.eq(id)).exec(transaction).await?;
    user_room::Entity::delete_many().filter(user_room::Column::RoomId.eq(id)).exec(transaction).await?;
    outbox::Entity::delete_many().filter(outbox::Column::RoomId.eq(id)).exec(transaction).await?;
    request::Entity::delete_many().filter(request::Column::RoomId.eq(id)).exec(transaction).await?;
    room::Entity::delete_many().filter(room::Column::RoomId.eq(id)).exec(transaction).await?;
    Ok(())
}
