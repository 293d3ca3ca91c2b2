//! Mending what the log itself says how it must be.

use loquat_ids::RoomId;
use mongodb::{
    IndexModel,
    bson::{Bson, Document, doc, serialize_to_bson},
    options::IndexOptions,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, TransactionTrait as _, Value};

use super::{
    AuditError,
    folds::FoldWindow,
    mongo::{self, MongoLogs, binary},
    sql::{self, SqlLogs},
};
use crate::model::{Change, MessagePlace, Seq};

/// How many documents are written at once.
const CHUNK: usize = 100;

pub(super) async fn make_index_sql(logs: &SqlLogs, name: &str) -> Result<(), AuditError> {
    for (_, create) in sql::FENCE.iter().filter(|(fence, _)| *fence == name) {
        // One of the name that is not unique is no fence.
        logs.db().execute_unprepared(&format!("DROP INDEX IF EXISTS {name}")).await?;
        logs.db().execute_unprepared(create).await?;
    }
    Ok(())
}

pub(super) async fn make_index_mongo(logs: &MongoLogs, name: &str) -> Result<(), AuditError> {
    for (_, keys) in mongo::fence().into_iter().filter(|(fence, _)| *fence == name) {
        let options = IndexOptions::builder().name(name.to_owned()).unique(true).build();
        logs.events().create_index(IndexModel::builder().keys(keys).options(options).build()).await?;
    }
    Ok(())
}

/// Puts positions that are above all that the server gives out below them.
pub(super) async fn lower_positions_sql(logs: &SqlLogs, next: i64) -> Result<(), AuditError> {
    execute(logs.db(), "UPDATE room_events SET position = 0 WHERE position >= $1", [next.into()]).await?;
    let fact = "UPDATE room_log_facts SET value = '0' WHERE name = 'folded_position' AND CAST(value AS BIGINT) >= $1";
    execute(logs.db(), fact, [next.into()]).await?;
    Ok(())
}

pub(super) async fn set_class_sql(logs: &SqlLogs, room: RoomId, seq: u64, class: i16) -> Result<(), AuditError> {
    let update = "UPDATE room_events SET class = $1 WHERE room_id = $2 AND seq = $3";
    // SQLite keeps one kind of integer.
    let class: Value = if logs.backend() == DbBackend::Sqlite { i64::from(class).into() } else { class.into() };
    execute(logs.db(), update, [class, room.as_uuid().into(), Seq::new(seq).to_stored().into()]).await?;
    Ok(())
}

pub(super) async fn set_class_mongo(logs: &MongoLogs, room: RoomId, seq: u64, class: i16) -> Result<(), AuditError> {
    let there = place(room, Seq::new(seq));
    logs.events().update_one(there, doc! { "$set": { "class": i32::from(class) } }).await?;
    Ok(())
}

/// Puts what a window's messages have become in the place of what was kept of them, and erases what they say no more.
pub(super) async fn keep_folds_sql(logs: &SqlLogs, room: RoomId, window: &FoldWindow) -> Result<(), AuditError> {
    let transaction = logs.db().begin().await?;
    let id: Value = room.as_uuid().into();
    let clear = "DELETE FROM message_folds WHERE room_id = $1 AND message_seq > $2 AND message_seq <= $3";
    let stretch = [window.after().to_stored().into(), window.through().to_stored().into()];
    execute(&transaction, clear, [id.clone()].into_iter().chain(stretch)).await?;
    for (message, fold) in window.made() {
        let payload = serde_json::to_string(fold).map_err(|error| AuditError::Unreadable(error.to_string()))?;
        let insert = "INSERT INTO message_folds (room_id, message_seq, as_of, payload) VALUES ($1, $2, $3, $4)";
        let values = [id.clone(), message.to_stored().into(), fold.as_of.to_stored().into(), payload.into()];
        execute(&transaction, insert, values).await?;
    }
    for seq in window.erasures() {
        let read = "SELECT payload FROM room_events WHERE room_id = $1 AND seq = $2";
        let values = [id.clone(), seq.to_stored().into()];
        let read = Statement::from_sql_and_values(logs.backend(), read, values);
        let Some(row) = transaction.query_one_raw(read).await? else { continue };
        let payload: String = row.try_get_by_index(0)?;
        let Some(erased) = serde_json::from_str(&payload).ok().and_then(erased) else { continue };
        let payload = serde_json::to_string(&erased).map_err(|error| AuditError::Unreadable(error.to_string()))?;
        let erase = "UPDATE room_events SET payload = $3 WHERE room_id = $1 AND seq = $2";
        execute(&transaction, erase, [id.clone(), seq.to_stored().into(), payload.into()]).await?;
    }
    Ok(transaction.commit().await?)
}

/// Says how far a room is folded: to nothing, where it has no log.
pub(super) async fn keep_folded_to_sql(logs: &SqlLogs, room: RoomId, head: Seq) -> Result<(), AuditError> {
    let id: Value = room.as_uuid().into();
    execute(logs.db(), "DELETE FROM room_folds WHERE room_id = $1", [id.clone()]).await?;
    if head > Seq::ZERO {
        let insert = "INSERT INTO room_folds (room_id, folded_seq) VALUES ($1, $2)";
        execute(logs.db(), insert, [id, head.to_stored().into()]).await?;
    }
    Ok(())
}

/// The same. Nothing else may write meanwhile: between the two steps nothing is kept of the messages.
pub(super) async fn keep_folds_mongo(logs: &MongoLogs, room: RoomId, window: &FoldWindow) -> Result<(), AuditError> {
    let unreadable = |error: mongodb::bson::error::Error| AuditError::Unreadable(error.to_string());
    let stretch = doc! { "$gt": window.after().to_stored(), "$lte": window.through().to_stored() };
    logs.message_folds().delete_many(doc! { "room_id": binary(room.as_uuid()), "message_seq": stretch }).await?;
    let mut documents = Vec::new();
    for (message, fold) in window.made() {
        documents.push(doc! {
            "room_id": binary(room.as_uuid()),
            "message_seq": message.to_stored(),
            "as_of": fold.as_of.to_stored(),
            "payload": serialize_to_bson(fold).map_err(unreadable)?,
        });
    }
    for chunk in documents.chunks(CHUNK) {
        logs.message_folds().insert_many(chunk).await?;
    }
    for seq in window.erasures() {
        let Some(document) = logs.events().find_one(place(room, seq)).await? else { continue };
        let payload = document.get("payload").cloned().unwrap_or(Bson::Null);
        let Some(erased) = mongodb::bson::deserialize_from_bson(payload).ok().and_then(erased) else { continue };
        let payload = serialize_to_bson(&erased).map_err(unreadable)?;
        logs.events().update_one(place(room, seq), doc! { "$set": { "payload": payload } }).await?;
    }
    Ok(())
}

/// Says how far a room is folded: to nothing, where it has no log.
pub(super) async fn keep_folded_to_mongo(logs: &MongoLogs, room: RoomId, head: Seq) -> Result<(), AuditError> {
    let by_room = doc! { "room_id": binary(room.as_uuid()) };
    logs.room_folds().delete_many(by_room.clone()).await?;
    if head > Seq::ZERO {
        let mut folded = by_room;
        folded.insert("folded_seq", head.to_stored());
        logs.room_folds().insert_one(folded).await?;
    }
    Ok(())
}

/// Returns what is left of a change when its content is erased. Nothing where there is none to erase.
fn erased(change: Change) -> Option<Change> {
    let was = change.kind();
    let message: Option<MessagePlace> = match change {
        Change::MessageSent { .. } => None,
        Change::MessageEdited { message, .. } => Some(message),
        _ => return None,
    };
    Some(Change::Blanked { was, message })
}

fn place(room: RoomId, seq: Seq) -> Document {
    doc! { "room_id": binary(room.as_uuid()), "seq": seq.to_stored() }
}

async fn execute(
    db: &impl ConnectionTrait,
    statement: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), DbErr> {
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), statement, values)).await?;
    Ok(())
}
