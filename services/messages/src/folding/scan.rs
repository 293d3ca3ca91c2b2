//! Finding what other nodes committed, one of which may have died before it told: for gateways, and for the folder.

use std::{collections::HashMap, sync::Arc, time::Duration};

use loquat_ids::RoomId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::FoldQueue;
use crate::{
    head_board::HeadBoard,
    model::{ScanPosition, Seq},
    ports::{ChangedHeads, MessageStore, StoreError},
};

/// How often the position is kept at most.
const KEEP_EVERY: Duration = Duration::from_secs(5);
/// For how many times as long as a scan took none is made. So a store that is slow is not made slower.
const REST_SCANS: u32 = 9;
/// How many times longer than it is set the time between two scans becomes for that.
const LONGEST_REST: u32 = 3;
/// How long no scan is made, at most, after one that failed.
const LONGEST_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Scans the store every so often, until the process ends, and posts what it finds. It begins where all rooms were folded
/// once, so that whatever happened while no process ran is folded too.
pub(crate) async fn scan_heads(
    store: Arc<dyn MessageStore>,
    heads: Arc<HeadBoard>,
    queue: Arc<FoldQueue>,
    every: Duration,
    stop: CancellationToken,
) {
    let mut scan = Scan { store, heads, queue, since: None, catching_up: CatchingUp::default() };
    let (mut is_away, mut pause) = (false, every);
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        let began = Instant::now();
        let outcome = scan.go_on().await;
        pause = pause_after(began.elapsed(), outcome.is_ok(), every);
        if let Err(error) = &outcome
            && !is_away
        {
            tracing::warn!(%error, "changed heads could not be read");
        }
        is_away = outcome.is_err();
    }
}

/// Says how long to wait for the next scan. One that ran out of time may still be under way in the store.
fn pause_after(took: Duration, has_succeeded: bool, every: Duration) -> Duration {
    let rest = took.saturating_mul(REST_SCANS);
    let longest = if has_succeeded { every.saturating_mul(LONGEST_REST) } else { LONGEST_AFTER_FAILURE };
    rest.min(longest).max(every)
}

struct Scan {
    store: Arc<dyn MessageStore>,
    heads: Arc<HeadBoard>,
    queue: Arc<FoldQueue>,
    since: Option<ScanPosition>,
    catching_up: CatchingUp,
}

impl Scan {
    async fn go_on(&mut self) -> Result<(), StoreError> {
        let since = match self.since {
            Some(since) => since,
            None => {
                // What was written last is told at once, however much there is to be folded.
                self.post(&self.store.changed_heads(None).await?);
                let folded = self.store.folded_position().await?;
                self.catching_up.kept = folded;
                folded.unwrap_or(ScanPosition(0))
            }
        };
        let found = self.store.changed_heads(Some(since)).await?;
        self.post(&found);
        self.since = Some(found.next);
        if let Some(position) = self.catching_up.after(&self.queue, &found, Instant::now()) {
            self.store.keep_folded_position(position).await?;
        }
        Ok(())
    }

    fn post(&self, found: &ChangedHeads) {
        found.heads.iter().for_each(|(room, head)| self.heads.post(*room, *head));
    }
}

/// How far all rooms are folded, in the scan's count.
#[derive(Debug, Default)]
struct CatchingUp {
    kept: Option<ScanPosition>,
    kept_at: Option<Instant>,
    /// A position, and the rooms that are to be folded before all rooms are up to it.
    next: Option<(ScanPosition, HashMap<RoomId, Seq>)>,
    /// The same for what was found since.
    later: HashMap<RoomId, Seq>,
}

impl CatchingUp {
    /// Has what was found folded, and returns the position up to which everything is, where it is time to keep it.
    fn after(&mut self, queue: &FoldQueue, found: &ChangedHeads, now: Instant) -> Option<ScanPosition> {
        for (room, seq) in &found.changes {
            if !queue.is_folded(*room, *seq) {
                queue.want(*room, *seq);
                let wanted = self.later.entry(*room).or_default();
                *wanted = (*seq).max(*wanted);
            }
        }
        let (position, missing) = self.next.get_or_insert_with(|| (found.next, std::mem::take(&mut self.later)));
        missing.retain(|room, seq| !queue.is_folded(*room, *seq));
        // One that was refused, or forgotten, is wanted again.
        for (room, seq) in missing.iter() {
            queue.want(*room, *seq);
        }
        if !missing.is_empty() {
            return None;
        }
        let position = *position;
        self.next = None;
        let is_time = self.kept_at.is_none_or(|kept_at| now.duration_since(kept_at) >= KEEP_EVERY);
        if Some(position) <= self.kept || !is_time {
            return None;
        }
        (self.kept, self.kept_at) = (Some(position), Some(now));
        Some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_slow_is_scanned_less_often_and_within_bounds() {
        let millis = Duration::from_millis;
        for (took, has_succeeded, expected) in [
            (3, true, 500),
            (55, true, 500),
            (100, true, 900),
            (2_000, true, 1_500),
            (1, false, 500),
            (3_000, false, 10_000),
        ] {
            assert_eq!(pause_after(millis(took), has_succeeded, millis(500)), millis(expected), "{took}");
        }
    }
}
