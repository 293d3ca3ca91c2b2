//! Refresh tokens, of which only hashes are kept; the spent ones too, so that a second use is seen.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store::sql) hash: Vec<u8>,
    pub(in crate::store::sql) session_id: Uuid,
    pub(in crate::store::sql) issued_at: i64,
    pub(in crate::store::sql) expire_at: i64,
    /// When it was first presented. Set once, compared and set.
    pub(in crate::store::sql) spent_at: Option<i64>,
    /// The hash of the token answered for it. None where that was replaced before it was used.
    pub(in crate::store::sql) successor: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(in crate::store::sql) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
