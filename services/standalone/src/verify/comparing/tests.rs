//! What is said of a room and its log, without a store.

use std::collections::{BTreeMap, BTreeSet};

use loquat_ids::{EventId, RoomId, Timestamp, UserId};
use loquat_messages::audit::{AuditedLog, DecidedChange, LoggedKind, LoggedMember, LoggedRole, LoggedSettings};
use loquat_rooms::{
    model::{Change, Membership, MembershipChange, Role, Room, RoomForm, RoomName, RoomTopic, RoomVersion},
    store::audit::{AuditedDecision, AuditedMember, AuditedRoom},
};
use uuid::Uuid;

use super::{Comparison, compare};

const ROOM: RoomId = RoomId::from_uuid(Uuid::from_u128(1));
const NOW: Timestamp = Timestamp::from_micros(7);

fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

fn event(version: u64) -> EventId {
    EventId::from_uuid(Uuid::from_u128(100 + u128::from(version)))
}

/// A log by whose version 2 two people are in the room.
fn log() -> AuditedLog {
    let member = |role, since_version| LoggedMember { role, join_time: NOW, since_version };
    AuditedLog {
        room: ROOM,
        head_seq: 5,
        head_event: event(2),
        version: 2,
        settings: Some(LoggedSettings {
            kind: LoggedKind::Public,
            name: "kitchen".to_owned(),
            topic: String::new(),
            create_time: NOW,
            direct_users: Vec::new(),
        }),
        members: BTreeMap::from([(user(1), member(LoggedRole::Owner, 1)), (user(2), member(LoggedRole::Member, 2))]),
        former_members: BTreeSet::new(),
        decided: BTreeMap::from([
            (1, DecidedChange { event_id: event(1), seq: 1 }),
            (2, DecidedChange { event_id: event(2), seq: 5 }),
        ]),
        damages: Vec::new(),
    }
}

fn membership(number: u128) -> Membership {
    Membership { room_id: ROOM, user_id: user(number), role: Role::Member, join_time: NOW }
}

fn joined(version: u64, number: u128, seq: Option<u64>) -> AuditedDecision {
    let changes = vec![MembershipChange::Joined(membership(number))];
    let change = Ok(Change::MembershipsChanged { changes, member_count: u32::try_from(version).expect("few") });
    AuditedDecision { event_id: event(version), version, seq, change }
}

fn settings(version: u64, member_count: u32) -> Room {
    let (name, topic) = (RoomName::parse("kitchen").expect("a name"), RoomTopic::default());
    let form = RoomForm::Named { is_public: true, name, topic };
    Room { id: ROOM, form, create_time: NOW, version: RoomVersion(version), member_count }
}

/// The room as rooms has it then.
fn room() -> AuditedRoom {
    let member = |number, role| AuditedMember { user: user(number), role: Some(role), join_time: NOW };
    AuditedRoom {
        id: ROOM,
        room: Some(Ok(settings(2, 2))),
        members: vec![member(1, Role::Owner), member(2, Role::Member)],
        listed: vec![(user(1), true), (user(2), true), (user(9), false)],
        outbox: vec![joined(2, 2, Some(5))],
    }
}

/// The room after a third person came, which is not in the log.
fn ahead(seq: Option<u64>) -> AuditedRoom {
    let mut room = room();
    room.room = Some(Ok(settings(3, 3)));
    room.members.push(AuditedMember { user: user(3), role: Some(Role::Member), join_time: NOW });
    room.listed.push((user(3), true));
    room.outbox.push(joined(3, 3, seq));
    room
}

fn kinds(comparison: &Comparison) -> Vec<(&'static str, bool)> {
    comparison.differences.iter().map(|difference| (difference.kind, difference.is_repairable)).collect()
}

fn compared(log: Option<&AuditedLog>, room: Option<&AuditedRoom>) -> Vec<(&'static str, bool)> {
    kinds(&compare(ROOM, log, room))
}

#[test]
fn a_room_is_what_its_log_says_and_what_is_on_the_way_into_it() {
    assert_eq!(compared(Some(&log()), Some(&room())), []);
    assert_eq!(compared(Some(&log()), Some(&ahead(None))), []);
    // A room that was just made has no log yet.
    let mut new = room();
    let created = Change::RoomCreated { room: settings(1, 1), memberships: vec![membership(1)] };
    new.outbox = vec![AuditedDecision { event_id: event(1), version: 1, seq: None, change: Ok(created) }];
    new.room = Some(Ok(settings(1, 1)));
    new.members = vec![AuditedMember { user: user(1), role: Some(Role::Member), join_time: NOW }];
    new.listed = vec![(user(1), true)];
    assert_eq!(compared(None, Some(&new)), []);
}

#[test]
fn what_rooms_believes_in_the_log_and_is_not_is_taken_there_again() {
    let (log, room) = (log(), ahead(Some(9)));
    let comparison = compare(ROOM, Some(&log), Some(&room));
    assert_eq!(kinds(&comparison), [("outbox_row_not_in_log", true)]);
    let rebuilt = comparison.rebuilt(Some(&log)).expect("a room").expect("a room");
    assert_eq!(rebuilt.outbox[&event(3)], None, "it is on the way again");
    assert_eq!(rebuilt.outbox[&event(2)], Some(5));
    assert_eq!((rebuilt.room.version, rebuilt.members.len()), (RoomVersion(3), 3));
}

#[test]
fn what_nobody_can_know_is_not_repairable() {
    let mut forgotten = room();
    forgotten.outbox.clear();
    assert_eq!(compared(None, Some(&forgotten)), [("room_without_log", false)]);
    let beheaded = AuditedLog { settings: None, ..log() };
    assert_eq!(compared(Some(&beheaded), None), [("log_without_room", false)]);
    let mut other = room();
    other.outbox[0].seq = Some(4);
    assert_eq!(
        compared(Some(&beheaded), Some(&other)),
        [("outbox_place_differs", false), ("log_without_room", false)],
        "nothing of a room is mended of which nobody knows what it must be"
    );
}

#[test]
fn what_rooms_lost_is_made_of_the_log() {
    let comparison = compare(ROOM, Some(&log()), None);
    assert_eq!(kinds(&comparison), [("log_without_room", true)]);
    let rebuilt = comparison.rebuilt(Some(&log())).expect("a room").expect("a room");
    assert_eq!(rebuilt.room, settings(2, 2));
    // And what led beyond the log and is nowhere, back to it.
    let mut lost = ahead(None);
    lost.outbox.pop();
    let comparison = compare(ROOM, Some(&log()), Some(&lost));
    let expected = [
        ("room_version_ahead", true),
        ("room_member_count_differs", true),
        ("membership_extra", true),
        ("list_has_lost_room", true),
    ];
    assert_eq!(kinds(&comparison), expected);
    assert_eq!(comparison.rebuilt(Some(&log())).expect("a room").expect("a room").room, settings(2, 2));
}

#[test]
fn leftovers_of_a_room_that_nobody_knows_go() {
    let leftovers = AuditedRoom { room: None, outbox: Vec::new(), ..room() };
    let comparison = compare(ROOM, None, Some(&leftovers));
    assert_eq!(kinds(&comparison), [("room_leftovers", true)]);
    assert_eq!(comparison.rebuilt(None).expect("an answer"), None);
}
