//! Folds of messages, on both databases.

use std::collections::BTreeMap;

use loquat_ids::RoomId;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, Value};

use crate::{
    model::{MessageFold, ScanPosition, Seq},
    ports::{FoldedRoom, Folds},
};

pub(super) const FOLDED_TO: &str = "SELECT folded_seq FROM room_folds WHERE room_id = $1";

/// How many rows stand in one statement: with their values far fewer than either database takes.
const ROWS_AT_ONCE: usize = 1_000;

/// Keeps later folds in the place of earlier ones, and no others.
const KEEP_FOLDS: &str = "INSERT INTO message_folds (room_id, message_seq, as_of, payload) VALUES {rows} \
    ON CONFLICT (room_id, message_seq) DO UPDATE SET as_of = excluded.as_of, payload = excluded.payload \
    WHERE message_folds.as_of < excluded.as_of";

const ERASE: &str = "UPDATE room_events SET payload = $2 WHERE room_id = $1 AND seq IN ({places})";

const KEEP_FOLDED_TO: &str = "INSERT INTO room_folds (room_id, folded_seq) VALUES {rows} \
    ON CONFLICT (room_id) DO UPDATE SET folded_seq = excluded.folded_seq \
    WHERE room_folds.folded_seq < excluded.folded_seq";

const POSITION: &str = "SELECT CAST(value AS BIGINT) AS position FROM room_log_facts WHERE name = 'folded_position'";

const KEEP_POSITION: &str = "INSERT INTO room_log_facts (name, value) VALUES ('folded_position', $1) \
    ON CONFLICT (name) DO UPDATE SET value = excluded.value \
    WHERE CAST(room_log_facts.value AS BIGINT) < CAST(excluded.value AS BIGINT)";

/// Returns how far a room is folded and, read after that, the folds of some messages: a seek for each.
pub(super) async fn read(db: DatabaseConnection, room: RoomId, messages: Vec<Seq>) -> Result<Folds, DbErr> {
    let backend = db.get_database_backend();
    let folded_to = Statement::from_sql_and_values(backend, FOLDED_TO, [room.as_uuid().into()]);
    let folded_to = match db.query_one_raw(folded_to).await? {
        Some(row) => Seq::from_stored(row.try_get("", "folded_seq")?),
        None => Seq::ZERO,
    };
    if messages.is_empty() {
        return Ok(Folds { folded_to, folds: Vec::new() });
    }
    let rows = db.query_all_raw(folds_statement(backend, room, &messages)).await?;
    let folds = rows.into_iter().map(|row| {
        let payload: String = row.try_get("", "payload")?;
        let fold: MessageFold = serde_json::from_str(&payload).map_err(|error| DbErr::Json(error.to_string()))?;
        let as_of = Seq::from_stored(row.try_get("", "as_of")?);
        Ok((Seq::from_stored(row.try_get("", "message_seq")?), MessageFold { as_of, ..fold }))
    });
    Ok(Folds { folded_to, folds: folds.collect::<Result<_, DbErr>>()? })
}

pub(super) fn folds_statement(backend: DbBackend, room: RoomId, messages: &[Seq]) -> Statement {
    let places: Vec<_> = (2..=messages.len() + 1).map(|number| format!("${number}")).collect();
    let query = format!(
        "SELECT message_seq, as_of, payload FROM message_folds WHERE room_id = $1 AND message_seq IN ({})",
        places.join(", ")
    );
    let values = std::iter::once(room.as_uuid().into());
    let values = values.chain(messages.iter().map(|seq| Value::from(seq.to_stored())));
    Statement::from_sql_and_values(backend, query, values)
}

/// Keeps the folds, erases, and only then says how far the rooms are folded: each by a statement that is a transaction by
/// itself, and in an order that is the same for all folders, so that none waits for another that waits for it.
///
/// No transaction spans them. On SQLite the connection is also that of those who send: where a disk is full SQLite ends a
/// transaction by itself, and sqlx then takes it for open.
pub(super) async fn keep(writer: DatabaseConnection, mut rooms: Vec<FoldedRoom>) -> Result<(), DbErr> {
    rooms.sort_by_key(|folded| folded.room);
    let mut folds: Vec<[Value; 4]> = Vec::new();
    for folded in &mut rooms {
        folded.folds.sort_by_key(|(message, _)| *message);
        for (message, fold) in &folded.folds {
            let (message, as_of) = (message.to_stored(), fold.as_of.to_stored());
            folds.push([folded.room.as_uuid().into(), message.into(), as_of.into(), as_json(fold)?.into()]);
        }
    }
    for rows in folds.chunks(ROWS_AT_ONCE) {
        let values: Vec<Value> = rows.iter().flatten().cloned().collect();
        execute(&writer, &KEEP_FOLDS.replace("{rows}", &places(4, rows.len())), values).await?;
    }
    for folded in &rooms {
        erase(&writer, folded).await?;
    }
    for rows in rooms.chunks(ROWS_AT_ONCE) {
        let mut values: Vec<Value> = Vec::new();
        for folded in rows {
            values.push(folded.room.as_uuid().into());
            values.push(folded.folded_to.to_stored().into());
        }
        execute(&writer, &KEEP_FOLDED_TO.replace("{rows}", &places(2, rows.len())), values).await?;
    }
    Ok(())
}

/// Erases what is to be erased of a room: one statement for all that the same stands for from then on.
async fn erase(writer: &DatabaseConnection, folded: &FoldedRoom) -> Result<(), DbErr> {
    let mut by_content: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (seq, change) in &folded.erased {
        by_content.entry(as_json(change)?).or_default().push(seq.to_stored());
    }
    for (payload, mut seqs) in by_content {
        seqs.sort_unstable();
        let numbers: Vec<String> = (3..seqs.len() + 3).map(|number| format!("${number}")).collect();
        let mut values: Vec<Value> = vec![folded.room.as_uuid().into(), payload.into()];
        values.extend(seqs.into_iter().map(Value::from));
        execute(writer, &ERASE.replace("{places}", &numbers.join(", ")), values).await?;
    }
    Ok(())
}

fn as_json(value: &impl serde::Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|error| DbErr::Json(error.to_string()))
}

/// Numbers the values of some rows: `($1, $2), ($3, $4)`.
fn places(columns: usize, rows: usize) -> String {
    let row = |row: usize| {
        let numbers: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", numbers.join(", "))
    };
    (0..rows).map(row).collect::<Vec<String>>().join(", ")
}

pub(super) async fn position(db: DatabaseConnection) -> Result<Option<ScanPosition>, DbErr> {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), POSITION)).await?;
    row.map(|row| row.try_get("", "position").map(ScanPosition)).transpose()
}

pub(super) async fn keep_position(writer: DatabaseConnection, position: ScanPosition) -> Result<(), DbErr> {
    execute(&writer, KEEP_POSITION, [position.0.to_string().into()]).await
}

async fn execute(
    db: &impl ConnectionTrait,
    statement: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), DbErr> {
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), statement, values)).await?;
    Ok(())
}
