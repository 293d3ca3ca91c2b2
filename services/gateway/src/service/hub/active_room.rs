//! A room that somebody here reads.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use loquat_ids::{RoomId, UserId};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use crate::{
    model::{BeyondRing, Place, Pushed, Ring, RoomNews},
    ports::ReadError,
    service::Mailbox,
};

/// A room that somebody here reads.
pub(super) struct ActiveRoom {
    pub(super) id: RoomId,
    state: Mutex<RoomState>,
    /// Whether the ring stands.
    standing: watch::Sender<Standing>,
    /// Wakes the room's task: the log is ahead of the ring.
    pub(super) behind: Notify,
}

/// Whether a room's ring stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The log's head is being read.
    Begins,
    /// It does.
    Stands,
    /// It could not be begun.
    Refused(ReadError),
    /// The room's task is gone.
    Fallen,
}

#[derive(Default)]
struct RoomState {
    ring: Option<Ring>,
    readers: HashMap<u64, Arc<Mailbox>>,
    next_reader: u64,
    /// When the last reader left. Nothing while there is one.
    idle_since: Option<Instant>,
}

impl RoomState {
    fn wake_readers(&self, room: RoomId) {
        for mailbox in self.readers.values() {
            mailbox.note_room(room);
        }
    }
}

impl ActiveRoom {
    pub(super) fn new(id: RoomId) -> Self {
        Self { id, state: Mutex::default(), standing: watch::Sender::new(Standing::Begins), behind: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, RoomState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an event into the ring, if it is the next one.
    pub(super) fn take(&self, news: Arc<RoomNews>) -> Pushed {
        let mut state = self.state();
        let Some(ring) = &mut state.ring else { return Pushed::Hole };
        let pushed = ring.push(news);
        if pushed == Pushed::Appended {
            state.wake_readers(self.id);
        }
        pushed
    }

    /// Begins the ring anew: every reader finds that its place is not in it and reads the log.
    pub(super) fn begin_at(&self, head: Place) {
        let mut state = self.state();
        state.ring = Some(Ring::at(head));
        state.wake_readers(self.id);
        drop(state);
        self.standing.send_replace(Standing::Stands);
    }

    /// Notes that the ring could not be begun.
    pub(super) fn refuse(&self, error: ReadError) {
        self.standing.send_replace(Standing::Refused(error));
    }

    /// Ends the ring: whoever still sits here reads the log and takes a new seat.
    pub(super) fn fall(&self) {
        let mut state = self.state();
        state.ring = None;
        state.wake_readers(self.id);
        drop(state);
        self.standing.send_if_modified(|standing| {
            let falls = !matches!(standing, Standing::Refused(_));
            if falls {
                *standing = Standing::Fallen;
            }
            falls
        });
    }

    pub(super) fn head(&self) -> Option<Place> {
        self.state().ring.as_ref().map(|ring| ring.head().clone())
    }

    /// Returns whether a head is not in the ring. A ring that is only being begun may have read an earlier one.
    pub(super) fn is_behind(&self, head: &Place) -> bool {
        self.state().ring.as_ref().is_none_or(|ring| ring.head().epoch != head.epoch || ring.head().seq < head.seq)
    }

    pub(super) fn is_idle_for(&self, span: Duration) -> bool {
        self.state().idle_since.is_some_and(|since| since.elapsed() >= span)
    }

    pub(super) fn give_typing(&self, user: UserId, encoded: &Bytes) {
        for mailbox in self.state().readers.values() {
            mailbox.give_typing(self.id, user, encoded.clone());
        }
    }
}

/// A reader's place at a room. Dropping it gives the place up.
pub(crate) struct Seat {
    room: Arc<ActiveRoom>,
    number: u64,
}

impl Seat {
    pub(super) fn take(room: &Arc<ActiveRoom>, mailbox: &Arc<Mailbox>) -> Self {
        let mut state = room.state();
        let number = state.next_reader;
        state.next_reader += 1;
        state.readers.insert(number, Arc::clone(mailbox));
        state.idle_since = None;
        drop(state);
        Self { room: Arc::clone(room), number }
    }

    /// Waits until it is known whether the ring stands.
    pub(super) async fn stands(&self) -> Standing {
        let mut standing = self.room.standing.subscribe();
        let known = standing.wait_for(|standing| *standing != Standing::Begins).await;
        known.map_or(Standing::Fallen, |standing| *standing)
    }

    /// Returns the events that follow a place: some, and of so many bytes, but at least one where there is one.
    pub(crate) fn after(
        &self,
        place: &Place,
        most: usize,
        most_bytes: usize,
    ) -> Result<Vec<Arc<RoomNews>>, BeyondRing> {
        self.room.state().ring.as_ref().ok_or(BeyondRing)?.after(place, most, most_bytes)
    }

    /// Returns where the ring ends.
    pub(crate) fn head(&self) -> Option<Place> {
        self.room.head()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.room.state();
        state.readers.remove(&self.number);
        if state.readers.is_empty() {
            state.idle_since = Some(Instant::now());
        }
    }
}
