//! Signing keys in SQL.

use async_trait::async_trait;
use loquat_ids::Timestamp;
use sea_orm::{ActiveValue::Set, EntityTrait as _, QueryOrder as _, sea_query::OnConflict};

use super::{SqlStore, entities::signing_key, unreadable};
use crate::{
    error::Result,
    model::{PrivateKey, SigningKey},
    ports::KeyStore,
};

#[async_trait]
impl KeyStore for SqlStore {
    async fn keys(&self) -> Result<Vec<SigningKey>> {
        self.within("read the signing keys", async {
            let newest_first = signing_key::Entity::find().order_by_desc(signing_key::Column::Generation);
            newest_first.all(&self.reader).await?.into_iter().map(key_of).collect()
        })
        .await
    }

    async fn offer(&self, key: &SigningKey) -> Result<()> {
        let row = signing_key::ActiveModel {
            generation: Set(key.generation),
            key_id: Set(key.key_id.clone()),
            private_pkcs8: Set(key.private.as_pkcs8().to_vec()),
            public_ed25519: Set(key.public.to_vec()),
            created_at: Set(key.create_time.as_micros()),
        };
        let unless_there = OnConflict::column(signing_key::Column::Generation).do_nothing().to_owned();
        self.within("keep a signing key", async {
            signing_key::Entity::insert(row).on_conflict(unless_there).exec_without_returning(&self.writer).await
        })
        .await?;
        Ok(())
    }
}

fn key_of(row: signing_key::Model) -> Result<SigningKey, sea_orm::DbErr> {
    Ok(SigningKey {
        generation: row.generation,
        public: row.public_ed25519.try_into().map_err(|_| unreadable("a public key without 32 bytes"))?,
        key_id: row.key_id,
        private: PrivateKey::from_pkcs8(row.private_pkcs8),
        create_time: Timestamp::from_micros(row.created_at),
    })
}
