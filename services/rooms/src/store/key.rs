//! The store's key: made once, whoever asks first.

use rand::RngExt as _;
use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait as _, sea_query::OnConflict};

use super::entity::store_key;
use crate::ports::{StoreError, StoreKey};

const NAME: &str = "rooms";

/// Reads the key, or makes it. Of two that make one at once, one wins and both read that one.
pub(super) async fn load(database: &DatabaseConnection) -> Result<StoreKey, StoreError> {
    if let Some(key) = read(database).await? {
        return Ok(key);
    }
    let fresh: [u8; 32] = rand::rng().random();
    let row = store_key::ActiveModel { name: Set(NAME.to_owned()), secret: Set(fresh.to_vec()) };
    store_key::Entity::insert(row)
        .on_conflict(OnConflict::column(store_key::Column::Name).do_nothing().to_owned())
        .exec_without_returning(database)
        .await?;
    read(database).await?.ok_or_else(|| StoreError::Damaged("a key that was just written is not there".to_owned()))
}

async fn read(database: &DatabaseConnection) -> Result<Option<StoreKey>, StoreError> {
    let Some(row) = store_key::Entity::find_by_id(NAME.to_owned()).one(database).await? else { return Ok(None) };
    let secret = row.secret.try_into().map_err(|_| StoreError::Damaged("a key is not of 32 bytes".to_owned()))?;
    Ok(Some(StoreKey(secret)))
}
