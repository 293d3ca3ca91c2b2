//! Damages to what stands in a log.

use super::{
    Damage,
    tape::{Placed, Tape},
};
use crate::{
    checker::ViolationKind as Kind,
    history::{Action, Change, Entry, Id, Item, Record, Reply, Room, User, Written},
};

pub(super) const DAMAGES: &[Damage] = &[
    ("an acknowledged send is gone", Kind::Lost, |tape| lost(tape, |action| matches!(action, Action::Send { .. }))),
    ("an acknowledged edit is gone", Kind::Lost, |tape| lost(tape, |action| matches!(action, Action::Edit { .. }))),
    ("an acknowledged delete is gone", Kind::Lost, |tape| lost(tape, |action| matches!(action, Action::Delete { .. }))),
    ("an acknowledged reaction is gone", Kind::Lost, |tape| {
        lost(tape, |action| matches!(action, Action::React { .. }))
    }),
    ("the last event is gone that somebody saw", Kind::Lost, lost_tail),
    ("a message stands twice", Kind::Doubled, doubled_send),
    ("an edit is made twice", Kind::Doubled, doubled_edit),
    ("an event stands at two places", Kind::Doubled, moved_event),
    ("a message that nobody sent", Kind::Phantom, phantom),
    ("a reaction that nobody gave", Kind::Phantom, phantom_reaction),
    ("a message that is seen before it is sent", Kind::Phantom, early),
    ("a number at which nothing stands", Kind::Hole, hole),
    ("two observers see two events the other way round", Kind::Disagreement, swapped),
    ("one observer sees another text", Kind::Disagreement, altered_for_one),
    ("one observer sees another epoch", Kind::Disagreement, other_epoch),
    ("all see another text than was sent", Kind::Altered, altered_for_all),
    ("what was sent later stands before", Kind::OrderInverted, inverted),
    ("time falls", Kind::TimeFell, time_fell),
    ("a change after the deletion", Kind::Misjudged, change_after_delete),
    ("a reaction counts twice", Kind::Misjudged, second_reaction),
    ("an edit counts for two", Kind::Misjudged, miscounted_edit),
    ("a call that was refused is carried out", Kind::RefusedButDone, refused_but_done),
    ("an edit names another place of its message", Kind::Misjudged, message_stands_elsewhere),
    ("somebody edits another's message", Kind::Misjudged, edit_of_another),
    ("a message is pinned that is pinned", Kind::Misjudged, second_pin),
    ("the times of the records fall", Kind::HistoryBroken, broken_time),
];

pub(super) const DAMAGES_OF_RESTORES: &[Damage] =
    &[("a restore loses what the backup had", Kind::Lost, lost_in_restore)];

fn lost(tape: &mut Tape, fits: impl Fn(&Action) -> bool) -> Option<()> {
    let placed = tape.placed().into_iter().filter(|placed| fits(&placed.call.action)).collect();
    let Placed { call, written, .. } = tape.choose(placed)?;
    tape.remove_event(0, call.room, written.seq);
    Some(())
}

fn lost_tail(tape: &mut Tape) -> Option<()> {
    let mut spots = Vec::new();
    for room in (0..3).map(Room) {
        let head = *tape.log(room).keys().next_back()?;
        // Whoever began to read after the last call may have read the log as it is at the end.
        let is_late = |index: &usize| {
            let Entry::Item(item) = &tape.records[*index].is else { return false };
            let opens = |record: &Record| matches!(&record.is, Entry::Open(open) if open.stream == item.stream);
            let opened = tape.records.iter().position(opens);
            let last_call =
                tape.records.iter().rposition(|record| matches!(&record.is, Entry::Invoke(call) if call.room == room));
            opened > last_call
        };
        let (late, early): (Vec<_>, Vec<_>) = tape.items_at(room, head).into_iter().partition(is_late);
        if !early.is_empty() {
            spots.push(late);
        }
    }
    for index in tape.choose(spots)?.into_iter().rev() {
        tape.records.remove(index);
    }
    Some(())
}

/// An event's id that nothing else has.
const FRESH: Id = Id(0xfeed_0000_0000_0000_8000_0000_0000_0001);

fn doubled_send(tape: &mut Tape) -> Option<()> {
    let sent = tape.items().filter(|(_, item)| matches!(item.change, Change::Sent { .. }));
    let sent = sent.map(|(_, item)| item.clone()).collect();
    let item = tape.choose(sent)?;
    tape.append(item.room, item.actor?, FRESH, item.change);
    Some(())
}

fn doubled_edit(tape: &mut Tape) -> Option<()> {
    let edits = tape.items().filter(|(_, item)| matches!(item.change, Change::Edited { .. }));
    let edits = edits.map(|(_, item)| item.clone()).collect();
    let mut item = tape.choose(edits)?;
    if let Change::Edited { edit_count, .. } = &mut item.change {
        *edit_count += 1;
    }
    tape.append(item.room, item.actor?, FRESH, item.change);
    Some(())
}

fn moved_event(tape: &mut Tape) -> Option<()> {
    let items = tape.items().map(|(_, item)| item.clone()).collect();
    let item = tape.choose(items)?;
    tape.append(item.room, item.actor?, item.event, item.change);
    Some(())
}

fn phantom(tape: &mut Tape) -> Option<()> {
    let change = Change::Sent { text: "nobody's".to_owned(), request: "request-of-nobody".to_owned() };
    tape.append(Room(0), User(0), FRESH, change);
    Some(())
}

fn phantom_reaction(tape: &mut Tape) -> Option<()> {
    let sent = tape.log(Room(0)).into_values().filter(|item| matches!(item.change, Change::Sent { .. })).collect();
    let item = tape.choose(sent)?;
    let emoji = "🦜".to_owned();
    let change = Change::Reacted { message: item.event, message_seq: item.seq, emoji, is_added: true };
    tape.append(Room(0), User(0), FRESH, change);
    Some(())
}

fn early(tape: &mut Tape) -> Option<()> {
    let mut spots = Vec::new();
    for placed in tape.placed() {
        let (is_send, first) = (matches!(placed.call.action, Action::Send { .. }), tape.attempts(&placed.call) == 1);
        let seen = tape.items_at(placed.call.room, placed.written.seq).into_iter().min();
        if let (true, true, Some(seen)) = (is_send, first, seen.filter(|seen| *seen < placed.index)) {
            spots.push((tape.invoked(placed.call.op), seen));
        }
    }
    let (invoked, seen) = tape.choose(spots)?;
    let mut record = tape.records.remove(invoked);
    // The record before the first that saw it is now at `seen - 1`.
    record.at = tape.records[seen - 1].at + 1;
    tape.records.insert(seen, record);
    Some(())
}

fn hole(tape: &mut Tape) -> Option<()> {
    let mut spots = Vec::new();
    for room in (0..3).map(Room) {
        spots.extend(tape.log(room).into_keys().rev().skip(1).map(|seq| (room, seq)));
    }
    let (room, seq) = tape.choose(spots)?;
    tape.records.retain(|record| !matches!(&record.is, Entry::Item(item) if (item.room, item.seq) == (room, seq)));
    Some(())
}

fn swapped(tape: &mut Tape) -> Option<()> {
    let mut spots = Vec::new();
    let items: Vec<_> = tape.items().collect();
    for (index, item) in &items {
        if item.stream == tape.last_reader(item.room) {
            continue;
        }
        let is_next =
            |(_, next): &&(usize, &Item)| (next.stream, next.room, next.seq) == (item.stream, item.room, item.seq + 1);
        let next = items.iter().filter(|(next, _)| next > index).find(is_next);
        spots.extend(next.map(|(next, _)| (*index, *next)));
    }
    let (one, other) = tape.choose(spots)?;
    let (first, second) = (tape.item_mut(one).clone(), tape.item_mut(other).clone());
    *tape.item_mut(one) = Item { seq: first.seq, ..second.clone() };
    *tape.item_mut(other) = Item { seq: second.seq, ..first };
    Some(())
}

fn alter(item: &mut Item) {
    match &mut item.change {
        Change::Sent { text, .. } | Change::Edited { text, .. } => text.push('!'),
        other => panic!("{other:?} has no text"),
    }
}

fn altered_for_one(tape: &mut Tape) -> Option<()> {
    let has_text = |change: &Change| matches!(change, Change::Sent { .. } | Change::Edited { .. });
    let texts: Vec<_> =
        tape.items().filter(|(_, item)| has_text(&item.change)).map(|(i, item)| (i, item.clone())).collect();
    let seen_twice = |of: &Item| texts.iter().filter(|(_, item)| item.event == of.event).count() > 1;
    let spots = texts.iter().filter(|(_, item)| seen_twice(item)).map(|(index, _)| *index).collect();
    let index = tape.choose(spots)?;
    alter(tape.item_mut(index));
    Some(())
}

fn altered_for_all(tape: &mut Tape) -> Option<()> {
    let spots = tape.items().filter(|(_, item)| matches!(item.change, Change::Sent { .. }));
    let spots = spots.map(|(_, item)| (item.room, item.seq)).collect();
    let (room, seq) = tape.choose(spots)?;
    for index in tape.items_at(room, seq) {
        if !matches!(tape.item_mut(index).change, Change::Blanked { .. }) {
            alter(tape.item_mut(index));
        }
    }
    Some(())
}

fn other_epoch(tape: &mut Tape) -> Option<()> {
    let index = tape.items().map(|(index, _)| index).collect();
    let index = tape.choose(index)?;
    tape.item_mut(index).epoch.push('x');
    Some(())
}

fn inverted(tape: &mut Tape) -> Option<()> {
    let placed = tape.placed();
    let sends: Vec<_> = placed
        .iter()
        .filter(|placed| matches!(placed.call.action, Action::Send { .. }) && tape.attempts(&placed.call) == 1)
        .collect();
    let mut spots = Vec::new();
    for one in &sends {
        for other in &sends {
            if one.call.room == other.call.room && one.index < tape.invoked(other.call.op) {
                spots.push(((*one).clone(), (*other).clone()));
            }
        }
    }
    let (one, other) = tape.choose(spots)?;
    let room = one.call.room;
    let (first, second) = (tape.items_at(room, one.written.seq), tape.items_at(room, other.written.seq));
    let (of_first, of_second) = (tape.item_mut(first[0]).clone(), tape.item_mut(second[0]).clone());
    let swap = |tape: &mut Tape, at: Vec<usize>, by: &Item| {
        for index in at {
            let item = tape.item_mut(index);
            (item.event, item.actor, item.change) = (by.event, by.actor, by.change.clone());
        }
    };
    swap(tape, first, &of_second);
    swap(tape, second, &of_first);
    let (early, late) = (one.written, other.written);
    *tape.written_mut(one.index) = Written { seq: late.seq, create_time: late.create_time, ..early };
    *tape.written_mut(other.index) = Written { seq: early.seq, create_time: early.create_time, ..late };
    Some(())
}

fn time_fell(tape: &mut Tape) -> Option<()> {
    let spots = tape.items().filter(|(_, item)| item.seq > 1).map(|(_, item)| (item.room, item.seq)).collect();
    let (room, seq) = tape.choose(spots)?;
    let before = tape.log(room)[&(seq - 1)].create_time;
    for index in tape.items_at(room, seq) {
        tape.item_mut(index).create_time = before - 1;
    }
    Some(())
}

fn deletions(tape: &Tape) -> Vec<(Room, Id, u64)> {
    let deleted = tape.items().filter_map(|(_, item)| match item.change {
        Change::Deleted { message, message_seq } => Some((item.room, message, message_seq)),
        _ => None,
    });
    deleted.collect()
}

fn change_after_delete(tape: &mut Tape) -> Option<()> {
    let deletions = deletions(tape);
    let (room, message, message_seq) = tape.choose(deletions)?;
    let user = User(room.0);
    let seq = 1 + tape.log(room).len() as u64;
    let written = Written { seq, message, create_time: None, is_repeat: false };
    tape.call(user, room, Action::Pin { message }, Reply::Written(written));
    tape.append(room, user, FRESH, Change::Pinned { message, message_seq, is_pinned: true });
    Some(())
}

fn second_reaction(tape: &mut Tape) -> Option<()> {
    let room = Room(tape.dice.below(3) as u32);
    let mut present = std::collections::BTreeMap::new();
    for item in tape.log(room).into_values() {
        match item.change {
            Change::Reacted { message, message_seq, emoji, is_added: true } => {
                present.insert((message, emoji, item.actor), message_seq);
            }
            Change::Reacted { message, emoji, .. } => drop(present.remove(&(message, emoji, item.actor))),
            Change::Deleted { message, .. } => present.retain(|(of, ..), _| *of != message),
            _ => {}
        }
    }
    let ((message, emoji, user), message_seq) = tape.choose(present.into_iter().collect())?;
    let seq = 1 + tape.log(room).len() as u64;
    let written = Written { seq, message, create_time: None, is_repeat: false };
    tape.call(user?, room, Action::React { message, emoji: emoji.clone() }, Reply::Written(written));
    tape.append(room, user?, FRESH, Change::Reacted { message, message_seq, emoji, is_added: true });
    Some(())
}

fn miscounted_edit(tape: &mut Tape) -> Option<()> {
    let spots = tape.items().filter(|(_, item)| matches!(item.change, Change::Edited { .. }));
    let spots = spots.map(|(_, item)| (item.room, item.seq)).collect();
    let (room, seq) = tape.choose(spots)?;
    for index in tape.items_at(room, seq) {
        if let Change::Edited { edit_count, .. } = &mut tape.item_mut(index).change {
            *edit_count += 1;
        }
    }
    Some(())
}

fn message_stands_elsewhere(tape: &mut Tape) -> Option<()> {
    let spots = tape.items().filter(|(_, item)| matches!(item.change, Change::Edited { .. }));
    let spots = spots.map(|(_, item)| (item.room, item.seq)).collect();
    let (room, seq) = tape.choose(spots)?;
    for index in tape.items_at(room, seq) {
        if let Change::Edited { message_seq, .. } = &mut tape.item_mut(index).change {
            *message_seq += 1;
        }
    }
    Some(())
}

fn edit_of_another(tape: &mut Tape) -> Option<()> {
    let room = Room(tape.dice.below(3) as u32);
    let owner = User(room.0);
    let others = tape.log(room).into_values();
    let others = others.filter(|item| matches!(item.change, Change::Sent { .. }) && item.actor != Some(owner));
    let sent = tape.choose(others.collect())?;
    let text = "nobody's".to_owned();
    let change = Change::Edited { message: sent.event, message_seq: sent.seq, text, edit_count: 1 };
    tape.append(room, owner, FRESH, change);
    Some(())
}

fn second_pin(tape: &mut Tape) -> Option<()> {
    let room = Room(tape.dice.below(3) as u32);
    let mut pinned = std::collections::BTreeMap::new();
    for item in tape.log(room).into_values() {
        match item.change {
            Change::Pinned { message, message_seq, is_pinned: true } => drop(pinned.insert(message, message_seq)),
            Change::Pinned { message, .. } | Change::Deleted { message, .. } => drop(pinned.remove(&message)),
            _ => {}
        }
    }
    let (message, message_seq) = tape.choose(pinned.into_iter().collect())?;
    let user = User(room.0);
    let seq = 1 + tape.log(room).len() as u64;
    let written = Written { seq, message, create_time: None, is_repeat: false };
    tape.call(user, room, Action::Pin { message }, Reply::Written(written));
    tape.append(room, user, FRESH, Change::Pinned { message, message_seq, is_pinned: true });
    Some(())
}

fn refused_but_done(tape: &mut Tape) -> Option<()> {
    let sends = tape.placed().into_iter();
    let sends = sends.filter(|one| matches!(one.call.action, Action::Send { .. }) && tape.attempts(&one.call) == 1);
    // It must be known which message it was: somebody saw it before it was erased.
    let sends = sends.filter(|one| {
        let log = tape.log(one.call.room);
        log.get(&one.written.seq).is_some_and(|item| matches!(item.change, Change::Sent { .. }))
    });
    let one = tape.choose(sends.collect())?;
    tape.refuse(one.index, one.call.op, "FAILED_PRECONDITION", "");
    Some(())
}

fn broken_time(tape: &mut Tape) -> Option<()> {
    let index = 1 + tape.dice.below(tape.records.len() - 2);
    tape.records[index].at = tape.records[index - 1].at - 1;
    Some(())
}

fn lost_in_restore(tape: &mut Tape) -> Option<()> {
    let of = |tape: &Tape, fits: &dyn Fn(&Entry) -> bool| tape.records.iter().rposition(|record| fits(&record.is));
    let restored = of(tape, &|entry| matches!(entry, Entry::Restored(_)))?;
    let Entry::Restored(to) = tape.records[restored].is.clone() else { return None };
    let begun = of(tape, &|entry| matches!(entry, Entry::BackupBegun(begun) if begun.backup == to.backup))?;
    let life = tape.records[..begun].iter().rposition(|record| matches!(record.is, Entry::Restored(_))).unwrap_or(0);
    let sends = tape.placed().into_iter().filter(|one| {
        matches!(one.call.action, Action::Send { .. }) && one.index < begun && tape.invoked(one.call.op) > life
    });
    let one = tape.choose(sends.collect())?;
    tape.remove_event(restored, one.call.room, one.written.seq);
    Some(())
}
