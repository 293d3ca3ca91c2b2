//! Folding one room's log, event by event, and judging each by what the ones before it made.

use super::{
    super::{
        audit::{Audit, Origin},
        interning::{Map, NONE, Set, digest},
        logs::{Event, RoomView},
        survey::Survey,
        violation::{Findings, ViolationKind as Kind},
    },
    Fold, MessageLine, MessageState, RoomFold, Standing,
};
use crate::history::{ChangeKind, Room, User};

/// One room's log on its way.
pub(super) struct Folding<'a> {
    survey: &'a Survey,
    audit: &'a Audit,
    findings: &'a mut Findings,
    fold: &'a mut Fold,
    owner: u32,
    room: RoomFold,
    /// The reactions that are there: message, emoji and user.
    present: Set<(u32, u64, u32)>,
    /// How many reacted to a message with an emoji.
    reacted: Map<(u32, u64), u32>,
}

impl<'a> Folding<'a> {
    pub(super) fn new(
        survey: &'a Survey,
        audit: &'a Audit,
        findings: &'a mut Findings,
        fold: &'a mut Fold,
        room: Room,
    ) -> Self {
        let owner = survey.room(room).map_or(NONE, |room| room.owner.0);
        let (present, reacted) = (Set::default(), Map::default());
        Self { survey, audit, findings, fold, owner, room: RoomFold::default(), present, reacted }
    }

    pub(super) fn fold(mut self, view: RoomView) -> RoomFold {
        let mut asked = 0;
        for index in view.iter().take_while(|index| **index != NONE) {
            let event = &self.survey.logs.events[*index as usize];
            let origin = self.audit.origins[*index as usize];
            asked = asked.max(origin.asked);
            self.room.asked.push(asked);
            if let Err(what) = self.apply(*index, event, origin) {
                self.findings
                    .add(Kind::Misjudged, Some(event.room), &[origin.line, event.line], || format!("{event}: {what}"));
            }
            self.room.known = event.seq;
        }
        self.room.view = view;
        self.room
    }

    fn apply(&mut self, index: u32, event: &Event, origin: Origin) -> Result<(), &'static str> {
        match event.kind {
            ChangeKind::Updated => return Ok(()),
            ChangeKind::Created | ChangeKind::Memberships => return self.people(index, event),
            ChangeKind::Sent => self.send(event, origin),
            ChangeKind::Edited | ChangeKind::Deleted | ChangeKind::Reacted | ChangeKind::Pinned => {
                self.change(index, event, origin)?;
            }
        }
        match self.room.standing(event.actor, event.seq) {
            Standing::In => Ok(()),
            Standing::Out { .. } | Standing::Never => Err("the actor was no member"),
        }
    }

    fn people(&mut self, index: u32, event: &Event) -> Result<(), &'static str> {
        let mut outcome = Ok(());
        for change in self.survey.logs.memberships.get(&index).into_iter().flatten() {
            let User(user) = change.user;
            let was_member = self.room.standing(user, event.seq) == Standing::In;
            self.room.note_person(user, event.seq, change.is_member);
            if was_member == change.is_member {
                outcome = Err("the person was that already");
            } else if !change.is_member && user != event.actor && event.actor != self.owner {
                outcome = Err("only the owner removes others");
            } else if !change.is_member && user != event.actor && user == self.owner {
                outcome = Err("an owner is not removed");
            }
        }
        outcome
    }

    fn send(&mut self, event: &Event, origin: Origin) {
        let command = self.survey.commands.commands.get(origin.command as usize);
        let text = if event.content != 0 { event.text } else { command.map_or(0, |command| command.text) };
        let state = MessageState { text, ..MessageState::default() };
        let line = MessageLine {
            room: event.room,
            seq: event.seq,
            sender: event.actor,
            create_time: event.create_time,
            deleted_by: NONE,
            states: vec![(event.seq, state)],
        };
        let index = u32::try_from(self.fold.messages.len()).expect("a history has less than 2^32 messages");
        self.fold.messages.push(line);
        self.fold.by_id.insert(event.message, index);
        self.room.sent.push(event.seq);
    }

    fn change(&mut self, index: u32, event: &Event, origin: Origin) -> Result<(), &'static str> {
        let command = self.survey.commands.commands.get(origin.command as usize);
        let (id, text) = match command {
            Some(command) if event.content == 0 => (command.message, command.text),
            _ => (event.message, event.text),
        };
        if id == NONE {
            self.room.unknown_edits.push(event.seq);
            return Ok(());
        }
        let Some(message) = self.fold.by_id.get(&id).copied() else { return Err("there is no such message") };
        let line = &self.fold.messages[message as usize];
        if line.room != event.room || (event.content != 0 && line.seq != event.message_seq) {
            return Err("the message stands elsewhere");
        }
        let before = line.last();
        if before.is_deleted {
            return Err("the message was deleted");
        }
        let sender = line.sender;
        let after = match event.kind {
            ChangeKind::Edited if event.actor != sender => return Err("only its sender edits a message"),
            ChangeKind::Edited => MessageState { text, edit_count: before.edit_count + 1, ..before },
            ChangeKind::Deleted if event.actor != sender && event.actor != self.owner => {
                return Err("only its sender and the owner delete a message");
            }
            ChangeKind::Deleted => {
                MessageState { is_deleted: true, edit_count: before.edit_count, ..MessageState::default() }
            }
            ChangeKind::Reacted => self.react(message, event, before)?,
            _ if before.is_pinned == event.is_set => return Err("the pin was so already"),
            _ => MessageState { is_pinned: event.is_set, ..before },
        };
        let line = &mut self.fold.messages[message as usize];
        line.states.push((event.seq, after));
        if after.is_deleted {
            line.deleted_by = index;
        }
        if after.is_pinned && !self.room.pinned.contains(&message) {
            self.room.pinned.push(message);
        }
        if event.kind == ChangeKind::Edited && event.content != 0 && event.edit_count != after.edit_count {
            return Err("it counts the edits wrong");
        }
        Ok(())
    }

    fn react(&mut self, message: u32, event: &Event, before: MessageState) -> Result<MessageState, &'static str> {
        let key = (message, event.text, event.actor);
        let has_changed = if event.is_set { self.present.insert(key) } else { self.present.remove(&key) };
        if !has_changed {
            return Err("the reaction was so already");
        }
        self.fold.reactions.entry(key).or_default().push((event.seq, event.is_set));
        let count = self.reacted.entry((message, event.text)).or_default();
        let was = reaction_digest(event.text, *count);
        *count = if event.is_set { *count + 1 } else { count.saturating_sub(1) };
        let reactions = before.reactions.wrapping_sub(was).wrapping_add(reaction_digest(event.text, *count));
        Ok(MessageState { reactions, ..before })
    }
}

/// Returns what a number of reactions with one emoji adds to a message's digest.
pub(in crate::checker) fn reaction_digest(emoji: u64, count: u32) -> u64 {
    if count == 0 { 0 } else { digest((emoji, count)) }
}
