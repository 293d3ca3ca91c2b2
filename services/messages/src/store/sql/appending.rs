//! Writing a batch.

use sea_orm::{DatabaseConnection, EntityTrait as _};

use super::{
    entity::{ActiveModel, Entity},
    errors::append_error,
};
use crate::ports::AppendError;

/// Inserts the rows in one statement, which is a transaction: all of them stand, or none.
pub(super) async fn insert(writer: DatabaseConnection, rows: Vec<ActiveModel>) -> Result<(), AppendError> {
    if rows.is_empty() {
        return Ok(());
    }
    Entity::insert_many(rows).exec_without_returning(&writer).await.map_err(append_error)?;
    Ok(())
}
