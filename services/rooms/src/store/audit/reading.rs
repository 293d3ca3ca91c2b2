//! Rows, as rooms.

use std::collections::BTreeMap;

use loquat_ids::{EventId, RoomId, Timestamp, UserId};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbErr, EntityTrait as _, QueryResult, Statement};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{AuditError, AuditedDecision, AuditedMember, AuditedRoom, RoomAudit};
use crate::{
    model::Role,
    store::{entity::room, rows},
};

/// How many rooms are read at once, with all that belongs to them.
const PAGE: usize = 50;

/// The ids that anything names, beyond one, so that nothing of a room that is not there is passed over. Each table is read as
/// far as the page goes, and no further.
const IDS: &str = "SELECT room_id FROM (SELECT room_id FROM rooms WHERE room_id > $1 ORDER BY room_id LIMIT 50) AS a \
    UNION SELECT room_id FROM (SELECT DISTINCT room_id FROM memberships WHERE room_id > $1 ORDER BY room_id LIMIT 50) AS b \
    UNION SELECT room_id FROM (SELECT DISTINCT room_id FROM user_rooms WHERE room_id > $1 ORDER BY room_id LIMIT 50) AS c \
    UNION SELECT room_id FROM (SELECT DISTINCT room_id FROM outbox WHERE room_id > $1 ORDER BY room_id LIMIT 50) AS d \
    ORDER BY room_id LIMIT 50";

type Rooms = mpsc::Sender<Result<AuditedRoom, AuditError>>;

pub(super) async fn read_all(audit: RoomAudit, rooms: Rooms) {
    if let Err(error) = read_into(&audit, &rooms).await {
        // Whoever asked may have left.
        drop(rooms.send(Err(error)).await);
    }
}

async fn read_into(audit: &RoomAudit, rooms: &Rooms) -> Result<(), AuditError> {
    let snapshot = audit.snapshot().await?;
    let mut after = Uuid::nil();
    loop {
        let query = Statement::from_sql_and_values(audit.backend(), IDS, [after.into()]);
        let ids: Vec<Uuid> =
            snapshot.query_all_raw(query).await?.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Ok(()) };
        for room in between(audit, &snapshot, *first, *last).await?.into_values() {
            if rooms.send(Ok(room)).await.is_err() {
                return Ok(());
            }
        }
        if ids.len() < PAGE {
            return Ok(());
        }
        after = *last;
    }
}

pub(super) async fn read_one(audit: &RoomAudit, id: RoomId) -> Result<Option<AuditedRoom>, AuditError> {
    let snapshot = audit.snapshot().await?;
    Ok(between(audit, &snapshot, id.as_uuid(), id.as_uuid()).await?.remove(&id.as_uuid()))
}

/// Reads all that there is of the rooms from one id to another, both included.
async fn between(
    audit: &RoomAudit,
    snapshot: &DatabaseTransaction,
    first: Uuid,
    last: Uuid,
) -> Result<BTreeMap<Uuid, AuditedRoom>, DbErr> {
    let mut rooms: BTreeMap<Uuid, AuditedRoom> = BTreeMap::new();
    let select = async |columns: &str, table: &str, order: &str| {
        let query =
            format!("SELECT {columns} FROM {table} WHERE room_id >= $1 AND room_id <= $2 ORDER BY room_id, {order}");
        snapshot
            .query_all_raw(Statement::from_sql_and_values(audit.backend(), query, [first.into(), last.into()]))
            .await
    };
    let query = "SELECT * FROM rooms WHERE room_id >= $1 AND room_id <= $2";
    let query = Statement::from_sql_and_values(audit.backend(), query, [first.into(), last.into()]);
    for row in room::Entity::find().from_raw_sql(query).all(snapshot).await? {
        let of = of(&mut rooms, row.room_id);
        of.room = Some(rows::room(row).map_err(|error| error.to_string()));
    }
    for row in select("room_id, user_id, role, join_time", "memberships", "user_id").await? {
        of(&mut rooms, row.try_get("", "room_id")?).members.push(member(&row)?);
    }
    for row in select("room_id, user_id, is_member", "user_rooms", "user_id").await? {
        let listed = (UserId::from_uuid(row.try_get("", "user_id")?), row.try_get("", "is_member")?);
        of(&mut rooms, row.try_get("", "room_id")?).listed.push(listed);
    }
    for row in select("room_id, event_id, version, seq, payload", "outbox", "version").await? {
        of(&mut rooms, row.try_get("", "room_id")?).outbox.push(decision(&row)?);
    }
    Ok(rooms)
}

fn of(rooms: &mut BTreeMap<Uuid, AuditedRoom>, id: Uuid) -> &mut AuditedRoom {
    rooms.entry(id).or_insert_with(|| AuditedRoom {
        id: RoomId::from_uuid(id),
        room: None,
        members: Vec::new(),
        listed: Vec::new(),
        outbox: Vec::new(),
    })
}

fn member(row: &QueryResult) -> Result<AuditedMember, DbErr> {
    let role = match row.try_get::<i16>("", "role")? {
        1 => Some(Role::Owner),
        2 => Some(Role::Member),
        _ => None,
    };
    Ok(AuditedMember {
        user: UserId::from_uuid(row.try_get("", "user_id")?),
        role,
        join_time: Timestamp::from_micros(row.try_get("", "join_time")?),
    })
}

fn decision(row: &QueryResult) -> Result<AuditedDecision, DbErr> {
    let payload: String = row.try_get("", "payload")?;
    Ok(AuditedDecision {
        event_id: EventId::from_uuid(row.try_get("", "event_id")?),
        version: counter(row.try_get("", "version")?),
        seq: row.try_get::<Option<i64>>("", "seq")?.map(counter),
        change: serde_json::from_str(&payload).map_err(|error| error.to_string()),
    })
}

fn counter(count: i64) -> u64 {
    count.try_into().unwrap_or(0)
}
