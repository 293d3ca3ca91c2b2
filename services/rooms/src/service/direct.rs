//! The one room between two people.

use loquat_ids::{EventId, RoomId, UserId};

use super::Rooms;
use crate::{
    error::RoomError,
    model::{DirectPair, Membership, Role, Room, RoomForm, RoomVersion},
    ports::{Created, Creation, StoreError},
};

impl Rooms {
    /// Returns the one room between the actor and somebody else, making it where there is none yet. Two calls at once, of
    /// either of them, answer the same room.
    ///
    /// # Errors
    ///
    /// The other is the actor itself, or does not exist; the users service or the store does not answer; the change is
    /// pending.
    pub async fn open_direct(&self, actor: UserId, other: UserId) -> Result<(Room, Membership), RoomError> {
        let pair = DirectPair::of(actor, other).ok_or(RoomError::DirectWithSelf)?;
        if let Some(room_id) = self.0.store.direct_room(pair).await? {
            return self.opened(room_id, actor).await;
        }
        self.check_users(&[other], |_| vec!["user_id".to_owned()]).await?;
        let creation = self.direct_creation(actor, other, pair);
        match self.0.store.create(&creation).await? {
            Created::Made => self.opened(creation.room.id, actor).await,
            Created::PairTaken | Created::RequestTaken => {
                let room_id = self.0.store.direct_room(pair).await?;
                let room_id = room_id.ok_or_else(|| StoreError::Damaged("a pair is taken by no room".to_owned()))?;
                self.opened(room_id, actor).await
            }
        }
    }

    async fn opened(&self, room_id: RoomId, actor: UserId) -> Result<(Room, Membership), RoomError> {
        let view = self.visible(room_id, actor).await?;
        self.0.delivery.deliver(room_id, view.room.version).await?;
        let membership = view.membership.ok_or(RoomError::RoomNotFound(room_id))?;
        Ok((view.room, membership))
    }

    fn direct_creation(&self, actor: UserId, other: UserId, pair: DirectPair) -> Creation {
        let now = self.0.clock.now();
        let room_id = RoomId::from_uuid(self.0.ids.fresh());
        let membership = |user_id| Membership { room_id, user_id, role: Role::Member, join_time: now };
        Creation {
            room: Room {
                id: room_id,
                form: RoomForm::Direct(pair),
                create_time: now,
                version: RoomVersion::FIRST,
                member_count: 2,
            },
            memberships: vec![membership(actor), membership(other)],
            actor,
            event_id: EventId::from_uuid(self.0.ids.fresh()),
            now,
            remembrance: None,
        }
    }
}
