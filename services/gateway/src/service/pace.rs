//! Whether the transport takes what a stream has to say.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// Since when a stream has had something to say for which nobody asked.
///
/// That the transport asked once and is told later on says nothing: it may hold what it got for a client that does not take it,
/// and not ask again when it is woken. So it owes a question from the moment when there is something: an item was handed out,
/// something was put into the mailbox, a read came to its end, a heartbeat is due.
#[derive(Debug)]
pub(super) struct Pace {
    began: Instant,
    /// From when on a question is owed, in milliseconds since `began`. It may lie ahead.
    owed_from: AtomicU64,
    /// When the next heartbeat is due, on the same clock.
    heartbeat_at: AtomicU64,
    /// Reads that came to their end and were not looked at.
    ended_reads: AtomicUsize,
    /// How often it was seen, without a question in between, that one has been owed for too long. Once says little: it may be
    /// this process that stood still.
    late_looks: AtomicU32,
    /// Whether the client is to be told that it was too slow, once a question comes.
    is_too_slow: AtomicBool,
}

/// At which look that finds a question owed for too long the client is too slow.
const TOO_SLOW: u32 = 2;
/// At which one it is given up.
const GIVEN_UP: u32 = 4;

impl Default for Pace {
    /// A stream has been asked for nothing when it begins.
    fn default() -> Self {
        Self {
            began: Instant::now(),
            owed_from: AtomicU64::new(0),
            heartbeat_at: AtomicU64::new(u64::MAX),
            ended_reads: AtomicUsize::new(0),
            late_looks: AtomicU32::new(0),
            is_too_slow: AtomicBool::new(false),
        }
    }
}

impl Pace {
    /// Notes that the transport asks.
    pub(super) fn note_asked(&self) {
        if self.late_looks.load(Ordering::Relaxed) > 0 {
            self.late_looks.store(0, Ordering::Relaxed);
        }
    }

    /// Looks whether a question has been owed for too long, and returns whether there is no use in waiting any more. To be
    /// called at a steady pace.
    pub(super) fn look(&self, limit: Duration) -> bool {
        if self.unread_for().is_none_or(|span| span < limit) {
            return false;
        }
        let looks = self.late_looks.fetch_add(1, Ordering::Relaxed) + 1;
        if looks == TOO_SLOW {
            self.is_too_slow.store(true, Ordering::Relaxed);
        }
        looks >= GIVEN_UP
    }

    /// Returns, once, whether the client is to be told that it was too slow.
    pub(super) fn take_too_slow(&self) -> bool {
        self.is_too_slow.swap(false, Ordering::Relaxed)
    }

    /// Notes that an item was handed out: the transport owes the next question.
    pub(super) fn note_handed_out(&self) {
        self.owed_from.store(self.millis(), Ordering::SeqCst);
    }

    /// Notes that the stream had nothing to say. What is put in from here on, or was meanwhile, is owed a question.
    pub(super) fn note_waiting(&self, has_something: impl FnOnce() -> bool) {
        self.owed_from.store(self.heartbeat_at.load(Ordering::Relaxed), Ordering::SeqCst);
        if self.ended_reads.load(Ordering::SeqCst) > 0 || has_something() {
            self.note_due();
        }
    }

    /// Notes that there is something to say, after it can be seen.
    pub(super) fn note_due(&self) {
        self.owed_from.fetch_min(self.millis(), Ordering::SeqCst);
    }

    /// Notes that a read came to its end.
    pub(super) fn note_read_ended(&self) {
        self.ended_reads.fetch_add(1, Ordering::SeqCst);
        self.note_due();
    }

    /// Notes that a read was looked at.
    pub(super) fn note_read_taken(&self) {
        self.ended_reads.fetch_sub(1, Ordering::SeqCst);
    }

    /// Notes when the next heartbeat is due.
    pub(super) fn note_heartbeat(&self, at: Instant) {
        self.heartbeat_at.store(millis(at.saturating_duration_since(self.began)), Ordering::Relaxed);
    }

    /// Returns for how long a question has been owed. Nothing where none is.
    pub(super) fn unread_for(&self) -> Option<Duration> {
        self.millis().checked_sub(self.owed_from.load(Ordering::SeqCst)).map(Duration::from_millis)
    }

    fn millis(&self) -> u64 {
        millis(self.began.elapsed())
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
