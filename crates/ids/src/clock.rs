//! What time it is.

use std::{
    fmt,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime},
};

use crate::Timestamp;

/// Tells the time. Injected wherever time decides something.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the present moment. It may be earlier than a moment told before: clocks are set back.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
///
/// With the feature `shiftable-clock`, which no release build has, it adds the whole milliseconds in the file that the
/// environment variable `LOQUAT_CLOCK_SHIFT_FILE` names, read at each call: so a fault test moves the time of a process.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the replacement")]
        let now = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Timestamp::from_micros(0).plus(since),
            Err(before) => Timestamp::from_micros(0).minus(before.duration()),
        };
        shift(now)
    }
}

#[cfg(not(feature = "shiftable-clock"))]
fn shift(now: Timestamp) -> Timestamp {
    now
}

#[cfg(feature = "shiftable-clock")]
fn shift(now: Timestamp) -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "a test build's only setting, read where it acts")]
    let file = std::env::var_os("LOQUAT_CLOCK_SHIFT_FILE");
    let millis: i64 =
        file.and_then(|file| std::fs::read_to_string(file).ok()).and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    Timestamp::from_micros(now.as_micros().saturating_add(millis.saturating_mul(1_000)))
}

/// A clock that stands still until it is set. The twin of [`SystemClock`] for tests.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// Makes a clock that stands at a moment.
    #[must_use]
    pub const fn at(moment: Timestamp) -> Self {
        Self(AtomicI64::new(moment.as_micros()))
    }

    /// Sets the clock, forwards or back.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.as_micros(), Ordering::SeqCst);
    }

    /// Moves the clock forwards.
    pub fn advance(&self, span: Duration) {
        self.set(self.now().plus(span));
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
