//! The identity of a store: the life of its logs.

use loquat_ids::Epoch;
use mongodb::bson::{Document, doc};
use sea_orm::{ConnectionTrait as _, Statement};

use super::{AuditError, mongo::MongoLogs, sql::SqlLogs};

/// Under what the store keeps it.
const EPOCH: &str = "epoch";

pub(super) async fn read_sql(logs: &SqlLogs) -> Result<Epoch, AuditError> {
    let query = "SELECT value FROM room_log_facts WHERE name = $1";
    let query = Statement::from_sql_and_values(logs.backend(), query, [EPOCH.into()]);
    let row = logs.db().query_one_raw(query).await?;
    epoch(row.map(|row| row.try_get_by_index::<String>(0)).transpose()?)
}

pub(super) async fn write_sql(logs: &SqlLogs, epoch: &Epoch) -> Result<(), AuditError> {
    let update = "UPDATE room_log_facts SET value = $1 WHERE name = $2";
    let values = [epoch.as_str().into(), EPOCH.into()];
    logs.db().execute_raw(Statement::from_sql_and_values(logs.backend(), update, values)).await?;
    Ok(())
}

pub(super) async fn read_mongo(logs: &MongoLogs) -> Result<Epoch, AuditError> {
    let fact = logs.facts().find_one(doc! { "_id": EPOCH }).await?;
    epoch(fact.and_then(|fact: Document| fact.get_str("value").ok().map(str::to_owned)))
}

pub(super) async fn write_mongo(logs: &MongoLogs, epoch: &Epoch) -> Result<(), AuditError> {
    let update = doc! { "$set": { "value": epoch.as_str() } };
    logs.facts().update_one(doc! { "_id": EPOCH }, update).await?;
    Ok(())
}

fn epoch(kept: Option<String>) -> Result<Epoch, AuditError> {
    let kept = kept.ok_or_else(|| AuditError::NotThere("it has no identity".to_owned()))?;
    kept.parse().map_err(|_| AuditError::Unreadable("its epoch".to_owned()))
}
