//! Lists of rooms and of members.

use std::fmt;

use async_trait::async_trait;
use loquat_ids::{RoomId, UserId};

use crate::{
    model::{
        DirectoryPosition, ListPosition, ListVersion, MemberPosition, Membership, NamePrefix, RoomEntry,
        UserRoomChanges,
    },
    ports::StoreError,
};

/// Lists. Each answer is read from one snapshot of the store; a list of a person's comes with the version of that
/// person's list in the same snapshot. All hold at most `limit` entries, after the position given, with the position of
/// each.
#[async_trait]
pub trait RoomLists: Send + Sync + fmt::Debug {
    /// Returns the rooms that a person is in, the newest membership first.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn joined(
        &self,
        user_id: UserId,
        prefix: &NamePrefix,
        after: Option<ListPosition>,
        limit: usize,
    ) -> Result<(ListVersion, Vec<(ListPosition, RoomEntry)>), StoreError>;

    /// Returns the ids of the rooms that a person joined last, the newest membership first.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn joined_ids(&self, user_id: UserId, limit: usize) -> Result<Vec<RoomId>, StoreError>;

    /// Returns public rooms by name, then id, with the memberships of the person who asks.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn directory(
        &self,
        user_id: UserId,
        prefix: &NamePrefix,
        after: Option<&DirectoryPosition>,
        limit: usize,
    ) -> Result<(ListVersion, Vec<(DirectoryPosition, RoomEntry)>), StoreError>;

    /// Returns a room's members in the order in which they came.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn members(
        &self,
        room_id: RoomId,
        after: Option<MemberPosition>,
        limit: usize,
    ) -> Result<Vec<(MemberPosition, Membership)>, StoreError>;

    /// Returns what changed in a person's list since a version: the latest change of each room. Afresh (`None`) where the
    /// version is 0, is not known to be of this list's past (the store was put back, or opened more than once with changes
    /// since), or more than `limit` rooms changed.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn changes_since(
        &self,
        user_id: UserId,
        since: ListVersion,
        limit: usize,
    ) -> Result<UserRoomChanges, StoreError>;
}
