//! People.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store::sql) id: Uuid,
    pub(in crate::store::sql) handle: String,
    pub(in crate::store::sql) display_name: String,
    /// The display name in the form that searches compare.
    pub(in crate::store::sql) display_name_key: String,
    pub(in crate::store::sql) created_at: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(in crate::store::sql) enum Relation {
    #[sea_orm(has_one = "super::credential::Entity")]
    Credential,
}

impl Related<super::credential::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Credential.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
