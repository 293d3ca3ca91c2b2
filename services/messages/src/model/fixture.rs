//! Commands and events for tests, of few words.

use std::sync::Arc;

use loquat_ids::{Epoch, EventId, MessageId, RoomId, Timestamp, UserId};
use uuid::Uuid;

use super::{
    Change, ChangeKind, Command, ContentHash, ContentHasher, ContentKey, DedupKey, Deed, Emoji, Intent, Membership,
    MembershipChange, MessagePlace, MessageText, Role, Room, RoomEvent, RoomKind, RoomVersion, Seq,
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
    Change::MessageSent { request_id: request_id.parse().expect("a request id"), text: self::text(text) }
}

pub(crate) fn text(text: &str) -> MessageText {
    MessageText::parse(text.to_owned()).expect("a text")
}

pub(crate) fn emoji(emoji: &str) -> Emoji {
    Emoji::parse(emoji).expect("an emoji")
}

/// Returns the id of the message at a place of a log whose events have their places for ids.
pub(crate) const fn message_id(seq: u64) -> MessageId {
    MessageId::from_uuid(event_id(seq as u128).as_uuid())
}

const fn message(seq: u64) -> MessagePlace {
    MessagePlace { id: message_id(seq), seq: Seq::new(seq) }
}

pub(crate) fn edited(message_seq: u64, edit_count: u32, text: &str) -> Change {
    Change::MessageEdited { message: message(message_seq), text: self::text(text), edit_count }
}

pub(crate) fn deleted(message_seq: u64, unpins: bool) -> Change {
    Change::MessageDeleted { message: message(message_seq), unpins }
}

pub(crate) fn reacted(message_seq: u64, emoji: &str, is_added: bool) -> Change {
    Change::ReactionChanged { message: message(message_seq), emoji: self::emoji(emoji), is_added }
}

pub(crate) fn pinned(message_seq: u64, is_pinned: bool) -> Change {
    Change::PinChanged { message: message(message_seq), is_pinned }
}

/// An edit of a message, erased.
pub(crate) fn blanked(message_seq: u64) -> Change {
    Change::Blanked { was: ChangeKind::MessageEdited, message: Some(message(message_seq)) }
}

/// A command to send a text, whose event would have the id of a number.
pub(crate) fn send(sender: UserId, number: u128, request_id: &str, text: &str) -> Command {
    Command {
        dedup_key: DedupKey::of_request(sender, &request_id.parse().expect("a request id")),
        content_hash: hash(text),
        event_id: event_id(number),
        actor: sender,
        trace: None,
        intent: Intent::Send { request_id: request_id.parse().expect("a request id"), text: self::text(text) },
    }
}

/// A command to do something to a message.
pub(crate) fn about(actor: UserId, number: u128, request_id: &str, message: MessageId, deed: Deed) -> Command {
    Command {
        dedup_key: DedupKey::of_request(actor, &request_id.parse().expect("a request id")),
        content_hash: hash(&format!("{message} {deed:?}")),
        event_id: event_id(number),
        actor,
        trace: None,
        intent: Intent::ChangeMessage { message, deed },
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
        intent: Intent::ChangeRoom { version: change.version().expect("a decided change has a version"), change },
    }
}

/// A message as it would stand in a log whose events have their places for ids.
pub(crate) fn send_event(seq: u64, sender: UserId, text: &str) -> Arc<RoomEvent> {
    event(room(1), seq, send(sender, u128::from(seq), &format!("request-{seq}"), text))
}

/// An event of any kind as it would stand in a log whose events have their places for ids.
pub(crate) fn changed(room: RoomId, seq: u64, actor: UserId, change: Change) -> Arc<RoomEvent> {
    let command = send(actor, u128::from(seq), &format!("request-{seq}"), "of any kind");
    Arc::new(RoomEvent { change, ..(*event(room, seq, command)).clone() })
}

/// An event as it would stand in a log.
pub(crate) fn event(room: RoomId, seq: u64, command: Command) -> Arc<RoomEvent> {
    let change = match command.intent {
        Intent::Send { request_id, text } => Change::MessageSent { request_id, text },
        Intent::ChangeRoom { change, .. } => change,
        Intent::ChangeMessage { .. } => panic!("what comes of it depends on the log"),
    };
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
        change,
    })
}

fn hash(text: &str) -> ContentHash {
    ContentHasher::new(ContentKey([3; 32])).hash(&[text.as_bytes()])
}
