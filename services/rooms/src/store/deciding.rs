//! The transaction in which a change is decided.

use async_trait::async_trait;
use loquat_ids::{EventId, RequestId, RoomId, Timestamp, UserId};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _};

use super::{
    entity::{outbox, room},
    people,
    rows::{outbox_row, room_row, to_sql},
    snapshot::{self, Reading},
    sql::SqlRoomStore,
};
use crate::{
    error::RoomError,
    model::{Change, Decision, DirectPair, Life, RoomEvent, RoomView},
    ports::{Created, Creation, Decide, Outcome, People, RememberedRequest, RoomStore, StoreError},
};

#[async_trait]
impl RoomStore for SqlRoomStore {
    async fn create(&self, creation: &Creation) -> Result<Created, StoreError> {
        self.within(self.store_creation(creation)).await
    }

    async fn remembered(&self, actor: UserId, request_id: &RequestId) -> Result<Option<RememberedRequest>, StoreError> {
        self.within(self.find_request(actor, request_id)).await
    }

    async fn change(
        &self,
        room_id: RoomId,
        people: People,
        event_id: EventId,
        now: Timestamp,
        decide: Decide<'_>,
    ) -> Result<Option<Outcome>, RoomError> {
        let work = async {
            let transaction = self.begin_write().await.map_err(StoreError::from)?;
            let before = snapshot::view(&transaction, room_id, people, Reading::ToDecide).await?;
            let decision = before.as_ref().map(decide).transpose();
            let (Some(before), Ok(Some(Some(decision)))) = (&before, &decision) else {
                // Said aloud rather than by dropping: others wait for the room.
                transaction.rollback().await.map_err(StoreError::from)?;
                decision?;
                return Ok(before.map(|as_it_is| Outcome { room: as_it_is.room, membership: as_it_is.membership }));
            };
            write(&transaction, self.life(), before, decision, people.actor, event_id, now).await?;
            let after = snapshot::view(&transaction, room_id, people, Reading::AsItIs).await?;
            transaction.commit().await.map_err(StoreError::from)?;
            Ok(after.map(|after| Outcome { room: after.room, membership: after.membership }))
        };
        self.within(work).await
    }

    async fn view(&self, room_id: RoomId, user_id: UserId) -> Result<Option<RoomView>, StoreError> {
        let work = async {
            let transaction = self.begin_read().await?;
            snapshot::view(&transaction, room_id, People::one(user_id), Reading::AsItIs).await
        };
        self.within(work).await
    }

    async fn direct_room(&self, pair: DirectPair) -> Result<Option<RoomId>, StoreError> {
        let found = self.within(self.find_pair(pair)).await?;
        Ok(found.map(|row| RoomId::from_uuid(row.room_id)))
    }
}

/// Writes what was decided: the room's row, the people concerned, and the event.
async fn write(
    transaction: &DatabaseTransaction,
    life: Life,
    before: &RoomView,
    decision: &Decision,
    actor: UserId,
    event_id: EventId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Decision { room, change } = decision;
    let updated = room::Entity::update_many()
        .set(room_row(room))
        .filter(room::Column::RoomId.eq(room.id.as_uuid()))
        .filter(room::Column::Version.eq(to_sql(before.room.version.0)))
        .exec(transaction)
        .await?;
    if updated.rows_affected != 1 {
        return Err(StoreError::Damaged(format!("room {} changed under its lock", room.id)));
    }
    match change {
        Change::MembershipsChanged { changes, .. } => {
            people::change_memberships(transaction, life, room.id, room.version, changes).await?;
        }
        Change::RoomUpdated { .. } => people::touch_members(transaction, life, room.id, room.version).await?,
        Change::RoomCreated { .. } => {
            return Err(StoreError::Damaged(format!("room {} is made a second time", room.id)));
        }
    }
    let event = RoomEvent { event_id, room_id: room.id, version: room.version, actor, change: change.clone() };
    let row = outbox_row(&event, format!("rooms:{event_id}"), now)?;
    outbox::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}
