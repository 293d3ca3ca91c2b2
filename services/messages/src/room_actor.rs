//! The actors: one task for each room in which something is being written, and none for the others.
//!
//! An actor takes what waits (never waiting for more), lets the [`Sequencer`](crate::sequencer::Sequencer) decide it, writes
//! it as one batch, answers, and hands the news on. While a batch is being written the next one gathers in the mailbox:
//! that is the group commit.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use loquat_ids::{Clock, RoomId};
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    error::MessagesError,
    head_board::HeadBoard,
    model::{Command, Done, Placed},
    news::NewsDesk,
    ports::{MAX_BATCH_EVENTS, MessageStore},
    sequencer::Outcome,
};

mod actor;
mod state_reading;

#[cfg(test)]
mod tests;

pub(crate) use state_reading::read_state;

/// What bounds an actor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActorLimits {
    /// How many commands wait in one room. Above that a room is busy.
    pub(crate) mailbox_commands: usize,
    /// How many events are written at once, at most [`MAX_BATCH_EVENTS`].
    pub(crate) batch_events: usize,
    /// After how long without a command an actor ends.
    pub(crate) idle_after: Duration,
    /// How long an actor tries to settle the commands in its hand before it says that the store does not answer.
    pub(crate) settle_within: Duration,
}

impl Default for ActorLimits {
    fn default() -> Self {
        Self {
            mailbox_commands: 256,
            batch_events: MAX_BATCH_EVENTS,
            idle_after: Duration::from_secs(30),
            settle_within: Duration::from_secs(10),
        }
    }
}

/// A command, and where its answer goes.
type Letter = (oneshot::Sender<Outcome>, Command);

/// Everything that an actor works with, and the registry of those that live.
#[derive(Debug)]
pub(crate) struct RoomActors {
    store: Arc<dyn MessageStore>,
    clock: Arc<dyn Clock>,
    heads: Arc<HeadBoard>,
    news: NewsDesk,
    limits: ActorLimits,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// The mailboxes of the actors that live. Letters are posted, and actors leave, only under this lock: an actor leaves
    /// when its mailbox is empty, so that no letter is ever in one that nobody reads.
    living: Mutex<HashMap<RoomId, mpsc::Sender<Letter>>>,
}

impl RoomActors {
    pub(crate) fn new(
        store: Arc<dyn MessageStore>,
        clock: Arc<dyn Clock>,
        heads: Arc<HeadBoard>,
        news: NewsDesk,
        limits: ActorLimits,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self { store, clock, heads, news, limits, tasks, stop, living: Mutex::default() })
    }

    /// Has a command decided and written by the room's actor. Dropping this does not take the command back.
    ///
    /// # Errors
    /// What the log refused, [`MessagesError::RoomBusy`] where the mailbox is full, and
    /// [`MessagesError::StoreUnavailable`] where the outcome is not known.
    pub(crate) async fn submit(self: &Arc<Self>, room: RoomId, command: Command) -> Result<Done, MessagesError> {
        let (answer, answered) = oneshot::channel();
        self.post(room, (answer, command))?;
        // An actor answers within its own bound. It is waited for a little longer, and no longer.
        match tokio::time::timeout(self.limits.settle_within.saturating_mul(2), answered).await {
            Ok(Ok(outcome)) => outcome.map_err(|refusal| MessagesError::refused(room, refusal)),
            Ok(Err(gone)) => Err(MessagesError::StoreUnavailable(Some(gone.into()))),
            Err(elapsed) => Err(MessagesError::StoreUnavailable(Some(elapsed.into()))),
        }
    }

    /// The same, for a command that cannot find that nothing changes: one that is not about a message.
    ///
    /// # Errors
    /// Those of [`RoomActors::submit`].
    pub(crate) async fn place(self: &Arc<Self>, room: RoomId, command: Command) -> Result<Placed, MessagesError> {
        match self.submit(room, command).await? {
            Done::Placed(placed) => Ok(placed),
            Done::Unchanged(_) => unreachable!("only what is done to a message may change nothing"),
        }
    }

    fn post(self: &Arc<Self>, room: RoomId, mut letter: Letter) -> Result<(), MessagesError> {
        let mut living = self.living.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mailbox) = living.get(&room) {
            letter = match mailbox.try_send(letter) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::TrySendError::Full(_)) => return Err(MessagesError::RoomBusy { room }),
                // The actor that read this mailbox panicked: another takes its place.
                Err(mpsc::error::TrySendError::Closed(letter)) => letter,
            };
        }
        let (mailbox, letters) = mpsc::channel(self.limits.mailbox_commands.max(1));
        mailbox.try_send(letter).map_err(|_| MessagesError::RoomBusy { room })?;
        living.insert(room, mailbox);
        self.tasks.spawn(actor::run(Arc::clone(self), room, letters));
        Ok(())
    }

    /// Takes an actor whose mailbox is empty out of the registry. It ends then; whoever posts next starts another.
    fn leave(&self, room: RoomId, mailbox: &mpsc::Receiver<Letter>) -> bool {
        let mut living = self.living.lock().unwrap_or_else(PoisonError::into_inner);
        let may_leave = mailbox.is_empty();
        if may_leave {
            living.remove(&room);
        }
        may_leave
    }
}
