//! The folder: moves rooms on, some at once, behind the acknowledgements.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt as _, stream};
use loquat_ids::RoomId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    queue::FoldQueue,
    tail::{self, seq_of},
};
use crate::{
    model::{Change, ChangeKind, MessageFold, MessagePlace, RoomEvent, Seq},
    ports::{Cause, DeadLetter, DeadLetters, FoldedRoom, LogEntry, MessageStore, StoreError, Stretch},
};

/// How many rooms are moved on at once, and kept together.
const ROUND_ROOMS: usize = 64;
/// How many of them are read at once.
const READS_AT_ONCE: usize = 8;
/// How long a round gathers what comes meanwhile. It bounds how often the store's writer is taken from those who send, and
/// with it how much every read completes by itself.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(100);
/// How long the folder waits after something went wrong.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// For how many times as long as a round took the store is left to others. So a store that is slow is not made slower.
const REST_ROUNDS: u32 = 4;
/// How long it is left to them at most.
const LONGEST_REST: Duration = Duration::from_secs(5);

/// Folds what is wanted, until the process ends.
///
/// Any number of folders may work on a store: what each keeps says up to where it is so, and the store keeps the latest.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) store: Arc<dyn MessageStore>,
    pub(crate) letters: Arc<dyn DeadLetters>,
    pub(crate) queue: Arc<FoldQueue>,
}

impl Folder {
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut is_away = false;
        loop {
            let Some(rooms) = stop.run_until_cancelled(self.queue.take(ROUND_ROOMS)).await else { return };
            let began = Instant::now();
            let outcome = self.round(rooms).await;
            match &outcome {
                Err(error) if !is_away => tracing::warn!(error = &**error, "messages are not folded: reads cost more"),
                Ok(()) if is_away => tracing::info!("messages are folded again"),
                _ => {}
            }
            is_away = outcome.is_err();
            let rest = began.elapsed().saturating_mul(REST_ROUNDS).min(LONGEST_REST);
            let pause = rest.max(if is_away { AFTER_FAILURE } else { BETWEEN_ROUNDS });
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Moves rooms on, each by one page of what happened in it up to the place that is wanted.
    pub(crate) async fn round(&self, rooms: Vec<(RoomId, Seq)>) -> Result<(), Cause> {
        let steps = stream::iter(rooms).map(|(room, wanted)| self.step(room, wanted)).buffer_unordered(READS_AT_ONCE);
        let steps: Vec<_> = steps.collect().await;
        let (mut folded, mut failure) = (Vec::new(), None);
        for step in steps {
            match step {
                Ok(Step { folded: Some(room), failure: letter }) => {
                    folded.push(room);
                    failure = failure.or(letter);
                }
                Ok(Step { folded: None, failure: letter }) => failure = failure.or(letter),
                Err(error) => failure = Some(error.into()),
            }
        }
        if !folded.is_empty() {
            self.store.keep_folds(&folded).await?;
        }
        folded.iter().for_each(|folded| self.queue.done(folded.room, folded.folded_to));
        failure.map_or(Ok(()), Err)
    }

    /// Reads no more than it has to: where another folder was here before, how far it came; else what was told of, and not
    /// where the log ends.
    async fn step(&self, room: RoomId, wanted: Seq) -> Result<Step, StoreError> {
        let from = self.store.read_folds(room, &[]).await?.folded_to;
        if from >= wanted {
            self.queue.done(room, from);
            return Ok(Step::default());
        }
        let stretch = Stretch { after: from, through: wanted };
        let page = tail::read_page(&*self.store, room, stretch, true).await?;
        if page.entries.is_empty() {
            // What was told of stands in another life of the log, or was never written. What does stand the scan finds.
            self.queue.give_up(room, wanted);
            return Ok(Step::default());
        }
        let mut work = Work { room, folded_to: from, folds: BTreeMap::new(), changed: BTreeSet::new() };
        let places: BTreeSet<_> = page.entries.iter().flatten().filter_map(|event| event.change.message()).collect();
        if !places.is_empty() {
            let kept = self.store.read_folds(room, &places.iter().map(|place| place.seq).collect::<Vec<_>>()).await?;
            work.folds = kept.folds.into_iter().collect();
        }
        for entry in page.entries {
            let seq = seq_of(&entry);
            if let Err(letter) = work.take(entry, &self.store.epoch()) {
                tracing::error!(%room, %seq, error = letter.error, "an event cannot be folded: it is buried");
                if let Err(error) = self.letters.bury(letter).await {
                    // Nothing is passed over that was not told: the room goes on when it can be.
                    return Ok(Step { folded: work.done(), failure: Some(error) });
                }
            }
            // As far as something was read, and no further: nobody has said that the log goes up to what is wanted.
            work.folded_to = seq;
        }
        Ok(Step { folded: work.done(), failure: None })
    }
}

/// What became of a room in a round.
#[derive(Debug, Default)]
struct Step {
    /// The room, where it was moved on.
    folded: Option<FoldedRoom>,
    /// Why it was not moved on further.
    failure: Option<Cause>,
}

/// A room being moved on.
struct Work {
    room: RoomId,
    folded_to: Seq,
    folds: BTreeMap<Seq, MessageFold>,
    changed: BTreeSet<MessagePlace>,
}

impl Work {
    /// Takes the next entry of the log, or returns it as a letter where it cannot be taken.
    fn take(&mut self, entry: LogEntry, epoch: &loquat_ids::Epoch) -> Result<(), DeadLetter> {
        let letter = |seq, payload, error: &dyn std::error::Error| DeadLetter {
            room: self.room,
            epoch: epoch.clone(),
            seq,
            payload,
            error: error.to_string(),
        };
        let event = entry.map_err(|undecodable| letter(undecodable.seq, undecodable.payload, &*undecodable.error))?;
        let Some(place) = event.change.message().filter(|_| !matches!(event.change, Change::PinChanged { .. })) else {
            return Ok(());
        };
        let mut fold = self.folds.get(&place.seq).cloned().unwrap_or_default();
        fold.apply(&event).map_err(|error| letter(event.seq, payload_of(&event), &error))?;
        self.folds.insert(place.seq, fold);
        self.changed.insert(place);
        Ok(())
    }

    fn done(mut self) -> Option<FoldedRoom> {
        let mut folded =
            FoldedRoom { room: self.room, folded_to: self.folded_to, folds: Vec::new(), erased: Vec::new() };
        for place in self.changed {
            let Some(fold) = self.folds.remove(&place.seq) else { continue };
            if fold.is_deleted {
                // Again where it was done before: whoever did it may have come no further.
                folded.erased.push((place.seq, Change::Blanked { was: ChangeKind::MessageSent, message: None }));
                let blanked =
                    |seq: &Seq| (*seq, Change::Blanked { was: ChangeKind::MessageEdited, message: Some(place) });
                folded.erased.extend(fold.edits.iter().map(blanked));
            }
            folded.folds.push((place.seq, fold));
        }
        Some(folded)
    }
}

fn payload_of(event: &RoomEvent) -> bytes::Bytes {
    serde_json::to_vec(&event.change).map(Into::into).unwrap_or_default()
}
