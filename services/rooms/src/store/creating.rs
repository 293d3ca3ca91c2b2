//! Making rooms, and remembering what made them.

use loquat_ids::{RequestId, UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, DbErr, EntityTrait as _, QueryFilter as _, SqlErr,
};
use serde::{Deserialize, Serialize};

use super::{
    entity::{outbox, request, room},
    people,
    rows::{damaged, outbox_row, room_row},
    sql::SqlRoomStore,
};
use crate::{
    model::{Change, DirectPair, Membership, MembershipChange, Room, RoomEvent, RoomVersion},
    ports::{ContentHash, Created, Creation, RememberedRequest, StoreError},
};

/// What a request was answered, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    room: Room,
    membership: Membership,
}

impl SqlRoomStore {
    pub(super) async fn store_creation(&self, creation: &Creation) -> Result<Created, StoreError> {
        let transaction = self.begin_write().await?;
        // The two rows that may be taken come first, so that whoever is too late learns of it before it writes more.
        match take(&transaction, creation).await {
            Ok(()) => {}
            Err(TakeError::Store(error)) => return Err(error),
            Err(TakeError::Sql(error)) => {
                transaction.rollback().await?;
                return if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) {
                    self.what_is_taken(creation).await
                } else {
                    Err(error.into())
                };
            }
        }
        let joined: Vec<_> = creation.memberships.iter().copied().map(MembershipChange::Joined).collect();
        people::change_memberships(&transaction, self.life(), creation.room.id, RoomVersion::FIRST, &joined).await?;
        let event = RoomEvent {
            event_id: creation.event_id,
            room_id: creation.room.id,
            version: RoomVersion::FIRST,
            actor: creation.actor,
            change: Change::RoomCreated { room: creation.room.clone(), memberships: creation.memberships.clone() },
        };
        let key = match &creation.remembrance {
            Some(remembrance) => format!("{}:{}", creation.actor, remembrance.request_id),
            None => format!("rooms:{}", creation.event_id),
        };
        outbox::Entity::insert(outbox_row(&event, key, creation.now)?).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        Ok(Created::Made)
    }

    /// Which unique index refused is found out by reading, on every database alike.
    async fn what_is_taken(&self, creation: &Creation) -> Result<Created, StoreError> {
        if let Some(remembrance) = &creation.remembrance
            && self.find_request(creation.actor, &remembrance.request_id).await?.is_some()
        {
            return Ok(Created::RequestTaken);
        }
        if let Some(pair) = creation.room.direct_pair()
            && self.find_pair(pair).await?.is_some()
        {
            return Ok(Created::PairTaken);
        }
        Err(damaged("a new room's row is taken, by neither its request nor its pair"))
    }

    pub(super) async fn find_request(
        &self,
        actor: UserId,
        request_id: &RequestId,
    ) -> Result<Option<RememberedRequest>, StoreError> {
        let id = (actor.as_uuid(), request_id.as_str().to_owned());
        let Some(row) = request::Entity::find_by_id(id).one(self.latest()).await? else { return Ok(None) };
        let content = row.content_hash.try_into().map_err(|_| damaged("a content hash is not of 32 bytes"))?;
        let answer: Answer =
            serde_json::from_str(&row.answer).map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok(Some(RememberedRequest { content: ContentHash(content), room: answer.room, membership: answer.membership }))
    }

    pub(super) async fn find_pair(&self, pair: DirectPair) -> Result<Option<room::Model>, StoreError> {
        let [low, high] = pair.users();
        let found = room::Entity::find()
            .filter(room::Column::DirectLow.eq(low.as_uuid()))
            .filter(room::Column::DirectHigh.eq(high.as_uuid()))
            .one(self.latest())
            .await?;
        Ok(found)
    }
}

enum TakeError {
    Sql(DbErr),
    Store(StoreError),
}

impl From<DbErr> for TakeError {
    fn from(error: DbErr) -> Self {
        Self::Sql(error)
    }
}

/// Writes the rows of which there may be one only: the request's, and the room's with its pair.
async fn take(transaction: &DatabaseTransaction, creation: &Creation) -> Result<(), TakeError> {
    room::Entity::insert(room_row(&creation.room)).exec_without_returning(transaction).await?;
    let Some(remembrance) = &creation.remembrance else { return Ok(()) };
    let maker = creation.memberships.first().ok_or_else(|| TakeError::Store(damaged("a new room has no maker")))?;
    let answer = serde_json::to_string(&Answer { room: creation.room.clone(), membership: *maker })
        .map_err(|error| TakeError::Store(StoreError::Damaged(error.to_string())))?;
    let row = request::ActiveModel {
        actor_id: Set(creation.actor.as_uuid()),
        request_id: Set(remembrance.request_id.as_str().to_owned()),
        content_hash: Set(remembrance.content.0.to_vec()),
        room_id: Set(creation.room.id.as_uuid()),
        answer: Set(answer),
    };
    request::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}
