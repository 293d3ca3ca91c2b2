//! The decisions of a room's actor, as a pure state machine: no clock, no task, no store.
//!
//! Whoever drives it hands it commands ([`Sequencer::take`]), asks what to do ([`Sequencer::next_step`]), does that, and
//! says how it went, until there is nothing left to do. What it relies on:
//!
//! - A batch is numbered from right after the head of the state it was decided against. If anything stands there, the store
//!   refuses the batch; so whatever the store takes was decided against the true head, and the machine may be wrong about
//!   the log, but never unnoticed.
//! - After a conflict or an unknown outcome nothing is guessed: the log is read, what stands there by a waiting command's
//!   key settles it, and everything else is decided anew against what was read.
//! - A command keeps its key and event id over all attempts, so that an attempt that lands late is found, or refuses the
//!   next one.
//! - A refusal is not fenced by the store, nor is the finding that nothing changes. So they stand only if the log was read
//!   since the command came, and no event stands under its key.
//! - What is done to a message is decided against the message at the same head as the room: it is asked for, kept while
//!   the machine is at that head and goes on from it by its own batches, and forgotten when the log is found at another.

use std::{collections::HashMap, sync::Arc};

use loquat_ids::{Epoch, MessageId, RoomId, Timestamp};

use crate::model::{
    Change, Command, DedupKey, Done, FoldedMessages, Ground, Intent, Message, Placed, Refusal, RoomEvent, RoomState,
    TraceContext, Verdict,
};

#[cfg(test)]
mod exploration;

/// What comes of a command.
pub(crate) type Outcome = Result<Done, Refusal>;

/// What to do next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Nothing: every command has its answer.
    Rest,
    /// Read the log: its state at the head and some messages as of the same head, and after that what stands under the keys.
    /// Say it to [`Sequencer::learn`].
    Read { keys: Vec<DedupKey>, messages: Vec<MessageId> },
    /// Write a batch. Say how it went to [`Sequencer::committed`] or [`Sequencer::doubt`].
    Write { batch: Vec<Arc<RoomEvent>> },
}

/// Numbers the commands of one room. `T` is what an answer is returned to.
#[derive(Debug)]
pub(crate) struct Sequencer<T> {
    room: RoomId,
    epoch: Epoch,
    /// The room, and some of its messages, as this actor last knew them. They may be behind the log.
    ground: Ground,
    /// The commands without an answer, in the order they came.
    waiting: Vec<Waiting<T>>,
    /// The batch that is being written.
    in_flight: Option<Batch>,
    /// Whether the log was read since the waiting commands came and since the last doubt.
    is_current: bool,
    /// Whether something was written and nobody knows what became of it.
    is_in_doubt: bool,
    answers: Vec<(T, Outcome)>,
    /// What this actor wrote and nobody was told yet.
    unpublished: Vec<Arc<RoomEvent>>,
}

#[derive(Debug)]
struct Waiting<T> {
    ticket: T,
    command: Command,
    /// Whether an attempt to write it was made, so that its event may be found in the log without being a repeat.
    is_attempted: bool,
}

#[derive(Debug)]
struct Batch {
    events: Vec<Written>,
    /// The room and its messages after them.
    ground: Ground,
}

/// An event, and the message that it is about as it is right after it, where that is known.
#[derive(Debug)]
struct Written {
    event: Arc<RoomEvent>,
    message: Option<Message>,
}

impl<T> Sequencer<T> {
    pub(crate) fn new(room: RoomId, epoch: Epoch) -> Self {
        Self {
            room,
            epoch,
            ground: Ground::default(),
            waiting: Vec::new(),
            in_flight: None,
            is_current: false,
            is_in_doubt: false,
            answers: Vec::new(),
            unpublished: Vec::new(),
        }
    }

    /// Returns the room as this actor last knew it.
    pub(crate) const fn state(&self) -> &RoomState {
        self.ground.room()
    }

    /// Returns what commands are judged by, as this actor last knew it.
    pub(crate) const fn ground(&self) -> &Ground {
        &self.ground
    }

    /// Returns the trace of the first command that waits: the one that reads and writes are counted towards.
    pub(crate) fn trace(&self) -> Option<&TraceContext> {
        self.waiting.iter().find_map(|waiting| waiting.command.trace.as_ref())
    }

    /// Takes commands, of which the batch that answers them is made: at most as many as the store takes at once.
    pub(crate) fn take(&mut self, commands: impl IntoIterator<Item = (T, Command)>) {
        debug_assert!(self.waiting.is_empty(), "one batch at a time");
        self.is_current = false;
        self.ground.trim();
        self.waiting =
            commands.into_iter().map(|(ticket, command)| Waiting { ticket, command, is_attempted: false }).collect();
    }

    /// Says what to do next. `now` may be any moment: no event is given one before the event ahead of it.
    pub(crate) fn next_step(&mut self, now: Timestamp) -> Step {
        // The id of a room change is not this command's alone. So whether it stands there already is read before it is
        // written: what is found afterwards was not there when the command came.
        let is_to_be_looked_up =
            self.waiting.iter().any(|waiting| matches!(waiting.command.intent, Intent::ChangeRoom { .. }));
        if self.is_in_doubt || (is_to_be_looked_up && !self.is_current) || self.has_unread_messages() {
            return self.read();
        }
        let mut ground = self.ground.clone();
        let mut events: Vec<Written> = Vec::new();
        let mut not_written = HashMap::new();
        let mut numbered = HashMap::new();
        for (index, waiting) in self.waiting.iter().enumerate() {
            let command = &waiting.command;
            // A second command under a key waits for what becomes of the first.
            if numbered.contains_key(&command.dedup_key) {
                continue;
            }
            let Ok(change) = ground.judge(command) else {
                // What stands ahead of it in the batch may never be written: only what is in the log refuses. A command
                // that that does not refuse waits for what becomes of the batch.
                if let Err(verdict) = self.ground.judge(command) {
                    not_written.insert(index, verdict);
                }
                continue;
            };
            let event = Arc::new(self.number(ground.room(), command, change, now));
            let message = ground.apply(&event);
            events.push(Written { event, message });
            numbered.insert(command.dedup_key.clone(), index);
        }
        if !not_written.is_empty() && !self.is_current {
            return self.read();
        }
        for index in numbered.into_values() {
            self.waiting[index].is_attempted = true;
        }
        self.settle(|index, _| match not_written.remove(&index)? {
            Verdict::Refused(refusal) => Some(Err(refusal)),
            Verdict::Unchanged(message) => Some(Ok(Done::Unchanged(message))),
            // It was read. Should it be forgotten meanwhile, it is read again.
            Verdict::Unread(_) => None,
        });
        if events.is_empty() {
            return if self.waiting.is_empty() { Step::Rest } else { self.read() };
        }
        let batch = events.iter().map(|written| Arc::clone(&written.event)).collect();
        self.in_flight = Some(Batch { events, ground });
        Step::Write { batch }
    }

    /// The batch is durable.
    pub(crate) fn committed(&mut self) {
        let Some(batch) = self.in_flight.take() else { return };
        self.ground = batch.ground;
        self.settle_by(&batch.events);
        self.unpublished.extend(batch.events.into_iter().map(|written| written.event));
    }

    /// The batch was refused by an index, or nobody knows what became of it.
    pub(crate) fn doubt(&mut self) {
        self.in_flight = None;
        self.is_in_doubt = true;
        self.is_current = false;
    }

    /// The log was read: first the state at its head and the messages that were asked for, as of the same head; then what
    /// stands under the keys that were asked for.
    pub(crate) fn learn(&mut self, state: RoomState, messages: FoldedMessages, found: Vec<RoomEvent>) {
        self.ground.learn(state, messages);
        self.is_in_doubt = false;
        self.is_current = true;
        let mut found: Vec<_> =
            found.into_iter().map(|event| Written { event: Arc::new(event), message: None }).collect();
        found.sort_by_key(|found| found.event.seq);
        let events = found.iter().map(|found| &found.event);
        let landed = events.filter(|event| self.waiting.iter().any(|waiting| waiting.wrote(event)));
        let landed: Vec<_> = landed.cloned().collect();
        self.settle_by(&found);
        self.unpublished.extend(landed);
    }

    /// Answers everything that waits with a refusal. What was written of it may still land, and is found by its key.
    pub(crate) fn give_up(&mut self, refusal: Refusal) {
        self.in_flight = None;
        self.is_in_doubt = false;
        self.settle(|_, _| Some(Err(refusal)));
    }

    /// Hands out the answers that are due.
    pub(crate) fn answers(&mut self) -> Vec<(T, Outcome)> {
        std::mem::take(&mut self.answers)
    }

    /// Hands out what is to be published, in order, after the answers.
    pub(crate) fn unpublished(&mut self) -> Vec<Arc<RoomEvent>> {
        std::mem::take(&mut self.unpublished)
    }

    fn read(&self) -> Step {
        let mut keys: Vec<_> = self.waiting.iter().map(|waiting| waiting.command.dedup_key.clone()).collect();
        keys.sort();
        keys.dedup();
        let mut messages: Vec<_> = self.waiting.iter().filter_map(|waiting| waiting.command.intent.message()).collect();
        messages.sort();
        messages.dedup();
        Step::Read { keys, messages }
    }

    fn has_unread_messages(&self) -> bool {
        let mut messages = self.waiting.iter().filter_map(|waiting| waiting.command.intent.message());
        messages.any(|message| !self.ground.knows(message))
    }

    fn number(&self, state: &RoomState, command: &Command, change: Change, now: Timestamp) -> RoomEvent {
        RoomEvent {
            room: self.room,
            seq: state.seq().next(),
            event_id: command.event_id,
            epoch: self.epoch.clone(),
            actor: Some(command.actor),
            create_time: state.not_before_head(now),
            trace: command.trace.clone(),
            dedup_key: command.dedup_key.clone(),
            content_hash: command.content_hash,
            change,
        }
    }

    /// Settles each waiting command whose key has an event. The first to have attempted it is its author.
    fn settle_by(&mut self, events: &[Written]) {
        let by_key: HashMap<_, _> = events.iter().map(|written| (&written.event.dedup_key, written)).collect();
        self.settle(|_, waiting| {
            let Written { event, message } = *by_key.get(&waiting.command.dedup_key)?;
            if event.content_hash != waiting.command.content_hash {
                return Some(Err(Refusal::RequestIdReused));
            }
            let is_repeat = !waiting.wrote(event);
            Some(Ok(Done::Placed(Placed { event: Arc::clone(event), is_repeat, message: message.clone() })))
        });
    }

    fn settle(&mut self, mut outcome: impl FnMut(usize, &Waiting<T>) -> Option<Outcome>) {
        for (index, waiting) in std::mem::take(&mut self.waiting).into_iter().enumerate() {
            match outcome(index, &waiting) {
                Some(outcome) => self.answers.push((waiting.ticket, outcome)),
                None => self.waiting.push(waiting),
            }
        }
    }
}

impl<T> Waiting<T> {
    /// Tells whether an event is this command's own.
    fn wrote(&self, event: &RoomEvent) -> bool {
        self.is_attempted && self.command.event_id == event.event_id && self.command.dedup_key == event.dedup_key
    }
}
