//! From the model to Protobuf.

use std::sync::Arc;

use loquat_ids::{RoomId, UserId};
use loquat_proto::{
    messages::v1::{self as proto, block, inline, room_event::Change as ProtoChange},
    rooms::v1 as rooms,
};
use loquat_rpc::proto_time;

use crate::model::{
    self, Block, Change, ChangeKind, FormattedText, Inline, Membership, MembershipChange, Message, MessagePlace,
    MessageText, Reaction, Role, Room, RoomCursor, RoomEvent, RoomKind, SeqRange,
};

/// How many of those who reacted with one emoji are named.
const NAMED_USERS: usize = 20;

/// Turns an event into what goes to gateways, on the bus and in answers.
pub(crate) fn room_event(event: &RoomEvent) -> proto::RoomEvent {
    proto::RoomEvent {
        room_id: event.room.to_string(),
        seq: event.seq.get(),
        event_id: event.event_id.to_string(),
        epoch: event.epoch.to_string(),
        actor_id: event.actor.map(|actor| actor.to_string()).unwrap_or_default(),
        create_time: Some(proto_time(event.create_time)),
        trace_context: event.trace.clone().map(trace_context),
        change: Some(change(event)),
    }
}

/// Turns a message into what its reader sees of it.
pub(super) fn message(message: &Message, reader: UserId) -> proto::Message {
    let event = &message.event;
    let text = message.text();
    proto::Message {
        room_id: event.room.to_string(),
        message_id: message.id().to_string(),
        seq: event.seq.get(),
        sender_id: message.sender().map(|sender| sender.to_string()).unwrap_or_default(),
        text: text.map(|text| text.as_str().to_owned()).unwrap_or_default(),
        formatted_text: text.map(formatted_text),
        create_time: Some(proto_time(event.create_time)),
        request_id: message.request_id().map(|request| request.to_string()).unwrap_or_default(),
        is_deleted: message.is_deleted(),
        edit_count: u32::try_from(message.fold.edits.len()).unwrap_or(u32::MAX),
        edit_time: message.fold.edit_time.map(proto_time),
        reactions: message.reactions().iter().map(|reaction| reaction_count(reaction, reader)).collect(),
        is_pinned: message.is_pinned,
        as_of_seq: message.as_of.get(),
    }
}

/// Turns the event of a message into the message as it was sent.
pub(super) fn sent_message(event: &Arc<RoomEvent>, reader: UserId) -> proto::Message {
    message(&Message::as_sent(Arc::clone(event)), reader)
}

fn reaction_count(reaction: &Reaction, reader: UserId) -> proto::ReactionCount {
    proto::ReactionCount {
        emoji: reaction.emoji.as_str().to_owned(),
        count: u32::try_from(reaction.users.len()).unwrap_or(u32::MAX),
        user_ids: reaction.users.iter().take(NAMED_USERS).map(ToString::to_string).collect(),
        has_caller: reaction.users.contains(&reader),
    }
}

pub(super) const fn seq_range(range: &SeqRange) -> proto::SeqRange {
    proto::SeqRange { from_seq: range.from.get(), to_seq: range.to.get() }
}

pub(super) fn cursor(room: RoomId, cursor: &RoomCursor) -> proto::RoomCursor {
    proto::RoomCursor {
        room_id: room.to_string(),
        epoch: cursor.epoch.to_string(),
        seq: cursor.seq.get(),
        event_id: cursor.event_id.map(|event| event.to_string()).unwrap_or_default(),
    }
}

pub(super) const fn reset_reason(reason: model::ResetReason) -> proto::ResetReason {
    match reason {
        model::ResetReason::EventDiffers => proto::ResetReason::EventDiffers,
        model::ResetReason::LogEndsEarlier => proto::ResetReason::LogEndsEarlier,
        model::ResetReason::EpochChanged => proto::ResetReason::EpochChanged,
    }
}

fn trace_context(trace: model::TraceContext) -> proto::TraceContext {
    proto::TraceContext { traceparent: trace.traceparent, tracestate: trace.tracestate }
}

fn change(event: &RoomEvent) -> ProtoChange {
    match &event.change {
        Change::RoomCreated { room, memberships } => ProtoChange::RoomCreated(proto::RoomCreated {
            room: Some(room_of(event.room, room)),
            memberships: memberships.iter().map(|one| membership(event.room, one)).collect(),
        }),
        Change::RoomUpdated { room } => {
            ProtoChange::RoomUpdated(proto::RoomUpdated { room: Some(room_of(event.room, room)) })
        }
        Change::MembershipsChanged { changes, member_count, version: _ } => {
            ProtoChange::MembershipsChanged(proto::MembershipsChanged {
                changes: changes.iter().map(membership_change).collect(),
                member_count: *member_count,
            })
        }
        Change::MessageSent { request_id, text } => ProtoChange::MessageSent(proto::MessageSent {
            message: Some(proto::Message {
                room_id: event.room.to_string(),
                message_id: event.message_id().to_string(),
                seq: event.seq.get(),
                sender_id: event.actor.map(|actor| actor.to_string()).unwrap_or_default(),
                text: text.as_str().to_owned(),
                formatted_text: Some(formatted_text(text)),
                create_time: Some(proto_time(event.create_time)),
                request_id: request_id.to_string(),
                ..proto::Message::default()
            }),
        }),
        Change::MessageEdited { message: MessagePlace { id, seq }, text, edit_count } => {
            ProtoChange::MessageEdited(proto::MessageEdited {
                message_id: id.to_string(),
                message_seq: seq.get(),
                text: text.as_str().to_owned(),
                formatted_text: Some(formatted_text(text)),
                edit_count: *edit_count,
            })
        }
        Change::MessageDeleted { message: MessagePlace { id, seq }, unpins: _ } => {
            ProtoChange::MessageDeleted(proto::MessageDeleted { message_id: id.to_string(), message_seq: seq.get() })
        }
        Change::ReactionChanged { message: MessagePlace { id, seq }, emoji, is_added } => {
            ProtoChange::ReactionChanged(proto::ReactionChanged {
                message_id: id.to_string(),
                message_seq: seq.get(),
                emoji: emoji.as_str().to_owned(),
                is_added: *is_added,
            })
        }
        Change::PinChanged { message: MessagePlace { id, seq }, is_pinned } => {
            ProtoChange::PinChanged(proto::PinChanged {
                message_id: id.to_string(),
                message_seq: seq.get(),
                is_pinned: *is_pinned,
            })
        }
        Change::Blanked { was, message: _ } => {
            ProtoChange::Blanked(proto::Blanked { change_field: change_field(*was) })
        }
    }
}

/// Returns the number of the field of `RoomEvent.change`.
const fn change_field(kind: ChangeKind) -> u32 {
    match kind {
        ChangeKind::RoomCreated => 10,
        ChangeKind::RoomUpdated => 11,
        ChangeKind::MembershipsChanged => 12,
        ChangeKind::MessageSent => 13,
        ChangeKind::MessageEdited => 15,
        ChangeKind::MessageDeleted => 16,
        ChangeKind::ReactionChanged => 17,
        ChangeKind::PinChanged => 18,
    }
}

fn room_of(id: RoomId, room: &Room) -> rooms::Room {
    rooms::Room {
        room_id: id.to_string(),
        kind: match room.kind {
            RoomKind::Public => rooms::RoomKind::Public,
            RoomKind::Private => rooms::RoomKind::Private,
            RoomKind::Direct => rooms::RoomKind::Direct,
        }
        .into(),
        name: room.name.clone(),
        topic: room.topic.clone(),
        create_time: Some(proto_time(room.create_time)),
        version: room.version.0,
        member_count: room.member_count,
        direct_user_ids: room.direct_users.iter().map(ToString::to_string).collect(),
    }
}

fn membership(room: RoomId, membership: &Membership) -> rooms::Membership {
    rooms::Membership {
        room_id: room.to_string(),
        user_id: membership.user.to_string(),
        role: role(Some(membership.role)).into(),
        join_time: Some(proto_time(membership.join_time)),
    }
}

fn membership_change(change: &MembershipChange) -> proto::MembershipChange {
    proto::MembershipChange {
        user_id: change.user.to_string(),
        is_member: change.role.is_some(),
        role: role(change.role).into(),
    }
}

const fn role(role: Option<Role>) -> rooms::Role {
    match role {
        None => rooms::Role::Unspecified,
        Some(Role::Owner) => rooms::Role::Owner,
        Some(Role::Member) => rooms::Role::Member,
    }
}

fn formatted_text(text: &MessageText) -> proto::FormattedText {
    let FormattedText { blocks } = model::format(text);
    proto::FormattedText { blocks: blocks.into_iter().map(block).collect() }
}

fn block(block: Block) -> proto::Block {
    let Block::Paragraph(inlines) = block;
    let paragraph = proto::Paragraph { inlines: inlines.into_iter().map(inline).collect() };
    proto::Block { kind: Some(block::Kind::Paragraph(paragraph)) }
}

fn inline(inline: Inline) -> proto::Inline {
    let kind = match inline {
        Inline::Text(text) => inline::Kind::Text(text),
        Inline::LineBreak => inline::Kind::LineBreak(proto::LineBreak {}),
    };
    proto::Inline { kind: Some(kind) }
}
