//! Reading events. Every query is answered by one stretch of one index, or by one seek for each thing asked for.

use loquat_ids::{EventId, RoomId, Timestamp};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, EntityTrait as _, Order,
    QueryFilter as _, QueryOrder as _, QueryResult, QuerySelect as _, Select, Statement, Value,
    prelude::{Expr, Uuid},
    sea_query::ExprTrait as _,
};

use super::entity::{Column, Entity, Model};
use crate::{
    model::{DedupKey, EventClass, Head, Seq},
    ports::{End, Stretch},
};

pub(super) const HEAD: &str = "SELECT room_id, seq, event_id, create_time FROM room_events \
    WHERE room_id = $1 ORDER BY seq DESC LIMIT 1";

/// At most `limit` events of a stretch, of one class or of all, from one of its ends on.
pub(super) fn events(
    room: RoomId,
    stretch: Stretch,
    class: Option<EventClass>,
    from: End,
    limit: u32,
) -> Select<Entity> {
    let query = Entity::find().filter(Column::RoomId.eq(room.as_uuid())).limit(u64::from(limit));
    let (after, through) = (stretch.after.to_stored(), stretch.through.to_stored());
    let order = match from {
        End::Oldest => Order::Asc,
        End::Newest => Order::Desc,
    };
    let Some(class) = class else {
        let query = query.filter(Column::Seq.gt(after)).filter(Column::Seq.lte(through));
        return query.order_by(Column::Seq, order);
    };
    // Class and number are compared as one value: with two conditions SQLite takes the index of places, and passes over
    // everything that is of another class.
    let place = || Expr::tuple([Column::Class.into_expr(), Column::Seq.into_expr()]);
    let bound = |seq: i64| Expr::tuple([Expr::val(class.to_stored()), Expr::val(seq)]);
    let query = query.filter(place().gt(bound(after))).filter(place().lte(bound(through)));
    query.order_by(Column::Class, order.clone()).order_by(Column::Seq, order)
}

pub(super) fn by_events(room: RoomId, events: &[EventId]) -> Select<Entity> {
    let events = events.iter().map(|event| event.as_uuid());
    Entity::find().filter(Column::RoomId.eq(room.as_uuid())).filter(Column::EventId.is_in(events))
}

pub(super) fn by_places(room: RoomId, places: &[Seq]) -> Select<Entity> {
    let places = places.iter().map(|place| place.to_stored());
    let query = Entity::find().filter(Column::RoomId.eq(room.as_uuid())).filter(Column::Seq.is_in(places));
    query.order_by(Column::Seq, Order::Asc)
}

pub(super) fn by_keys(room: RoomId, keys: &[DedupKey]) -> Select<Entity> {
    let keys = keys.iter().map(DedupKey::as_str);
    Entity::find().filter(Column::RoomId.eq(room.as_uuid())).filter(Column::DedupKey.is_in(keys))
}

pub(super) async fn rows(db: DatabaseConnection, query: Select<Entity>) -> Result<Vec<Model>, DbErr> {
    query.all(&db).await
}

pub(super) async fn head(db: DatabaseConnection, room: RoomId) -> Result<Option<Head>, DbErr> {
    let query = Statement::from_sql_and_values(db.get_database_backend(), HEAD, [room.as_uuid().into()]);
    let row = db.query_one_raw(query).await?;
    row.map(|row| room_head(&row).map(|(_, head)| head)).transpose()
}

pub(super) async fn heads(db: DatabaseConnection, rooms: Vec<RoomId>) -> Result<Vec<(RoomId, Head)>, DbErr> {
    let rows = db.query_all_raw(heads_statement(db.get_database_backend(), &rooms)).await?;
    rows.iter().map(room_head).collect()
}

/// One seek for each room: `MAX` over a whole room's index would read all of it.
pub(super) fn heads_statement(backend: DbBackend, rooms: &[RoomId]) -> Statement {
    let places: Vec<_> = (1..=rooms.len()).map(|number| format!("(${number})")).collect();
    let query = format!(
        "WITH wanted (room_id) AS (VALUES {}) \
         SELECT event.room_id, event.seq, event.event_id, event.create_time \
         FROM wanted JOIN room_events AS event ON event.room_id = wanted.room_id \
         AND event.seq = (SELECT MAX(last.seq) FROM room_events AS last WHERE last.room_id = wanted.room_id)",
        places.join(", ")
    );
    let rooms = rooms.iter().map(|room| Value::from(room.as_uuid()));
    Statement::from_sql_and_values(backend, query, rooms)
}

/// Reads the columns `room_id, seq, event_id, create_time`.
pub(super) fn room_head(row: &QueryResult) -> Result<(RoomId, Head), DbErr> {
    let head = Head {
        seq: Seq::from_stored(row.try_get("", "seq")?),
        event_id: EventId::from_uuid(row.try_get("", "event_id")?),
        create_time: Timestamp::from_micros(row.try_get("", "create_time")?),
    };
    Ok((RoomId::from_uuid(row.try_get::<Uuid>("", "room_id")?), head))
}
