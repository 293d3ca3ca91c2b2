//! The table of events.

use sea_orm::entity::prelude::*;

/// One event of one room.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "room_events")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub room_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// Where a scan for changed heads finds it. The database gives it.
    pub position: i64,
    pub event_id: Uuid,
    /// Which class of reads it belongs to.
    pub class: i16,
    pub dedup_key: String,
    pub actor_id: Option<Uuid>,
    /// In microseconds since 1970.
    pub create_time: i64,
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
    pub content_hash: Vec<u8>,
    /// The change, as JSON.
    pub payload: String,
}

/// The table stands alone.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
