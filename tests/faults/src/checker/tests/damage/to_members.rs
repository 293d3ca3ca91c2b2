//! Damages to who is in a room and what is told to those who are not.

use super::{Damage, tape::Tape};
use crate::{
    checker::ViolationKind as Kind,
    history::{
        Action, Change, ClosedReason, Entry, Hidden, Id, Invoke, Item, Outcome, Record, Reply, Room, RoomClosed,
        StreamId, User, Written,
    },
};

pub(super) const DAMAGES: &[Damage] = &[
    ("an acknowledged leaving is gone", Kind::Lost, lost_leaving),
    ("somebody sends who is no member", Kind::Misjudged, send_of_non_member),
    ("the removed is told what follows", Kind::ToldExMember, told_after_removal),
    ("who came back is told what happened meanwhile in a private room", Kind::ToldExMember, told_of_absence),
    ("a member's events are hidden", Kind::HiddenUnjustified, hidden_from_member),
    ("a room is closed to its member", Kind::ClosedUnjustified, closed_to_member),
];

fn memberships(tape: &Tape, room: Room, user: User) -> Vec<(u64, bool)> {
    let mut found = Vec::new();
    for (seq, item) in tape.log(room) {
        match item.change {
            Change::Created { members } if members.contains(&user) => found.push((seq, true)),
            Change::Memberships { changes } => {
                found.extend(changes.iter().filter(|change| change.user == user).map(|change| (seq, change.is_member)));
            }
            _ => {}
        }
    }
    found
}

fn lost_leaving(tape: &mut Tape) -> Option<()> {
    let mut spots = Vec::new();
    for (room, user) in (0..3).flat_map(|room| (0..5).map(move |user| (Room(room), User(user)))) {
        let has_joined =
            tape.calls.values().any(|call| (call.room, call.user, &call.action) == (room, user, &Action::Join));
        let takes_out = |call: &Invoke| {
            call.room == room
                && (call.action == Action::Remove { target: user }
                    || (call.user == user && call.action == Action::Leave))
        };
        let acknowledged = tape.records.iter().any(|record| match &record.is {
            Entry::Ok(answer) => takes_out(&tape.calls[&answer.op]),
            _ => false,
        });
        if let ([(_, true), (seq, false)], false, true) = (&memberships(tape, room, user)[..], has_joined, acknowledged)
        {
            spots.push((room, *seq));
        }
    }
    let (room, seq) = tape.choose(spots)?;
    tape.remove_event(0, room, seq);
    Some(())
}

fn send_of_non_member(tape: &mut Tape) -> Option<()> {
    let all = (0..3).flat_map(|room| (0..5).map(move |user| (Room(room), User(user))));
    let out = all.filter(|(room, user)| memberships(tape, *room, *user).last().is_none_or(|(_, is_member)| !is_member));
    let (room, user) = tape.choose(out.collect())?;
    let (text, message) = ("still here".to_owned(), Id(0xfeed));
    let written = Written { seq: 1 + tape.log(room).len() as u64, message, create_time: None, is_repeat: false };
    tape.call(user, room, Action::Send { text: text.clone() }, Reply::Written(written));
    let request = tape.calls.values().max_by_key(|call| call.op)?.request.clone();
    tape.append(room, user, message, Change::Sent { text, request });
    Some(())
}

fn told_after_removal(tape: &mut Tape) -> Option<()> {
    let mut spots = Vec::new();
    for (index, record) in tape.records.iter().enumerate() {
        let Entry::Closed(RoomClosed { stream, room, reason: ClosedReason::Removed }) = record.is else { continue };
        let user = tape.opens[&stream].user;
        let before = tape.records[..index].iter().rev().find_map(|record| match &record.is {
            Entry::Item(item) if item.stream == stream && item.room == room => Some(item.clone()),
            _ => None,
        });
        let Some(removal) = before.filter(|item| takes_out(item, user)) else { continue };
        let log = tape.log(room);
        let Some(next) = log.get(&(removal.seq + 1)) else { continue };
        // By then somebody saw it; and the last join was over before something was asked for that stands before the removal.
        let is_seen = tape.items_at(room, next.seq).first().is_some_and(|seen| *seen < index);
        if is_seen && last_join(tape, room, user, index) < asked_before(tape, room, removal.seq) {
            spots.push((index, Item { stream, ..next.clone() }));
        }
    }
    let (index, item) = tape.choose(spots)?;
    tape.insert(index, [Entry::Item(item)]);
    Some(())
}

fn takes_out(item: &Item, user: User) -> bool {
    match &item.change {
        Change::Memberships { changes } => changes.iter().any(|change| change.user == user && !change.is_member),
        _ => false,
    }
}

/// Returns when the last join before a record was answered.
fn last_join(tape: &Tape, room: Room, user: User, until: usize) -> u64 {
    let mut last = 0;
    for record in &tape.records[..until] {
        let Entry::Invoke(call) = &record.is else { continue };
        if (call.room, call.user, &call.action) == (room, user, &Action::Join) {
            let is_answer = |record: &&Record| match &record.is {
                Entry::Ok(answer) => answer.op == call.op,
                Entry::Fail(failure) => failure.op == call.op && failure.outcome != Outcome::Unknown,
                _ => false,
            };
            last = last.max(tape.records.iter().find(is_answer).map_or(u64::MAX, |record| record.at));
        }
    }
    last
}

/// Returns the latest time at which something was asked for that stands at or before a place and can only be what it is.
fn asked_before(tape: &Tape, room: Room, seq: u64) -> u64 {
    let log = tape.log(room);
    let requests: Vec<_> = log
        .range(..=seq)
        .filter_map(|(_, item)| match &item.change {
            Change::Sent { request, .. } => Some((item.actor, request.clone())),
            _ => None,
        })
        .collect();
    let mut first = std::collections::HashMap::new();
    for record in &tape.records {
        if let Entry::Invoke(call) = &record.is {
            first.entry((call.room, Some(call.user), call.request.clone())).or_insert(record.at);
        }
    }
    let asked = requests.into_iter().filter_map(|(actor, request)| first.get(&(room, actor, request)).copied());
    asked.max().unwrap_or(0)
}

fn told_of_absence(tape: &mut Tape) -> Option<()> {
    let (index, hidden) = tape.find(|index, entry| match entry {
        Entry::Hidden(hidden) => Some((index, hidden.clone())),
        _ => None,
    })?;
    let log = tape.log(hidden.room);
    let items = log.range(hidden.from..=hidden.to).map(|(_, item)| Item { stream: hidden.stream, ..item.clone() });
    let items: Vec<_> = items.map(Entry::Item).collect();
    tape.insert(index, items);
    tape.records.retain(|record| record.is != Entry::Hidden(hidden.clone()));
    Some(())
}

/// Picks an item that a stream of the room's owner says: it is in the room from the beginning to the end.
fn told_to_owner(tape: &mut Tape) -> Option<(usize, StreamId, Room, u64)> {
    let to_owner = tape.items().filter(|(_, item)| tape.opens[&item.stream].user.0 == item.room.0 && item.seq > 1);
    let spots = to_owner.map(|(index, item)| (index, item.stream, item.room, item.seq)).collect();
    tape.choose(spots)
}

fn hidden_from_member(tape: &mut Tape) -> Option<()> {
    let (index, stream, room, seq) = told_to_owner(tape)?;
    tape.records[index].is = Entry::Hidden(Hidden { stream, room, from: seq, to: seq });
    Some(())
}

fn closed_to_member(tape: &mut Tape) -> Option<()> {
    // A room that was taken up later is not judged: when exactly, nobody wrote down.
    let (index, stream, room, _) = told_to_owner(tape)?;
    if tape.opens[&stream].rooms.iter().all(|cursor| cursor.room != room)
        || tape.records.iter().any(|record| matches!(&record.is, Entry::Watch(watch) if watch.stream == stream))
    {
        return None;
    }
    let reason = if tape.dice.chance(50) { ClosedReason::Removed } else { ClosedReason::NotFound };
    tape.records[index].is = Entry::Closed(RoomClosed { stream, room, reason });
    Some(())
}
