//! One room's task.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt as _;
use loquat_ids::{MessageId, RoomId};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tracing::Instrument as _;

use super::{Letter, RoomActors, read_state};
use crate::{
    folding::read_messages,
    model::{DedupKey, FoldedMessages, Ground, Refusal, RoomEvent, RoomState, Seq},
    ports::{AppendError, StoreError, Stretch},
    sequencer::{Outcome, Sequencer, Step},
    trace_link,
};

/// From how many events on a room is read anew after a conflict.
const CAUGHT_UP_EVENTS: u32 = 200;

type RoomSequencer = Sequencer<oneshot::Sender<Outcome>>;

/// Works until nothing has come for a while, or the process ends and nothing waits.
pub(super) async fn run(actors: Arc<RoomActors>, room: RoomId, mut mailbox: mpsc::Receiver<Letter>) {
    let mut sequencer = Sequencer::new(room, actors.store.epoch());
    let mut letters = Vec::new();
    loop {
        let taken = tokio::select! {
            biased;
            taken = mailbox.recv_many(&mut letters, actors.limits.batch_events) => taken,
            () = rest(&actors) => if actors.leave(room, &mailbox) { return } else { continue },
        };
        if taken == 0 {
            return;
        }
        sequencer.take(letters.drain(..));
        if AssertUnwindSafe(settle(&actors, room, &mut sequencer)).catch_unwind().await.is_err() {
            // What was in hand is answered as unknown when it is dropped here; what may stand of it is found by its key.
            // The room goes on, from its log.
            tracing::error!(%room, "a room's actor panicked: it begins again");
            sequencer = Sequencer::new(room, actors.store.epoch());
        }
    }
}

async fn rest(actors: &RoomActors) {
    tokio::select! {
        () = tokio::time::sleep(actors.limits.idle_after) => {}
        () = actors.stop.cancelled() => {}
    }
}

/// Does what the sequencer says until every command in hand has its answer.
async fn settle(actors: &RoomActors, room: RoomId, sequencer: &mut RoomSequencer) {
    let give_up_at = Instant::now() + actors.limits.settle_within;
    let mut patience = Patience::default();
    loop {
        let step = sequencer.next_step(actors.clock.now());
        deliver(actors, room, sequencer);
        match step {
            Step::Rest => return,
            _ if Instant::now() >= give_up_at => sequencer.give_up(Refusal::StoreUnavailable),
            Step::Read { keys, messages } => {
                let span = tracing::info_span!(parent: None, "room_log.read", %room, keys = keys.len());
                trace_link::follow(&span, sequencer.trace());
                read(actors, room, sequencer, &keys, &messages).instrument(span).await;
            }
            Step::Write { batch } => {
                let span = tracing::info_span!(parent: None, "room_log.append", %room, events = batch.len());
                trace_link::follow(&span, sequencer.trace());
                write(actors, room, sequencer, &batch, &mut patience).instrument(span).await;
            }
        }
        deliver(actors, room, sequencer);
    }
}

async fn write(
    actors: &RoomActors,
    room: RoomId,
    sequencer: &mut RoomSequencer,
    batch: &[Arc<RoomEvent>],
    patience: &mut Patience,
) {
    match actors.store.append_batch(room, batch).await {
        Ok(()) => sequencer.committed(),
        Err(AppendError::Conflict) => {
            tracing::debug!(%room, "an index refused a batch: somebody else wrote");
            patience.after_conflict_at(sequencer.state().seq()).await;
            sequencer.doubt();
        }
        Err(AppendError::Store(StoreError::Refused(cause))) => {
            tracing::error!(%room, error = %cause, "the store refused a batch");
            sequencer.give_up(Refusal::StoreRefused);
        }
        Err(AppendError::Store(StoreError::Unavailable(cause))) => {
            tracing::warn!(%room, error = %cause, "the outcome of a batch is not known");
            sequencer.doubt();
        }
    }
}

async fn read(
    actors: &RoomActors,
    room: RoomId,
    sequencer: &mut RoomSequencer,
    keys: &[DedupKey],
    messages: &[MessageId],
) {
    let learned = async {
        // In this order: a key that is not found then does not stand at or below the head that was read before.
        let (state, messages) = match catch_up(actors, room, sequencer.ground(), messages).await {
            Some(caught_up) => caught_up,
            None => {
                let state = read_state(&*actors.store, room, sequencer.state().clone());
                read_messages(&*actors.store, room, messages, state).await?
            }
        };
        let found = actors.store.find_repeats(room, keys).await?;
        Ok::<_, StoreError>((state, messages, found))
    };
    match learned.await {
        Ok((state, messages, found)) => {
            if let Some(head) = state.head() {
                actors.heads.post(room, head);
            }
            sequencer.learn(state, messages, found);
        }
        Err(error) => {
            let (StoreError::Refused(cause) | StoreError::Unavailable(cause)) = &error;
            tracing::warn!(%room, %error, %cause, "a log could not be read");
            sequencer.give_up(Refusal::StoreUnavailable);
        }
    }
}

/// Goes on from what is known by what was written since: one read, where reading the messages anew takes many. Nothing where
/// that does not do: too much was written, or something that does not follow, or cannot be read.
async fn catch_up(
    actors: &RoomActors,
    room: RoomId,
    ground: &Ground,
    messages: &[MessageId],
) -> Option<(RoomState, FoldedMessages)> {
    let here = ground.room().head()?.seq.get();
    if !messages.iter().all(|message| ground.knows(*message)) {
        return None;
    }
    let stretch = Stretch { after: Seq::new(here.saturating_sub(1)), through: Seq::new(u64::MAX) };
    let events = actors.store.read_events(room, stretch, CAUGHT_UP_EVENTS).await.ok()?;
    if events.len() >= CAUGHT_UP_EVENTS as usize {
        return None;
    }
    let events: Vec<_> = events.into_iter().map(Arc::new).collect();
    ground.followed_by(&events, messages)
}

/// Acknowledges, and only then publishes.
fn deliver(actors: &RoomActors, room: RoomId, sequencer: &mut RoomSequencer) {
    for (answer, outcome) in sequencer.answers() {
        // Whoever asked may have left.
        drop(answer.send(outcome));
    }
    let written = sequencer.unpublished();
    if let Some(last) = written.last() {
        actors.heads.post(room, last.head());
    }
    written.into_iter().for_each(|event| actors.news.hand_on(event));
}

/// Slows an actor down that conflicts again and again with something that it cannot see, such as a write that is not yet
/// majority committed.
#[derive(Debug, Default)]
struct Patience {
    refused_at: Option<Seq>,
    times: u32,
}

impl Patience {
    async fn after_conflict_at(&mut self, seq: Seq) {
        self.times = if self.refused_at.replace(seq) == Some(seq) { self.times + 1 } else { 0 };
        if self.times > 0 {
            tokio::time::sleep(Duration::from_millis(5 << self.times.min(6))).await;
        }
    }
}
