//! Taking decided changes into the room's log, in the order of their versions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use loquat_ids::RoomId;
use tokio::sync::Notify;

use crate::{
    error::{DeliveryError, RoomError},
    model::RoomVersion,
    ports::{Outbox, RoomLog},
};

/// How many pending events of a room are read at once.
const BATCH_EVENTS: usize = 100;

/// Takes decided changes into the log.
///
/// Any number of these, in any number of processes, may work on one room at once: the log knows an event that it has, and
/// takes none before the one that it follows.
#[derive(Debug)]
pub struct Delivery {
    /// What is decided.
    outbox: Arc<dyn Outbox>,
    /// Where it goes.
    log: Arc<dyn RoomLog>,
    /// How long a call waits for its change to be in the log.
    deadline: Duration,
    /// One turn per room, so that the calls of one process do not append the same events side by side.
    turns: Turns,
    /// Wakes the relay's delivering half: somebody gave up on a change.
    given_up: Notify,
    /// Wakes the relay's publishing half: the log has something new.
    delivered: Notify,
}

impl Delivery {
    /// Makes the way from an outbox into a log. A call waits for its change at most for the deadline.
    #[must_use]
    pub fn new(outbox: Arc<dyn Outbox>, log: Arc<dyn RoomLog>, deadline: Duration) -> Self {
        let (given_up, delivered) = (Notify::new(), Notify::new());
        Self { outbox, log, deadline, turns: Turns::default(), given_up, delivered }
    }

    /// Returns when the log has the room's changes up to a version; at once, where it has them already.
    ///
    /// # Errors
    ///
    /// [`RoomError::ChangePending`]: it is not known to have them within the deadline. The relay goes on.
    pub async fn deliver(&self, room_id: RoomId, version: RoomVersion) -> Result<(), RoomError> {
        self.drain(room_id, version).await.map_err(|source| {
            self.given_up.notify_one();
            RoomError::ChangePending { room_id, source }
        })
    }

    /// Takes the room's pending changes up to a version into the log.
    pub(super) async fn drain(&self, room_id: RoomId, version: RoomVersion) -> Result<(), DeliveryError> {
        let work = self.drain_in_turn(room_id, version);
        tokio::time::timeout(self.deadline, work).await.unwrap_or(Err(DeliveryError::Deadline))
    }

    async fn drain_in_turn(&self, room_id: RoomId, version: RoomVersion) -> Result<(), DeliveryError> {
        let turn = self.turns.of(room_id);
        let _mine = turn.lock().await;
        loop {
            let events = self.outbox.pending(room_id, BATCH_EVENTS).await?;
            for event in &events {
                if event.version > version {
                    return Ok(());
                }
                let seq = self.log.append(event).await?;
                self.outbox.mark_delivered(event.event_id, seq).await?;
                self.delivered.notify_one();
            }
            if events.len() < BATCH_EVENTS {
                return Ok(());
            }
        }
    }

    /// Waits until a call gave up on its change.
    pub(super) async fn given_up(&self) {
        self.given_up.notified().await;
    }

    /// Waits until the log got something new.
    pub(super) async fn delivered(&self) {
        self.delivered.notified().await;
    }
}

/// One lock per room that somebody works on.
#[derive(Debug, Default)]
struct Turns(Mutex<HashMap<RoomId, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    /// Above this many entries, those that nobody holds are swept before another is made.
    const SWEEP_ABOVE: usize = 1024;

    fn of(&self, room_id: RoomId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(&room_id).and_then(Weak::upgrade) {
            return turn;
        }
        if turns.len() >= Self::SWEEP_ABOVE {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        turns.insert(room_id, Arc::downgrade(&turn));
        turn
    }
}
