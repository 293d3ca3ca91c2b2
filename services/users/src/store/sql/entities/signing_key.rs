//! Keys that sign access tokens, or have.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store::sql) generation: i32,
    pub(in crate::store::sql) key_id: String,
    pub(in crate::store::sql) private_pkcs8: Vec<u8>,
    pub(in crate::store::sql) public_ed25519: Vec<u8>,
    pub(in crate::store::sql) created_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(in crate::store::sql) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
