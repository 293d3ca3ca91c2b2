//! Making a room.

use std::collections::HashSet;

use loquat_ids::{EventId, RequestId, RoomId, UserId};

use super::{Rooms, fingerprint::fingerprint};
use crate::{
    error::RoomError,
    model::{Membership, Role, Room, RoomForm, RoomName, RoomTopic, RoomVersion},
    ports::{ContentHash, Created, Creation, Remembrance, StoreError},
};

/// A room that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoom {
    /// The id that the client made for it.
    pub request_id: RequestId,
    /// Whether it is listed and open to everybody.
    pub is_public: bool,
    /// Its name.
    pub name: RoomName,
    /// What it is about.
    pub topic: RoomTopic,
    /// Who else is in it from the start, at most 50. Duplicates and the maker are folded.
    pub user_ids: Vec<UserId>,
}

/// A room that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedRoom {
    /// The room as it was made.
    pub room: Room,
    /// The maker's membership as it was made.
    pub membership: Membership,
    /// Whether an earlier call with the same request id made it.
    pub is_repeat: bool,
}

impl Rooms {
    /// Makes a room with the actor as owner. The same request again answers what the first was answered, before any rule.
    ///
    /// # Errors
    ///
    /// The request id stands for something else; a user does not exist; the users service or the store does not answer; the
    /// change is pending.
    pub async fn create(&self, actor: UserId, new: NewRoom) -> Result<CreatedRoom, RoomError> {
        let content = fingerprint(&self.0.key, &new);
        if let Some(first) = self.first_answer(actor, &new.request_id, content).await? {
            return Ok(first);
        }
        let others = fold(actor, &new.user_ids);
        self.check_users(&others, |unknown| unknown_fields(&new.user_ids, unknown)).await?;

        let request_id = new.request_id.clone();
        let creation = self.creation(actor, &others, new, content);
        match self.0.store.create(&creation).await? {
            Created::Made => {
                self.0.delivery.deliver(creation.room.id, RoomVersion::FIRST).await?;
                Ok(CreatedRoom { room: creation.room, membership: creation.memberships[0], is_repeat: false })
            }
            Created::RequestTaken | Created::PairTaken => {
                let first = self.first_answer(actor, &request_id, content).await?;
                first.ok_or_else(|| StoreError::Damaged(format!("request {request_id} is taken by nothing")).into())
            }
        }
    }

    /// Returns what an earlier call was answered, once it is in the log.
    async fn first_answer(
        &self,
        actor: UserId,
        request_id: &RequestId,
        content: ContentHash,
    ) -> Result<Option<CreatedRoom>, RoomError> {
        let Some(first) = self.0.store.remembered(actor, request_id).await? else { return Ok(None) };
        if first.content != content {
            return Err(RoomError::RequestIdReused);
        }
        self.0.delivery.deliver(first.room.id, RoomVersion::FIRST).await?;
        Ok(Some(CreatedRoom { room: first.room, membership: first.membership, is_repeat: true }))
    }

    fn creation(&self, actor: UserId, others: &[UserId], new: NewRoom, content: ContentHash) -> Creation {
        let now = self.0.clock.now();
        let room_id = RoomId::from_uuid(self.0.ids.fresh());
        let membership = |user_id, role| Membership { room_id, user_id, role, join_time: now };
        let mut memberships = vec![membership(actor, Role::Owner)];
        memberships.extend(others.iter().map(|other| membership(*other, Role::Member)));
        let room = Room {
            id: room_id,
            form: RoomForm::Named { is_public: new.is_public, name: new.name, topic: new.topic },
            create_time: now,
            version: RoomVersion::FIRST,
            member_count: memberships.len() as u32,
        };
        Creation {
            room,
            memberships,
            actor,
            event_id: EventId::from_uuid(self.0.ids.fresh()),
            now,
            remembrance: Some(Remembrance { request_id: new.request_id, content }),
        }
    }

    /// Refuses users that do not exist, by the fields that name them.
    pub(super) async fn check_users(
        &self,
        users: &[UserId],
        fields: impl FnOnce(&HashSet<UserId>) -> Vec<String> + Send,
    ) -> Result<(), RoomError> {
        if users.is_empty() {
            return Ok(());
        }
        let existing = self.0.users.existing(users).await.map_err(RoomError::UsersUnreachable)?;
        let unknown: HashSet<UserId> = users.iter().copied().filter(|user| !existing.contains(user)).collect();
        if unknown.is_empty() { Ok(()) } else { Err(RoomError::UserNotFound { fields: fields(&unknown) }) }
    }
}

/// Returns the others, each once, in the order in which they were named.
fn fold(actor: UserId, user_ids: &[UserId]) -> Vec<UserId> {
    let mut seen = HashSet::from([actor]);
    user_ids.iter().copied().filter(|user| seen.insert(*user)).collect()
}

fn unknown_fields(user_ids: &[UserId], unknown: &HashSet<UserId>) -> Vec<String> {
    let named = user_ids.iter().enumerate().filter(|(_, user)| unknown.contains(user));
    named.map(|(index, _)| format!("user_ids[{index}]")).collect()
}
