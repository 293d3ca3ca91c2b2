//! The service on a store in memory that goes wrong by dice: for simulations of several nodes on one store. Nothing here runs
//! in a process of the product.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use loquat_bus::SharedBus;
use loquat_ids::{Epoch, EventId, RoomId};
use loquat_runtime::Frame;
use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng};
use tokio::time::sleep;
use tonic::service::Routes;

use crate::{
    app::{Settings, join},
    model::{ContentKey, DedupKey, EventClass, Head, RoomEvent, ScanPosition, Seq},
    ports::{
        AppendError, ChangedHeads, End, FoldedRoom, Folds, LogEntry, MessageFolds, RoomLogStore, StoreError, Stretch,
    },
    store::faulty::{Fault, FaultyStore},
};

/// How long a node waits for a store that does not answer.
const DEADLINE: Duration = Duration::from_millis(500);
/// The shortest and the longest way to the store or back, in microseconds.
const WAY_MICROS: std::ops::Range<u64> = 200..4_000;

/// Makes a node of the service, whose writes and reads go over a connection to the simulated store. What its callers may do is
/// judged by who serves the routes.
#[must_use]
pub fn node(store: &StoreConnection, settings: &Settings, frame: &Frame, bus: SharedBus) -> Routes {
    join(Arc::new(store.clone()), settings, frame, bus).0
}

/// A store that several nodes share. All that is random comes from its seed, in the order in which it is used.
#[derive(Debug, Clone)]
pub struct SimulatedStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: FaultyStore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    dice: SmallRng,
    /// How many of a thousand writes go wrong.
    wrong_writes: u32,
    /// How many of a thousand reads do.
    wrong_reads: u32,
    counts: StoreCounts,
}

/// What went wrong so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreCounts {
    /// Writes that an index refused, rightly.
    pub conflicts: u64,
    /// Writes that failed by dice, or whose answer was lost.
    pub wrong_writes: u64,
    /// Reads that failed by dice.
    pub wrong_reads: u64,
    /// Operations of nodes that were cut off.
    pub cut_off: u64,
}

impl SimulatedStore {
    /// Makes an empty store.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = State {
            dice: SmallRng::seed_from_u64(seed),
            wrong_writes: 0,
            wrong_reads: 0,
            counts: StoreCounts::default(),
        };
        Self(Arc::new(Shared { store: FaultyStore::default(), state: Mutex::new(state) }))
    }

    /// Makes a way to it, which can be cut.
    #[must_use]
    pub fn connect(&self) -> StoreConnection {
        StoreConnection { store: self.clone(), is_cut: Arc::default() }
    }

    /// From here on so many of a thousand writes and reads go wrong.
    pub fn go_wrong(&self, writes_of_1000: u32, reads_of_1000: u32) {
        let mut state = self.state();
        (state.wrong_writes, state.wrong_reads) = (writes_of_1000, reads_of_1000);
    }

    /// Lands what may still be written of lost writes. Nothing lands after that but what is written anew.
    pub fn settle(&self) {
        self.0.store.land_late();
    }

    /// Returns the number at the head of a room's log; 0 where there is none.
    #[must_use]
    pub fn head(&self, room: RoomId) -> u64 {
        self.0.store.log(room).last().map_or(0, |event| event.seq.get())
    }

    /// Returns what went wrong so far.
    #[must_use]
    pub fn counts(&self) -> StoreCounts {
        self.state().counts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn way(&self) -> Duration {
        Duration::from_micros(self.state().dice.random_range(WAY_MICROS))
    }

    /// Rolls what becomes of a write.
    fn roll_write(&self) -> Option<Fault> {
        let mut state = self.state();
        if state.dice.random_range(0..1_000) >= state.wrong_writes {
            return None;
        }
        state.counts.wrong_writes += 1;
        Some(match state.dice.random_range(0..6) {
            0 => Fault::Conflict,
            1 => Fault::Landed,
            2 => Fault::Lost,
            3 => Fault::Late,
            4 => Fault::Prefix,
            _ => Fault::Refused,
        })
    }

    fn roll_read(&self) -> bool {
        let mut state = self.state();
        let is_wrong = state.dice.random_range(0..1_000) < state.wrong_reads;
        state.counts.wrong_reads += u64::from(is_wrong);
        is_wrong
    }

    fn roll_landing(&self) -> bool {
        self.state().dice.random_range(0..4) == 0
    }
}

/// A node's way to the store.
#[derive(Debug, Clone)]
pub struct StoreConnection {
    store: SimulatedStore,
    is_cut: Arc<AtomicBool>,
}

impl StoreConnection {
    /// Cuts the way, or mends it.
    pub fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
    }

    fn inner(&self) -> &FaultyStore {
        &self.store.0.store
    }

    /// Goes one way.
    async fn go(&self) -> Result<(), StoreError> {
        sleep(self.store.way()).await;
        if self.is_cut.load(Ordering::SeqCst) {
            self.store.state().counts.cut_off += 1;
            sleep(DEADLINE).await;
            return Err(silent());
        }
        Ok(())
    }

    async fn read<T>(&self, read: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.go().await?;
        if self.store.roll_read() {
            return Err(silent());
        }
        let read = read.await;
        self.go().await?;
        read
    }
}

fn silent() -> StoreError {
    StoreError::Unavailable("the store does not answer".into())
}

#[async_trait]
impl RoomLogStore for StoreConnection {
    fn epoch(&self) -> Epoch {
        self.inner().epoch()
    }

    fn content_key(&self) -> ContentKey {
        self.inner().content_key()
    }

    async fn append_batch(&self, room: RoomId, events: &[Arc<RoomEvent>]) -> Result<(), AppendError> {
        self.go().await?;
        if self.store.roll_landing() {
            self.inner().land_late();
        }
        let fault = self.store.roll_write();
        self.inner().expect(fault);
        let outcome = self.inner().append_batch(room, events).await;
        if fault.is_none() && matches!(outcome, Err(AppendError::Conflict)) {
            self.store.state().counts.conflicts += 1;
        }
        // From here on it stands, whether the answer comes or not.
        self.go().await?;
        outcome
    }

    async fn head(&self, room: RoomId) -> Result<Option<Head>, StoreError> {
        self.read(self.inner().head(room)).await
    }

    async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Head)>, StoreError> {
        self.read(self.inner().heads(rooms)).await
    }

    async fn read_events(&self, room: RoomId, stretch: Stretch, limit: u32) -> Result<Vec<RoomEvent>, StoreError> {
        self.read(self.inner().read_events(room, stretch, limit)).await
    }

    async fn read_state_events(
        &self,
        room: RoomId,
        stretch: Stretch,
        limit: u32,
    ) -> Result<Vec<RoomEvent>, StoreError> {
        self.read(self.inner().read_state_events(room, stretch, limit)).await
    }

    async fn read_messages(
        &self,
        room: RoomId,
        stretch: Stretch,
        from: End,
        limit: u32,
    ) -> Result<Vec<RoomEvent>, StoreError> {
        self.read(self.inner().read_messages(room, stretch, from, limit)).await
    }

    async fn find_events(&self, room: RoomId, events: &[EventId]) -> Result<Vec<RoomEvent>, StoreError> {
        self.read(self.inner().find_events(room, events)).await
    }

    async fn read_places(&self, room: RoomId, places: &[Seq]) -> Result<Vec<RoomEvent>, StoreError> {
        self.read(self.inner().read_places(room, places)).await
    }

    async fn find_repeats(&self, room: RoomId, keys: &[DedupKey]) -> Result<Vec<RoomEvent>, StoreError> {
        self.read(self.inner().find_repeats(room, keys)).await
    }

    async fn changed_heads(&self, since: Option<ScanPosition>) -> Result<ChangedHeads, StoreError> {
        self.read(self.inner().changed_heads(since)).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.read(self.inner().check()).await
    }
}

#[async_trait]
impl MessageFolds for StoreConnection {
    async fn read_folds(&self, room: RoomId, messages: &[Seq]) -> Result<Folds, StoreError> {
        self.read(self.inner().read_folds(room, messages)).await
    }

    async fn read_entries(
        &self,
        room: RoomId,
        class: EventClass,
        stretch: Stretch,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        self.read(self.inner().read_entries(room, class, stretch, limit)).await
    }

    async fn keep_folds(&self, rooms: &[FoldedRoom]) -> Result<(), StoreError> {
        self.read(self.inner().keep_folds(rooms)).await
    }

    async fn folded_position(&self) -> Result<Option<ScanPosition>, StoreError> {
        self.read(self.inner().folded_position()).await
    }

    async fn keep_folded_position(&self, position: ScanPosition) -> Result<(), StoreError> {
        self.read(self.inner().keep_folded_position(position)).await
    }
}
