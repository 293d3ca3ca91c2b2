//! Damages to answers and refusals.

use super::{
    Damage,
    tape::{Placed, Tape},
};
use crate::{
    checker::ViolationKind as Kind,
    history::{Action, Answer, Change, Entry, Failure, Id, Op, Reply, User, Written},
};

pub(super) const DAMAGES: &[Damage] = &[
    ("a repeat is answered with another place", Kind::RepeatDiffers, |tape| repeat_differs(tape, |w| w.seq += 1)),
    ("a repeat is answered with another message", Kind::RepeatDiffers, |tape| {
        repeat_differs(tape, |written| written.message = Id(0xfeed))
    }),
    ("a repeat is not called one", Kind::RepeatUnmarked, repeat_unmarked),
    ("a request id is taken for something else", Kind::ReuseAccepted, reuse_accepted),
    ("an answer names another place", Kind::AnswerDiffers, answer_names_another_place),
    ("an answer says another time", Kind::AnswerDiffers, answer_says_another_time),
    ("an answer says that all was so, and it was not", Kind::Lost, nothing_to_do),
    ("a member is told that there is no room", Kind::RefusalUnjustified, no_room),
    ("a message is said not to be there", Kind::RefusalUnjustified, no_message),
    ("a message is said to be deleted", Kind::RefusalUnjustified, not_deleted),
    ("a sender is told not to be one", Kind::RefusalUnjustified, not_the_sender),
    ("a request id is said to be used", Kind::RefusalUnjustified, not_used),
    ("a repeat is refused", Kind::RefusalUnjustified, repeat_refused),
    ("two calls at once are both called the first", Kind::RepeatUnmarked, both_first),
    ("a public room is said not to be there", Kind::RefusalUnjustified, no_public_room),
    ("somebody is taken for the owner", Kind::RefusalUnjustified, |tape| not_removed(tape, "MEMBER_IS_OWNER")),
    ("somebody is taken for the caller", Kind::RefusalUnjustified, |tape| not_removed(tape, "MEMBER_IS_CALLER")),
    ("a message is said to be full", Kind::RefusalUnjustified, |tape| {
        full(tape, "MESSAGE_FULL", |action| matches!(action, Action::React { .. } | Action::Edit { .. }))
    }),
    ("a room is said to have too many pins", Kind::RefusalUnjustified, |tape| {
        full(tape, "PINS_FULL", |action| matches!(action, Action::Pin { .. }))
    }),
];

/// Returns answers to commands that were acknowledged before they were asked for again.
fn late_repeats(tape: &Tape) -> Vec<Placed> {
    let placed = tape.placed();
    let is_late = |later: &&Placed| {
        placed.iter().any(|one| {
            (one.call.user, one.call.room, &one.call.request) == (later.call.user, later.call.room, &later.call.request)
                && one.index < tape.invoked(later.call.op)
        })
    };
    placed.iter().filter(is_late).cloned().collect()
}

fn repeat_differs(tape: &mut Tape, damage: impl Fn(&mut Written)) -> Option<()> {
    let repeats = late_repeats(tape);
    let one = tape.choose(repeats)?;
    damage(tape.written_mut(one.index));
    Some(())
}

fn repeat_unmarked(tape: &mut Tape) -> Option<()> {
    let repeats = late_repeats(tape);
    let one = tape.choose(repeats)?;
    tape.written_mut(one.index).is_repeat = false;
    Some(())
}

fn repeat_refused(tape: &mut Tape) -> Option<()> {
    let repeats = late_repeats(tape);
    let one = tape.choose(repeats)?;
    let reason = *tape.dice.pick(&["ROOM_NOT_FOUND", "MESSAGE_DELETED", "REQUEST_ID_REUSED"])?;
    tape.refuse(one.index, one.call.op, "NOT_FOUND", reason);
    Some(())
}

fn reuse_accepted(tape: &mut Tape) -> Option<()> {
    let placed = tape.placed();
    let (index, op, first) = tape.find_with(|tape, index, entry| match entry {
        Entry::Fail(Failure { op, reason, .. }) if reason == "REQUEST_ID_REUSED" => {
            let call = &tape.calls[op];
            let of_it = |one: &&Placed| {
                (one.call.user, one.call.room, &one.call.request) == (call.user, call.room, &call.request)
                    && one.call.action != call.action
            };
            placed.iter().find(of_it).map(|one| (index, *op, one.written.clone()))
        }
        _ => None,
    })?;
    let written = Written { is_repeat: tape.dice.chance(50), ..first };
    tape.records[index].is = Entry::Ok(Answer { op, reply: Reply::Written(written) });
    Some(())
}

/// Picks the answer to a send that was asked for once, and that somebody saw with its text.
fn only_answer(tape: &mut Tape) -> Option<Placed> {
    let answers = tape.placed().into_iter().filter(|one| {
        matches!(one.call.action, Action::Send { .. })
            && tape.attempts(&one.call) == 1
            && tape
                .log(one.call.room)
                .get(&one.written.seq)
                .is_some_and(|item| matches!(item.change, Change::Sent { .. }))
    });
    let answers = answers.collect();
    tape.choose(answers)
}

fn answer_names_another_place(tape: &mut Tape) -> Option<()> {
    let one = only_answer(tape)?;
    let others = tape.log(one.call.room).into_keys().filter(|seq| *seq != one.written.seq).collect();
    tape.written_mut(one.index).seq = tape.choose(others)?;
    Some(())
}

fn answer_says_another_time(tape: &mut Tape) -> Option<()> {
    let one = only_answer(tape)?;
    tape.written_mut(one.index).create_time = one.written.create_time.map(|time| time + 1);
    Some(())
}

fn nothing_to_do(tape: &mut Tape) -> Option<()> {
    let sent = tape.placed().into_iter().filter(|one| matches!(one.call.action, Action::Send { .. })).collect();
    let one = tape.choose(sent)?;
    let (room, message, emoji) = (one.call.room, one.written.message, "🦜".to_owned());
    let reply = Reply::Written(Written { seq: 0, message, create_time: None, is_repeat: false });
    tape.call(User(room.0), room, Action::React { message, emoji }, reply);
    Some(())
}

/// Picks the answer to a call of a room's owner.
fn answer_to_owner(tape: &mut Tape, fits: impl Fn(&Tape, &Action) -> bool) -> Option<(usize, Op, Action)> {
    tape.find_with(|tape, index, entry| match entry {
        Entry::Ok(answer) => {
            let call = &tape.calls[&answer.op];
            (call.user == User(call.room.0) && fits(tape, &call.action))
                .then(|| (index, answer.op, call.action.clone()))
        }
        _ => None,
    })
}

fn no_room(tape: &mut Tape) -> Option<()> {
    let (index, op, _) = answer_to_owner(tape, |_, action| !matches!(action, Action::Join))?;
    tape.refuse(index, op, "NOT_FOUND", "ROOM_NOT_FOUND");
    Some(())
}

fn no_message(tape: &mut Tape) -> Option<()> {
    let (index, op, action) = answer_to_owner(tape, |_, action| matches!(action, Action::Get { .. }))?;
    let Action::Get { message } = action else { return None };
    // It was acknowledged before it was asked for.
    let invoked = tape.invoked(op);
    let is_acknowledged = tape.placed().iter().any(|one| {
        matches!(one.call.action, Action::Send { .. }) && one.written.message == message && one.index < invoked
    });
    tape.refuse(index, op, "NOT_FOUND", "MESSAGE_NOT_FOUND");
    is_acknowledged.then_some(())
}

fn is_deleted(tape: &Tape, id: Id) -> bool {
    tape.items().any(|(_, item)| matches!(item.change, Change::Deleted { message, .. } if message == id))
}

fn not_deleted(tape: &mut Tape) -> Option<()> {
    let (index, op) = tape.find_with(|tape, index, entry| match entry {
        Entry::Ok(answer) => match &tape.calls[&answer.op].action {
            Action::React { message, .. } | Action::Pin { message } | Action::Edit { message, .. } => {
                (!is_deleted(tape, *message)).then_some((index, answer.op))
            }
            _ => None,
        },
        _ => None,
    })?;
    tape.refuse(index, op, "FAILED_PRECONDITION", "MESSAGE_DELETED");
    Some(())
}

fn not_the_sender(tape: &mut Tape) -> Option<()> {
    let (index, op) = tape.find_with(|tape, index, entry| match entry {
        Entry::Ok(answer) => matches!(tape.calls[&answer.op].action, Action::Edit { .. } | Action::Delete { .. })
            .then_some((index, answer.op)),
        _ => None,
    })?;
    tape.refuse(index, op, "PERMISSION_DENIED", "NOT_THE_SENDER");
    Some(())
}

fn not_used(tape: &mut Tape) -> Option<()> {
    let placed = tape.placed().into_iter().filter(|one| tape.attempts(&one.call) == 1).collect();
    let one = tape.choose(placed)?;
    tape.refuse(one.index, one.call.op, "ALREADY_EXISTS", "REQUEST_ID_REUSED");
    Some(())
}

/// Calls for the same that overlap: one of them made it, and only that one says so.
fn both_first(tape: &mut Tape) -> Option<()> {
    let placed = tape.placed();
    let is_second = |later: &&Placed| {
        let is_first = |one: &&Placed| {
            (one.call.user, one.call.room, &one.call.request) == (later.call.user, later.call.room, &later.call.request)
                && one.index < later.index
                && one.index > tape.invoked(later.call.op)
                && !one.written.is_repeat
        };
        later.written.is_repeat && placed.iter().find(is_first).is_some()
    };
    let seconds = placed.iter().filter(is_second).cloned().collect();
    let one = tape.choose(seconds)?;
    tape.written_mut(one.index).is_repeat = false;
    Some(())
}

fn no_public_room(tape: &mut Tape) -> Option<()> {
    // The second of the rooms is the private one.
    let (index, op) = tape.find_with(|tape, index, entry| match entry {
        Entry::Ok(answer) => {
            let call = &tape.calls[&answer.op];
            (call.action == Action::Join && call.room.0 != 1).then_some((index, answer.op))
        }
        _ => None,
    })?;
    tape.refuse(index, op, "NOT_FOUND", "ROOM_NOT_FOUND");
    Some(())
}

fn not_removed(tape: &mut Tape, reason: &str) -> Option<()> {
    let (index, op) = tape.find_with(|tape, index, entry| match entry {
        Entry::Ok(answer) => {
            let call = &tape.calls[&answer.op];
            let is_another = |target: User| target != call.user && target != User(call.room.0);
            matches!(call.action, Action::Remove { target } if is_another(target)).then_some((index, answer.op))
        }
        _ => None,
    })?;
    tape.refuse(index, op, "FAILED_PRECONDITION", reason);
    Some(())
}

fn full(tape: &mut Tape, reason: &str, fits: impl Fn(&Action) -> bool) -> Option<()> {
    let (index, op) = tape.find_with(|tape, index, entry| match entry {
        Entry::Ok(answer) => fits(&tape.calls[&answer.op].action).then_some((index, answer.op)),
        _ => None,
    })?;
    tape.refuse(index, op, "FAILED_PRECONDITION", reason);
    Some(())
}

impl Tape {
    /// As `find`, for what needs more of the history than the record.
    fn find_with<T: Clone>(&mut self, fits: impl Fn(&Self, usize, &Entry) -> Option<T>) -> Option<T> {
        let all = self.records.iter().enumerate();
        let spots = all.filter_map(|(index, record)| fits(self, index, &record.is)).collect();
        self.choose(spots)
    }
}
