//! The world as tests want it: a log, users and news, each behind its port.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use loquat_ids::{RoomId, UserId};
use loquat_rooms::{
    model::{RoomEvent, Seq, UserRoomChange},
    ports::{LogError, NewsError, RoomLog, UserDirectory, UserNews, UsersError},
};
use tokio::sync::watch;

/// How a fake answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mood {
    /// As it should.
    #[default]
    Well,
    /// Not at all, and does nothing.
    Away,
    /// It does what it is asked, and the answer is lost. Once; then well.
    LosesOneAnswer,
    /// It never answers.
    Hangs,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A room log that keeps the rules of the real one: an event it has is answered again; none comes before the one that it
/// follows.
#[derive(Debug, Default)]
pub(crate) struct FakeLog {
    rooms: Mutex<HashMap<RoomId, Vec<RoomEvent>>>,
    mood: Mutex<Mood>,
    out_of_order: Mutex<u32>,
    length: watch::Sender<usize>,
}

impl FakeLog {
    pub(crate) fn become_(&self, mood: Mood) {
        *lock(&self.mood) = mood;
    }

    /// The room's events, in the order of the log.
    pub(crate) fn events(&self, room_id: RoomId) -> Vec<RoomEvent> {
        lock(&self.rooms).get(&room_id).cloned().unwrap_or_default()
    }

    /// The versions of the room's events, in the order of the log.
    pub(crate) fn versions(&self, room_id: RoomId) -> Vec<u64> {
        self.events(room_id).iter().map(|event| event.version.0).collect()
    }

    /// How often an event came before the one that it follows.
    pub(crate) fn out_of_order(&self) -> u32 {
        *lock(&self.out_of_order)
    }

    /// All events of all rooms.
    pub(crate) fn everything(&self) -> HashMap<RoomId, Vec<RoomEvent>> {
        lock(&self.rooms).clone()
    }

    /// Makes the log what it was.
    pub(crate) fn put_back(&self, rooms: &HashMap<RoomId, Vec<RoomEvent>>) {
        lock(&self.rooms).clone_from(rooms);
    }

    /// Waits until the log has so many events.
    pub(crate) async fn has(&self, events: usize) {
        self.length.subscribe().wait_for(|length| *length >= events).await.unwrap();
    }

    fn take(&self, event: &RoomEvent) -> Result<Seq, LogError> {
        let mut rooms = lock(&self.rooms);
        let log = rooms.entry(event.room_id).or_default();
        if let Some(at) = log.iter().position(|there| there.event_id == event.event_id) {
            return Ok(Seq(at as u64 + 1));
        }
        if event.version.0 != log.len() as u64 + 1 {
            *lock(&self.out_of_order) += 1;
            return Err(LogError::OutOfOrder);
        }
        log.push(event.clone());
        self.length.send_modify(|length| *length += 1);
        Ok(Seq(log.len() as u64))
    }
}

#[async_trait]
impl RoomLog for FakeLog {
    async fn append(&self, event: &RoomEvent) -> Result<Seq, LogError> {
        tokio::task::yield_now().await;
        let mood = *lock(&self.mood);
        match mood {
            Mood::Well => self.take(event),
            Mood::Away => Err(LogError::Unreachable("nobody there".into())),
            Mood::LosesOneAnswer => {
                self.become_(Mood::Well);
                self.take(event)?;
                Err(LogError::Unreachable("connection reset".into()))
            }
            Mood::Hangs => std::future::pending().await,
        }
    }
}

/// Users: everybody exists but who is said not to.
#[derive(Debug, Default)]
pub(crate) struct FakeUsers {
    missing: Mutex<HashSet<UserId>>,
    mood: Mutex<Mood>,
}

impl FakeUsers {
    pub(crate) fn lack(&self, user: UserId) {
        lock(&self.missing).insert(user);
    }

    pub(crate) fn become_(&self, mood: Mood) {
        *lock(&self.mood) = mood;
    }
}

#[async_trait]
impl UserDirectory for FakeUsers {
    async fn existing(&self, user_ids: &[UserId]) -> Result<HashSet<UserId>, UsersError> {
        if *lock(&self.mood) != Mood::Well {
            return Err(UsersError("nobody there".into()));
        }
        let missing = lock(&self.missing);
        Ok(user_ids.iter().copied().filter(|user| !missing.contains(user)).collect())
    }
}

/// News, kept in the order in which it was told.
#[derive(Debug, Default)]
pub(crate) struct FakeNews {
    told: Mutex<Vec<(UserId, UserRoomChange)>>,
    mood: Mutex<Mood>,
}

impl FakeNews {
    pub(crate) fn become_(&self, mood: Mood) {
        *lock(&self.mood) = mood;
    }

    /// Takes what was told since it was last taken.
    pub(crate) fn take(&self) -> Vec<(UserId, UserRoomChange)> {
        std::mem::take(&mut lock(&self.told))
    }
}

#[async_trait]
impl UserNews for FakeNews {
    async fn publish(&self, user_id: UserId, change: &UserRoomChange) -> Result<(), NewsError> {
        if *lock(&self.mood) != Mood::Well {
            return Err(NewsError("nobody there".into()));
        }
        lock(&self.told).push((user_id, change.clone()));
        Ok(())
    }
}
