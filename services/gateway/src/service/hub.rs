//! The rooms that somebody here reads: a ring each, filled by the bus and mended from the log.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use futures::{StreamExt as _, stream::BoxStream};
use loquat_ids::RoomId;
use loquat_runtime::Frame;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout},
};

use crate::{
    model::{BeyondRing, Place, Pushed, Ring, RoomNews},
    ports::{ReadError, RoomFeed, RoomLog, RoomSignal},
    service::Mailbox,
};

/// For how long a room without readers is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How long a reader waits for a room to be active.
const STAND_DEADLINE: Duration = Duration::from_secs(10);
/// How long to wait before the log is read again after it could not be.
const MEND_PAUSE: Duration = Duration::from_millis(200);

/// The active rooms of this gateway. Clones share them.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

struct Shared {
    log: Arc<dyn RoomLog>,
    feed: Arc<dyn RoomFeed>,
    frame: Frame,
    /// A room is here from its first reader until 30 s after its last one. Whoever holds this lock may also take a room's
    /// own, never the other way round.
    rooms: Mutex<HashMap<RoomId, Arc<ActiveRoom>>>,
}

/// A room that somebody here reads.
struct ActiveRoom {
    id: RoomId,
    state: Mutex<RoomState>,
    /// Whether the ring stands: nothing until the log's head is read; then how that went.
    standing: watch::Sender<Option<Result<(), ReadError>>>,
    /// Wakes the room's task: the log is ahead of the ring.
    behind: Notify,
}

#[derive(Default)]
struct RoomState {
    ring: Option<Ring>,
    readers: HashMap<u64, Arc<Mailbox>>,
    next_reader: u64,
    /// When the last reader left. Nothing while there is one.
    idle_since: Option<Instant>,
}

/// A reader's place at a room. Dropping it gives the place up.
pub struct Seat {
    room: Arc<ActiveRoom>,
    number: u64,
}

impl Hub {
    /// Makes a hub without rooms.
    #[must_use]
    pub fn new(log: Arc<dyn RoomLog>, feed: Arc<dyn RoomFeed>, frame: Frame) -> Self {
        Self(Arc::new(Shared { log, feed, frame, rooms: Mutex::default() }))
    }

    /// Seats a reader at a room. When it returns, whatever is committed afterwards will be in the ring.
    ///
    /// # Errors
    ///
    /// Where the bus or the log cannot be reached.
    pub(crate) async fn enter(&self, room: RoomId, mailbox: &Arc<Mailbox>) -> Result<Seat, ReadError> {
        let seat = self.seat(room, mailbox);
        let mut standing = seat.room.standing.subscribe();
        let outcome = timeout(STAND_DEADLINE, standing.wait_for(Option::is_some)).await;
        let outcome = outcome.map_err(|_| ReadError::Unavailable)?.map_err(|_| ReadError::Unavailable)?;
        outcome.unwrap_or(Err(ReadError::Unavailable))?;
        drop(outcome);
        Ok(seat)
    }

    fn seat(&self, id: RoomId, mailbox: &Arc<Mailbox>) -> Seat {
        let mut rooms = self.0.rooms();
        let room = rooms.entry(id).or_insert_with(|| {
            let room = Arc::new(ActiveRoom {
                id,
                state: Mutex::default(),
                standing: watch::Sender::new(None),
                behind: Notify::new(),
            });
            self.0.frame.tasks.spawn(attend(Arc::downgrade(&self.0), Arc::clone(&room)));
            room
        });
        let room = Arc::clone(room);
        let mut state = room.state();
        let number = state.next_reader;
        state.next_reader += 1;
        state.readers.insert(number, Arc::clone(mailbox));
        state.idle_since = None;
        drop(state);
        Seat { room, number }
    }

    /// Takes note of a head: if the room is active and its ring is behind, the log is read.
    pub fn note_head(&self, room: RoomId, head: &Place) {
        let active = self.0.rooms().get(&room).cloned();
        let Some(active) = active else { return };
        let is_behind = active
            .state()
            .ring
            .as_ref()
            .is_some_and(|ring| ring.head().epoch != head.epoch || ring.head().seq < head.seq);
        if is_behind {
            active.behind.notify_one();
        }
    }

    /// Returns the active rooms.
    #[must_use]
    pub fn active_rooms(&self) -> Vec<RoomId> {
        self.0.rooms().keys().copied().collect()
    }
}

impl Shared {
    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomId, Arc<ActiveRoom>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a room go if nobody has read it for a while; or, with `now`, at once and whoever reads it.
    fn let_go(&self, room: &ActiveRoom, now: bool) -> bool {
        let mut rooms = self.rooms();
        let mut state = room.state();
        let is_idle = state.idle_since.is_some_and(|since| since.elapsed() >= IDLE);
        if now || is_idle {
            rooms.remove(&room.id);
            // Whoever still sits here finds no ring, reads the log, and takes a new seat.
            state.ring = None;
            for mailbox in state.readers.values() {
                mailbox.note_room(room.id);
            }
        }
        now || is_idle
    }
}

impl ActiveRoom {
    fn state(&self) -> MutexGuard<'_, RoomState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, news: Arc<RoomNews>) -> Pushed {
        let mut state = self.state();
        let Some(ring) = &mut state.ring else { return Pushed::Hole };
        let pushed = ring.push(news);
        if pushed == Pushed::Appended {
            for mailbox in state.readers.values() {
                mailbox.note_room(self.id);
            }
        }
        pushed
    }

    /// Begins the ring anew: every reader finds that its place is not in it and reads the log.
    fn begin_at(&self, head: Place) {
        let mut state = self.state();
        state.ring = Some(Ring::at(head));
        for mailbox in state.readers.values() {
            mailbox.note_room(self.id);
        }
    }

    fn head(&self) -> Option<Place> {
        self.state().ring.as_ref().map(|ring| ring.head().clone())
    }
}

impl Seat {
    /// Returns the events that follow a place.
    pub(crate) fn after(&self, place: &Place, most: usize) -> Result<Vec<Arc<RoomNews>>, BeyondRing> {
        self.room.state().ring.as_ref().ok_or(BeyondRing)?.after(place, most)
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

/// Keeps a room's ring right until nobody reads it.
async fn attend(hub: Weak<Shared>, room: Arc<ActiveRoom>) {
    let Some(shared) = hub.upgrade() else { return };
    let begun = begin(&shared, &room).await;
    room.standing.send_replace(Some(begun.as_ref().map(|_| ()).map_err(|error| *error)));
    let Ok(mut feed) = begun else {
        shared.let_go(&room, true);
        return;
    };
    let stop = shared.frame.stop.clone();
    let mut must_mend = false;
    loop {
        let again = sleep_until(Instant::now() + if must_mend { MEND_PAUSE } else { IDLE });
        tokio::select! {
            () = stop.cancelled() => return,
            signal = feed.next() => match signal {
                Some(signal) => must_mend |= follow(&room, signal),
                None => {
                    // The bus is gone for good: readers begin anew elsewhere in the map.
                    shared.let_go(&room, true);
                    return;
                }
            },
            () = room.behind.notified() => must_mend = true,
            () = again => {}
        }
        if must_mend {
            must_mend = mend(shared.log.as_ref(), &room).await.is_err();
        }
        if shared.let_go(&room, false) {
            return;
        }
    }
}

/// Listens first and reads the head then, so that nothing falls between.
async fn begin(shared: &Shared, room: &ActiveRoom) -> Result<BoxStream<'static, RoomSignal>, ReadError> {
    let feed = shared.feed.follow(room.id).await?;
    let stretch = shared.log.read(room.id, None, None).await?;
    room.begin_at(stretch.head);
    Ok(feed)
}

/// Takes what the bus tells; returns whether the log must be read.
fn follow(room: &ActiveRoom, signal: RoomSignal) -> bool {
    match signal {
        RoomSignal::News(news) => {
            let span = tracing::info_span!("fan out", otel.kind = "consumer", room = %room.id, seq = news.place.seq);
            if let Some(trace) = &news.trace {
                loquat_rpc::trace::continue_from(&span, trace);
            }
            span.in_scope(|| matches!(room.take(news), Pushed::Hole | Pushed::Strange))
        }
        RoomSignal::Typing { user, encoded } => {
            for mailbox in room.state().readers.values() {
                mailbox.give_typing(room.id, user, encoded.clone());
            }
            false
        }
        RoomSignal::Missed => true,
    }
}

/// Reads from the log what the ring lacks.
async fn mend(log: &dyn RoomLog, room: &ActiveRoom) -> Result<(), ReadError> {
    while let Some(head) = room.head() {
        let stretch = log.read(room.id, None, Some(head.clone())).await?;
        if stretch.reset.is_some() {
            room.begin_at(stretch.head);
            return Ok(());
        }
        let last = stretch.events.last().map(|news| news.place.seq);
        for news in stretch.events {
            room.take(news);
        }
        if last.is_none_or(|last| last >= stretch.head.seq) {
            return Ok(());
        }
    }
    Ok(())
}
