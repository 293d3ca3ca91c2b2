//! Sessions, from their beginning until they may be forgotten.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store::sql) id: Uuid,
    pub(in crate::store::sql) user_id: Uuid,
    pub(in crate::store::sql) device_name: Option<String>,
    pub(in crate::store::sql) created_at: i64,
    /// When the newest refresh token ends.
    pub(in crate::store::sql) expire_at: i64,
    pub(in crate::store::sql) ended_at: Option<i64>,
    /// Set together with `ended_at`.
    pub(in crate::store::sql) forget_at: Option<i64>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(in crate::store::sql) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
