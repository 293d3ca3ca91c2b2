//! Requests of the event service, read into the model.

use std::collections::HashSet;

use loquat_proto::{events::v1 as proto, messages::v1::RoomCursor};

use crate::{
    model::{Cursor, Interest, InterestUpdate, Place},
    service::Question,
};

/// Reads what a stream shall watch. The field rules have judged it before; a room or a user that stands in it twice counts
/// once, the first time.
pub(crate) fn interest(interest: Option<proto::Interest>) -> Interest {
    let interest = interest.unwrap_or_default();
    let mut people = HashSet::new();
    Interest {
        rooms: cursors(&interest.rooms),
        presence: interest
            .presence_user_ids
            .iter()
            .filter_map(|user| user.parse().ok())
            .filter(|user| people.insert(*user))
            .collect(),
    }
}

/// Reads where a client is that asks now and then.
pub(crate) fn question(request: &proto::SyncRequest) -> Question {
    Question {
        rooms: cursors(&request.rooms),
        user_state_version: request.user_state_version,
        page: u16::try_from(request.page_size).unwrap_or_default(),
    }
}

fn cursors(cursors: &[RoomCursor]) -> Vec<Cursor> {
    let mut rooms = HashSet::new();
    cursors.iter().filter_map(cursor).filter(|cursor| rooms.insert(cursor.room)).collect()
}

/// Reads a change of interest.
pub(crate) fn update(update: proto::InterestUpdate) -> InterestUpdate {
    InterestUpdate { revision: update.revision, interest: interest(update.interest) }
}

/// A cursor whose event is not named, or not so that it could be one of ours, is followed by nothing but a RESET: it is
/// read as a place that no log has.
fn cursor(cursor: &RoomCursor) -> Option<Cursor> {
    let room = cursor.room_id.parse().ok()?;
    if cursor.epoch.is_empty() && cursor.seq == 0 {
        return Some(Cursor { room, place: None });
    }
    let place = Place {
        epoch: cursor.epoch.parse().or_else(|_| "unknown".parse()).ok()?,
        seq: cursor.seq,
        event_id: cursor.event_id.parse().unwrap_or_else(|_| loquat_ids::EventId::from_uuid(uuid::Uuid::nil())),
    };
    Some(Cursor { room, place: Some(place) })
}
