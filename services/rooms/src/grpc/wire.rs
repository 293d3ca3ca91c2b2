//! The model as Protobuf.

use loquat_proto::{messages::v1 as log, rooms::v1 as proto};
use loquat_rpc::proto_time;

use crate::model::{
    Change, Membership, MembershipChange, Role, Room, RoomEntry, RoomEvent, RoomKind, UserRoomChange,
    UserRoomChangeKind,
};

pub(crate) fn room(room: &Room) -> proto::Room {
    let kind = match room.kind() {
        RoomKind::Public => proto::RoomKind::Public,
        RoomKind::Private => proto::RoomKind::Private,
        RoomKind::Direct => proto::RoomKind::Direct,
    };
    let direct = room.direct_pair().map(|pair| pair.users().map(|user| user.to_string()).to_vec());
    proto::Room {
        room_id: room.id.to_string(),
        kind: kind.into(),
        name: room.name().to_owned(),
        topic: room.topic().to_owned(),
        create_time: Some(proto_time(room.create_time)),
        version: room.version.0,
        member_count: room.member_count,
        direct_user_ids: direct.unwrap_or_default(),
    }
}

const fn role(role: Role) -> proto::Role {
    match role {
        Role::Owner => proto::Role::Owner,
        Role::Member => proto::Role::Member,
    }
}

pub(crate) fn membership(membership: &Membership) -> proto::Membership {
    proto::Membership {
        room_id: membership.room_id.to_string(),
        user_id: membership.user_id.to_string(),
        role: role(membership.role).into(),
        join_time: Some(proto_time(membership.join_time)),
    }
}

pub(crate) fn entry(entry: &RoomEntry) -> proto::RoomEntry {
    proto::RoomEntry { room: Some(room(&entry.room)), membership: entry.membership.as_ref().map(membership) }
}

pub(crate) fn user_room_change(change: &UserRoomChange) -> proto::UserRoomChange {
    use proto::user_room_change::Change as Kind;
    let kind = match &change.kind {
        UserRoomChangeKind::Gained { room: gained, membership: mine } => {
            Kind::Gained(proto::RoomGained { room: Some(room(gained)), membership: Some(membership(mine)) })
        }
        UserRoomChangeKind::Lost(room_id) => Kind::Lost(proto::RoomLost { room_id: room_id.to_string() }),
    };
    proto::UserRoomChange { version: change.version.0, change: Some(kind) }
}

/// Writes an event as the log takes it.
pub(crate) fn append_request(event: &RoomEvent) -> log::AppendRoomEventRequest {
    let mut request = log::AppendRoomEventRequest {
        room_id: event.room_id.to_string(),
        event_id: event.event_id.to_string(),
        version: event.version.0,
        actor_id: event.actor.to_string(),
        ..log::AppendRoomEventRequest::default()
    };
    match &event.change {
        Change::RoomCreated { room: created, memberships } => {
            let memberships = memberships.iter().map(membership).collect();
            request.room_created = Some(log::RoomCreated { room: Some(room(created)), memberships });
        }
        Change::RoomUpdated { room: updated } => {
            request.room_updated = Some(log::RoomUpdated { room: Some(room(updated)) });
        }
        Change::MembershipsChanged { changes, member_count } => {
            let changes = changes.iter().map(membership_change).collect();
            request.memberships_changed = Some(log::MembershipsChanged { changes, member_count: *member_count });
        }
    }
    request
}

fn membership_change(change: &MembershipChange) -> log::MembershipChange {
    log::MembershipChange {
        user_id: change.user_id().to_string(),
        is_member: change.role().is_some(),
        role: change.role().map_or(proto::Role::Unspecified, role).into(),
    }
}

#[cfg(test)]
mod tests {
    use loquat_ids::{EventId, RoomId, Timestamp, UserId};
    use loquat_proto::Validate as _;
    use uuid::Uuid;

    use super::*;
    use crate::model::{DirectPair, RoomForm, RoomName, RoomTopic, RoomVersion};

    fn user(number: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(number))
    }

    fn event(change: impl FnOnce(Room, Membership) -> Change) -> RoomEvent {
        let id = RoomId::from_uuid(Uuid::from_u128(1));
        let name = RoomName::parse("lobby").expect("a name");
        let form = RoomForm::Named { is_public: true, name, topic: RoomTopic::default() };
        let now = Timestamp::from_micros(1_500_000);
        let room = Room { id, form, create_time: now, version: RoomVersion(2), member_count: 3 };
        let membership = Membership { room_id: id, user_id: user(2), role: Role::Owner, join_time: now };
        RoomEvent {
            event_id: EventId::from_uuid(Uuid::from_u128(3)),
            room_id: id,
            version: RoomVersion(2),
            actor: user(2),
            change: change(room, membership),
        }
    }

    #[test]
    fn every_kind_of_event_keeps_the_rules_of_the_contract() {
        let events = [
            event(|room, membership| Change::RoomCreated { room, memberships: vec![membership] }),
            event(|room, _| Change::RoomUpdated { room }),
            event(|_, membership| Change::MembershipsChanged {
                changes: vec![MembershipChange::Joined(membership), MembershipChange::Left(user(9))],
                member_count: 2,
            }),
        ];
        for event in events {
            append_request(&event).validate().expect("valid");
        }
    }

    #[test]
    fn who_went_has_no_role() {
        let gone = membership_change(&MembershipChange::Left(user(4)));
        assert!(!gone.is_member);
        assert_eq!(gone.role(), proto::Role::Unspecified);
    }

    #[test]
    fn a_direct_room_names_its_two_people_and_nothing_else() {
        let RoomEvent { change, .. } = event(|room, _| Change::RoomUpdated { room });
        let Change::RoomUpdated { room: mut direct } = change else { unreachable!("made so") };
        direct.form = RoomForm::Direct(DirectPair::of(user(8), user(5)).expect("two"));
        let direct = room(&direct);
        assert_eq!(direct.direct_user_ids, [user(5).to_string(), user(8).to_string()]);
        assert_eq!((direct.name.as_str(), direct.kind()), ("", proto::RoomKind::Direct));
    }
}
