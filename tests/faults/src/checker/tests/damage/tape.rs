//! A history on the bench: found one's way in, cut and glued.

use std::collections::{BTreeMap, HashMap};

use super::super::dice::Dice;
use crate::history::{
    Action, Answer, Change, Entry, Failure, Id, Invoke, Item, Op, Open, Outcome, Place, Record, Reply, Room, StreamId,
    User, Written,
};

/// A history on the bench.
pub(super) struct Tape {
    pub(super) records: Vec<Record>,
    pub(super) dice: Dice,
    pub(super) calls: HashMap<Op, Invoke>,
    /// The index of each call's invocation, before anything was cut.
    invoked: HashMap<Op, usize>,
    pub(super) opens: HashMap<StreamId, Open>,
}

/// A command's answer that names a place.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    /// The index of the answer.
    pub(super) index: usize,
    pub(super) call: Invoke,
    pub(super) written: Written,
}

impl Tape {
    pub(super) fn of(records: Vec<Record>, dice: Dice) -> Self {
        let (mut calls, mut invoked, mut opens) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (index, record) in records.iter().enumerate() {
            match &record.is {
                Entry::Invoke(invoke) => {
                    invoked.insert(invoke.op, index);
                    calls.insert(invoke.op, invoke.clone());
                }
                Entry::Open(open) => drop(opens.insert(open.stream, open.clone())),
                _ => {}
            }
        }
        Self { records, dice, calls, invoked, opens }
    }

    /// Picks one of all places that fit.
    pub(super) fn choose<T: Clone>(&mut self, spots: Vec<T>) -> Option<T> {
        self.dice.pick(&spots).cloned()
    }

    /// Picks a record that fits.
    pub(super) fn find<T: Clone>(&mut self, fits: impl Fn(usize, &Entry) -> Option<T>) -> Option<T> {
        let spots = self.records.iter().enumerate().filter_map(|(index, record)| fits(index, &record.is)).collect();
        self.choose(spots)
    }

    /// Returns all items, with their indexes.
    pub(super) fn items(&self) -> impl Iterator<Item = (usize, &Item)> {
        self.records.iter().enumerate().filter_map(|(index, record)| match &record.is {
            Entry::Item(item) => Some((index, item)),
            _ => None,
        })
    }

    pub(super) fn items_at(&self, room: Room, seq: u64) -> Vec<usize> {
        self.items().filter(|(_, item)| (item.room, item.seq) == (room, seq)).map(|(index, _)| index).collect()
    }

    pub(super) fn item_mut(&mut self, index: usize) -> &mut Item {
        match &mut self.records[index].is {
            Entry::Item(item) => item,
            other => panic!("{other:?} is no item"),
        }
    }

    /// Returns the stream that read a room to its end.
    pub(super) fn last_reader(&self, room: Room) -> StreamId {
        let of_room = self.opens.values().filter(|open| open.rooms.len() == 1 && open.rooms[0].room == room);
        let reads_all = of_room.filter(|open| open.rooms[0].after.as_ref().is_some_and(|after| after.seq == 0));
        reads_all.map(|open| open.stream).max().expect("every room is read to its end")
    }

    /// Returns the index from which on the last readers open: after all calls.
    pub(super) fn end_of_calls(&self) -> usize {
        let first = (0..3).map(|room| self.last_reader(Room(room))).min().expect("there are rooms");
        let opens = |record: &Record| matches!(&record.is, Entry::Open(open) if open.stream == first);
        self.records.iter().position(opens).expect("it was opened")
    }

    /// Returns the last log of a room, with contents where anybody saw them.
    pub(super) fn log(&self, room: Room) -> BTreeMap<u64, Item> {
        let last = self.last_reader(room);
        let mut log: BTreeMap<u64, Item> = self
            .items()
            .filter(|(_, item)| item.room == room && item.stream == last)
            .map(|(_, i)| (i.seq, i.clone()))
            .collect();
        for (_, item) in self.items().filter(|(_, item)| item.room == room) {
            if let Some(known) = log.get_mut(&item.seq)
                && matches!(known.change, Change::Blanked { .. })
                && known.event == item.event
            {
                known.change = item.change.clone();
            }
        }
        log
    }

    /// Returns all answers that name a place.
    pub(super) fn placed(&self) -> Vec<Placed> {
        let answers = self.records.iter().enumerate().filter_map(|(index, record)| match &record.is {
            Entry::Ok(Answer { op, reply: Reply::Written(written) }) if written.seq > 0 => {
                Some(Placed { index, call: self.calls[op].clone(), written: written.clone() })
            }
            _ => None,
        });
        answers.collect()
    }

    /// Returns how many calls were made for what a call is made for.
    pub(super) fn attempts(&self, call: &Invoke) -> usize {
        let is_same =
            |other: &&Invoke| (other.user, other.room, &other.request) == (call.user, call.room, &call.request);
        self.calls.values().filter(is_same).count()
    }

    /// Returns the index of a call's invocation. For use before anything is cut.
    pub(super) fn invoked(&self, op: Op) -> usize {
        self.invoked[&op]
    }

    pub(super) fn written_mut(&mut self, index: usize) -> &mut Written {
        match &mut self.records[index].is {
            Entry::Ok(Answer { reply: Reply::Written(written), .. }) => written,
            other => panic!("{other:?} names no place"),
        }
    }

    pub(super) fn insert(&mut self, index: usize, entries: impl IntoIterator<Item = Entry>) {
        let at = self.records[index].at;
        self.records.splice(index..index, entries.into_iter().map(|is| Record { at, is }));
    }

    pub(super) fn refuse(&mut self, index: usize, op: Op, code: &str, reason: &str) {
        let (code, reason) = (code.to_owned(), reason.to_owned());
        self.records[index].is = Entry::Fail(Failure { op, code, reason, outcome: Outcome::Refused });
    }

    /// Makes a call at the end of all calls, with its answer.
    pub(super) fn call(&mut self, user: User, room: Room, action: Action, reply: Reply) {
        let op = Op(1 + self.calls.keys().map(|op| op.0).max().unwrap_or(0));
        let invoke = Invoke { op, client: 0, user, room, via: 0, request: format!("damage-{op}"), action };
        let end = self.end_of_calls();
        self.calls.insert(op, invoke.clone());
        self.insert(end, [Entry::Invoke(invoke), Entry::Ok(Answer { op, reply })]);
    }

    /// Puts an event at the end of a log: every stream that is at its end says it.
    pub(super) fn append(&mut self, room: Room, actor: User, event: Id, change: Change) -> u64 {
        let log = self.log(room);
        let last = log.values().next_back().expect("a log has a beginning").clone();
        let mut at_end = std::collections::BTreeSet::new();
        for record in &self.records {
            match &record.is {
                Entry::Item(item) if item.room == room && item.seq == last.seq => drop(at_end.insert(item.stream)),
                Entry::End(end) => drop(at_end.remove(&end.stream)),
                Entry::Watch(watch) if watch.drop.contains(&room) => drop(at_end.remove(&watch.stream)),
                Entry::Closed(closed) if closed.room == room => drop(at_end.remove(&closed.stream)),
                _ => {}
            }
        }
        let seq = last.seq + 1;
        let items = at_end.into_iter().map(|stream| {
            Entry::Item(Item { stream, seq, event, actor: Some(actor), change: change.clone(), ..last.clone() })
        });
        let settled = self.records.len() - 1;
        let items: Vec<_> = items.collect();
        self.insert(settled, items);
        seq
    }

    /// Takes an event out of a log, from a record on, as if it had never been there: what follows moves up.
    pub(super) fn remove_event(&mut self, from: usize, room: Room, seq: u64) {
        let before = self.log(room).get(&(seq - 1)).map(|item| item.event);
        let calls = self.calls.clone();
        let mut index = 0;
        self.records.retain(|record| {
            index += 1;
            let is_it = matches!(&record.is, Entry::Item(item) if (item.room, item.seq) == (room, seq));
            !(is_it && index > from)
        });
        let up = |at: &mut u64| *at -= u64::from(*at > seq);
        let place = |place: &mut Place| {
            if place.seq == seq {
                (place.seq, place.event) = (seq - 1, before);
            }
            up(&mut place.seq);
        };
        for record in self.records.iter_mut().skip(from) {
            move_places(&mut record.is, room, &calls, up, place, seq);
        }
    }
}

fn move_places(
    entry: &mut Entry,
    room: Room,
    calls: &HashMap<Op, Invoke>,
    up: impl Fn(&mut u64),
    place: impl Fn(&mut Place),
    gone: u64,
) {
    match entry {
        Entry::Item(item) if item.room == room => {
            up(&mut item.seq);
            if let Change::Edited { message_seq, .. }
            | Change::Deleted { message_seq, .. }
            | Change::Reacted { message_seq, .. }
            | Change::Pinned { message_seq, .. } = &mut item.change
            {
                up(message_seq);
            }
        }
        Entry::Hidden(hidden) if hidden.room == room => {
            hidden.to -= u64::from(hidden.to >= gone);
            up(&mut hidden.from);
        }
        Entry::Reset(reset) if reset.room == room => place(&mut reset.cursor),
        Entry::Head(head) if head.room == room => place(&mut head.place),
        Entry::Open(open) => {
            let cursors = open.rooms.iter_mut().filter(|cursor| cursor.room == room);
            cursors.filter_map(|cursor| cursor.after.as_mut()).for_each(place);
        }
        Entry::Watch(watch) => {
            let cursors = watch.add.iter_mut().filter(|cursor| cursor.room == room);
            cursors.filter_map(|cursor| cursor.after.as_mut()).for_each(place);
        }
        Entry::Ok(answer) if calls[&answer.op].room == room => match &mut answer.reply {
            Reply::Written(written) if written.seq != gone => up(&mut written.seq),
            Reply::Page { messages, cursor } => {
                for seen in messages {
                    up(&mut seen.seq);
                    seen.as_of -= u64::from(seen.as_of >= gone);
                }
                place(cursor);
            }
            Reply::Message(seen) => {
                up(&mut seen.seq);
                seen.as_of -= u64::from(seen.as_of >= gone);
            }
            Reply::Written(_) | Reply::Done => {}
        },
        _ => {}
    }
}
