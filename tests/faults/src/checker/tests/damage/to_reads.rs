//! Damages to what is read.

use super::{Damage, tape::Tape};
use crate::{
    checker::ViolationKind as Kind,
    history::{Action, Answer, Change, Entry, Id, MessageSeen, Op, Reaction, Reply, Room, User},
};

pub(super) const DAMAGES: &[Damage] = &[
    ("a read shows another text", Kind::ReadDiffers, |tape| {
        change_row(tape, |row| !row.is_deleted, |row| row.text.push('!'))
    }),
    ("a read misses an edit", Kind::ReadDiffers, |tape| {
        change_row(tape, |row| row.edit_count > 0 && !row.is_deleted, |row| row.edit_count -= 1)
    }),
    ("a read undoes a deletion", Kind::ReadDiffers, |tape| {
        change_row(tape, |row| row.is_deleted, |row| (row.is_deleted, row.text) = (false, "back".to_owned()))
    }),
    ("a read counts a reaction twice", Kind::ReadDiffers, |tape| {
        change_row(tape, |row| !row.reactions.is_empty(), |row| row.reactions[0].count += 1)
    }),
    ("a read invents a reaction", Kind::ReadDiffers, |tape| {
        change_row(tape, |row| !row.is_deleted, |row| row.reactions.push(Reaction { emoji: "🦜".to_owned(), count: 1 }))
    }),
    ("a read shows a pin that is not there", Kind::ReadDiffers, |tape| {
        change_row(tape, |row| !row.is_deleted, |row| row.is_pinned = !row.is_pinned)
    }),
    ("a read shows another sender", Kind::ReadDiffers, |tape| change_row(tape, |_| true, |row| row.sender.0 += 1)),
    ("a page leaves out a message", Kind::ReadIncomplete, incomplete),
    ("the list of pins leaves one out", Kind::ReadIncomplete, incomplete_pins),
    ("a page is older than what its reader wrote", Kind::StaleRead, stale_page),
    ("a message is older than what its reader made of it", Kind::StaleRead, stale_message),
    ("something of a deleted message is left", Kind::ReadDiffers, |tape| {
        change_row(tape, |row| row.is_deleted, |row| row.text = "still here".to_owned())
    }),
    ("a read names a place beyond the log's end", Kind::ReadDiffers, |tape| {
        change_row(tape, |_| true, |row| row.as_of += 1_000_000)
    }),
    ("a page is out of order", Kind::ReadDiffers, out_of_order),
    ("a page shows a message from beyond its place", Kind::ReadDiffers, beyond_cursor),
    ("a page names another event", Kind::Disagreement, cursor_differs),
];

/// Returns the messages that an answer shows.
fn rows(entry: &mut Entry) -> &mut [MessageSeen] {
    match entry {
        Entry::Ok(Answer { reply: Reply::Page { messages, .. }, .. }) => messages,
        Entry::Ok(Answer { reply: Reply::Message(message), .. }) => std::slice::from_mut(message),
        _ => &mut [],
    }
}

fn change_row(tape: &mut Tape, fits: impl Fn(&MessageSeen) -> bool, change: impl Fn(&mut MessageSeen)) -> Option<()> {
    let mut spots = Vec::new();
    for (index, record) in tape.records.iter_mut().enumerate() {
        let fitting = rows(&mut record.is).iter().enumerate().filter(|(_, row)| fits(row));
        spots.extend(fitting.map(|(row, _)| (index, row)));
    }
    let (index, row) = tape.choose(spots)?;
    change(&mut rows(&mut tape.records[index].is)[row]);
    Some(())
}

fn incomplete(tape: &mut Tape) -> Option<()> {
    let mut spots = Vec::new();
    for (index, record) in tape.records.iter().enumerate() {
        let Entry::Ok(Answer { op, reply: Reply::Page { messages, .. } }) = &record.is else { continue };
        // The owner may see everything; a message in the middle is missed whatever was asked for.
        let call = &tape.calls[op];
        if call.action != Action::Pins && call.user == User(call.room.0) && messages.len() > 2 {
            let inner = 1..messages.len() - 1;
            spots.extend(inner.filter(|row| !messages[*row].is_deleted).map(|row| (index, row)));
        }
    }
    let (index, row) = tape.choose(spots)?;
    remove_row(tape, index, row);
    // What follows may have to be there without it, too.
    Some(())
}

fn incomplete_pins(tape: &mut Tape) -> Option<()> {
    let mut spots = Vec::new();
    for (index, record) in tape.records.iter().enumerate() {
        let Entry::Ok(Answer { op, reply: Reply::Page { messages, .. } }) = &record.is else { continue };
        if tape.calls[op].action == Action::Pins {
            spots.extend((0..messages.len()).map(|row| (index, row)));
        }
    }
    let (index, row) = tape.choose(spots)?;
    remove_row(tape, index, row);
    Some(())
}

fn remove_row(tape: &mut Tape, index: usize, row: usize) {
    if let Entry::Ok(Answer { reply: Reply::Page { messages, .. }, .. }) = &mut tape.records[index].is {
        messages.remove(row);
    }
}

/// Picks a page that has some messages.
fn page_of(tape: &mut Tape, least: usize) -> Option<usize> {
    tape.find(|index, entry| match entry {
        Entry::Ok(Answer { reply: Reply::Page { messages, .. }, .. }) => (messages.len() >= least).then_some(index),
        _ => None,
    })
}

fn out_of_order(tape: &mut Tape) -> Option<()> {
    let index = page_of(tape, 2)?;
    let rows = rows(&mut tape.records[index].is);
    rows.swap(0, 1);
    Some(())
}

fn beyond_cursor(tape: &mut Tape) -> Option<()> {
    let index = page_of(tape, 1)?;
    let Entry::Ok(Answer { op, .. }) = &tape.records[index].is else { return None };
    let log = tape.log(tape.calls[op].room);
    if let Entry::Ok(Answer { reply: Reply::Page { messages, cursor }, .. }) = &mut tape.records[index].is {
        let seq = messages.last()?.seq - 1;
        (cursor.seq, cursor.event) = (seq, log.get(&seq).map(|item| item.event));
    }
    Some(())
}

fn cursor_differs(tape: &mut Tape) -> Option<()> {
    let index = page_of(tape, 0)?;
    if let Entry::Ok(Answer { reply: Reply::Page { cursor, .. }, .. }) = &mut tape.records[index].is {
        cursor.event = Some(Id(0xfeed));
    }
    Some(())
}

/// Returns the highest place that was acknowledged to a user before a call.
fn own_place(tape: &Tape, room: Room, user: User, op: Op) -> u64 {
    let invoked = tape.invoked(op);
    let own =
        tape.placed().into_iter().filter(|one| (one.call.room, one.call.user) == (room, user) && one.index < invoked);
    own.map(|one| one.written.seq).max().unwrap_or(0)
}

fn stale_page(tape: &mut Tape) -> Option<()> {
    let mut spots = Vec::new();
    for (index, record) in tape.records.iter().enumerate() {
        let Entry::Ok(Answer { op, reply: Reply::Page { .. } }) = &record.is else { continue };
        let call = &tape.calls[op];
        let own = own_place(tape, call.room, call.user, *op);
        if own > 1 {
            spots.push((index, call.room, own));
        }
    }
    let (index, room, own) = tape.choose(spots)?;
    let before = tape.log(room)[&(own - 1)].event;
    if let Entry::Ok(Answer { reply: Reply::Page { messages, cursor }, .. }) = &mut tape.records[index].is {
        messages.retain(|row| row.seq < own);
        messages.iter_mut().for_each(|row| row.as_of = row.as_of.min(own - 1));
        (cursor.seq, cursor.event) = (own - 1, Some(before));
    }
    Some(())
}

fn stale_message(tape: &mut Tape) -> Option<()> {
    let mut spots = Vec::new();
    for (index, record) in tape.records.iter().enumerate() {
        let Entry::Ok(Answer { op, reply: Reply::Message(row) }) = &record.is else { continue };
        let call = &tape.calls[op];
        let own = own_place(tape, call.room, call.user, *op);
        let log = tape.log(call.room);
        let is_about = |change: &Change| match change {
            Change::Edited { message, .. }
            | Change::Deleted { message, .. }
            | Change::Reacted { message, .. }
            | Change::Pinned { message, .. } => *message == row.message,
            _ => false,
        };
        let last = log.values().rev().find(|item| item.seq <= row.as_of.max(own) && is_about(&item.change));
        // The last change of the message by then is one of the reader's own that can be taken back.
        if let Some(item) = last
            && matches!(item.change, Change::Pinned { .. } | Change::Reacted { .. })
            && item.actor == Some(call.user)
            && item.seq <= own
        {
            spots.push((index, item.clone()));
        }
    }
    let (index, changed) = tape.choose(spots)?;
    for row in rows(&mut tape.records[index].is) {
        row.as_of = changed.seq - 1;
        match &changed.change {
            Change::Reacted { emoji, is_added, .. } => take_back(&mut row.reactions, emoji, *is_added),
            _ => row.is_pinned = !row.is_pinned,
        }
    }
    Some(())
}

fn take_back(reactions: &mut Vec<Reaction>, emoji: &str, was_added: bool) {
    if !reactions.iter().any(|reaction| reaction.emoji == emoji) {
        reactions.push(Reaction { emoji: emoji.to_owned(), count: 0 });
    }
    for reaction in reactions.iter_mut().filter(|reaction| reaction.emoji == emoji) {
        reaction.count = if was_added { reaction.count - 1 } else { reaction.count + 1 };
    }
    reactions.retain(|reaction| reaction.count > 0);
}
