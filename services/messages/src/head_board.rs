//! The heads that changed, for gateways that watch: so they learn of an event whose news was lost.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use loquat_ids::RoomId;
use tokio::{sync::Notify, time::Instant};

use crate::model::{Head, Seq};

/// The most heads of a batch.
const BATCH_HEADS: usize = 500;
/// The shortest time between two batches.
const BATCH_EVERY: Duration = Duration::from_millis(100);
/// The longest time between two batches.
const SILENCE_AT_MOST: Duration = Duration::from_secs(1);
/// For how many rooms a watcher is told one by one. A watcher that is so far behind is let go.
const WATCHER_ROOMS: usize = 50_000;
/// For how many rooms the board remembers what it told.
const REMEMBERED_ROOMS: usize = 50_000;

/// Where heads are posted: by actors as they write, and by the scan that finds what others wrote.
#[derive(Debug, Default)]
pub(crate) struct HeadBoard(Mutex<Posted>);

#[derive(Debug, Default)]
struct Posted {
    watchers: Vec<Weak<Watched>>,
    /// What was told, so that a scan that finds it again does not tell it again. Forgotten in halves.
    told: HashMap<RoomId, Seq>,
    told_before: HashMap<RoomId, Seq>,
}

/// What one watcher has not been told yet: of each room only the last head. Whoever posts wakes the watcher.
#[derive(Debug)]
struct Watched {
    /// Nothing once there was too much.
    changed: Mutex<Option<HashMap<RoomId, Head>>>,
    news: Notify,
}

impl Watched {
    fn put(&self, room: RoomId, head: Head) {
        let mut changed = lock(&self.changed);
        if let Some(heads) = changed.as_mut() {
            heads.insert(room, head);
            if heads.len() > WATCHER_ROOMS {
                *changed = None;
            }
        }
        self.news.notify_one();
    }
}

impl HeadBoard {
    /// Tells all watchers of a head, unless they were told of it or of a later one.
    pub(crate) fn post(&self, room: RoomId, head: Head) {
        let mut posted = lock(&self.0);
        if !posted.is_new(room, head.seq) {
            return;
        }
        posted.watchers.retain(|watcher| {
            let Some(watched) = watcher.upgrade() else { return false };
            watched.put(room, head);
            true
        });
    }

    /// Begins to watch what is posted from here on.
    pub(crate) fn watch(&self) -> HeadWatch {
        let watched = Arc::new(Watched { changed: Mutex::new(Some(HashMap::new())), news: Notify::new() });
        lock(&self.0).watchers.push(Arc::downgrade(&watched));
        HeadWatch { watched, last_batch: Instant::now() }
    }
}

impl Posted {
    fn is_new(&mut self, room: RoomId, seq: Seq) -> bool {
        let known = self.told.get(&room).max(self.told_before.get(&room));
        if known.is_some_and(|known| *known >= seq) {
            return false;
        }
        if self.told.len() >= REMEMBERED_ROOMS / 2 {
            self.told_before = std::mem::take(&mut self.told);
        }
        self.told.insert(room, seq);
        true
    }
}

/// A watcher's end of the board.
#[derive(Debug)]
pub(crate) struct HeadWatch {
    watched: Arc<Watched>,
    last_batch: Instant,
}

/// The watcher did not take what was posted.
#[derive(Debug)]
pub(crate) struct TooFarBehind;

impl HeadWatch {
    /// Waits for the next batch: at least 100 ms after the last one, and after a second of silence an empty one. Dropping
    /// the future loses nothing.
    pub(crate) async fn next_batch(&mut self) -> Result<Vec<(RoomId, Head)>, TooFarBehind> {
        tokio::time::sleep_until(self.last_batch + BATCH_EVERY).await;
        let silence = tokio::time::sleep_until(self.last_batch + SILENCE_AT_MOST);
        tokio::pin!(silence);
        let batch = loop {
            let batch = self.take()?;
            if !batch.is_empty() {
                break batch;
            }
            tokio::select! {
                () = self.watched.news.notified() => {}
                () = &mut silence => break Vec::new(),
            }
        };
        self.last_batch = Instant::now();
        Ok(batch)
    }

    fn take(&self) -> Result<Vec<(RoomId, Head)>, TooFarBehind> {
        let mut changed = lock(&self.watched.changed);
        let changed = changed.as_mut().ok_or(TooFarBehind)?;
        let rooms: Vec<_> = changed.keys().take(BATCH_HEADS).copied().collect();
        Ok(rooms.into_iter().filter_map(|room| changed.remove_entry(&room)).collect())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use loquat_ids::{EventId, IdSource as _, SequentialIds, Timestamp};

    use super::*;

    fn head(seq: u64) -> Head {
        let event_id = EventId::from_uuid(uuid::Uuid::from_u128(u128::from(seq)));
        Head { seq: Seq::new(seq), event_id, create_time: Timestamp::from_micros(0) }
    }

    #[tokio::test]
    async fn a_batch_holds_the_last_head_of_each_room() {
        let ids = SequentialIds::default();
        let (one, other) = (RoomId::from_uuid(ids.fresh()), RoomId::from_uuid(ids.fresh()));
        let board = HeadBoard::default();
        let mut watch = board.watch();
        for (room, seq) in [(one, 1), (one, 2), (other, 7), (one, 3)] {
            board.post(room, head(seq));
        }
        let mut batch = watch.next_batch().await.expect("a batch");
        batch.sort_by_key(|(room, _)| *room);
        assert_eq!(batch, [(one, head(3)), (other, head(7))]);
    }

    #[tokio::test]
    async fn what_was_told_is_not_told_again() {
        let room = RoomId::from_uuid(SequentialIds::default().fresh());
        let board = HeadBoard::default();
        let mut watch = board.watch();
        board.post(room, head(2));
        assert_eq!(watch.next_batch().await.expect("a batch"), [(room, head(2))]);
        board.post(room, head(2));
        board.post(room, head(1));
        assert_eq!(watch.next_batch().await.expect("an empty batch"), []);
    }

    #[tokio::test]
    async fn batches_are_bounded_and_nothing_is_left_out() {
        let ids = SequentialIds::default();
        let board = HeadBoard::default();
        let mut watch = board.watch();
        (0..BATCH_HEADS + 1).for_each(|_| board.post(RoomId::from_uuid(ids.fresh()), head(1)));
        assert_eq!(watch.next_batch().await.expect("a batch").len(), BATCH_HEADS);
        assert_eq!(watch.next_batch().await.expect("the rest").len(), 1);
    }

    #[tokio::test]
    async fn a_watcher_that_takes_nothing_is_let_go() {
        let ids = SequentialIds::default();
        let board = HeadBoard::default();
        let mut watch = board.watch();
        (0..=WATCHER_ROOMS).for_each(|_| board.post(RoomId::from_uuid(ids.fresh()), head(1)));
        assert!(watch.next_batch().await.is_err());
    }

    #[tokio::test]
    async fn a_watcher_that_is_gone_is_forgotten() {
        let board = HeadBoard::default();
        drop(board.watch());
        board.post(RoomId::from_uuid(SequentialIds::default().fresh()), head(1));
        assert!(lock(&board.0).watchers.is_empty());
    }
}
