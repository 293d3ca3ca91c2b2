//! Stand-ins for what the use cases need from outside, and what their tests say in few words.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use loquat_ids::{FixedClock, GatewayId, RoomId, Timestamp, UserId};
use uuid::Uuid;

use crate::{
    model::{Appearance, Device, Presence, Renewal, Renewed, Setting, Standing, Typing, Version},
    ports::{Announcements, CallerToken, MembershipError, Memberships, PresenceStore, StoreError, Unannounced},
    store::MemoryPresenceStore,
};

pub(super) const LEASE: Duration = Duration::from_secs(10);

pub(super) fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(Timestamp::from_micros(1_790_000_000_000_000)))
}

pub(super) fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

/// All that a gateway has: a device of each user.
pub(super) fn complete(gateway: u128, users: &[UserId]) -> Renewal {
    let stream = "a".parse().expect("a stream's id");
    let device = |user: &UserId| Device { user: *user, stream: Clone::clone(&stream) };
    let connected = users.iter().map(device).collect();
    let gateway = GatewayId::from_uuid(Uuid::from_u128(gateway));
    Renewal { gateway, is_complete: true, connected, disconnected: Vec::new() }
}

/// A store that can be away.
#[derive(Debug, Default)]
pub(super) struct FrailStore {
    pub(super) inner: MemoryPresenceStore,
    pub(super) is_away: AtomicBool,
}

impl FrailStore {
    fn answer(&self) -> Result<&MemoryPresenceStore, StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError { doing: "answer", source: None });
        }
        Ok(&self.inner)
    }
}

#[async_trait]
impl PresenceStore for FrailStore {
    async fn renew(&self, renewal: &Renewal, now: Timestamp, expires: Timestamp) -> Result<Renewed, StoreError> {
        self.answer()?.renew(renewal, now, expires).await
    }

    async fn lapse(&self, now: Timestamp, limit: usize) -> Result<Option<Vec<UserId>>, StoreError> {
        self.answer()?.lapse(now, limit).await
    }

    async fn set(&self, user: UserId, setting: &Setting, now: Timestamp) -> Result<Standing, StoreError> {
        self.answer()?.set(user, setting, now).await
    }

    async fn read(&self, users: &[UserId]) -> Result<Vec<Standing>, StoreError> {
        self.answer()?.read(users).await
    }

    async fn untold(&self, limit: usize) -> Result<Vec<(UserId, Version)>, StoreError> {
        self.answer()?.untold(limit).await
    }

    async fn told(&self, changes: &[(UserId, Version)]) -> Result<Vec<UserId>, StoreError> {
        self.answer()?.told(changes).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.answer()?.ping().await
    }
}

/// Notes what it is told. May be deaf for a while, and may do something of its own in the middle of a telling.
#[derive(Debug, Default)]
pub(super) struct Notebook {
    presences: Mutex<Vec<(UserId, Appearance)>>,
    typings: Mutex<Vec<Typing>>,
    pub(super) is_deaf: AtomicBool,
    /// Renewed, once, before the next telling is noted: another process is faster.
    pub(super) meanwhile: Mutex<Option<(Arc<dyn PresenceStore>, Renewal)>>,
}

impl Notebook {
    /// Returns what was told since this was last asked.
    pub(super) fn presences(&self) -> Vec<(UserId, Appearance)> {
        std::mem::take(&mut self.presences.lock().expect("not poisoned"))
    }

    /// Returns what was told since this was last asked.
    pub(super) fn typings(&self) -> Vec<Typing> {
        std::mem::take(&mut self.typings.lock().expect("not poisoned"))
    }

    fn hear(&self) -> Result<(), Unannounced> {
        if self.is_deaf.load(Ordering::SeqCst) { Err(Unannounced("deaf".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Announcements for Notebook {
    async fn presence_changed(&self, presence: &Presence) -> Result<(), Unannounced> {
        self.hear()?;
        let meanwhile = self.meanwhile.lock().expect("not poisoned").take();
        if let Some((store, renewal)) = meanwhile {
            let moment = Timestamp::from_micros(0);
            store.renew(&renewal, moment, moment).await.expect("renewed");
            let marks = store.untold(10).await.expect("read");
            for standing in store.read(&marks.iter().map(|(user, _)| *user).collect::<Vec<_>>()).await.expect("read") {
                let seen = (standing.user, standing.as_others_see().appearance);
                self.presences.lock().expect("not poisoned").push(seen);
            }
            store.told(&marks).await.expect("told");
        }
        self.presences.lock().expect("not poisoned").push((presence.user, presence.appearance));
        Ok(())
    }

    async fn typing_changed(&self, typing: &Typing) -> Result<(), Unannounced> {
        self.hear()?;
        self.typings.lock().expect("not poisoned").push(*typing);
        Ok(())
    }
}

/// Knows one room's door: who shows the right token is a member of the rooms noted.
#[derive(Debug, Default)]
pub(super) struct Doors {
    pub(super) open: Mutex<HashSet<RoomId>>,
    pub(super) is_away: AtomicBool,
    pub(super) asked: AtomicUsize,
}

#[async_trait]
impl Memberships for Doors {
    async fn is_member(&self, room: RoomId, caller: &CallerToken) -> Result<bool, MembershipError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            return Err(MembershipError("away".into()));
        }
        Ok(caller.reveal() == "right" && self.open.lock().expect("not poisoned").contains(&room))
    }
}
