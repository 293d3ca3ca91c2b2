//! A store in memory that goes wrong as it is told to. The fake of [`RoomLogStore`] for tests of what stands on it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use loquat_ids::{Epoch, EventId, RoomId};
use tokio::sync::Notify;

use crate::{
    model::{ContentKey, DedupKey, EventClass, Head, MessageFold, RoomEvent, ScanPosition, Seq},
    ports::{
        AppendError, ChangedHeads, End, FoldedRoom, Folds, LogEntry, MessageFolds, RoomLogStore, StoreError, Stretch,
        Undecodable,
    },
};

/// What becomes of the next append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing stands, and an index is said to have refused.
    Conflict,
    /// All stands; the answer is lost.
    Landed,
    /// Nothing stands; the answer is lost.
    Lost,
    /// Nothing stands yet; the answer is lost, and [`FaultyStore::land_late`] tries the write again.
    Late,
    /// Only the first of the batch stands, as if an index had refused the second.
    Prefix,
    /// The disk is full.
    Refused,
    /// It waits until [`FaultyStore::release`], and is then written.
    Held,
    /// Whoever asks for it panics.
    Panic,
}

/// What happens in a store between two reads of somebody.
type Meanwhile = Box<dyn FnOnce(&FaultyStore) + Send>;

/// The logs, and the faults to come.
#[derive(Default)]
pub(crate) struct FaultyStore {
    inside: Mutex<Inside>,
    before_folds: Mutex<Option<Meanwhile>>,
    /// Told when an append begins to be held.
    pub(crate) is_held: Notify,
    released: Notify,
}

#[derive(Debug, Default)]
struct Inside {
    logs: HashMap<RoomId, Vec<Arc<RoomEvent>>>,
    faults: VecDeque<Fault>,
    late: Vec<Vec<Arc<RoomEvent>>>,
    is_read_failing: bool,
    batches: Vec<usize>,
    folded_to: HashMap<RoomId, Seq>,
    folds: HashMap<(RoomId, Seq), MessageFold>,
    /// How often folds were kept.
    folded: usize,
    position: Option<ScanPosition>,
    undecodable: HashSet<(RoomId, Seq)>,
    folds_take: Duration,
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FaultyStore").field("inside", &self.inside).finish_non_exhaustive()
    }
}

impl FaultyStore {
    /// Has something happen right before folds are read the next time.
    pub(crate) fn before_folds(&self, meanwhile: impl FnOnce(&Self) + Send + 'static) {
        *self.before_folds.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(meanwhile));
    }

    /// Writes events at once, as another node would.
    pub(crate) fn write(&self, events: &[Arc<RoomEvent>]) {
        self.inside().write(events).expect("their places are free");
    }

    /// Keeps a fold of a message at once, as another folder would.
    pub(crate) fn fold(&self, room: RoomId, message: u64, fold: MessageFold) {
        let mut inside = self.inside();
        inside.folded_to.insert(room, fold.as_of);
        inside.folds.insert((room, Seq::new(message)), fold);
    }

    /// Has the next appends go wrong, one after the other.
    pub(crate) fn expect(&self, faults: impl IntoIterator<Item = Fault>) {
        self.inside().faults.extend(faults);
    }

    /// Has reads fail from here on, or not.
    pub(crate) fn fail_reads(&self, is_failing: bool) {
        self.inside().is_read_failing = is_failing;
    }

    /// Lets an append that is held go on.
    pub(crate) fn release(&self) {
        self.released.notify_one();
    }

    /// Tries the writes again whose answers were lost before they were written.
    pub(crate) fn land_late(&self) {
        let mut inside = self.inside();
        for batch in std::mem::take(&mut inside.late) {
            // Whether it lands is nobody's concern any more.
            drop(inside.write(&batch));
        }
    }

    /// Returns a room's log.
    pub(crate) fn log(&self, room: RoomId) -> Vec<Arc<RoomEvent>> {
        self.inside().logs.get(&room).cloned().unwrap_or_default()
    }

    /// Returns how many events each append asked for.
    pub(crate) fn batches(&self) -> Vec<usize> {
        self.inside().batches.clone()
    }

    /// Has keeping folds take a while from here on.
    pub(crate) fn slow_folds(&self, folds_take: Duration) {
        self.inside().folds_take = folds_take;
    }

    /// Has an event be none to this program from here on, where entries are read.
    pub(crate) fn poison(&self, room: RoomId, seq: u64) {
        self.inside().undecodable.insert((room, Seq::new(seq)));
    }

    /// Returns how far a room is folded, and how often folds were kept.
    pub(crate) fn folded(&self, room: RoomId) -> (u64, usize) {
        let inside = self.inside();
        (inside.folded_to.get(&room).map_or(0, |seq| seq.get()), inside.folded)
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, room: RoomId, read: impl FnOnce(&[Arc<RoomEvent>]) -> T) -> Result<T, StoreError> {
        let inside = self.inside();
        if inside.is_read_failing {
            return Err(lost());
        }
        Ok(read(inside.logs.get(&room).map(Vec::as_slice).unwrap_or_default()))
    }

    fn some(
        &self,
        room: RoomId,
        limit: usize,
        from: End,
        which: impl Fn(&RoomEvent) -> bool,
    ) -> Result<Vec<RoomEvent>, StoreError> {
        self.read(room, |log| {
            let mut found: Vec<_> = log.iter().filter(|event| which(event)).map(|event| (**event).clone()).collect();
            match from {
                End::Oldest => found.truncate(limit),
                End::Newest => drop(found.drain(..found.len().saturating_sub(limit))),
            }
            found
        })
    }
}

impl Inside {
    /// Writes events in order up to the first that an index refuses.
    fn write(&mut self, batch: &[Arc<RoomEvent>]) -> Result<(), AppendError> {
        for event in batch {
            let log = self.logs.entry(event.room).or_default();
            let is_known = log.iter().any(|known| known.dedup_key == event.dedup_key);
            if is_known || log.iter().any(|known| known.seq == event.seq) {
                return Err(AppendError::Conflict);
            }
            log.push(Arc::clone(event));
        }
        Ok(())
    }
}

fn lost() -> StoreError {
    StoreError::Unavailable("the answer was lost".into())
}

#[async_trait]
impl RoomLogStore for FaultyStore {
    fn epoch(&self) -> Epoch {
        "faulty".parse().expect("an epoch")
    }

    fn content_key(&self) -> ContentKey {
        ContentKey([3; 32])
    }

    async fn append_batch(&self, _: RoomId, events: &[Arc<RoomEvent>]) -> Result<(), AppendError> {
        let fault = {
            let mut inside = self.inside();
            inside.batches.push(events.len());
            inside.faults.pop_front()
        };
        if fault == Some(Fault::Held) {
            self.is_held.notify_one();
            self.released.notified().await;
        }
        let mut inside = self.inside();
        match fault {
            None | Some(Fault::Held) => inside.write(events),
            Some(Fault::Conflict) => Err(AppendError::Conflict),
            Some(Fault::Landed) => inside.write(events).and(Err(lost().into())),
            Some(Fault::Lost) => Err(lost().into()),
            Some(Fault::Late) => {
                inside.late.push(events.to_vec());
                Err(lost().into())
            }
            Some(Fault::Prefix) => inside.write(&events[..1]).and(Err(AppendError::Conflict)),
            Some(Fault::Refused) => Err(StoreError::Refused("the disk is full".into()).into()),
            Some(Fault::Panic) => panic!("as it was told to"),
        }
    }

    async fn head(&self, room: RoomId) -> Result<Option<Head>, StoreError> {
        self.read(room, |log| log.last().map(|event| event.head()))
    }

    async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Head)>, StoreError> {
        let mut heads = Vec::new();
        for room in rooms {
            heads.extend(self.head(*room).await?.map(|head| (*room, head)));
        }
        Ok(heads)
    }

    async fn read_events(&self, room: RoomId, stretch: Stretch, limit: u32) -> Result<Vec<RoomEvent>, StoreError> {
        self.some(room, limit as usize, End::Oldest, |event| lies_in(stretch, event.seq))
    }

    async fn read_state_events(
        &self,
        room: RoomId,
        stretch: Stretch,
        limit: u32,
    ) -> Result<Vec<RoomEvent>, StoreError> {
        self.some(room, limit as usize, End::Oldest, |event| {
            lies_in(stretch, event.seq) && event.change.class() == EventClass::State
        })
    }

    async fn read_messages(
        &self,
        room: RoomId,
        stretch: Stretch,
        from: End,
        limit: u32,
    ) -> Result<Vec<RoomEvent>, StoreError> {
        self.some(room, limit as usize, from, |event| {
            lies_in(stretch, event.seq) && event.change.class() == EventClass::Message
        })
    }

    async fn find_events(&self, room: RoomId, events: &[EventId]) -> Result<Vec<RoomEvent>, StoreError> {
        self.some(room, events.len(), End::Oldest, |event| events.contains(&event.event_id))
    }

    async fn read_places(&self, room: RoomId, places: &[Seq]) -> Result<Vec<RoomEvent>, StoreError> {
        self.some(room, places.len(), End::Oldest, |event| places.contains(&event.seq))
    }

    async fn find_repeats(&self, room: RoomId, keys: &[DedupKey]) -> Result<Vec<RoomEvent>, StoreError> {
        self.some(room, keys.len(), End::Oldest, |event| keys.contains(&event.dedup_key))
    }

    async fn changed_heads(&self, _: Option<ScanPosition>) -> Result<ChangedHeads, StoreError> {
        let inside = self.inside();
        if inside.is_read_failing {
            return Err(lost());
        }
        let heads = inside.logs.iter().filter_map(|(room, log)| Some((*room, log.last()?.head())));
        let is_change = |event: &&Arc<RoomEvent>| event.change.class() != EventClass::Message;
        let changes = inside.logs.iter().filter_map(|(room, log)| Some((*room, log.iter().rfind(is_change)?.seq)));
        Ok(ChangedHeads { heads: heads.collect(), changes: changes.collect(), next: ScanPosition(7) })
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl MessageFolds for FaultyStore {
    async fn read_folds(&self, room: RoomId, messages: &[Seq]) -> Result<Folds, StoreError> {
        let meanwhile = self.before_folds.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(meanwhile) = meanwhile {
            meanwhile(self);
        }
        let inside = self.inside();
        if inside.is_read_failing {
            return Err(lost());
        }
        let kept = messages.iter().filter_map(|seq| Some((*seq, inside.folds.get(&(room, *seq))?.clone())));
        Ok(Folds { folded_to: inside.folded_to.get(&room).copied().unwrap_or_default(), folds: kept.collect() })
    }

    async fn read_entries(
        &self,
        room: RoomId,
        class: EventClass,
        stretch: Stretch,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let events = self.some(room, limit as usize, End::Oldest, |event| {
            lies_in(stretch, event.seq) && event.change.class() == class
        })?;
        let inside = self.inside();
        let poisoned = |event: RoomEvent| {
            let seq = event.seq;
            if inside.undecodable.contains(&(room, seq)) {
                Err(Undecodable { seq, payload: "poison".into(), error: "it is poisoned".into() })
            } else {
                Ok(event)
            }
        };
        Ok(events.into_iter().map(poisoned).collect())
    }

    async fn keep_folds(&self, rooms: &[FoldedRoom]) -> Result<(), StoreError> {
        let folds_take = self.inside().folds_take;
        if !folds_take.is_zero() {
            tokio::time::sleep(folds_take).await;
        }
        let mut inside = self.inside();
        for folded in rooms {
            for (message, fold) in &folded.folds {
                let kept = inside.folds.entry((folded.room, *message)).or_default();
                if kept.as_of < fold.as_of {
                    *kept = fold.clone();
                }
            }
            for (seq, change) in &folded.erased {
                let log = inside.logs.entry(folded.room).or_default();
                for event in log.iter_mut().filter(|event| event.seq == *seq) {
                    *event = Arc::new(RoomEvent { change: change.clone(), ..(**event).clone() });
                }
            }
            let folded_to = inside.folded_to.entry(folded.room).or_default();
            *folded_to = folded.folded_to.max(*folded_to);
        }
        inside.folded += 1;
        Ok(())
    }

    async fn folded_position(&self) -> Result<Option<ScanPosition>, StoreError> {
        Ok(self.inside().position)
    }

    async fn keep_folded_position(&self, position: ScanPosition) -> Result<(), StoreError> {
        let mut inside = self.inside();
        inside.position = inside.position.max(Some(position));
        Ok(())
    }
}

fn lies_in(stretch: Stretch, seq: Seq) -> bool {
    stretch.after < seq && seq <= stretch.through
}
