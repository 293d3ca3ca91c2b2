//! Reads: what was read is what the log makes of it at the place that the answer names, and that is not before what the
//! reader had written.

use super::{
    super::{
        fold::{MessageLine, MessageState, Standing, reaction_digest},
        interning::{NONE, Set, digest},
        violation::ViolationKind as Kind,
    },
    Scene,
    calls::Call,
};
use crate::history::{Action, Around, MessageSeen, Place};

/// Judges an answer with a message.
pub(super) fn message(scene: &mut Scene, call: &Call, seen: &MessageSeen) {
    row(scene, call, seen);
}

/// Judges an answer with messages.
pub(super) fn page(scene: &mut Scene, call: &Call, messages: &[MessageSeen], cursor: &Place) {
    let room = Some(call.room);
    if let (Some(event), Some((_, known))) = (cursor.event, scene.fold.event(scene.survey, call.room, cursor.seq))
        && known.id != scene.survey.ids.find(event)
    {
        let line = known.line;
        scene.report(Kind::Disagreement, room, &[line], || {
            format!("a page's cursor names another event at {}", cursor.seq)
        });
    }
    if cursor.seq < call.own {
        scene.report(Kind::StaleRead, room, &[call.line], || {
            format!("call {} reads as of {}, and {} was acknowledged to the reader", call.op, cursor.seq, call.own)
        });
    }
    if messages.windows(2).any(|two| two[0].seq >= two[1].seq) {
        scene.report(Kind::ReadDiffers, room, &[call.line], || format!("the page of call {} is out of order", call.op));
    }
    for seen in messages {
        if seen.seq > cursor.seq {
            scene.report(Kind::ReadDiffers, room, &[call.line], || {
                format!("a page as of {} has a message at {}", cursor.seq, seen.seq)
            });
        }
        row(scene, call, seen);
    }
    if let Some(missing) = missing(scene, call, messages, cursor) {
        scene.report(Kind::ReadIncomplete, room, &[call.line], || {
            format!("the page of call {} leaves out the message at {missing}", call.op)
        });
    }
}

fn row(scene: &mut Scene, call: &Call, seen: &MessageSeen) {
    let room = scene.fold.room(call.room);
    let Ok(as_of) = u32::try_from(seen.as_of) else { return };
    if as_of > room.known && !scene.fold.is_whole(call.room) {
        scene.counts.rows_not_judged += 1;
        return;
    }
    scene.counts.rows_judged += 1;
    let (kind, what) = match scene.fold.message(scene.survey.ids.find(seen.message)) {
        _ if as_of > room.known => (Kind::ReadDiffers, "a place is named beyond the log's end"),
        None => (Kind::ReadDiffers, "a message that is not in the log"),
        Some((_, line)) if line.room != call.room => (Kind::ReadDiffers, "a message of another room"),
        Some((_, line)) => match difference(scene, call, line, seen, as_of) {
            Some(found) => found,
            None => return,
        },
    };
    scene.report(kind, Some(call.room), &[call.line], || {
        format!("call {} reads the message at {} as of {as_of}: {what}", call.op, seen.seq)
    });
}

fn difference(
    scene: &Scene,
    call: &Call,
    line: &MessageLine,
    seen: &MessageSeen,
    as_of: u32,
) -> Option<(Kind, &'static str)> {
    let place = (u64::from(line.seq), line.sender, line.create_time);
    if place != (seen.seq, seen.sender.0, seen.create_time) {
        return Some((Kind::ReadDiffers, "place, sender or time differ"));
    }
    let Some(is) = line.at(as_of) else { return Some((Kind::ReadDiffers, "it was not there yet")) };
    if has_unknown_edits(scene, call, line, as_of) {
        return None;
    }
    if let Some(what) = state_difference(is, seen) {
        return Some((Kind::ReadDiffers, what));
    }
    let own = u32::try_from(call.own).unwrap_or(u32::MAX);
    (as_of < own && line.at(own) != Some(is)).then_some((Kind::StaleRead, "what its reader had changed is not in it"))
}

/// Tells whether an edit, erased since, may belong to the message and nobody saw it in time.
fn has_unknown_edits(scene: &Scene, call: &Call, line: &MessageLine, as_of: u32) -> bool {
    line.deleted_by != NONE
        && scene.fold.room(call.room).unknown_edits.iter().any(|edit| (line.seq..=as_of).contains(edit))
}

fn state_difference(is: &MessageState, seen: &MessageSeen) -> Option<&'static str> {
    if is.is_deleted != seen.is_deleted {
        return Some("deleted or not");
    }
    if is.is_deleted {
        let is_empty = seen.text.is_empty() && seen.reactions.is_empty() && !seen.is_pinned;
        return (!is_empty).then_some("something of the deleted message is left");
    }
    let reactions = seen
        .reactions
        .iter()
        .fold(0_u64, |sum, one| sum.wrapping_add(reaction_digest(digest(one.emoji.as_str()), one.count)));
    if is.text != 0 && is.text != digest(seen.text.as_str()) {
        Some("the text differs")
    } else if is.edit_count != seen.edit_count {
        Some("the number of edits differs")
    } else if is.reactions != reactions {
        Some("the reactions differ")
    } else if is.is_pinned != seen.is_pinned {
        Some("pinned or not")
    } else {
        None
    }
}

/// Returns where a message stands that a page should have, and has not.
fn missing(scene: &Scene, call: &Call, messages: &[MessageSeen], cursor: &Place) -> Option<u32> {
    let room = scene.fold.room(call.room);
    let as_of = u32::try_from(cursor.seq).ok().filter(|as_of| *as_of <= room.known)?;
    let (first, last) = (messages.first().map(|seen| seen.seq), messages.last().map(|seen| seen.seq));
    let has = |index: u32, seq: u32| {
        let state = scene.fold.message_at(index).at(as_of);
        messages.iter().any(|seen| seen.seq == u64::from(seq)) || state.is_none_or(|state| state.is_deleted)
    };
    let (from, to) = match call.action {
        Action::Pins => {
            let pinned = room.pinned.iter().map(|index| (*index, scene.fold.message_at(*index)));
            let mut pinned = pinned.filter(|(_, line)| line.at(as_of).is_some_and(|state| state.is_pinned));
            return pinned.find(|(index, line)| !has(*index, line.seq)).map(|(_, line)| line.seq);
        }
        Action::Page { around: Around::Newest } => (first.unwrap_or(1), cursor.seq),
        Action::Page { around: Around::Before(seq) } => (first.unwrap_or(1), cursor.seq.min(seq.saturating_sub(1))),
        Action::Page { around: Around::After(seq) } => (seq + 1, last.unwrap_or(cursor.seq)),
        _ => (first?, last?),
    };
    let rows: Set<u64> = messages.iter().map(|seen| seen.seq).collect();
    let begin = room.sent.partition_point(|seq| u64::from(*seq) < from);
    let in_range = room.sent[begin..].iter().copied().take_while(|seq| u64::from(*seq) <= to);
    in_range.filter(|seq| !rows.contains(&u64::from(*seq))).find(|seq| {
        let event = scene.fold.event(scene.survey, call.room, (*seq).into());
        let message = event.and_then(|(_, event)| scene.fold.message(event.message));
        let is_hidden = matches!(room.standing(call.user.0, *seq), Standing::Out { .. } | Standing::Never);
        !is_hidden && message.is_some_and(|(index, _)| !has(index, *seq))
    })
}
