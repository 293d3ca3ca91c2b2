//! What happens by itself: leases end, and what was left untold is told.

use std::{collections::HashMap, sync::Arc, time::Duration};

use loquat_ids::{Clock, Timestamp, UserId};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Teller;
use crate::{
    model::Version,
    ports::{PresenceStore, StoreError},
};

/// Users that one step takes from an ended lease, so that no step holds the store up for long.
const STEP: usize = 200;
/// Marks that one sweep looks at.
const MARKS: usize = 500;

/// Ends leases that were not kept, and tells what a process that died left untold. Each process has one; they share the
/// work, and each lease and user is taken by one of them.
#[derive(Debug)]
pub(crate) struct Sweeper {
    store: Arc<dyn PresenceStore>,
    teller: Arc<Teller>,
    clock: Arc<dyn Clock>,
    lease: Duration,
    /// No lease is ended before: gateways first get the time of a lease to keep it, after our start and after the store was
    /// away.
    not_before: Timestamp,
    /// Since when the store has not answered.
    away_since: Option<Timestamp>,
    /// The marks that the last sweep saw. One that is still there was left by its process.
    seen: HashMap<UserId, Version>,
}

impl Sweeper {
    /// Makes a sweeper that ends no lease within the time of one from now.
    pub(crate) fn new(
        store: Arc<dyn PresenceStore>,
        teller: Arc<Teller>,
        clock: Arc<dyn Clock>,
        lease: Duration,
    ) -> Self {
        let not_before = clock.now().plus(lease);
        Self { store, teller, clock, lease, not_before, away_since: None, seen: HashMap::new() }
    }

    /// Sweeps again and again until it is stopped.
    pub(crate) async fn run(mut self, every: Duration, stop: CancellationToken) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            stop.run_until_cancelled(self.sweep()).await;
        }
    }

    /// Does what is to be done now.
    pub(crate) async fn sweep(&mut self) {
        let now = self.clock.now();
        let Err(error) = self.try_sweep(now).await else { return };
        if self.away_since.is_none() {
            tracing::warn!(error = &error as &dyn std::error::Error, "presence stands still until its store answers");
            self.away_since = Some(now);
        }
    }

    async fn try_sweep(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if let Some(since) = self.away_since {
            self.store.ping().await?;
            tracing::info!("the store of presence answers again");
            self.away_since = None;
            // Gateways could not keep their leases. After a short gap none of them has run out.
            if now.since(since) >= self.lease / 2 {
                self.not_before = now.plus(self.lease);
            }
        }
        // The clock may have been set back.
        self.not_before = self.not_before.min(now.plus(self.lease));
        if now >= self.not_before {
            self.end_leases(now).await?;
        }
        self.tell_what_was_left().await
    }

    async fn end_leases(&self, now: Timestamp) -> Result<(), StoreError> {
        while let Some(changed) = self.store.lapse(now, STEP).await? {
            self.teller.tell(&changed).await?;
        }
        Ok(())
    }

    async fn tell_what_was_left(&mut self) -> Result<(), StoreError> {
        let marks: HashMap<UserId, Version> = self.store.untold(MARKS).await?.into_iter().collect();
        let left: Vec<UserId> = marks
            .iter()
            .filter(|(user, version)| self.seen.get(user) == Some(version))
            .map(|(user, _)| *user)
            .collect();
        self.seen = marks;
        self.teller.tell(&left).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use loquat_ids::FixedClock;

    use super::*;
    use crate::{
        model::{Appearance, Appearance::Offline},
        service::fakes::{FrailStore, LEASE, Notebook, clock, complete, user},
    };

    struct House {
        clock: Arc<FixedClock>,
        store: Arc<FrailStore>,
        notebook: Arc<Notebook>,
        sweeper: Sweeper,
    }

    fn house() -> House {
        let (clock, store, notebook) = (clock(), Arc::<FrailStore>::default(), Arc::<Notebook>::default());
        let teller = Arc::new(Teller { store: store.clone(), announcements: notebook.clone() });
        let sweeper = Sweeper::new(store.clone(), teller, clock.clone(), LEASE);
        House { clock, store, notebook, sweeper }
    }

    impl House {
        async fn renew(&self, gateway: u128, users: &[UserId]) {
            let now = self.clock.now();
            self.store.renew(&complete(gateway, users), now, now.plus(LEASE)).await.expect("renewed");
            let marks = self.store.untold(100).await.expect("read");
            self.store.told(&marks).await.expect("told");
        }

        async fn after(&mut self, seconds: u64) -> Vec<(UserId, Appearance)> {
            self.clock.advance(Duration::from_secs(seconds));
            self.sweeper.sweep().await;
            self.notebook.presences()
        }
    }

    #[tokio::test]
    async fn who_vanished_with_its_gateway_is_told_to_be_gone_once() {
        let mut house = house();
        house.renew(1, &[user(1)]).await;
        assert_eq!(house.after(9).await, []);
        assert_eq!(house.after(1).await, [(user(1), Offline)]);
        assert_eq!(house.after(1).await, []);
        assert_eq!(house.after(60).await, []);
    }

    #[tokio::test]
    async fn after_a_start_gateways_first_get_the_time_of_a_lease() {
        let mut house = house();
        house.renew(1, &[user(1)]).await;
        house.clock.advance(Duration::from_secs(3_600));
        // The leases ran out while no process was there that could have kept them.
        let teller = Arc::clone(&house.sweeper.teller);
        house.sweeper = Sweeper::new(house.store.clone(), teller, house.clock.clone(), LEASE);
        assert_eq!(house.after(9).await, []);
        assert_eq!(house.after(1).await, [(user(1), Offline)]);
    }

    #[tokio::test]
    async fn after_the_store_was_away_for_long_nobody_is_given_up_at_once() {
        let mut house = house();
        house.after(20).await;
        house.renew(1, &[user(1), user(2)]).await;
        house.store.is_away.store(true, Ordering::SeqCst);
        assert_eq!(house.after(1).await, []);
        assert_eq!(house.after(60).await, []);
        house.store.is_away.store(false, Ordering::SeqCst);
        assert_eq!(house.after(1).await, []);
        house.renew(1, &[user(1)]).await;
        assert_eq!(house.after(9).await, []);
        // One gateway came back, another did not.
        assert_eq!(house.after(1).await, [(user(1), Offline)]);
    }

    #[tokio::test]
    async fn after_the_store_was_away_for_a_moment_leases_end_as_ever() {
        let mut house = house();
        house.after(20).await;
        house.renew(1, &[user(1)]).await;
        house.store.is_away.store(true, Ordering::SeqCst);
        assert_eq!(house.after(8).await, []);
        house.store.is_away.store(false, Ordering::SeqCst);
        assert_eq!(house.after(2).await, [(user(1), Offline)]);
    }

    #[tokio::test]
    async fn what_a_process_left_untold_is_told_by_the_second_sweep_that_sees_it() {
        let mut house = house();
        let now = house.clock.now();
        house.store.renew(&complete(1, &[user(1)]), now, now.plus(LEASE)).await.expect("renewed");
        assert_eq!(house.after(1).await, []);
        assert_eq!(house.after(1).await, [(user(1), Appearance::Online)]);
        assert_eq!(house.after(1).await, []);
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_stops_no_sweep_for_long() {
        let mut house = house();
        house.clock.set(house.clock.now().minus(Duration::from_secs(3_600)));
        house.sweeper.sweep().await;
        house.renew(1, &[user(1)]).await;
        assert_eq!(house.after(10).await, [(user(1), Offline)]);
    }
}
