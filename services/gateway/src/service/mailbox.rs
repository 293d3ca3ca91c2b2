//! What waits for one reader.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use loquat_ids::{RoomId, UserId};
use tokio::sync::Notify;

use crate::{
    model::{InterestUpdate, Place},
    ports::UserRoomChange,
};

/// How many changes of its list of rooms wait for a reader before it is told to read them again instead.
const MAX_USER_CHANGES: usize = 256;
/// How many people's typing waits for a reader. More is dropped: typing is told again.
const MAX_TYPING: usize = 64;
/// How many rooms' heads wait for a heartbeat. More is dropped: heads come again.
const MAX_HEADS: usize = 1_000;

/// What waits for one reader. Hubs put things in and wake it; the reader, alone, takes them out.
///
/// Everything in it is bounded: rooms by the reader's interest, since each stands in it once, however many events it has;
/// the rest as the constants say.
#[derive(Debug, Default)]
pub struct Mailbox {
    waiting: Mutex<Waiting>,
    /// Woken once for each thing put in; several at once wake it once.
    wake: Notify,
}

/// The things themselves.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Rooms whose ring has something new, in the order in which they got it, each once.
    pub rooms: VecDeque<RoomId>,
    noted_rooms: HashSet<RoomId>,
    /// Changes of what the stream watches.
    pub interest: Option<InterestUpdate>,
    /// Changes of the user's list of rooms.
    pub user_changes: Vec<UserRoomChange>,
    /// Whether changes of the list were missed.
    pub must_read_user_state: bool,
    /// The newest presence of each watched user, as an encoded item.
    pub presence: HashMap<UserId, Bytes>,
    /// Whether presence was missed.
    pub must_read_presence: bool,
    /// Who is typing where, as encoded items.
    pub typing: HashMap<(RoomId, UserId), Bytes>,
    /// Heads that changed since the last heartbeat.
    pub heads: HashMap<RoomId, Place>,
}

impl Mailbox {
    /// Notes that a room's ring has something new.
    pub fn note_room(&self, room: RoomId) {
        let mut waiting = self.lock();
        if waiting.noted_rooms.insert(room) {
            waiting.rooms.push_back(room);
            drop(waiting);
            self.wake.notify_one();
        }
    }

    /// Gives the reader a change of its interest; the newest revision wins.
    pub fn give_interest(&self, update: InterestUpdate) {
        let mut waiting = self.lock();
        if waiting.interest.as_ref().is_none_or(|waits| waits.revision < update.revision) {
            waiting.interest = Some(update);
        }
        drop(waiting);
        self.wake.notify_one();
    }

    /// Gives the reader a change of its list of rooms.
    pub fn give_user_change(&self, change: UserRoomChange) {
        let mut waiting = self.lock();
        if waiting.user_changes.len() < MAX_USER_CHANGES {
            waiting.user_changes.push(change);
        } else {
            waiting.must_read_user_state = true;
        }
        drop(waiting);
        self.wake.notify_one();
    }

    /// Tells the reader that news of its user, and of those it watches, may have been missed.
    pub fn note_missed(&self) {
        let mut waiting = self.lock();
        waiting.must_read_user_state = true;
        waiting.must_read_presence = true;
        drop(waiting);
        self.wake.notify_one();
    }

    /// Gives the reader somebody's presence, in the place of one that waits.
    pub fn give_presence(&self, user: UserId, encoded: Bytes) {
        self.lock().presence.insert(user, encoded);
        self.wake.notify_one();
    }

    /// Gives the reader somebody's typing, in the place of one that waits.
    pub fn give_typing(&self, room: RoomId, user: UserId, encoded: Bytes) {
        let mut waiting = self.lock();
        if waiting.typing.len() < MAX_TYPING || waiting.typing.contains_key(&(room, user)) {
            waiting.typing.insert((room, user), encoded);
            drop(waiting);
            self.wake.notify_one();
        }
    }

    /// Notes a head for the next heartbeat.
    pub fn note_head(&self, room: RoomId, place: &Place) {
        let mut waiting = self.lock();
        if waiting.heads.len() < MAX_HEADS || waiting.heads.contains_key(&room) {
            waiting.heads.insert(room, place.clone());
        }
    }

    /// Takes everything but the heads, which wait for the heartbeat.
    pub(crate) fn take(&self) -> Waiting {
        let mut waiting = self.lock();
        let heads = mem::take(&mut waiting.heads);
        let taken = mem::take(&mut *waiting);
        waiting.heads = heads;
        taken
    }

    /// Takes heads, as many as one heartbeat holds; the others wait for the next.
    pub(crate) fn take_heads(&self, most: usize) -> Vec<(RoomId, Place)> {
        let heads = &mut self.lock().heads;
        let rooms: Vec<RoomId> = heads.keys().take(most).copied().collect();
        rooms.into_iter().filter_map(|room| heads.remove_entry(&room)).collect()
    }

    /// Resolves when something was put in since the last time.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
