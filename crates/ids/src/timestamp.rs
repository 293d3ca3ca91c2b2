//! A moment, the same in every store.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment in microseconds since 1970-01-01T00:00:00Z.
///
/// Stores keep different fractions of a second (PostgreSQL µs, MongoDB ms, SQLite whatever text it is given). Every store
/// of ours keeps this number instead, so that what is read is what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Makes a moment from microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Returns the nanoseconds within the second, as Protobuf's Timestamp has them.
    #[must_use]
    pub const fn subsecond_nanos(self) -> i32 {
        (self.0.rem_euclid(1_000_000) * 1_000) as i32
    }

    /// Returns the moment some time later, or the last moment there is.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// Returns the moment some time earlier, or the first moment there is.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros))
    }

    /// Returns how long ago an earlier moment was; nothing where it was not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_before_the_epoch_split_downwards() {
        let moment = Timestamp::from_micros(-1);
        assert_eq!((moment.as_seconds(), moment.subsecond_nanos()), (-1, 999_999_000));
    }

    #[test]
    fn a_span_into_the_past_is_nothing() {
        let now = Timestamp::from_micros(5);
        assert_eq!(now.since(now.plus(Duration::from_secs(1))), Duration::ZERO);
    }
}
