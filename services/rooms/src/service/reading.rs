//! Reading rooms, members and lists.

use loquat_ids::{RoomId, UserId};

use super::{
    Rooms, decide,
    page_token::{self, List, Position},
};
use crate::{
    error::RoomError,
    model::{ListVersion, Membership, NamePrefix, PageSize, Permission, RoomEntry, UserRoomChanges},
};

/// How many changes of a list are told one by one; beyond that the list is loaded afresh.
const MAX_LIST_CHANGES: usize = 500;

/// How many of a person's rooms a gateway watches the heads of.
const MAX_JOINED_IDS: usize = 1_000;

/// A page of rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomPage {
    /// The rooms.
    pub rooms: Vec<RoomEntry>,
    /// Asks for the next page. Empty on the last one.
    pub next_page_token: String,
    /// The version of the reader's own list that the page was read at.
    pub list_version: ListVersion,
}

/// A page of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberPage {
    /// The members.
    pub memberships: Vec<Membership>,
    /// Asks for the next page. Empty on the last one.
    pub next_page_token: String,
}

impl Rooms {
    /// Returns a room that the reader is in, or a public one.
    ///
    /// # Errors
    ///
    /// The reader may not see the room; the store does not answer.
    pub async fn get(&self, reader: UserId, room_id: RoomId) -> Result<RoomEntry, RoomError> {
        let view = self.visible(room_id, reader).await?;
        Ok(RoomEntry { room: view.room, membership: view.membership })
    }

    /// Returns the rooms that the reader is in, the newest membership first.
    ///
    /// # Errors
    ///
    /// The page token is not of this list; the store does not answer.
    pub async fn list_joined(
        &self,
        reader: UserId,
        query: &str,
        size: PageSize,
        page_token: &str,
    ) -> Result<RoomPage, RoomError> {
        let prefix = NamePrefix::of(query);
        let list = List::Joined(reader, &prefix);
        let after = page_token::read(&self.0.key, list, page_token)?;
        let (list_version, entries) = self.0.lists.joined(reader, &prefix, after, size.get() + 1).await?;
        let (rooms, next_page_token) = self.page(list, entries, size);
        Ok(RoomPage { rooms, next_page_token, list_version })
    }

    /// Returns the public rooms, by name, with the reader's memberships.
    ///
    /// # Errors
    ///
    /// The page token is not of this list; the store does not answer.
    pub async fn list_directory(
        &self,
        reader: UserId,
        query: &str,
        size: PageSize,
        page_token: &str,
    ) -> Result<RoomPage, RoomError> {
        let prefix = NamePrefix::of(query);
        let list = List::Directory(&prefix);
        let after = page_token::read(&self.0.key, list, page_token)?;
        let (list_version, entries) = self.0.lists.directory(reader, &prefix, after.as_ref(), size.get() + 1).await?;
        let (rooms, next_page_token) = self.page(list, entries, size);
        Ok(RoomPage { rooms, next_page_token, list_version })
    }

    /// Returns a room's members in the order in which they came. For members only.
    ///
    /// # Errors
    ///
    /// The reader may not see the room, or is no member; the page token is not of this list; the store does not answer.
    pub async fn list_members(
        &self,
        reader: UserId,
        room_id: RoomId,
        size: PageSize,
        page_token: &str,
    ) -> Result<MemberPage, RoomError> {
        let view = self.visible(room_id, reader).await?;
        decide::require(&view, Permission::ReadRoom)?;
        let list = List::Members(room_id);
        let after = page_token::read(&self.0.key, list, page_token)?;
        let entries = self.0.lists.members(room_id, after, size.get() + 1).await?;
        let (memberships, next_page_token) = self.page(list, entries, size);
        Ok(MemberPage { memberships, next_page_token })
    }

    /// Returns what changed in a person's list of rooms since a version.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn list_changes(&self, user_id: UserId, since: ListVersion) -> Result<UserRoomChanges, RoomError> {
        Ok(self.0.lists.changes_since(user_id, since, MAX_LIST_CHANGES).await?)
    }

    /// Returns the ids of the rooms that a person joined last, at most 1,000, the newest membership first.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn list_joined_ids(&self, user_id: UserId) -> Result<Vec<RoomId>, RoomError> {
        Ok(self.0.lists.joined_ids(user_id, MAX_JOINED_IDS).await?)
    }

    /// Cuts off the entry beyond the page, which only says that there is a next one.
    fn page<P: Position, T>(&self, list: List<'_>, mut entries: Vec<(P, T)>, size: PageSize) -> (Vec<T>, String) {
        let has_more = entries.len() > size.get();
        entries.truncate(size.get());
        let token = match entries.last() {
            Some((position, _)) if has_more => page_token::write(&self.0.key, list, position),
            _ => String::new(),
        };
        (entries.into_iter().map(|(_, entry)| entry).collect(), token)
    }
}
