//! Benchmarks of the whole, as real processes: each names its question, runs its baseline in the same run, and prints JSON.
//!
//! Does not belong here: what a test asserts, and what one crate can measure by itself (`services/gateway/benches`).

pub mod process;
pub mod spread;
pub mod stalled_client;
