//! Moments in the contract.

use loquat_ids::Timestamp;

/// Turns a moment into Protobuf's.
#[must_use]
pub const fn proto_time(moment: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: moment.as_seconds(), nanos: moment.subsecond_nanos() }
}

/// Reads a moment from Protobuf's, to the microsecond.
#[must_use]
pub const fn moment(time: &prost_types::Timestamp) -> Timestamp {
    Timestamp::from_micros(time.seconds.saturating_mul(1_000_000).saturating_add(time.nanos as i64 / 1_000))
}
