//! Where fresh ids come from.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use uuid::Uuid;

/// Makes fresh ids. Injected wherever one is made.
pub trait IdSource: Send + Sync + fmt::Debug {
    /// Returns an id that no call has returned before.
    fn fresh(&self) -> Uuid;
}

/// UUIDs of version 7 (RFC 9562): they grow with time, so that an index on them grows at its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn fresh(&self) -> Uuid {
        #[expect(clippy::disallowed_methods, reason = "this is the replacement")]
        Uuid::now_v7()
    }
}

/// 1, 2, 3 … as UUIDs. The twin of [`RandomIds`] for tests.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl IdSource for SequentialIds {
    fn fresh(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst) + 1))
    }
}
