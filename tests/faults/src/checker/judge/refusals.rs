//! Refusals: only where the reason that was given holds. Judged where the history is certain of it, and not beyond.

use super::{
    super::violation::ViolationKind as Kind,
    Scene,
    calls::{Call, name},
    rooms::Rooms,
};
use crate::history::{Action, Failure, Id, Outcome, User};

/// How many changes of a message cannot yet have filled it, whatever they were.
const FEW_CHANGES: usize = 20;
/// How many edits a message may have, and a room pinned messages.
const MANY: usize = 100;

/// Judges a failure.
pub(super) fn failed(scene: &mut Scene, rooms: &mut Rooms, call: &Call, failure: &Failure) {
    let word = if failure.reason.is_empty() { &failure.code } else { &failure.reason };
    rooms.failed(scene, call, failure.outcome);
    if failure.outcome == Outcome::Unknown {
        *scene.counts.unknown.entry(word.clone()).or_default() += 1;
        return;
    }
    *scene.counts.refused.entry(word.clone()).or_default() += 1;
    if failure.reason == "REQUEST_ID_REUSED" {
        scene.counts.reuses_refused += 1;
    }
    if failure.outcome == Outcome::NotDone || call.life != scene.life {
        return;
    }
    if let Some(why) = objection(scene, rooms, call, &failure.reason) {
        scene.report(Kind::RefusalUnjustified, Some(call.room), &[call.line], || {
            format!("call {}, a {}, is refused with {word}, but {why}", call.op, name(&call.action))
        });
    }
}

/// Says what speaks against a refusal. Nothing where it may be right.
fn objection(scene: &Scene, rooms: &Rooms, call: &Call, reason: &str) -> Option<&'static str> {
    if call.is_late_repeat {
        return Some("the same call was acknowledged before");
    }
    let is_member = rooms.was_member(call.room, call.user, call.caller);
    let message = message_of(&call.action);
    match reason {
        "REQUEST_ID_REUSED" => (!is_reuse(scene, call)).then_some("its request id stood for nothing else"),
        "ROOM_NOT_FOUND" if call.action == Action::Join => {
            let is_private = scene.survey.room(call.room).is_none_or(|room| room.is_private);
            (!is_private).then_some("the room is public")
        }
        "ROOM_NOT_FOUND" => is_member.then_some("the caller was a member"),
        "MESSAGE_NOT_FOUND" if is_member => was_there(scene, call, message?).then_some("the message was there"),
        "MESSAGE_DELETED" => was_whole(scene, call, message?).then_some("the message was not deleted"),
        "NOT_THE_SENDER" => may_change(scene, call, message?).then_some("the message is the caller's to change"),
        "MESSAGE_FULL" => was_not_full(scene, call, message?).then_some("the message was not full"),
        "PINS_FULL" => has_few_pins(scene, call).then_some("not as many messages were ever pinned"),
        "MEMBER_IS_OWNER" => {
            let owner = scene.survey.room(call.room)?.owner;
            matches!(call.action, Action::Remove { target } if target != owner).then_some("the member is not the owner")
        }
        "MEMBER_IS_CALLER" => matches!(call.action, Action::Remove { target } if target != call.user)
            .then_some("the member is somebody else"),
        _ => None,
    }
}

/// Returns the message that an action is about.
const fn message_of(action: &Action) -> Option<Id> {
    match action {
        Action::Edit { message, .. }
        | Action::Delete { message }
        | Action::React { message, .. }
        | Action::Unreact { message, .. }
        | Action::Pin { message }
        | Action::Unpin { message }
        | Action::Get { message } => Some(*message),
        _ => None,
    }
}

fn is_reuse(scene: &Scene, call: &Call) -> bool {
    let commands = &scene.survey.commands;
    let Some(own) = commands.attempt_of(call.op.0) else { return false };
    let User(user) = call.user;
    let first = commands.under_key(call.room, user, call.request);
    first
        .into_iter()
        .flat_map(|first| commands.chain(first))
        .any(|index| index != own.command && commands.commands[index as usize].invoked < scene.at)
}

fn was_there(scene: &Scene, call: &Call, message: Id) -> bool {
    let Some((_, line)) = scene.fold.message(scene.survey.ids.find(message)) else { return false };
    let known = scene.fold.event(scene.survey, line.room, line.seq.into());
    line.room == call.room
        && known
            .is_some_and(|(index, event)| scene.audit.acknowledged[index as usize].min(event.first_seen) < call.invoked)
}

fn was_whole(scene: &Scene, call: &Call, message: Id) -> bool {
    let Some((_, line)) = scene.fold.message(scene.survey.ids.find(message)) else { return false };
    let deleted = scene.audit.origins.get(line.deleted_by as usize);
    scene.fold.is_whole(call.room) && deleted.is_none_or(|origin| origin.asked > scene.at)
}

fn may_change(scene: &Scene, call: &Call, message: Id) -> bool {
    let Some((_, line)) = scene.fold.message(scene.survey.ids.find(message)) else { return false };
    let is_owner = scene.survey.room(call.room).is_some_and(|room| room.owner == call.user);
    line.sender == call.user.0 || (is_owner && matches!(call.action, Action::Delete { .. }))
}

fn was_not_full(scene: &Scene, call: &Call, message: Id) -> bool {
    let Some((_, line)) = scene.fold.message(scene.survey.ids.find(message)) else { return false };
    let few = if matches!(call.action, Action::Edit { .. }) { MANY } else { FEW_CHANGES };
    scene.fold.is_whole(call.room) && line.from(0).count() <= few
}

fn has_few_pins(scene: &Scene, call: &Call) -> bool {
    scene.fold.is_whole(call.room) && scene.fold.room(call.room).pinned.len() < MANY
}
