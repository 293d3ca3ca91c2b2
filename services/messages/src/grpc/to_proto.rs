//! From the model to Protobuf.

use loquat_ids::RoomId;
use loquat_proto::{
    messages::v1::{self as proto, block, inline, room_event::Change as ProtoChange},
    rooms::v1 as rooms,
};
use loquat_rpc::proto_time;

use crate::model::{
    self, Block, Change, ChangeKind, FormattedText, Inline, Membership, MembershipChange, MessageText, Role, Room,
    RoomCursor, RoomEvent, RoomKind,
};

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

/// Turns a message's event into the message. One that was erased since, which only its own sender can ask for, has no text.
pub(super) fn message(event: &RoomEvent) -> proto::Message {
    let (request_id, text) = match &event.change {
        Change::MessageSent { request_id, text } => (request_id.to_string(), Some(text)),
        _ => (String::new(), None),
    };
    proto::Message {
        room_id: event.room.to_string(),
        message_id: event.message_id().to_string(),
        seq: event.seq.get(),
        sender_id: event.actor.map(|actor| actor.to_string()).unwrap_or_default(),
        text: text.map(|text| text.as_str().to_owned()).unwrap_or_default(),
        formatted_text: text.map(formatted_text),
        create_time: Some(proto_time(event.create_time)),
        request_id,
    }
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
        Change::MessageSent { .. } => ProtoChange::MessageSent(proto::MessageSent { message: Some(message(event)) }),
        Change::Blanked { was } => ProtoChange::Blanked(proto::Blanked { change_field: change_field(*was) }),
    }
}

/// Returns the number of the field of `RoomEvent.change`.
const fn change_field(kind: ChangeKind) -> u32 {
    match kind {
        ChangeKind::RoomCreated => 10,
        ChangeKind::RoomUpdated => 11,
        ChangeKind::MembershipsChanged => 12,
        ChangeKind::MessageSent => 13,
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
