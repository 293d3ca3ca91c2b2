//! The twin in memory: for one process, gone with it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use loquat_ids::{ConnectionId, GatewayId, Timestamp, UserId};

use crate::{
    model::{Renewal, Renewed, Setting, Standing, Version},
    ports::{PresenceStore, StoreError},
};

type Result<T> = std::result::Result<T, StoreError>;

/// Presence in memory. Each call is one step under one lock, which is never held over an await.
#[derive(Debug, Default)]
pub(crate) struct MemoryPresenceStore(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    leases: HashMap<GatewayId, Lease>,
    /// Leases that have ended, while users of theirs are still to be taken away.
    lapsed: HashMap<GatewayId, Lease>,
    people: HashMap<UserId, Person>,
    /// Whose change others were not told of, by version: the oldest first.
    untold: BTreeMap<Version, UserId>,
    last_version: u64,
}

#[derive(Debug)]
struct Lease {
    kept: Timestamp,
    expires: Timestamp,
    streams: BTreeMap<UserId, BTreeSet<ConnectionId>>,
}

#[derive(Debug, Default)]
struct Person {
    /// The gateways that hold a device of the person.
    at: HashSet<GatewayId>,
    setting: Setting,
    since: Option<Timestamp>,
    last_there: Option<Timestamp>,
    untold: Option<Version>,
}

impl MemoryPresenceStore {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Forgets everything, as a lost Redis does.
    #[cfg(test)]
    pub(crate) fn flush(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl PresenceStore for MemoryPresenceStore {
    async fn renew(&self, renewal: &Renewal, now: Timestamp, expires: Timestamp) -> Result<Renewed> {
        Ok(self.lock().renew(renewal, now, expires))
    }

    async fn lapse(&self, now: Timestamp, limit: usize) -> Result<Option<Vec<UserId>>> {
        Ok(self.lock().lapse(now, limit))
    }

    async fn set(&self, user: UserId, setting: &Setting, now: Timestamp) -> Result<Standing> {
        let mut state = self.lock();
        state.set(user, setting, now);
        Ok(state.standing(user))
    }

    async fn read(&self, users: &[UserId]) -> Result<Vec<Standing>> {
        let state = self.lock();
        Ok(users.iter().map(|user| state.standing(*user)).collect())
    }

    async fn untold(&self, limit: usize) -> Result<Vec<(UserId, Version)>> {
        Ok(self.lock().untold.iter().take(limit).map(|(version, user)| (*user, *version)).collect())
    }

    async fn told(&self, changes: &[(UserId, Version)]) -> Result<Vec<UserId>> {
        let mut state = self.lock();
        let others = changes.iter().filter(|(user, version)| !state.told(*user, *version)).map(|(user, _)| *user);
        Ok(others.collect())
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}

impl State {
    fn renew(&mut self, renewal: &Renewal, now: Timestamp, expires: Timestamp) -> Renewed {
        let gateway = renewal.gateway;
        let known = self.leases.remove(&gateway);
        if known.is_none() && !renewal.is_complete {
            return Renewed::Unknown;
        }
        // A gateway that was given up too soon and is back brings all that it has.
        let known = known.or_else(|| self.lapsed.remove(&gateway));
        let mut streams = known.map(|lease| lease.streams).unwrap_or_default();
        let devices = renewal.by_user();
        let mut changed = Vec::new();
        if renewal.is_complete {
            let gone: Vec<UserId> = streams.keys().filter(|user| !devices.contains_key(user)).copied().collect();
            for user in gone {
                streams.remove(&user);
                changed.extend(self.leave(user, gateway, now));
            }
        }
        for (user, devices) in devices {
            let had = streams.remove(&user);
            let was_here = had.is_some();
            let mut held = had.filter(|_| !renewal.is_complete).unwrap_or_default();
            held.extend(devices.connected.into_iter().cloned());
            for stream in devices.disconnected {
                held.remove(stream);
            }
            let is_here = !held.is_empty();
            if is_here {
                streams.insert(user, held);
            }
            match (was_here, is_here) {
                (false, true) => changed.extend(self.arrive(user, gateway, now)),
                (true, false) => changed.extend(self.leave(user, gateway, now)),
                (false, false) | (true, true) => {}
            }
        }
        self.leases.insert(gateway, Lease { kept: now, expires, streams });
        Renewed::Kept { changed }
    }

    fn lapse(&mut self, now: Timestamp, limit: usize) -> Option<Vec<UserId>> {
        if self.lapsed.is_empty() {
            let expired = self.leases.iter().filter(|(_, lease)| lease.expires <= now);
            let gateway = *expired.min_by_key(|(_, lease)| lease.expires)?.0;
            let lease = self.leases.remove(&gateway)?;
            self.lapsed.insert(gateway, lease);
        }
        let (gateway, lease) = self.lapsed.iter_mut().next()?;
        let (gateway, kept) = (*gateway, lease.kept);
        let users: Vec<UserId> = lease.streams.keys().take(limit).copied().collect();
        for user in &users {
            lease.streams.remove(user);
        }
        if lease.streams.is_empty() {
            self.lapsed.remove(&gateway);
        }
        Some(users.into_iter().filter_map(|user| self.leave(user, gateway, kept)).collect())
    }

    fn set(&mut self, user: UserId, setting: &Setting, now: Timestamp) {
        let person = self.people.entry(user).or_default();
        if person.setting == *setting {
            return;
        }
        let was_visible = person.setting.is_visible();
        person.setting = setting.clone();
        person.since = Some(now);
        if person.at.is_empty() || !(was_visible || setting.is_visible()) {
            return;
        }
        if !setting.is_visible() {
            person.last_there = Some(now);
        }
        self.mark(user);
    }

    /// Returns the user where it now shows differently.
    fn arrive(&mut self, user: UserId, gateway: GatewayId, now: Timestamp) -> Option<UserId> {
        let person = self.people.entry(user).or_default();
        let was_connected = !person.at.is_empty();
        if !person.at.insert(gateway) || was_connected {
            return None;
        }
        person.since = Some(now);
        let is_visible = person.setting.is_visible();
        is_visible.then(|| self.mark(user))
    }

    /// Returns the user where it now shows differently.
    fn leave(&mut self, user: UserId, gateway: GatewayId, moment: Timestamp) -> Option<UserId> {
        let person = self.people.get_mut(&user)?;
        if !person.at.remove(&gateway) || !person.at.is_empty() || !person.setting.is_visible() {
            return None;
        }
        person.last_there = Some(moment);
        Some(self.mark(user))
    }

    fn mark(&mut self, user: UserId) -> UserId {
        self.last_version += 1;
        let version = Version(self.last_version);
        let before = self.people.entry(user).or_default().untold.replace(version);
        if let Some(before) = before {
            self.untold.remove(&before);
        }
        self.untold.insert(version, user);
        user
    }

    /// Returns whether the mark was this one.
    fn told(&mut self, user: UserId, version: Version) -> bool {
        let Some(person) = self.people.get_mut(&user) else { return false };
        if person.untold != Some(version) {
            return false;
        }
        person.untold = None;
        self.untold.remove(&version);
        true
    }

    fn standing(&self, user: UserId) -> Standing {
        let Some(person) = self.people.get(&user) else { return Standing::unknown(user) };
        Standing {
            user,
            is_connected: !person.at.is_empty(),
            setting: person.setting.clone(),
            since: person.since,
            last_there: person.last_there,
            untold: person.untold,
        }
    }
}
