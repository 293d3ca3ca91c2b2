//! Commands and events for tests, of few words.

use std::sync::Arc;

use loquat_ids::{Epoch, EventId, RoomId, Timestamp, UserId};
use uuid::Uuid;

use super::{
    Change, Command, ContentHash, ContentHasher, ContentKey, DedupKey, Membership, MembershipChange, MessageText, Role,
    Room, RoomEvent, RoomKind, RoomVersion, Rule, Seq,
};

pub(crate) const ALICE: UserId = user(1);
pub(crate) const BOB: UserId = user(2);

pub(crate) const fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(0xA000 + number))
}

pub(crate) const fn room(number: u128) -> RoomId {
    RoomId::from_uuid(Uuid::from_u128(0xB000 + number))
}

pub(crate) const fn event_id(number: u128) -> EventId {
    EventId::from_uuid(Uuid::from_u128(0xC000 + number))
}

pub(crate) fn epoch() -> Epoch {
    "faulty".parse().expect("an epoch")
}

/// Returns a room as it is after a change.
pub(crate) fn settings(version: u64) -> Room {
    Room {
        kind: RoomKind::Private,
        name: "Kitchen".to_owned(),
        topic: String::new(),
        create_time: Timestamp::from_micros(1),
        version: RoomVersion(version),
        member_count: 1,
        direct_users: Vec::new(),
    }
}

/// The room begins with some people in it, the first its owner.
pub(crate) fn created(members: &[UserId]) -> Change {
    let memberships = members.iter().enumerate().map(|(index, user)| Membership {
        user: *user,
        role: if index == 0 { Role::Owner } else { Role::Member },
        join_time: Timestamp::from_micros(1),
    });
    Change::RoomCreated { room: settings(1), memberships: memberships.collect() }
}

/// One person comes or goes.
pub(crate) fn moved(version: u64, user: UserId, role: Option<Role>) -> Change {
    Change::MembershipsChanged {
        version: RoomVersion(version),
        changes: vec![MembershipChange { user, role }],
        member_count: 1,
    }
}

pub(crate) fn sent(request_id: &str, text: &str) -> Change {
    Change::MessageSent {
        request_id: request_id.parse().expect("a request id"),
        text: MessageText::parse(text.to_owned()).expect("a text"),
    }
}

/// A command to send a text, whose event would have the id of a number.
pub(crate) fn send(sender: UserId, number: u128, request_id: &str, text: &str) -> Command {
    Command {
        dedup_key: DedupKey::of_send(sender, &request_id.parse().expect("a request id")),
        content_hash: hash(text),
        event_id: event_id(number),
        actor: sender,
        trace: None,
        rule: Rule::Membership,
        change: sent(request_id, text),
    }
}

/// A command to append a change that the rooms service decided.
pub(crate) fn decided(number: u128, change: Change) -> Command {
    Command {
        dedup_key: DedupKey::of_room_change(event_id(number)),
        content_hash: hash(&format!("{change:?}")),
        event_id: event_id(number),
        actor: ALICE,
        trace: None,
        rule: Rule::NextVersion(change.version().expect("a decided change has a version")),
        change,
    }
}

/// An event as it would stand in a log.
pub(crate) fn event(room: RoomId, seq: u64, command: Command) -> Arc<RoomEvent> {
    Arc::new(RoomEvent {
        room,
        seq: Seq::new(seq),
        event_id: command.event_id,
        epoch: epoch(),
        actor: Some(command.actor),
        create_time: Timestamp::from_micros(1_000 + i64::try_from(seq).expect("a short log")),
        trace: command.trace,
        dedup_key: command.dedup_key,
        content_hash: command.content_hash,
        change: command.change,
    })
}

fn hash(text: &str) -> ContentHash {
    ContentHasher::new(ContentKey([3; 32])).hash(&[text.as_bytes()])
}
