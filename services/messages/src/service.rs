//! The use cases: writing into a room's log, and reading it, by who may.

mod append;
mod change_message;
mod heads;
mod history;
mod known_rooms;
mod log_reading;
mod page_token;
mod send;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use loquat_ids::{Epoch, IdSource, RoomId, UserId};

pub(crate) use append::RoomChange;
pub(crate) use change_message::{ChangedMessage, MessageChange};
pub(crate) use history::Anchor;
pub(crate) use log_reading::{LogReading, LogStretch};

use self::{known_rooms::KnownRooms, page_token::PageTokens};
use crate::{
    error::MessagesError,
    head_board::{HeadBoard, HeadWatch},
    model::{ContentHasher, Head, RoomCursor, RoomState, Seq, View},
    ports::MessageStore,
    room_actor::RoomActors,
};

/// The logs of all rooms, as callers may use them.
#[derive(Debug)]
pub(crate) struct RoomLogs {
    store: Arc<dyn MessageStore>,
    actors: Arc<RoomActors>,
    heads: Arc<HeadBoard>,
    ids: Arc<dyn IdSource>,
    hasher: ContentHasher,
    page_tokens: PageTokens,
    known_rooms: KnownRooms,
}

impl RoomLogs {
    pub(crate) fn new(
        store: Arc<dyn MessageStore>,
        actors: Arc<RoomActors>,
        heads: Arc<HeadBoard>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        let hasher = ContentHasher::new(store.content_key());
        let page_tokens = PageTokens::new(hasher.clone());
        Self { store, actors, heads, ids, hasher, page_tokens, known_rooms: KnownRooms::default() }
    }

    /// Returns the life of the logs.
    pub(crate) fn epoch(&self) -> Epoch {
        self.store.epoch()
    }

    /// Watches the heads that change from here on.
    pub(crate) fn watch_heads(&self) -> HeadWatch {
        self.heads.watch()
    }

    /// Reads a room up to the head that the store has now, by which readers are judged.
    async fn state(&self, room: RoomId) -> Result<RoomState, MessagesError> {
        Ok(self.known_rooms.read(&*self.store, room).await?)
    }

    /// The same for a member, to whom alone the room exists, with what the member may see of it.
    async fn room_for_member(&self, room: RoomId, reader: UserId) -> Result<(RoomState, View), MessagesError> {
        let state = self.state(room).await?;
        let view = state.view_of(reader).filter(|_| state.is_member(reader));
        let view = view.ok_or(MessagesError::RoomNotFound { room })?;
        Ok((state, view))
    }

    fn cursor(&self, head: Option<Head>) -> RoomCursor {
        RoomCursor {
            epoch: self.store.epoch(),
            seq: head.map_or(Seq::ZERO, |head| head.seq),
            event_id: head.map(|head| head.event_id),
        }
    }
}
