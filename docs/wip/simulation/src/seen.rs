//! What the contract says, as the history has it.

use loquat_faults::history::{
    Change, ChangeKind, ClosedReason, EndReason, Id, Item, Membership, MessageSeen, Place, Reaction, ResetReason, Room,
    StreamId, User,
};
use loquat_proto::{
    events::v1::{ClosingReason, RoomClosedReason},
    messages::v1::{self as proto, RoomCursor, RoomEvent, room_event},
};
use prost_types::Timestamp;

use crate::journal::Journal;

/// Reads a place.
pub(crate) fn place(cursor: &RoomCursor) -> Place {
    Place {
        epoch: cursor.epoch.clone(),
        seq: cursor.seq,
        event: Id::parse(&cursor.event_id).filter(|_| cursor.seq > 0),
    }
}

/// Names a place to the server.
pub(crate) fn cursor(room_id: &str, place: Option<&Place>) -> RoomCursor {
    place.map_or_else(
        || RoomCursor { room_id: room_id.to_owned(), ..Default::default() },
        |place| RoomCursor {
            room_id: room_id.to_owned(),
            epoch: place.epoch.clone(),
            seq: place.seq,
            event_id: place.event.map(|event| event.to_string()).unwrap_or_default(),
        },
    )
}

/// Reads a moment, in microseconds.
pub(crate) fn micros(time: Option<&Timestamp>) -> i64 {
    time.map_or(0, |time| time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000)
}

/// Reads an event that a stream said. Nothing where it has no change that we know.
pub(crate) fn item(journal: &Journal, stream: StreamId, room: Room, event: &RoomEvent) -> Option<Item> {
    Some(Item {
        stream,
        room,
        seq: event.seq,
        event: Id::parse(&event.event_id)?,
        epoch: event.epoch.clone(),
        actor: journal.user(&event.actor_id),
        create_time: micros(event.create_time.as_ref()),
        change: change(journal, event.change.as_ref()?)?,
    })
}

fn change(journal: &Journal, change: &room_event::Change) -> Option<Change> {
    use room_event::Change as Said;
    Some(match change {
        Said::RoomCreated(created) => Change::Created {
            members: created.memberships.iter().filter_map(|member| journal.user(&member.user_id)).collect(),
        },
        Said::RoomUpdated(updated) => {
            Change::Updated { topic: updated.room.as_ref().map(|room| room.topic.clone()).unwrap_or_default() }
        }
        Said::MembershipsChanged(changed) => Change::Memberships {
            changes: changed
                .changes
                .iter()
                .filter_map(|change| {
                    Some(Membership { user: journal.user(&change.user_id)?, is_member: change.is_member })
                })
                .collect(),
        },
        Said::MessageSent(sent) => {
            let message = sent.message.clone().unwrap_or_default();
            Change::Sent { text: message.text, request: message.request_id }
        }
        Said::MessageEdited(edited) => Change::Edited {
            message: Id::parse(&edited.message_id)?,
            message_seq: edited.message_seq,
            text: edited.text.clone(),
            edit_count: edited.edit_count,
        },
        Said::MessageDeleted(deleted) => {
            Change::Deleted { message: Id::parse(&deleted.message_id)?, message_seq: deleted.message_seq }
        }
        Said::ReactionChanged(changed) => Change::Reacted {
            message: Id::parse(&changed.message_id)?,
            message_seq: changed.message_seq,
            emoji: changed.emoji.clone(),
            is_added: changed.is_added,
        },
        Said::PinChanged(changed) => Change::Pinned {
            message: Id::parse(&changed.message_id)?,
            message_seq: changed.message_seq,
            is_pinned: changed.is_pinned,
        },
        Said::Blanked(blanked) => Change::Blanked { kind: kind_of_field(blanked.change_field)? },
    })
}

/// The contract names what was erased by the number of its field.
const fn kind_of_field(field: u32) -> Option<ChangeKind> {
    Some(match field {
        10 => ChangeKind::Created,
        11 => ChangeKind::Updated,
        12 => ChangeKind::Memberships,
        13 => ChangeKind::Sent,
        15 => ChangeKind::Edited,
        16 => ChangeKind::Deleted,
        17 => ChangeKind::Reacted,
        18 => ChangeKind::Pinned,
        _ => return None,
    })
}

/// Reads a message of an answer. A server that does not say as of when is taken to mean the message as it was sent.
pub(crate) fn message(journal: &Journal, message: &proto::Message) -> Option<MessageSeen> {
    Some(MessageSeen {
        seq: message.seq,
        message: Id::parse(&message.message_id)?,
        sender: journal.user(&message.sender_id).unwrap_or(User(u32::MAX)),
        text: message.text.clone(),
        create_time: micros(message.create_time.as_ref()),
        edit_count: message.edit_count,
        is_deleted: message.is_deleted,
        is_pinned: message.is_pinned,
        reactions: message
            .reactions
            .iter()
            .map(|reaction| Reaction { emoji: reaction.emoji.clone(), count: reaction.count })
            .collect(),
        as_of: if message.as_of_seq == 0 { message.seq } else { message.as_of_seq },
    })
}

/// Reads why a cursor was not followed.
pub(crate) const fn reset_reason(reason: proto::ResetReason) -> ResetReason {
    match reason {
        proto::ResetReason::Unspecified => ResetReason::Unspecified,
        proto::ResetReason::EventDiffers => ResetReason::EventDiffers,
        proto::ResetReason::LogEndsEarlier => ResetReason::LogEndsEarlier,
        proto::ResetReason::EpochChanged => ResetReason::EpochChanged,
        proto::ResetReason::ReaderTooSlow => ResetReason::ReaderTooSlow,
        proto::ResetReason::TooFarBehind => ResetReason::TooFarBehind,
    }
}

/// Reads why a room is no longer watched.
pub(crate) const fn closed_reason(reason: RoomClosedReason) -> ClosedReason {
    match reason {
        RoomClosedReason::Unspecified => ClosedReason::Unspecified,
        RoomClosedReason::NotFound => ClosedReason::NotFound,
        RoomClosedReason::Removed => ClosedReason::Removed,
        RoomClosedReason::Unavailable => ClosedReason::Unavailable,
    }
}

/// Reads why a stream ends.
pub(crate) const fn end_reason(reason: ClosingReason) -> EndReason {
    match reason {
        ClosingReason::Unspecified => EndReason::Broken,
        ClosingReason::GoingAway => EndReason::GoingAway,
        ClosingReason::SessionEnded => EndReason::SessionEnded,
        ClosingReason::ReaderTooSlow => EndReason::ReaderTooSlow,
        ClosingReason::NoBeat => EndReason::Silent,
    }
}
