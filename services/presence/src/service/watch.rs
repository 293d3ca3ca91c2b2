//! Watching how people show, as it changes.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use loquat_ids::UserId;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until},
};

use crate::{
    error::{Error, Result},
    model::Presence,
    ports::PresenceStore,
};

/// How often a watcher hears something, and all is read again, so that it is right whatever news was lost.
const BEAT: Duration = Duration::from_secs(15);
/// How soon a watcher tries again where the store did not answer.
const RETRY: Duration = Duration::from_secs(1);

/// Everybody who watches through this process.
#[derive(Debug)]
pub(crate) struct Watchers {
    store: Arc<dyn PresenceStore>,
    /// One for each that may watch.
    seats: Arc<Semaphore>,
    watched: Arc<Mutex<Watched>>,
}

#[derive(Debug, Default)]
struct Watched {
    watches: HashMap<u64, Arc<Watch>>,
    by_user: HashMap<UserId, HashSet<u64>>,
    last_number: u64,
}

/// What one watcher has yet to look at.
#[derive(Debug)]
struct Watch {
    users: Vec<UserId>,
    /// Of whom there is news. Bounded by whom it watches, however much changes.
    changed: Mutex<HashSet<UserId>>,
    /// Told when that grows.
    woken: Notify,
}

impl Watchers {
    pub(crate) fn new(store: Arc<dyn PresenceStore>, max_watchers: usize) -> Self {
        Self { store, seats: Arc::new(Semaphore::new(max_watchers)), watched: Arc::default() }
    }

    /// Notes that somebody now shows differently. What the news says is not believed: it may be late.
    pub(crate) fn changed(&self, user: UserId) {
        let watched = lock(&self.watched);
        let numbers = watched.by_user.get(&user).into_iter().flatten();
        for watch in numbers.filter_map(|number| watched.watches.get(number)) {
            watch.note([user]);
        }
    }

    /// Notes that news was lost.
    pub(crate) fn missed(&self) {
        lock(&self.watched).watches.values().for_each(|watch| watch.note(watch.users.iter().copied()));
    }

    /// Begins to watch some people, as a viewer sees them.
    ///
    /// # Errors
    /// [`Error::TooManyWatchers`].
    pub(crate) fn watch(&self, viewer: Option<UserId>, users: &[UserId]) -> Result<Watching> {
        let seat = Arc::clone(&self.seats).try_acquire_owned().map_err(|_| Error::TooManyWatchers)?;
        let mut known = HashSet::new();
        let users: Vec<UserId> = users.iter().copied().filter(|user| known.insert(*user)).collect();
        let watch = Arc::new(Watch { users, changed: Mutex::default(), woken: Notify::new() });
        let number = lock(&self.watched).enter(&watch);
        let leave = Leave { watched: Arc::clone(&self.watched), number };
        let mut beats = interval_at(Instant::now() + BEAT, BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let store = Arc::clone(&self.store);
        Ok(Watching { store, viewer, watch, beats, retry: None, shown: HashMap::new(), _leave: leave, _seat: seat })
    }
}

/// One watcher. Dropping it ends the watch.
#[derive(Debug)]
pub(crate) struct Watching {
    store: Arc<dyn PresenceStore>,
    viewer: Option<UserId>,
    watch: Arc<Watch>,
    beats: Interval,
    /// When those are looked at again that could not be read.
    retry: Option<Instant>,
    /// What the watcher saw last of each.
    shown: HashMap<UserId, Presence>,
    _leave: Leave,
    _seat: OwnedSemaphorePermit,
}

impl Watching {
    /// Returns how all of them show now. Comes first.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub(crate) async fn everybody(&mut self) -> Result<Vec<Presence>> {
        let users = self.watch.users.clone();
        self.look_at(&users).await
    }

    /// Waits for something to tell: who shows differently than before, or nobody each 15 s. Where the store does not answer
    /// it tries again; meanwhile the watcher hears of nobody.
    pub(crate) async fn next(&mut self) -> Vec<Presence> {
        loop {
            let is_beat = tokio::select! {
                () = self.watch.woken.notified() => false,
                () = until(self.retry) => false,
                _ = self.beats.tick() => true,
            };
            self.retry = None;
            let changed = self.watch.take();
            let users = if is_beat { self.watch.users.clone() } else { changed };
            match self.look_at(&users).await {
                Ok(presences) if is_beat || !presences.is_empty() => return presences,
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "a watcher sees nothing for now");
                    self.watch.changed().extend(users);
                    self.retry = Some(Instant::now() + RETRY);
                    if is_beat {
                        return Vec::new();
                    }
                }
            }
        }
    }

    /// Returns those who show differently than the watcher saw last.
    async fn look_at(&mut self, users: &[UserId]) -> Result<Vec<Presence>> {
        let standings = self.store.read(users).await?;
        let mut presences = Vec::new();
        for presence in standings.iter().map(|standing| standing.as_seen_by(self.viewer)) {
            if self.shown.get(&presence.user) != Some(&presence) {
                self.shown.insert(presence.user, presence.clone());
                presences.push(presence);
            }
        }
        Ok(presences)
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

impl Watch {
    fn note(&self, users: impl IntoIterator<Item = UserId>) {
        self.changed().extend(users);
        self.woken.notify_one();
    }

    fn take(&self) -> Vec<UserId> {
        self.changed().drain().collect()
    }

    fn changed(&self) -> MutexGuard<'_, HashSet<UserId>> {
        // No code panics while it holds the lock.
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn enter(&mut self, watch: &Arc<Watch>) -> u64 {
        self.last_number += 1;
        let number = self.last_number;
        for user in &watch.users {
            self.by_user.entry(*user).or_default().insert(number);
        }
        self.watches.insert(number, Arc::clone(watch));
        number
    }

    fn leave(&mut self, number: u64) {
        let Some(watch) = self.watches.remove(&number) else { return };
        for user in &watch.users {
            if let Some(numbers) = self.by_user.get_mut(user) {
                numbers.remove(&number);
                if numbers.is_empty() {
                    self.by_user.remove(user);
                }
            }
        }
    }
}

/// Ends a watch when it is dropped.
#[derive(Debug)]
struct Leave {
    watched: Arc<Mutex<Watched>>,
    number: u64,
}

impl Drop for Leave {
    fn drop(&mut self) {
        lock(&self.watched).leave(self.number);
    }
}

fn lock(watched: &Mutex<Watched>) -> MutexGuard<'_, Watched> {
    // No code panics while it holds the lock.
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use futures::FutureExt;
    use loquat_ids::Timestamp;

    use super::*;
    use crate::{
        model::{
            Appearance::{self, Invisible, Offline, Online},
            Availability, Setting,
        },
        service::fakes::{FrailStore, complete, user},
    };

    struct House {
        store: Arc<FrailStore>,
        watchers: Watchers,
    }

    fn house() -> House {
        let store = Arc::<FrailStore>::default();
        House { store: store.clone(), watchers: Watchers::new(store, 2) }
    }

    impl House {
        async fn renew(&self, users: &[UserId]) {
            let moment = Timestamp::from_micros(0);
            self.store.renew(&complete(1, users), moment, moment).await.expect("renewed");
        }
    }

    fn seen(presences: Vec<Presence>) -> Vec<(UserId, Appearance)> {
        presences.into_iter().map(|presence| (presence.user, presence.appearance)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn first_everybody_comes_and_then_who_changes() {
        let house = house();
        house.renew(&[user(1)]).await;
        let mut watching = house.watchers.watch(None, &[user(1), user(2), user(1)]).expect("a seat");
        assert_eq!(seen(watching.everybody().await.expect("read")), [(user(1), Online), (user(2), Offline)]);
        house.renew(&[user(1), user(2), user(3)]).await;
        house.watchers.changed(user(3));
        house.watchers.changed(user(2));
        assert_eq!(seen(watching.next().await), [(user(2), Online)]);
    }

    #[tokio::test(start_paused = true)]
    async fn news_of_nothing_new_is_not_told() {
        let house = house();
        let mut watching = house.watchers.watch(None, &[user(1)]).expect("a seat");
        watching.everybody().await.expect("read");
        house.watchers.changed(user(1));
        assert!(watching.next().now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn each_fifteen_seconds_something_comes_and_lost_news_with_it() {
        let house = house();
        let mut watching = house.watchers.watch(None, &[user(1)]).expect("a seat");
        watching.everybody().await.expect("read");
        let begun = Instant::now();
        assert_eq!(seen(watching.next().await), []);
        assert_eq!(begun.elapsed(), BEAT);
        // Nobody tells of this one.
        house.renew(&[user(1)]).await;
        assert_eq!(seen(watching.next().await), [(user(1), Online)]);
        assert_eq!(begun.elapsed(), 2 * BEAT);
    }

    #[tokio::test(start_paused = true)]
    async fn after_lost_news_everybody_is_read_again() {
        let house = house();
        let mut watching = house.watchers.watch(None, &[user(1), user(2)]).expect("a seat");
        watching.everybody().await.expect("read");
        house.renew(&[user(2)]).await;
        house.watchers.missed();
        assert_eq!(seen(watching.next().await), [(user(2), Online)]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_watches_itself_sees_what_others_do_not() {
        let house = house();
        house.renew(&[user(1)]).await;
        let mut own = house.watchers.watch(Some(user(1)), &[user(1)]).expect("a seat");
        let mut other = house.watchers.watch(Some(user(2)), &[user(1)]).expect("a seat");
        own.everybody().await.expect("read");
        other.everybody().await.expect("read");
        let hidden = Setting { availability: Availability::Invisible, ..Setting::default() };
        house.store.set(user(1), &hidden, Timestamp::from_micros(1)).await.expect("set");
        house.watchers.changed(user(1));
        assert_eq!(seen(own.next().await), [(user(1), Invisible)]);
        assert_eq!(seen(other.next().await), [(user(1), Offline)]);
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_store_is_away_a_watcher_waits_and_then_hears_what_it_missed() {
        let house = house();
        let mut watching = house.watchers.watch(None, &[user(1)]).expect("a seat");
        watching.everybody().await.expect("read");
        house.renew(&[user(1)]).await;
        house.store.is_away.store(true, Ordering::SeqCst);
        house.watchers.changed(user(1));
        assert_eq!(seen(watching.next().await), [], "alive all the same");
        house.store.is_away.store(false, Ordering::SeqCst);
        let begun = Instant::now();
        assert_eq!(seen(watching.next().await), [(user(1), Online)]);
        assert!(begun.elapsed() <= RETRY);
    }

    #[tokio::test]
    async fn there_are_so_many_seats_and_who_leaves_frees_one() {
        let house = house();
        let first = house.watchers.watch(None, &[user(1)]).expect("a seat");
        let _second = house.watchers.watch(None, &[user(1)]).expect("a seat");
        assert!(matches!(house.watchers.watch(None, &[user(1)]), Err(Error::TooManyWatchers)));
        drop(first);
        let third = house.watchers.watch(None, &[user(2)]).expect("a seat");
        assert_eq!(lock(&house.watchers.watched).by_user.len(), 2);
        drop((third, _second));
        assert!(lock(&house.watchers.watched).by_user.is_empty());
    }
}
