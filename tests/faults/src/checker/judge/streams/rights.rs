//! What a reader may be told: nothing of a room while it is out of it; after its return, in a private room, nothing of what
//! happened meanwhile, and of that only.

use super::super::{
    super::{commands::CommandKind, fold::Standing, interning::Map, survey::Survey, violation::ViolationKind as Kind},
    Scene,
};
use crate::history::{Hidden, Item, Room, User};

/// Judges whether a user could be told an event now.
pub(super) fn may_be_told(scene: &mut Scene, item: &Item, user: User) {
    let room = scene.fold.room(item.room);
    let Ok(seq) = u32::try_from(item.seq) else { return };
    if seq > room.known {
        return;
    }
    let out_since = match room.standing(user.0, seq) {
        Standing::In => return,
        Standing::Out { since, .. } if since == seq => return,
        Standing::Out { since, .. } => since,
        Standing::Never => 0,
    };
    let is_private = scene.survey.room(item.room).is_some_and(|room| room.is_private);
    // A return that was asked for by now and was not answered before the user went.
    let went = room.asked_before(out_since);
    let joins = scene.survey.joins.get(&(item.room, user)).into_iter().flatten();
    let has_returned = joins.take_while(|join| join.0 <= scene.at).any(|(_, answered)| *answered >= went);
    if (is_private && out_since > 0) || !has_returned {
        let went = scene.fold.event(scene.survey, item.room, out_since.into()).map_or(0, |(_, event)| event.line);
        scene.report(Kind::ToldExMember, Some(item.room), &[went], || {
            format!("stream {} tells {} to user {user}, who was out since {out_since}", item.stream, item.seq)
        });
    }
}

/// Judges whether numbers had to be hidden from a user.
pub(super) fn may_be_hidden(scene: &mut Scene, hidden: &Hidden, user: User) {
    let room = scene.fold.room(hidden.room);
    let (Ok(from), Ok(to)) = (u32::try_from(hidden.from), u32::try_from(hidden.to)) else { return };
    if to > room.known {
        return;
    }
    let is_private = scene.survey.room(hidden.room).is_some_and(|room| room.is_private);
    let is_right = match room.standing(user.0, from) {
        Standing::Out { since, until } => is_private && since < from && until.is_none_or(|until| to <= until),
        Standing::In | Standing::Never => false,
    };
    if !is_right || from > to {
        scene.report(Kind::HiddenUnjustified, Some(hidden.room), &[], || {
            format!("stream {} hides {from} to {to} from user {user}, who may see of it", hidden.stream)
        });
    }
}

/// Returns the last number that a user is to be told in a room.
pub(super) fn last_for(scene: &Scene, room: Room, user: User) -> u64 {
    let fold = scene.fold.room(room);
    match fold.standing(user.0, fold.known) {
        Standing::In => fold.view.len() as u64,
        Standing::Out { since, .. } => since.into(),
        Standing::Never => 0,
    }
}

/// Returns when each message was first asked to be deleted.
pub(super) fn deletions(survey: &Survey) -> Map<u32, u64> {
    let mut deletions: Map<u32, u64> = Map::default();
    for command in survey.commands.commands.iter().filter(|command| command.kind == CommandKind::Delete) {
        let at = deletions.entry(command.message).or_insert(u64::MAX);
        *at = (*at).min(command.invoked);
    }
    deletions
}
