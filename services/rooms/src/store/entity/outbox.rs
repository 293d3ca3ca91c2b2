//! `outbox`: decided changes on their way into the log.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    pub room_id: Uuid,
    pub version: i64,
    pub actor_id: Uuid,
    /// What asked for it: `<actor>:<request id>` where a request is remembered, else `rooms:<event id>`. Never absent.
    pub dedup_key: String,
    /// The change, as JSON of `model::Change`.
    pub payload: String,
    pub decide_time: i64,
    /// The place in the log. Absent while the change is pending.
    pub seq: Option<i64>,
    pub is_published: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
