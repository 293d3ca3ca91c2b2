//! What stands where: the log of each room in each life, put together from what streams said.

use std::fmt;

use super::{
    interning::{Interner, Map, NONE, digest},
    lives::LifeNo,
};
use crate::history::{Change, ChangeKind, Item, Membership, Room};

/// An event of a log.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) room: Room,
    pub(super) seq: u32,
    /// The event's id, interned.
    pub(super) id: u32,
    /// Whose doing, [`NONE`] where nobody's.
    pub(super) actor: u32,
    /// The message that it is about, interned; the event itself for a send. [`NONE`] where it is about none, or where that was
    /// only seen erased.
    pub(super) message: u32,
    pub(super) message_seq: u32,
    pub(super) edit_count: u32,
    /// The line in which it was first seen.
    pub(super) line: u32,
    pub(super) kind: ChangeKind,
    /// Of reactions and pins: whether it is there from here on.
    pub(super) is_set: bool,
    /// The digest of all that the change says. 0 where it was only seen erased.
    pub(super) content: u64,
    /// The digest of its text, emoji or topic. 0 where there is none.
    pub(super) text: u64,
    /// The digest of its `request_id`. 0 where there is none.
    pub(super) request: u64,
    pub(super) create_time: i64,
    pub(super) first_seen: u64,
}

impl Event {
    /// Reads an item.
    fn of(item: &Item, ids: &mut Interner, at: u64, line: u32) -> Self {
        let id = ids.intern(item.event);
        let mut event = Self {
            room: item.room,
            seq: u32::try_from(item.seq).unwrap_or(NONE),
            id,
            actor: item.actor.map_or(NONE, |actor| actor.0),
            message: NONE,
            message_seq: 0,
            edit_count: 0,
            line,
            kind: item.change.kind(),
            is_set: false,
            content: content(&item.change),
            text: 0,
            request: 0,
            create_time: item.create_time,
            first_seen: at,
        };
        match &item.change {
            Change::Sent { text, request } => {
                (event.message, event.text, event.request) = (id, digest(text.as_str()), digest(request.as_str()));
            }
            Change::Edited { message, message_seq, text, edit_count } => {
                event.about(ids.intern(*message), *message_seq);
                (event.text, event.edit_count) = (digest(text.as_str()), *edit_count);
            }
            Change::Deleted { message, message_seq } => event.about(ids.intern(*message), *message_seq),
            Change::Reacted { message, message_seq, emoji, is_added } => {
                event.about(ids.intern(*message), *message_seq);
                (event.text, event.is_set) = (digest(emoji.as_str()), *is_added);
            }
            Change::Pinned { message, message_seq, is_pinned } => {
                event.about(ids.intern(*message), *message_seq);
                event.is_set = *is_pinned;
            }
            Change::Updated { topic } => event.text = digest(topic.as_str()),
            Change::Blanked { kind: ChangeKind::Sent } => event.message = id,
            Change::Created { .. } | Change::Memberships { .. } | Change::Blanked { .. } => {}
        }
        event
    }

    /// Tells whether rooms decided it, and gave it its id.
    const fn is_of_rooms(&self) -> bool {
        matches!(self.kind, ChangeKind::Created | ChangeKind::Updated | ChangeKind::Memberships)
    }

    fn about(&mut self, message: u32, seq: u64) {
        (self.message, self.message_seq) = (message, u32::try_from(seq).unwrap_or(NONE));
    }

    /// Tells what of two views of one place differs.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        if self.id != other.id {
            Some("the event's id")
        } else if self.kind != other.kind {
            Some("the kind")
        } else if self.content != other.content && self.content != 0 && other.content != 0 {
            Some("the content")
        } else if self.actor != other.actor {
            Some("the actor")
        } else if self.create_time != other.create_time {
            Some("create_time")
        } else {
            None
        }
    }

    /// Takes what another view shows and this one had only seen erased.
    fn fill_from(&mut self, other: &Self) {
        if self.content == 0 && other.content != 0 {
            let (line, first_seen) = (self.line, self.first_seen);
            *self = Self { line, first_seen, ..other.clone() };
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}", self.kind, self.seq)
    }
}

fn content(change: &Change) -> u64 {
    match change {
        Change::Blanked { .. } => 0,
        Change::Created { members } => {
            let mut members = members.clone();
            members.sort_unstable();
            digest((1, members))
        }
        Change::Updated { topic } => digest((2, topic)),
        Change::Memberships { changes } => {
            let changes: Vec<_> = changes.iter().map(|change| (change.user, change.is_member)).collect();
            digest((3, changes))
        }
        Change::Sent { text, request } => digest((4, text, request)),
        Change::Edited { message, message_seq, text, edit_count } => {
            digest((5, message, message_seq, text, edit_count))
        }
        Change::Deleted { message, message_seq } => digest((6, message, message_seq)),
        Change::Reacted { message, message_seq, emoji, is_added } => digest((7, message, message_seq, emoji, is_added)),
        Change::Pinned { message, message_seq, is_pinned } => digest((8, message, message_seq, is_pinned)),
    }
}

/// What an observation does not agree with.
pub(super) enum Conflict {
    /// Something else was seen at the same place: what differs, and the line.
    Differs(&'static str, u32),
    /// The same event was seen at another place of the same log: where, and the line.
    Moved(u32, u32),
}

/// The logs.
#[derive(Debug, Default)]
pub(super) struct Logs {
    pub(super) events: Vec<Event>,
    /// Who came or went, of events that say so: by the event's index.
    pub(super) memberships: Map<u32, Box<[Membership]>>,
    /// The last event seen under an interned id.
    by_id: Vec<u32>,
    lives: Vec<LifeLogs>,
}

#[derive(Debug, Default)]
struct LifeLogs {
    parent: Option<LifeNo>,
    rooms: Vec<RoomLog>,
}

#[derive(Debug, Default, Clone)]
struct RoomLog {
    /// The index of the event seen at each number, from 1. [`NONE`] where none was.
    own: Vec<u32>,
    /// Up to where the log is known to be its parent's.
    inherited: u32,
}

impl RoomLog {
    fn own(&self, seq: u32) -> u32 {
        seq.checked_sub(1).and_then(|index| self.own.get(index as usize)).copied().unwrap_or(NONE)
    }
}

/// The log of a room: the index of the event at each number, from 1, [`NONE`] where it is not known.
pub(super) type RoomView = Vec<u32>;

impl Logs {
    pub(super) fn begin_life(&mut self, parent: Option<LifeNo>) {
        self.lives.push(LifeLogs { parent, rooms: Vec::new() });
    }

    fn room(&self, life: LifeNo, room: Room) -> Option<&RoomLog> {
        self.lives[usize::from(life)].rooms.get(room.0 as usize)
    }

    fn room_mut(&mut self, life: LifeNo, room: Room) -> &mut RoomLog {
        let rooms = &mut self.lives[usize::from(life)].rooms;
        if rooms.len() <= room.0 as usize {
            rooms.resize(room.0 as usize + 1, RoomLog::default());
        }
        &mut rooms[room.0 as usize]
    }

    /// Returns what stands at a number in a life, inherited or its own. [`NONE`] where that is not known.
    pub(super) fn at(&self, mut life: LifeNo, room: Room, seq: u32) -> u32 {
        loop {
            let Some(log) = self.room(life, room) else { return NONE };
            let own = log.own(seq);
            match self.lives[usize::from(life)].parent {
                Some(parent) if own == NONE && seq <= log.inherited => life = parent,
                _ => return own,
            }
        }
    }

    /// Takes what a stream said. Where it does not agree with what was seen before, it takes the place of that: the last
    /// reader is the one that read the log to its end.
    pub(super) fn observe(
        &mut self,
        life: LifeNo,
        item: &Item,
        ids: &mut Interner,
        (at, line): (u64, u32),
    ) -> Vec<Conflict> {
        let seen = Event::of(item, ids, at, line);
        let (room, seq) = (item.room, seen.seq);
        let mut conflicts = Vec::new();
        let own = self.room(life, room).map_or(NONE, |log| log.own(seq));
        let mut index = own;
        if own != NONE {
            let before = &mut self.events[own as usize];
            if let Some(what) = before.difference(&seen) {
                conflicts.push(Conflict::Differs(what, before.line));
            }
            if before.id == seen.id {
                before.fill_from(&seen);
            } else {
                index = NONE;
            }
        }
        if index == NONE {
            index = self.find_or_add(life, seen, &mut conflicts);
            if let Change::Memberships { changes } = &item.change {
                self.memberships.insert(index, changes.clone().into());
            } else if let Change::Created { members } = &item.change {
                let changes = members.iter().map(|user| Membership { user: *user, is_member: true }).collect();
                self.memberships.insert(index, changes);
            }
            let log = self.room_mut(life, room);
            if log.own.len() < seq as usize {
                log.own.resize(seq as usize, NONE);
            }
            log.own[seq as usize - 1] = index;
        }
        if self.at_parent(life, room, seq) == index {
            self.inherit(life, room, seq);
        }
        conflicts
    }

    /// Returns the event as it is known from another life or another view of this one, or adds it.
    fn find_or_add(&mut self, life: LifeNo, seen: Event, conflicts: &mut Vec<Conflict>) -> u32 {
        if self.by_id.len() <= seen.id as usize {
            self.by_id.resize(seen.id as usize + 1, NONE);
        }
        let known = self.by_id[seen.id as usize];
        if let Some(before) = self.events.get(known as usize) {
            let (before_room, before_seq, before_line) = (before.room, before.seq, before.line);
            if (before_room, before_seq) == (seen.room, seen.seq) {
                let before = &mut self.events[known as usize];
                match before.difference(&seen) {
                    None => {
                        before.fill_from(&seen);
                        return known;
                    }
                    // What rooms had decided and not yet put into the log when a backup was made, it puts in after the
                    // restore as well, under the same id, at another time.
                    Some("create_time") if before.is_of_rooms() && self.at(life, before_room, before_seq) != known => {}
                    Some(what) => conflicts.push(Conflict::Differs(what, before_line)),
                }
            } else if self.at(life, before_room, before_seq) == known {
                conflicts.push(Conflict::Moved(before_seq, before_line));
            }
        }
        let index = u32::try_from(self.events.len()).expect("a history has less than 2^32 events");
        self.by_id[seen.id as usize] = index;
        self.events.push(seen);
        index
    }

    /// Takes that an event stands at a number in a life, which is known by its id alone. Where it does so in the life before,
    /// all up to there is inherited; unless it may have been put in anew.
    pub(super) fn claim(&mut self, life: LifeNo, room: Room, seq: u32, id: u32) {
        let known = self.at_parent(life, room, seq);
        if self.events.get(known as usize).is_some_and(|event| event.id == id && !event.is_of_rooms()) {
            self.inherit(life, room, seq);
        }
    }

    /// Returns what stands at a number in the life before one.
    fn at_parent(&self, life: LifeNo, room: Room, seq: u32) -> u32 {
        self.lives[usize::from(life)].parent.map_or(NONE, |parent| self.at(parent, room, seq))
    }

    fn inherit(&mut self, life: LifeNo, room: Room, seq: u32) {
        let log = self.room_mut(life, room);
        log.inherited = log.inherited.max(seq);
    }

    /// Returns the log of each room in a life, as far as it is known.
    pub(super) fn view(&self, life: LifeNo, rooms: usize) -> Vec<RoomView> {
        (0..rooms)
            .map(|room| self.room_view(life, Room(u32::try_from(room).expect("rooms are numbered by u32"))))
            .collect()
    }

    fn room_view(&self, life: LifeNo, room: Room) -> RoomView {
        let Some(log) = self.room(life, room) else { return Vec::new() };
        let mut view = match self.lives[usize::from(life)].parent {
            Some(parent) if log.inherited > 0 => self.room_view(parent, room),
            _ => Vec::new(),
        };
        view.truncate(log.inherited as usize);
        if view.len() < log.own.len() {
            view.resize(log.own.len(), NONE);
        }
        for (place, own) in view.iter_mut().zip(&log.own) {
            if *own != NONE {
                *place = *own;
            }
        }
        view
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Id, StreamId, User};

    fn joined(seq: u64, create_time: i64) -> Item {
        let changes = vec![Membership { user: User(1), is_member: true }];
        Item {
            stream: StreamId(0),
            room: Room(0),
            seq,
            event: Id(5),
            epoch: "one".to_owned(),
            actor: Some(User(1)),
            create_time,
            change: Change::Memberships { changes },
        }
    }

    fn begun() -> (Logs, Interner) {
        let mut logs = Logs::default();
        logs.begin_life(None);
        logs.begin_life(Some(0));
        (logs, Interner::default())
    }

    #[test]
    fn what_rooms_puts_in_again_after_a_restore_is_of_another_time_and_nothing_before_it_is_inherited() {
        let (mut logs, mut ids) = begun();
        assert!(logs.observe(0, &joined(2, 10), &mut ids, (1, 1)).is_empty());
        assert!(logs.observe(1, &joined(2, 99), &mut ids, (2, 2)).is_empty());
        assert_eq!(logs.at(1, Room(0), 2), 1);
        assert_eq!(logs.room_view(1, Room(0)), [NONE, 1]);
        let differs = logs.observe(1, &joined(2, 10), &mut ids, (3, 3));
        assert!(matches!(differs[..], [Conflict::Differs("create_time", 2)]), "one life has one time");
    }

    #[test]
    fn what_a_restore_kept_is_inherited_with_all_before_it() {
        let (mut logs, mut ids) = begun();
        assert!(logs.observe(0, &joined(2, 10), &mut ids, (1, 1)).is_empty());
        assert!(logs.observe(1, &joined(2, 10), &mut ids, (2, 2)).is_empty());
        assert_eq!(logs.room(1, Room(0)).map(|log| log.inherited), Some(2));
    }
}
