//! Damages to what streams say.

use super::{Damage, tape::Tape};
use crate::{
    checker::ViolationKind as Kind,
    history::{
        Action, Change, CursorOpen, Entry, Id, Item, Open, Place, Record, ResetReason, Room, RoomClosed, RoomReset,
        StreamId,
    },
};

pub(super) const DAMAGES: &[Damage] = &[
    ("a stream says an event twice", Kind::StreamRepeated, repeated),
    ("a stream goes back", Kind::StreamRepeated, goes_back),
    ("a resumed stream leaves out the first event", Kind::StreamSkipped, skipped_at_resume),
    ("a stream leaves out an event", Kind::StreamSkipped, skipped),
    ("Sync says that a place is reached that is not", Kind::StreamSkipped, skipped_in_sync),
    ("a stream does not say the last event", Kind::StreamBehind, behind),
    ("a cursor with another event is followed", Kind::CursorIgnored, cursor_ignored),
    ("a closed room is told of", Kind::CursorIgnored, told_after_closing),
    ("a RESET without its reason", Kind::ResetUnjustified, reset),
    ("a RESET to another event", Kind::Disagreement, reset_elsewhere),
    ("an event comes blanked that nobody deletes", Kind::BlankedEarly, blanked),
    ("a head names another event", Kind::Disagreement, head_differs),
    ("presence is wrong at the end", Kind::PresenceWrong, presence),
    ("a stream is used that was not opened", Kind::HistoryBroken, not_open),
    ("a cursor of another life is followed", Kind::CursorIgnored, other_life_followed),
    ("asked for what comes from now on, a stream tells what was before", Kind::StreamRepeated, told_from_before),
    ("a reader is called slow, and nothing slowed it down", Kind::ResetUnjustified, called_slow),
    ("a stream is opened twice", Kind::HistoryBroken, opened_twice),
    ("a call is answered twice", Kind::HistoryBroken, answered_twice),
    ("nobody reads a log to its end", Kind::HistoryBroken, not_read),
    ("the history has no end", Kind::HistoryBroken, |tape| tape.records.pop().map(drop)),
    ("the history has no header", Kind::HistoryBroken, |tape| {
        (!tape.records.is_empty()).then(|| drop(tape.records.remove(0)))
    }),
];

fn repeated(tape: &mut Tape) -> Option<()> {
    let items = tape.items().map(|(index, item)| (index, item.clone())).collect();
    let (index, item) = tape.choose(items)?;
    tape.insert(index + 1, [Entry::Item(item)]);
    Some(())
}

/// Returns pairs of records in which a stream says an event of a room and then the next one.
fn neighbours(tape: &Tape) -> Vec<(usize, usize)> {
    let mut last = std::collections::HashMap::new();
    let mut found = Vec::new();
    for (index, record) in tape.records.iter().enumerate() {
        match &record.is {
            Entry::Item(item) => {
                if let Some((before, seq)) = last.insert((item.stream, item.room), (index, item.seq))
                    && seq + 1 == item.seq
                {
                    found.push((before, index));
                }
            }
            Entry::Reset(RoomReset { stream, room, .. }) | Entry::Closed(RoomClosed { stream, room, .. }) => {
                last.remove(&(*stream, *room));
            }
            Entry::Watch(watch) => last.retain(|(stream, _), _| *stream != watch.stream),
            _ => {}
        }
    }
    found
}

fn goes_back(tape: &mut Tape) -> Option<()> {
    let pairs = neighbours(tape);
    let (before, index) = tape.choose(pairs)?;
    let item = tape.item_mut(before).clone();
    tape.insert(index + 1, [Entry::Item(item)]);
    Some(())
}

fn skipped(tape: &mut Tape) -> Option<()> {
    let pairs = neighbours(tape);
    let first_of_stream = |tape: &Tape, index: usize| {
        let Entry::Item(item) = &tape.records[index].is else { return true };
        let from_now_on = |open: &Open| open.rooms.iter().any(|c| c.room == item.room && c.after.is_none());
        from_now_on(&tape.opens[&item.stream])
    };
    let pairs = pairs.into_iter().filter(|(before, _)| !first_of_stream(tape, *before)).collect::<Vec<_>>();
    // A room that is taken up later may be asked for from now on as well.
    let watched = tape.records.iter().filter_map(|record| match &record.is {
        Entry::Watch(watch) => Some(watch.stream),
        _ => None,
    });
    let watched: Vec<_> = watched.collect();
    let pairs = pairs.into_iter().filter(|(before, _)| match &tape.records[*before].is {
        Entry::Item(item) => !watched.contains(&item.stream),
        _ => false,
    });
    let (before, _) = tape.choose(pairs.collect())?;
    tape.records.remove(before);
    Some(())
}

/// Returns the first events that streams said of rooms with which they went on from a cursor, with the cursor's stream.
fn first_after_resume(tape: &Tape) -> Vec<usize> {
    let mut found = Vec::new();
    for open in tape.opens.values() {
        for cursor in open.rooms.iter().filter(|cursor| cursor.after.as_ref().is_some_and(|after| after.seq > 0)) {
            let of_room = |entry: &Entry| match entry {
                Entry::Item(item) => item.stream == open.stream && item.room == cursor.room,
                Entry::Hidden(hidden) => hidden.stream == open.stream && hidden.room == cursor.room,
                Entry::Reset(reset) => reset.stream == open.stream && reset.room == cursor.room,
                Entry::Closed(closed) => closed.stream == open.stream && closed.room == cursor.room,
                Entry::Watch(watch) => watch.stream == open.stream,
                _ => false,
            };
            let first = tape.records.iter().position(|record| of_room(&record.is));
            found.extend(first.filter(|first| matches!(tape.records[*first].is, Entry::Item(_))));
        }
    }
    found.sort_unstable();
    found
}

fn skipped_at_resume(tape: &mut Tape) -> Option<()> {
    let (firsts, pairs) = (first_after_resume(tape), neighbours(tape));
    let spots = firsts.into_iter().filter(|first| pairs.iter().any(|(before, _)| before == first)).collect();
    let index = tape.choose(spots)?;
    tape.records.remove(index);
    Some(())
}

fn skipped_in_sync(tape: &mut Tape) -> Option<()> {
    let spots =
        tape.records.iter().enumerate().filter_map(|(index, record)| match (&record.is, index.checked_sub(1)) {
            (Entry::Head(head), Some(before)) if head.is_reached => {
                matches!(&tape.records[before].is, Entry::Item(item) if item.stream == head.stream).then_some(before)
            }
            _ => None,
        });
    let spots = spots.collect();
    let index = tape.choose(spots)?;
    tape.records.remove(index);
    Some(())
}

fn behind(tape: &mut Tape) -> Option<()> {
    let mut last = std::collections::HashMap::new();
    for (index, record) in tape.records.iter().enumerate() {
        match &record.is {
            Entry::Item(item) => drop(last.insert((item.stream, item.room), index)),
            Entry::Closed(closed) => drop(last.remove(&(closed.stream, closed.room))),
            Entry::Reset(reset) => drop(last.remove(&(reset.stream, reset.room))),
            Entry::End(end) => last.retain(|(stream, _), _| *stream != end.stream),
            Entry::Watch(watch) => last.retain(|(stream, _), _| *stream != watch.stream),
            _ => {}
        }
    }
    // The last readers are left alone, as are streams that read slowly, and the only event after "from now on".
    let mut spots: Vec<_> = last.into_iter().collect();
    spots.retain(|((stream, room), _)| {
        let open = &tape.opens[stream];
        let has_cursor = open.rooms.iter().any(|cursor| cursor.room == *room && cursor.after.is_some());
        *stream != tape.last_reader(*room) && !open.is_slow && has_cursor
    });
    spots.sort_unstable();
    let (_, index) = tape.choose(spots)?;
    tape.records.remove(index);
    Some(())
}

fn cursor_ignored(tape: &mut Tape) -> Option<()> {
    let spots = first_after_resume(tape);
    let index = tape.choose(spots)?;
    let (stream, room) = (tape.item_mut(index).stream, tape.item_mut(index).room);
    for record in &mut tape.records {
        if let Entry::Open(open) = &mut record.is
            && open.stream == stream
        {
            let cursor = open.rooms.iter_mut().find(|cursor| cursor.room == room)?;
            cursor.after.as_mut()?.event = Some(Id(0xfeed));
        }
    }
    Some(())
}

fn other_life_followed(tape: &mut Tape) -> Option<()> {
    let spots = first_after_resume(tape);
    let index = tape.choose(spots)?;
    let (stream, room) = (tape.item_mut(index).stream, tape.item_mut(index).room);
    for record in &mut tape.records {
        if let Entry::Open(open) = &mut record.is
            && open.stream == stream
        {
            let cursor = open.rooms.iter_mut().find(|cursor| cursor.room == room)?;
            cursor.after.as_mut()?.epoch = "another-life".to_owned();
        }
    }
    Some(())
}

fn told_from_before(tape: &mut Tape) -> Option<()> {
    let placed = tape.placed();
    let mut spots = Vec::new();
    for (index, record) in tape.records.iter().enumerate() {
        let Entry::Open(open) = &record.is else { continue };
        for cursor in open.rooms.iter().filter(|cursor| cursor.after.is_none()) {
            let known = placed.iter().filter(|one| one.index < index && one.call.room == cursor.room);
            spots.extend(known.map(|one| (index, open.stream, cursor.room, one.written.seq)));
        }
    }
    let (index, stream, room, seq) = tape.choose(spots)?;
    let item = Item { stream, ..tape.log(room).remove(&seq)? };
    tape.insert(index + 1, [Entry::Item(item)]);
    Some(())
}

fn called_slow(tape: &mut Tape) -> Option<()> {
    let is_fault = |record: &Record| matches!(record.is, Entry::FaultBegin(_));
    let first_fault = tape.records.iter().position(is_fault).unwrap_or(usize::MAX);
    let pairs = neighbours(tape).into_iter().filter(|(_, index)| *index < first_fault).collect();
    let (_, index) = tape.choose(pairs)?;
    let item = tape.item_mut(index).clone();
    if tape.opens[&item.stream].is_slow {
        return None;
    }
    let cursor = Place { epoch: item.epoch.clone(), seq: item.seq, event: Some(item.event) };
    let (stream, room, reason) = (item.stream, item.room, ResetReason::ReaderTooSlow);
    tape.records[index].is = Entry::Reset(RoomReset { stream, room, reason, cursor });
    Some(())
}

fn opened_twice(tape: &mut Tape) -> Option<()> {
    let (index, open) = tape.find(|index, entry| match entry {
        Entry::Open(open) => Some((index, open.clone())),
        _ => None,
    })?;
    tape.insert(index + 1, [Entry::Open(open)]);
    Some(())
}

fn answered_twice(tape: &mut Tape) -> Option<()> {
    let (index, answer) = tape.find(|index, entry| match entry {
        Entry::Ok(answer) => Some((index, answer.clone())),
        _ => None,
    })?;
    tape.insert(index + 1, [Entry::Ok(answer)]);
    Some(())
}

fn not_read(tape: &mut Tape) -> Option<()> {
    let room = Room(tape.dice.below(3) as u32);
    let last = tape.last_reader(room);
    // Whoever else began to read after the last call may have read all of it too.
    let last_call =
        tape.records.iter().rposition(|record| matches!(&record.is, Entry::Invoke(call) if call.room == room))?;
    let is_of_room = |cursor: &CursorOpen| cursor.room == room;
    let others = tape.records[last_call..].iter().filter(|record| match &record.is {
        Entry::Open(open) => open.stream != last && open.rooms.iter().any(is_of_room),
        Entry::Watch(watch) => watch.add.iter().any(is_of_room),
        _ => false,
    });
    if others.count() > 0 {
        return None;
    }
    let own_place = tape.log(room).first_key_value().map(|(_, item)| (item.epoch.clone(), item.seq, item.event))?;
    for record in &mut tape.records {
        if let Entry::Open(open) = &mut record.is
            && open.stream == last
        {
            let (epoch, seq, event) = own_place.clone();
            open.rooms[0].after = Some(Place { epoch, seq, event: Some(event) });
        }
    }
    // It goes on after the first event, and says that no more.
    tape.records.retain(|record| {
        !matches!(&record.is, Entry::Item(item) if (item.stream, item.room, item.seq) == (last, room, own_place.1))
    });
    Some(())
}

fn told_after_closing(tape: &mut Tape) -> Option<()> {
    let (index, closed) = tape.find(|index, entry| match entry {
        Entry::Closed(closed) => Some((index, closed.clone())),
        _ => None,
    })?;
    let items = tape.log(closed.room).into_values().collect();
    let item = Item { stream: closed.stream, ..tape.choose(items)? };
    tape.insert(index + 1, [Entry::Item(item)]);
    Some(())
}

fn reset_instead(tape: &mut Tape, cursor_of: impl Fn(&Item) -> Option<Id>) -> Option<()> {
    let pairs = neighbours(tape);
    let (_, index) = tape.choose(pairs)?;
    let item = tape.item_mut(index).clone();
    if tape.opens[&item.stream].is_slow {
        return None;
    }
    let reasons =
        [ResetReason::EventDiffers, ResetReason::LogEndsEarlier, ResetReason::EpochChanged, ResetReason::TooFarBehind];
    let reason = *tape.dice.pick(&reasons)?;
    let cursor = Place { epoch: item.epoch.clone(), seq: item.seq, event: cursor_of(&item) };
    tape.records[index].is = Entry::Reset(RoomReset { stream: item.stream, room: item.room, reason, cursor });
    Some(())
}

fn reset(tape: &mut Tape) -> Option<()> {
    reset_instead(tape, |item| Some(item.event))
}

fn reset_elsewhere(tape: &mut Tape) -> Option<()> {
    reset_instead(tape, |_| Some(Id(0xfeed)))
}

fn blanked(tape: &mut Tape) -> Option<()> {
    let is_deleted =
        |tape: &Tape, id: Id| tape.calls.values().any(|call| call.action == Action::Delete { message: id });
    let spots = tape.items().filter(|(_, item)| match &item.change {
        Change::Sent { .. } => !is_deleted(tape, item.event),
        Change::Edited { message, .. } => !is_deleted(tape, *message),
        _ => false,
    });
    let spots = spots.map(|(index, _)| index).collect();
    let index = tape.choose(spots)?;
    let item = tape.item_mut(index);
    item.change = Change::Blanked { kind: item.change.kind() };
    // Somebody else saw what it is about.
    let (room, seq) = (item.room, item.seq);
    matches!(tape.log(room)[&seq].change, Change::Sent { .. } | Change::Edited { .. }).then_some(())
}

fn head_differs(tape: &mut Tape) -> Option<()> {
    let index = tape.find(|index, entry| matches!(entry, Entry::Head(head) if head.place.seq > 0).then_some(index))?;
    if let Entry::Head(head) = &mut tape.records[index].is {
        head.place.event = Some(Id(0xfeed));
    }
    Some(())
}

fn presence(tape: &mut Tape) -> Option<()> {
    let last = tape.records.len() - 2;
    if let Entry::PresenceSeen(seen) = &mut tape.records[last].is {
        seen.is_online = !seen.is_online;
    }
    Some(())
}

fn not_open(tape: &mut Tape) -> Option<()> {
    let items = tape.items().map(|(index, _)| index).collect();
    let index = tape.choose(items)?;
    tape.item_mut(index).stream = StreamId(u32::MAX - 1);
    Some(())
}
