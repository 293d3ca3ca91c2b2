//! The rooms that somebody here reads: a ring each, filled by the bus and mended from the log.

mod active_room;
mod doubts;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use futures::{StreamExt as _, stream::BoxStream};
use loquat_ids::RoomId;
use loquat_runtime::Frame;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{
    model::{Place, Pushed},
    ports::{ReadError, RoomFeed, RoomLog, RoomSignal},
    service::Mailbox,
};
pub(crate) use active_room::Seat;
use active_room::{ActiveRoom, Standing};
use doubts::Doubts;

/// For how long a room without readers is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How long a reader waits for a room to be active.
const STAND_DEADLINE: Duration = Duration::from_secs(10);
/// How often a reader takes a seat anew at a room whose task has fallen.
const ATTEMPTS: usize = 3;
/// How long to wait before the log is read again after it could not be.
const MEND_PAUSE: Duration = Duration::from_millis(200);
/// How many events one read of the log brings.
const MEND_PAGE: u16 = 200;

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
    /// The rooms of which the bus may have lost something.
    doubts: Doubts,
}

impl Hub {
    /// Makes a hub without rooms.
    #[must_use]
    pub fn new(log: Arc<dyn RoomLog>, feed: Arc<dyn RoomFeed>, frame: Frame) -> Self {
        let hub = Self(Arc::new(Shared { log, feed, frame, rooms: Mutex::default(), doubts: Doubts::default() }));
        hub.0.frame.tasks.spawn(hub.0.frame.stop.clone().run_until_cancelled_owned(doubts::settle(hub.clone())));
        hub
    }

    /// Seats a reader at a room. When it returns, whatever is committed afterwards will be in the ring.
    ///
    /// # Errors
    ///
    /// Where the bus or the log cannot be reached.
    pub(crate) async fn enter(&self, room: RoomId, mailbox: &Arc<Mailbox>) -> Result<Seat, ReadError> {
        let by = Instant::now() + STAND_DEADLINE;
        for _ in 0..ATTEMPTS {
            let seat = self.seat(room, mailbox);
            match timeout_at(by, seat.stands()).await.map_err(|_| ReadError::Unavailable)? {
                Standing::Stands => return Ok(seat),
                Standing::Refused(error) => return Err(error),
                // Its task is gone, and the room with it: the next seat is at a new one.
                Standing::Fallen | Standing::Begins => {}
            }
        }
        Err(ReadError::Unavailable)
    }

    fn seat(&self, id: RoomId, mailbox: &Arc<Mailbox>) -> Seat {
        let mut rooms = self.0.rooms();
        let room = rooms.entry(id).or_insert_with(|| {
            let room = Arc::new(ActiveRoom::new(id));
            let attendance = Attendance { hub: Arc::downgrade(&self.0), room: Arc::clone(&room) };
            self.0.frame.tasks.spawn(attend(attendance));
            room
        });
        Seat::take(room, mailbox)
    }

    /// Takes note of a head: if the room is active and its ring is behind, the log is read.
    pub fn note_head(&self, room: RoomId, head: &Place) {
        let active = self.0.rooms().get(&room).cloned();
        if let Some(active) = active
            && active.is_behind(head)
        {
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

    /// Lets a room go if nobody has read it for a while.
    fn let_go_if_idle(&self, room: &Arc<ActiveRoom>) -> bool {
        let mut rooms = self.rooms();
        let is_idle = room.is_idle_for(IDLE);
        if is_idle {
            Self::take_out(&mut rooms, room);
        }
        is_idle
    }

    /// Another room of the same id may stand in its place already.
    fn take_out(rooms: &mut HashMap<RoomId, Arc<ActiveRoom>>, room: &Arc<ActiveRoom>) {
        if rooms.get(&room.id).is_some_and(|there| Arc::ptr_eq(there, room)) {
            rooms.remove(&room.id);
        }
    }
}

/// A room's task, as long as it lives. However it ends, also by a panic, the room goes with it, and whoever sits there finds no
/// ring, reads the log, and takes a seat at a new one.
struct Attendance {
    hub: Weak<Shared>,
    room: Arc<ActiveRoom>,
}

impl Drop for Attendance {
    fn drop(&mut self) {
        if let Some(shared) = self.hub.upgrade() {
            Shared::take_out(&mut shared.rooms(), &self.room);
        }
        self.room.fall();
    }
}

/// Keeps a room's ring right until nobody reads it.
async fn attend(attendance: Attendance) {
    let room = &attendance.room;
    let Some(shared) = attendance.hub.upgrade() else { return };
    let mut feed = match begin(&shared, room).await {
        Ok(feed) => feed,
        Err(error) => return room.refuse(error),
    };
    let stop = shared.frame.stop.clone();
    let mut must_mend = false;
    loop {
        let again = sleep_until(Instant::now() + if must_mend { MEND_PAUSE } else { IDLE });
        tokio::select! {
            () = stop.cancelled() => return,
            signal = feed.next() => match signal {
                Some(signal) => must_mend |= follow(&shared, room, signal),
                // The bus is gone for good: readers begin anew elsewhere in the map.
                None => return,
            },
            () = room.behind.notified() => must_mend = true,
            () = again => {}
        }
        if must_mend {
            must_mend = mend(shared.log.as_ref(), room).await.is_err();
        }
        if shared.let_go_if_idle(room) {
            return;
        }
    }
}

/// Listens first and reads the head then, so that nothing falls between.
async fn begin(shared: &Shared, room: &ActiveRoom) -> Result<BoxStream<'static, RoomSignal>, ReadError> {
    let feed = shared.feed.follow(room.id).await?;
    let stretch = shared.log.read(room.id, None, None, MEND_PAGE).await?;
    room.begin_at(stretch.head);
    Ok(feed)
}

/// Takes what the bus tells; returns whether the log must be read.
fn follow(shared: &Shared, room: &ActiveRoom, signal: RoomSignal) -> bool {
    match signal {
        RoomSignal::News(news) => {
            let span = tracing::info_span!("fan out", otel.kind = "consumer", room = %room.id, seq = news.place.seq);
            if let Some(trace) = &news.trace {
                loquat_rpc::trace::continue_from(&span, trace);
            }
            span.in_scope(|| matches!(room.take(news), Pushed::Hole | Pushed::Strange))
        }
        RoomSignal::Typing { user, encoded } => {
            room.give_typing(user, &encoded);
            false
        }
        RoomSignal::Unreadable => true,
        RoomSignal::Missed => {
            shared.doubts.add(room.id);
            false
        }
    }
}

/// Reads from the log what the ring lacks.
async fn mend(log: &dyn RoomLog, room: &ActiveRoom) -> Result<(), ReadError> {
    while let Some(head) = room.head() {
        let stretch = log.read(room.id, None, Some(head.clone()), MEND_PAGE).await?;
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
