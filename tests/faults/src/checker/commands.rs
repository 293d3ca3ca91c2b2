//! What was asked, and what was answered: commands, and the attempts at each.

use super::{
    interning::{Interner, Map, NONE, digest},
    lives::LifeNo,
};
use crate::history::{Action, ChangeKind, Id, Invoke, Outcome, Room, User, Written};

/// Kinds of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum CommandKind {
    Send,
    Edit,
    Delete,
    React,
    Unreact,
    Pin,
    Unpin,
    Join,
    Leave,
    Remove,
    Update,
}

impl CommandKind {
    /// Returns what kind of event comes of it, and what the event then says is there.
    pub(super) const fn makes(self) -> (ChangeKind, bool) {
        match self {
            Self::Send => (ChangeKind::Sent, false),
            Self::Edit => (ChangeKind::Edited, false),
            Self::Delete => (ChangeKind::Deleted, false),
            Self::React => (ChangeKind::Reacted, true),
            Self::Unreact => (ChangeKind::Reacted, false),
            Self::Pin => (ChangeKind::Pinned, true),
            Self::Unpin => (ChangeKind::Pinned, false),
            Self::Join | Self::Leave | Self::Remove => (ChangeKind::Memberships, false),
            Self::Update => (ChangeKind::Updated, false),
        }
    }
}

/// A command: what one `request_id` of a user in a room stands for.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) room: Room,
    pub(super) user: User,
    pub(super) kind: CommandKind,
    /// The message that it is about, interned. [`NONE`] where it is about none, or makes one.
    pub(super) message: u32,
    /// The digest of its text, emoji, topic or target. 0 where it has none.
    pub(super) text: u64,
    /// When the first attempt was invoked.
    pub(super) invoked: u64,
    /// The line of that.
    pub(super) line: u32,
    /// Another command under the same `request_id`: it may not be. [`NONE`] where there is none.
    pub(super) other: u32,
    /// Whether an attempt was made whose outcome is not a refusal.
    pub(super) is_possible: bool,
}

impl Command {
    /// What commands have in common that an event cannot tell apart.
    pub(super) fn group(&self) -> u64 {
        group(self.room, self.user.0, self.kind, self.message, self.text)
    }
}

/// See [`Command::group`].
pub(super) fn group(room: Room, user: u32, kind: CommandKind, message: u32, text: u64) -> u64 {
    digest((room, user, kind, message, text))
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// No answer.
    Nothing,
    /// It stands in the log, or nothing had to change.
    Written,
    /// It is so; the answer names no place.
    Done,
    /// Nothing, for a reason.
    NotDone,
    /// Nobody knows.
    Unknown,
}

/// A call that is an attempt at a command.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) command: u32,
    pub(super) came: Came,
    pub(super) is_repeat: bool,
    /// In which life it was invoked.
    pub(super) life: LifeNo,
    /// In which life it was answered.
    pub(super) life_answered: LifeNo,
    pub(super) invoked: u64,
    /// [`u64::MAX`] where it never was.
    pub(super) answered: u64,
    pub(super) line_invoked: u32,
    pub(super) line_answered: u32,
    /// The place answered. 0 where none was.
    pub(super) seq: u32,
    /// The message answered, interned.
    pub(super) message: u32,
    pub(super) create_time: Option<i64>,
}

impl Attempt {
    /// Tells whether it was answered with a place in the log, all within one life.
    pub(super) fn is_placed(&self) -> bool {
        self.came == Came::Written && self.seq > 0 && self.life == self.life_answered
    }
}

/// All commands of a history.
#[derive(Debug, Default)]
pub(super) struct Commands {
    pub(super) commands: Vec<Command>,
    pub(super) attempts: Vec<Attempt>,
    /// The attempt that a call is, by the call's number.
    of_op: Vec<u32>,
    /// The first command under a `request_id`.
    by_key: Map<u64, u32>,
    /// The commands that set a text.
    by_text: Map<u64, u32>,
}

impl Commands {
    /// Returns the first command under a `request_id` of a user in a room.
    pub(super) fn under_key(&self, room: Room, user: u32, request: u64) -> Option<u32> {
        self.by_key.get(&digest((room, user, request))).copied()
    }

    /// Returns all commands from one on that have the same `request_id`.
    pub(super) fn chain(&self, first: u32) -> impl Iterator<Item = u32> {
        let next = move |index: &u32| Some(self.commands[*index as usize].other).filter(|other| *other != NONE);
        std::iter::successors(Some(first), next)
    }

    /// Returns the command that set a text.
    pub(super) fn with_text(&self, text: u64) -> Option<u32> {
        self.by_text.get(&text).copied()
    }

    /// Returns the attempt that a call is.
    pub(super) fn attempt_of(&self, op: u32) -> Option<&Attempt> {
        self.of_op.get(op as usize).and_then(|index| self.attempts.get(*index as usize))
    }

    /// Takes an invocation. A read is none of a command.
    pub(super) fn invoke(&mut self, invoke: &Invoke, ids: &mut Interner, (at, line): (u64, u32), life: LifeNo) {
        let Some((kind, message, text)) = asked(&invoke.action) else { return };
        let message = message.map_or(NONE, |message| ids.intern(message));
        let fresh = Command {
            room: invoke.room,
            user: invoke.user,
            kind,
            message,
            text,
            invoked: at,
            line,
            other: NONE,
            is_possible: true,
        };
        let command = self.find_or_add(fresh, &invoke.request);
        let op = invoke.op.0 as usize;
        if self.of_op.len() <= op {
            self.of_op.resize(op + 1, NONE);
        }
        self.of_op[op] = u32::try_from(self.attempts.len()).expect("a history has less than 2^32 calls");
        self.attempts.push(Attempt {
            command,
            came: Came::Nothing,
            is_repeat: false,
            life,
            life_answered: life,
            invoked: at,
            answered: u64::MAX,
            line_invoked: line,
            line_answered: 0,
            seq: 0,
            message: NONE,
            create_time: None,
        });
    }

    fn find_or_add(&mut self, fresh: Command, request: &str) -> u32 {
        let next = u32::try_from(self.commands.len()).expect("a history has less than 2^32 commands");
        if !request.is_empty() {
            let key = digest((fresh.room, fresh.user.0, digest(request)));
            let first = *self.by_key.entry(key).or_insert(next);
            if first != next {
                let mut last = first;
                for index in self.chain(first) {
                    let known = &self.commands[index as usize];
                    if (known.kind, known.message, known.text) == (fresh.kind, fresh.message, fresh.text) {
                        return index;
                    }
                    last = index;
                }
                self.commands[last as usize].other = next;
            }
        }
        if matches!(fresh.kind, CommandKind::Send | CommandKind::Edit) {
            self.by_text.entry(fresh.text).or_insert(next);
        }
        self.commands.push(fresh);
        next
    }

    fn answered(&mut self, op: u32, (at, line): (u64, u32), life: LifeNo) -> Option<&mut Attempt> {
        let index = *self.of_op.get(op as usize)?;
        let attempt = self.attempts.get_mut(index as usize)?;
        (attempt.answered, attempt.line_answered, attempt.life_answered) = (at, line, life);
        Some(attempt)
    }

    /// Takes an answer that names a place.
    pub(super) fn written(&mut self, op: u32, written: &Written, ids: &mut Interner, when: (u64, u32), life: LifeNo) {
        let message = ids.intern(written.message);
        if let Some(attempt) = self.answered(op, when, life) {
            attempt.came = Came::Written;
            attempt.seq = u32::try_from(written.seq).unwrap_or(NONE);
            (attempt.message, attempt.create_time, attempt.is_repeat) =
                (message, written.create_time, written.is_repeat);
        }
    }

    /// Takes an answer that names none.
    pub(super) fn done(&mut self, op: u32, when: (u64, u32), life: LifeNo) {
        if let Some(attempt) = self.answered(op, when, life) {
            attempt.came = Came::Done;
        }
    }

    /// Takes a failure.
    pub(super) fn failed(&mut self, op: u32, outcome: Outcome, when: (u64, u32), life: LifeNo) {
        if let Some(attempt) = self.answered(op, when, life) {
            attempt.came = match outcome {
                Outcome::Refused | Outcome::NotDone => Came::NotDone,
                Outcome::Unknown => Came::Unknown,
            };
        }
    }

    /// Finds out which commands may stand in a log. To be called once all answers are known.
    pub(super) fn conclude(&mut self) {
        for command in &mut self.commands {
            command.is_possible = false;
        }
        for attempt in &self.attempts {
            self.commands[attempt.command as usize].is_possible |= attempt.came != Came::NotDone;
        }
    }
}

/// Returns a command's kind, message and text. Nothing for a read.
fn asked(action: &Action) -> Option<(CommandKind, Option<Id>, u64)> {
    use CommandKind as Kind;
    Some(match action {
        Action::Send { text } => (Kind::Send, None, digest(text.as_str())),
        Action::Edit { message, text } => (Kind::Edit, Some(*message), digest(text.as_str())),
        Action::Delete { message } => (Kind::Delete, Some(*message), 0),
        Action::React { message, emoji } => (Kind::React, Some(*message), digest(emoji.as_str())),
        Action::Unreact { message, emoji } => (Kind::Unreact, Some(*message), digest(emoji.as_str())),
        Action::Pin { message } => (Kind::Pin, Some(*message), 0),
        Action::Unpin { message } => (Kind::Unpin, Some(*message), 0),
        Action::Join => (Kind::Join, None, 0),
        Action::Leave => (Kind::Leave, None, 0),
        Action::Remove { target } => (Kind::Remove, None, u64::from(target.0)),
        Action::Update { topic } => (Kind::Update, None, digest(topic.as_str())),
        Action::Page { .. } | Action::Get { .. } | Action::Pins => return None,
    })
}
