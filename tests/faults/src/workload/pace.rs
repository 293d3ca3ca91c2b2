//! How fast the workload goes.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// Spreads calls over the time that faults take. While a fault is on, nobody waits.
#[derive(Debug)]
pub(crate) struct Pace {
    /// The least time between two calls. Nothing: as fast as they go.
    interval: watch::Sender<Option<Duration>>,
    next: Mutex<Instant>,
}

impl Pace {
    /// As fast as it goes.
    pub(crate) fn free() -> Self {
        Self { interval: watch::Sender::new(None), next: Mutex::new(Instant::now()) }
    }

    /// Lets everybody go as fast as it goes.
    pub(crate) fn release(&self) {
        self.interval.send_replace(None);
    }

    /// Lets so many calls begin in a second.
    pub(crate) fn hold_to(&self, calls_per_second: f64) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.interval.send_replace(Some(Duration::from_secs_f64(1.0 / calls_per_second.max(1.0))));
    }

    /// Waits for one's turn.
    pub(crate) async fn turn(&self) {
        let mut interval = self.interval.subscribe();
        let Some(between) = *interval.borrow_and_update() else { return };
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(Instant::now());
            *next = turn + between;
            turn
        };
        tokio::select! {
            () = sleep_until(turn) => {}
            _ = interval.changed() => {}
        }
    }
}
