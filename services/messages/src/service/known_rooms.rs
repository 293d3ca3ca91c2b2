//! What this process remembers of rooms, so that a read costs the head and what changed since, not the room's whole past.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use loquat_ids::RoomId;

use crate::{
    model::RoomState,
    ports::{RoomLogStore, StoreError},
    room_actor::read_state,
};

/// How many rooms are remembered, about: the half that was not used for longest is forgotten at once.
const REMEMBERED_ROOMS: usize = 8_192;

/// States of rooms, each as of some head. Never trusted: every read asks the store for the head and catches up.
#[derive(Debug, Default)]
pub(super) struct KnownRooms(Mutex<Halves>);

#[derive(Debug, Default)]
struct Halves {
    young: HashMap<RoomId, RoomState>,
    old: HashMap<RoomId, RoomState>,
}

impl KnownRooms {
    /// Returns a room as of the head that the store has now.
    pub(super) async fn read(&self, store: &dyn RoomLogStore, room: RoomId) -> Result<RoomState, StoreError> {
        let known = self.lock().recall(room).unwrap_or_default();
        let state = read_state(store, room, known).await?;
        if state.head().is_some() {
            self.lock().remember(room, state.clone());
        }
        Ok(state)
    }

    fn lock(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Halves {
    fn recall(&self, room: RoomId) -> Option<RoomState> {
        self.young.get(&room).or_else(|| self.old.get(&room)).cloned()
    }

    /// Keeps a state. A slower read may put an older one in the place of a newer: the next read catches up.
    fn remember(&mut self, room: RoomId, state: RoomState) {
        if self.young.len() >= REMEMBERED_ROOMS / 2 && !self.young.contains_key(&room) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(room, state);
    }
}
