//! What the log of a life makes of rooms and messages, at each of its places.

mod folding;
mod people;

pub(super) use folding::reaction_digest;
pub(super) use people::Standing;

use std::rc::Rc;

use super::{
    audit::Audit,
    interning::{Map, NONE},
    lives::LifeNo,
    logs::{Event, RoomView},
    survey::Survey,
    violation::Findings,
};
use crate::history::Room;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct MessageState {
    /// The digest of its text. 0 where that is not known.
    pub(super) text: u64,
    /// The sum of the digests of its reactions, each an emoji with its count.
    pub(super) reactions: u64,
    pub(super) edit_count: u32,
    pub(super) is_deleted: bool,
    pub(super) is_pinned: bool,
}

/// A message, and what it was from which place on.
#[derive(Debug)]
pub(super) struct MessageLine {
    pub(super) room: Room,
    pub(super) seq: u32,
    pub(super) sender: u32,
    pub(super) create_time: i64,
    /// The event that deleted it. [`NONE`] where none did.
    pub(super) deleted_by: u32,
    states: Vec<(u32, MessageState)>,
}

impl MessageLine {
    /// Returns what it was at a place. Nothing at places before it.
    pub(super) fn at(&self, seq: u32) -> Option<&MessageState> {
        let after = self.states.partition_point(|(from, _)| *from <= seq);
        after.checked_sub(1).map(|index| &self.states[index].1)
    }

    /// Returns what it was from a place on, with the number of each change.
    pub(super) fn from(&self, seq: u32) -> impl Iterator<Item = &(u32, MessageState)> {
        self.states.iter().skip(self.states.partition_point(|(from, _)| *from <= seq).saturating_sub(1))
    }

    fn last(&self) -> MessageState {
        self.states.last().map(|(_, state)| *state).unwrap_or_default()
    }
}

/// A room, and what it was.
#[derive(Debug, Default)]
pub(super) struct RoomFold {
    pub(super) view: RoomView,
    /// Up to where everything is known. What comes after it is not folded.
    pub(super) known: u32,
    /// For each number, a time before which nothing from there on was asked for.
    asked: Vec<u64>,
    people: Map<u32, Vec<(u32, bool)>>,
    /// Where messages stand.
    pub(super) sent: Vec<u32>,
    /// The messages that were ever pinned.
    pub(super) pinned: Vec<u32>,
    /// Where edits stand of which nobody knows the message.
    pub(super) unknown_edits: Vec<u32>,
}

impl RoomFold {
    /// Returns the time that the event at a number came after.
    pub(super) fn asked_before(&self, seq: u32) -> u64 {
        seq.checked_sub(1).and_then(|index| self.asked.get(index as usize)).copied().unwrap_or(0)
    }
}

/// Everything that the logs of a life make.
#[derive(Debug)]
pub(super) struct Fold {
    is_last: bool,
    rooms: Vec<RoomFold>,
    messages: Vec<MessageLine>,
    by_id: Map<u32, u32>,
    /// When each reaction came and went: by message, emoji and user.
    reactions: Map<(u32, u64, u32), Vec<(u32, bool)>>,
    empty: Rc<RoomFold>,
}

impl Fold {
    /// Folds the logs of a life, as far as they are known, and reports events that the state before them did not allow.
    pub(super) fn of(survey: &Survey, audit: &Audit, life: LifeNo, findings: &mut Findings) -> Self {
        let mut fold = Self {
            is_last: life == survey.lives.current(),
            rooms: Vec::new(),
            messages: Vec::new(),
            by_id: Map::default(),
            reactions: Map::default(),
            empty: Rc::default(),
        };
        for (room, view) in (0..).map(Room).zip(survey.logs.view(life, survey.rooms.len())) {
            let room = folding::Folding::new(survey, audit, findings, &mut fold, room).fold(view);
            fold.rooms.push(room);
        }
        fold
    }

    pub(super) fn room(&self, room: Room) -> &RoomFold {
        self.rooms.get(room.0 as usize).unwrap_or(&self.empty)
    }

    /// Tells whether the whole log of a room is known: what is not in it did not happen.
    pub(super) fn is_whole(&self, room: Room) -> bool {
        let room = self.room(room);
        self.is_last && room.known as usize == room.view.len()
    }

    /// Returns the event at a place, where it is known.
    pub(super) fn event<'a>(&self, survey: &'a Survey, room: Room, seq: u64) -> Option<(u32, &'a Event)> {
        let index = *self.room(room).view.get(usize::try_from(seq).ok()?.checked_sub(1)?)?;
        Some((index, survey.logs.events.get(index as usize)?))
    }

    /// Returns a message by its interned id.
    pub(super) fn message(&self, id: u32) -> Option<(u32, &MessageLine)> {
        let index = *self.by_id.get(&id)?;
        Some((index, &self.messages[index as usize]))
    }

    /// Returns the message of an index.
    pub(super) fn message_at(&self, index: u32) -> &MessageLine {
        &self.messages[index as usize]
    }

    /// Tells whether a reaction was there at a place, or came after it before a time.
    pub(super) fn reaction_was(
        &self,
        audit: &Audit,
        key: (u32, u64, u32),
        wanted: bool,
        from: u32,
        until: u64,
    ) -> bool {
        let Some(line) = self.reactions.get(&key) else { return !wanted };
        let room = self.room(self.message_at(key.0).room);
        let at = line.partition_point(|(seq, _)| *seq <= from);
        let before = at.checked_sub(1).is_some_and(|index| line[index].1);
        before == wanted
            || line[at..].iter().any(|(seq, is_there)| {
                let index = room.view.get(*seq as usize - 1).copied().unwrap_or(NONE);
                *is_there == wanted && audit.origins.get(index as usize).is_none_or(|origin| origin.asked < until)
            })
    }
}
