//! `rooms`: each room as it is decided. Its row is what decisions about it wait for.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rooms")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub room_id: Uuid,
    /// 1 public, 2 private, 3 direct.
    pub kind: i16,
    pub name: String,
    /// The name as it is sorted and found by.
    pub name_key: Vec<u8>,
    pub topic: String,
    /// The two people of a direct room, the lower id first. Unique together.
    pub direct_low: Option<Uuid>,
    pub direct_high: Option<Uuid>,
    pub create_time: i64,
    pub version: i64,
    pub member_count: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
