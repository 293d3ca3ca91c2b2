//! The rooms in which something is to be folded.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use loquat_ids::RoomId;
use tokio::sync::Notify;

use crate::model::Seq;

/// How many rooms wait at most. What is beyond is found again by the head scan.
const WAITING_ROOMS: usize = 50_000;
/// For how many rooms it is remembered how far they are folded.
const REMEMBERED_ROOMS: usize = 50_000;

/// Where rooms are put by whoever hears or finds that something happened, and taken from by the folder.
#[derive(Debug, Default)]
pub(crate) struct FoldQueue {
    state: Mutex<State>,
    /// Told when a room is put in.
    filled: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Up to where each room is to be folded.
    waiting: HashMap<RoomId, Seq>,
    /// How far rooms are folded, so that what is found again is not folded again. Forgotten in halves.
    folded: HashMap<RoomId, Seq>,
    folded_before: HashMap<RoomId, Seq>,
}

impl FoldQueue {
    /// Asks for a room to be folded up to a place. Nothing is done where it is known to be. It is refused where too many
    /// rooms wait.
    pub(crate) fn want(&self, room: RoomId, seq: Seq) -> bool {
        let mut state = self.lock();
        if state.is_folded(room, seq) {
            return true;
        }
        if state.waiting.len() >= WAITING_ROOMS && !state.waiting.contains_key(&room) {
            return false;
        }
        let wanted = state.waiting.entry(room).or_default();
        *wanted = seq.max(*wanted);
        drop(state);
        self.filled.notify_one();
        true
    }

    /// Tells whether a room is known to be folded up to a place.
    pub(crate) fn is_folded(&self, room: RoomId, seq: Seq) -> bool {
        self.lock().is_folded(room, seq)
    }

    /// Waits until something is wanted, and takes some of it: rooms, and up to where each is to be folded.
    pub(crate) async fn take(&self, rooms: usize) -> Vec<(RoomId, Seq)> {
        loop {
            let filled = self.filled.notified();
            let taken: Vec<_> = self.lock().waiting.iter().map(|(room, seq)| (*room, *seq)).take(rooms).collect();
            if !taken.is_empty() {
                return taken;
            }
            filled.await;
        }
    }

    /// A room is folded up to a place. It waits on where more was wanted.
    pub(super) fn done(&self, room: RoomId, folded_to: Seq) {
        let mut state = self.lock();
        if state.waiting.get(&room).is_some_and(|wanted| *wanted <= folded_to) {
            state.waiting.remove(&room);
        }
        if state.folded.len() >= REMEMBERED_ROOMS / 2 && !state.folded.contains_key(&room) {
            state.folded_before = std::mem::take(&mut state.folded);
        }
        state.folded.insert(room, folded_to);
    }

    /// Nothing stands in a room's log up to a place that was wanted. It waits on where more was wanted meanwhile.
    pub(super) fn give_up(&self, room: RoomId, wanted: Seq) {
        let mut state = self.lock();
        if state.waiting.get(&room) == Some(&wanted) {
            state.waiting.remove(&room);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_folded(&self, room: RoomId, seq: Seq) -> bool {
        self.folded.get(&room).max(self.folded_before.get(&room)).is_some_and(|folded| *folded >= seq)
    }
}
