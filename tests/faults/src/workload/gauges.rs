//! How far readers are behind, and for how long.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;

use super::RoomOfRun;

/// How often is looked.
const TICK: Duration = Duration::from_millis(50);
/// For how long an acknowledged event may be missing before that is a hole: in good order it takes a few milliseconds.
const GRACE_TICKS: usize = 6;

/// Of how much that is missing is told.
const TOLD: usize = 12;

/// A number that says that the room is not watched.
const NOT_WATCHED: u64 = u64::MAX;

/// How far one reader is in each of its rooms.
#[derive(Debug)]
pub(crate) struct Gauge {
    /// Whose it is.
    client: u32,
    /// The rooms' places among the rooms of the run.
    rooms: Vec<usize>,
    seqs: Vec<AtomicU64>,
    is_connected: AtomicBool,
    /// Whether the reader itself has left the last stream.
    has_left: AtomicBool,
}

impl Gauge {
    /// Makes the gauge of a reader of those rooms of the run.
    pub(crate) fn new(client: u32, rooms: Vec<usize>) -> Arc<Self> {
        let seqs = rooms.iter().map(|_| AtomicU64::new(NOT_WATCHED)).collect();
        Arc::new(Self { client, rooms, seqs, is_connected: AtomicBool::new(false), has_left: AtomicBool::new(true) })
    }

    /// Notes how far it is in one of its rooms.
    pub(super) fn note_seq(&self, index: usize, seq: u64) {
        self.seqs[index].store(seq, Ordering::Relaxed);
    }

    /// Notes that it no longer watches one of its rooms.
    pub(super) fn note_closed(&self, index: usize) {
        self.note_seq(index, NOT_WATCHED);
    }

    pub(super) fn note_connected(&self) {
        self.is_connected.store(true, Ordering::Relaxed);
    }

    pub(super) fn note_disconnected(&self, by_will: bool) {
        self.has_left.store(by_will, Ordering::Relaxed);
        self.is_connected.store(false, Ordering::Relaxed);
    }

    fn seq(&self, index: usize) -> Option<u64> {
        Some(self.seqs[index].load(Ordering::Relaxed)).filter(|seq| *seq != NOT_WATCHED)
    }
}

/// What a reader missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Gap {
    /// Its stream stood all the time: something was not said.
    Hole,
    /// Its stream broke.
    Cut,
    /// It had left and come back.
    Return,
}

/// A reader was behind in a room and has all of it again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repair {
    /// What it was.
    pub(crate) gap: Gap,
    /// From when on something acknowledged was missing.
    pub(crate) from: Instant,
    /// When all of it was there.
    pub(crate) to: Instant,
}

#[derive(Debug, Default, Clone, Copy)]
struct Behind {
    since: Option<(Instant, Gap)>,
}

/// Looks at all readers, again and again.
#[derive(Debug, Default)]
pub(crate) struct Watchman {
    repairs: Mutex<Vec<Repair>>,
    is_complete: AtomicBool,
    missing: Mutex<String>,
}

impl Watchman {
    /// Watches until it is told to end.
    pub(crate) async fn watch(&self, gauges: &[Arc<Gauge>], rooms: &[Arc<RoomOfRun>], end: CancellationToken) {
        let mut heads: VecDeque<Vec<u64>> = VecDeque::new();
        let mut states: Vec<Vec<Behind>> =
            gauges.iter().map(|gauge| vec![Behind::default(); gauge.rooms.len()]).collect();
        let mut ticks = interval(TICK);
        while !end.is_cancelled() {
            ticks.tick().await;
            heads.push_back(rooms.iter().map(|room| room.head()).collect());
            if heads.len() <= GRACE_TICKS {
                continue;
            }
            let due = heads.pop_front().unwrap_or_default();
            let now = Instant::now();
            let mut missing = Vec::new();
            for (gauge, states) in gauges.iter().zip(&mut states) {
                if !gauge.is_connected.load(Ordering::Relaxed) {
                    missing.push(format!("client {} has no stream", gauge.client));
                }
                for (index, state) in states.iter_mut().enumerate() {
                    let room = gauge.rooms[index];
                    if let Some(at) = self.look(gauge, index, due[room], state, now) {
                        missing.push(format!("client {} is at {at} of {} in room {room}", gauge.client, due[room]));
                    }
                }
            }
            self.is_complete.store(missing.is_empty(), Ordering::Relaxed);
            missing.truncate(TOLD);
            *self.missing.lock().unwrap_or_else(PoisonError::into_inner) = missing.join(", ");
        }
    }

    /// Returns where the reader is, if it is behind.
    fn look(&self, gauge: &Gauge, index: usize, due: u64, state: &mut Behind, now: Instant) -> Option<u64> {
        let is_connected = gauge.is_connected.load(Ordering::Relaxed);
        let of_stream = if gauge.has_left.load(Ordering::Relaxed) { Gap::Return } else { Gap::Cut };
        let Some(seq) = gauge.seq(index) else {
            state.since = None;
            return None;
        };
        let is_behind = seq < due;
        match (&mut state.since, is_behind) {
            (Some((_, gap)), true) if !is_connected => *gap = of_stream,
            (None, true) => {
                let gap = if is_connected { Gap::Hole } else { of_stream };
                state.since = Some((now - TICK * u32::try_from(GRACE_TICKS).unwrap_or(0), gap));
            }
            (Some((from, gap)), false) => {
                let repair = Repair { gap: *gap, from: *from, to: now };
                state.since = None;
                self.repairs.lock().unwrap_or_else(PoisonError::into_inner).push(repair);
            }
            _ => {}
        }
        is_behind.then_some(seq)
    }

    /// Whether every reader listens and has everything.
    pub(crate) fn is_all_complete(&self) -> bool {
        self.is_complete.load(Ordering::Relaxed)
    }

    /// What is missing, in words.
    pub(crate) fn missing(&self) -> String {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what was noted since the last time.
    pub(crate) fn take_repairs(&self) -> Vec<Repair> {
        std::mem::take(&mut *self.repairs.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
