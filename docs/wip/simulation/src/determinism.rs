//! Time, ids and dice of a run: all from its seed and the simulated clock.

use std::{
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use loquat_ids::{Clock, IdSource, Timestamp};
use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng};
use uuid::Uuid;

/// 2026-01-01T00:00:00Z: when every run begins.
const BEGINNING: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// Dice of a run that nobody else rolls.
pub(crate) fn dice(seed: u64, whose: impl fmt::Display) -> SmallRng {
    let mut hasher = DefaultHasher::new();
    (seed, whose.to_string()).hash(&mut hasher);
    SmallRng::seed_from_u64(hasher.finish())
}

/// How long the run has lasted, as the host of the moment has it.
pub(crate) fn elapsed() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

/// The clock of a host, wrong by a little.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SimulatedClock {
    /// How much later it is than it should be.
    pub(crate) skew: Duration,
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        BEGINNING.plus(elapsed()).plus(self.skew)
    }
}

/// Ids from dice.
#[derive(Debug)]
pub(crate) struct SeededIds(Mutex<SmallRng>);

impl SeededIds {
    pub(crate) const fn new(dice: SmallRng) -> Self {
        Self(Mutex::new(dice))
    }
}

impl IdSource for SeededIds {
    fn fresh(&self) -> Uuid {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).random();
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
