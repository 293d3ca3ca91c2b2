//! The outbox's rows, from pending to published.

use async_trait::async_trait;
use loquat_ids::{EventId, RoomId, Timestamp, UserId};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, ExprTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{
    entity::{outbox, user_room},
    lists::list_changes,
    rows::{self, from_sql, to_sql},
    sql::SqlRoomStore,
};
use crate::{
    model::{RoomEvent, RoomVersion, Seq, UserRoomChange},
    ports::{DeliveredEvent, Outbox, StoreError},
};

#[async_trait]
impl Outbox for SqlRoomStore {
    async fn pending(&self, room_id: RoomId, limit: usize) -> Result<Vec<RoomEvent>, StoreError> {
        let work = async {
            let found = outbox::Entity::find()
                .filter(outbox::Column::RoomId.eq(room_id.as_uuid()))
                .filter(outbox::Column::Seq.is_null())
                .order_by_asc(outbox::Column::Version)
                .limit(limit as u64)
                .all(self.latest())
                .await?;
            found.iter().map(rows::event).collect()
        };
        self.within(work).await
    }

    async fn rooms_with_pending(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<RoomId>, StoreError> {
        let work = async {
            let mut find = outbox::Entity::find()
                .select_only()
                .column(outbox::Column::RoomId)
                .filter(outbox::Column::Seq.is_null());
            if let Some(after) = after {
                find = find.filter(outbox::Column::RoomId.gt(after.as_uuid()));
            }
            let found: Vec<Uuid> = find
                .distinct()
                .order_by_asc(outbox::Column::RoomId)
                .limit(limit as u64)
                .into_tuple()
                .all(self.latest())
                .await?;
            Ok(found.into_iter().map(RoomId::from_uuid).collect())
        };
        self.within(work).await
    }

    async fn mark_delivered(&self, event_id: EventId, seq: Seq) -> Result<(), StoreError> {
        let work = async {
            outbox::Entity::update_many()
                .col_expr(outbox::Column::Seq, Expr::val(to_sql(seq.0)))
                .filter(outbox::Column::EventId.eq(event_id.as_uuid()))
                .exec(self.writer())
                .await?;
            Ok(())
        };
        self.within(work).await
    }

    async fn unpublished(&self, limit: usize) -> Result<Vec<DeliveredEvent>, StoreError> {
        let work = async {
            let found: Vec<(Uuid, Uuid, i64)> = outbox::Entity::find()
                .select_only()
                .columns([outbox::Column::EventId, outbox::Column::RoomId, outbox::Column::Version])
                .filter(outbox::Column::Seq.is_not_null())
                .filter(Expr::col(outbox::Column::IsPublished).not())
                .order_by_asc(outbox::Column::EventId)
                .limit(limit as u64)
                .into_tuple()
                .all(self.latest())
                .await?;
            let event = |(event_id, room_id, version)| {
                Ok(DeliveredEvent {
                    event_id: EventId::from_uuid(event_id),
                    room_id: RoomId::from_uuid(room_id),
                    version: RoomVersion(from_sql(version)?),
                })
            };
            found.into_iter().map(event).collect()
        };
        self.within(work).await
    }

    async fn list_changes(
        &self,
        event: DeliveredEvent,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<(UserId, UserRoomChange)>, StoreError> {
        let work = async {
            let snapshot = self.begin_read().await?;
            let mut find = user_room::Entity::find()
                .filter(user_room::Column::RoomId.eq(event.room_id.as_uuid()))
                .filter(user_room::Column::RoomVersion.eq(to_sql(event.version.0)));
            if let Some(after) = after {
                find = find.filter(user_room::Column::UserId.gt(after.as_uuid()));
            }
            let found = find.order_by_asc(user_room::Column::UserId).limit(limit as u64).all(&snapshot).await?;
            list_changes(&snapshot, &found).await
        };
        self.within(work).await
    }

    async fn mark_published(&self, event_ids: &[EventId]) -> Result<(), StoreError> {
        let work = async {
            outbox::Entity::update_many()
                .col_expr(outbox::Column::IsPublished, Expr::val(true))
                .filter(outbox::Column::EventId.is_in(event_ids.iter().map(|event| event.as_uuid())))
                .exec(self.writer())
                .await?;
            Ok(())
        };
        self.within(work).await
    }

    async fn prune(&self, before: Timestamp) -> Result<(), StoreError> {
        let work = async {
            outbox::Entity::delete_many()
                .filter(Expr::col(outbox::Column::IsPublished))
                .filter(outbox::Column::DecideTime.lt(before.as_micros()))
                .exec(self.writer())
                .await?;
            Ok(())
        };
        self.within(work).await
    }
}
