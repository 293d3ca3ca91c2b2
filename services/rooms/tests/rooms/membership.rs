//! Entering, leaving and putting out.

use loquat_rooms::{
    error::RoomError,
    model::{Change, MembershipChange, PageSize, Role, RoomVersion},
};

use crate::{
    backends::on_every_store,
    house::{House, is_not_found},
};

on_every_store! {
    joining_twice_is_joining_once,
    an_owner_who_joins_stays_the_owner,
    leaving_twice_is_leaving_once,
    who_comes_back_comes_last,
    a_room_that_one_may_not_see_answers_as_one_that_does_not_exist,
    nobody_joins_leaves_or_is_put_out_of_a_direct_room,
    removing_twice_is_removing_once,
    only_an_owner_removes_and_nobody_an_owner_or_oneself,
    who_was_removed_finds_what_a_stranger_finds_and_loses_the_room,
    removing_leaving_and_coming_back_at_once_end_as_the_log_says,
    many_who_join_and_leave_at_once_take_every_version_once,
}

async fn joining_twice_is_joining_once(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let room = house.public_room(owner, "Hall").await;
    let (joined, membership) = house.rooms.join(guest, room.id).await.unwrap();
    assert_eq!((joined.version, joined.member_count, membership.role), (RoomVersion(2), 2, Role::Member));
    assert_eq!(house.rooms.join(guest, room.id).await.unwrap(), (joined, membership));

    let events = house.log.events(room.id);
    assert_eq!(events.len(), 2);
    let expected = Change::MembershipsChanged { changes: vec![MembershipChange::Joined(membership)], member_count: 2 };
    assert_eq!((&events[1].change, events[1].actor), (&expected, guest));
}

async fn an_owner_who_joins_stays_the_owner(house: &House) {
    let owner = house.user();
    for room in [house.public_room(owner, "Hall").await, house.private_room(owner, "Cellar", &[]).await] {
        let (same, membership) = house.rooms.join(owner, room.id).await.unwrap();
        assert_eq!((same.version, membership.role), (RoomVersion::FIRST, Role::Owner));
    }
}

async fn leaving_twice_is_leaving_once(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    for room in [house.public_room(owner, "Hall").await, house.private_room(owner, "Cellar", &[guest]).await] {
        house.rooms.leave(owner, room.id).await.unwrap();
        let left = house.log.events(room.id);
        house.rooms.leave(owner, room.id).await.unwrap();
        assert_eq!(house.log.events(room.id), left);
        assert_eq!(left.len(), 2);
        let gone = vec![MembershipChange::Left(owner)];
        assert!(matches!(&left[1].change, Change::MembershipsChanged { changes, .. } if *changes == gone));
    }
    assert!(house.list(owner).await.is_empty());
    let stranger = house.public_room(guest, "Attic").await;
    house.rooms.leave(owner, stranger.id).await.unwrap();
    assert_eq!(house.log.versions(stranger.id), [1]);
}

async fn who_comes_back_comes_last(house: &House) {
    let [owner, one, other] = [house.user(), house.user(), house.user()];
    let room = house.public_room(owner, "Hall").await;
    house.rooms.join(one, room.id).await.unwrap();
    house.rooms.join(other, room.id).await.unwrap();
    house.rooms.leave(one, room.id).await.unwrap();
    house.rooms.join(one, room.id).await.unwrap();
    let page = house.rooms.list_members(owner, room.id, PageSize::of(0), "").await.unwrap();
    let members: Vec<_> = page.memberships.iter().map(|membership| membership.user_id).collect();
    assert_eq!(members, [owner, other, one]);
    assert_eq!(house.rooms.get(owner, room.id).await.unwrap().room.member_count, 3);
}

async fn a_room_that_one_may_not_see_answers_as_one_that_does_not_exist(house: &House) {
    let [owner, stranger] = [house.user(), house.user()];
    let direct = house.rooms.open_direct(owner, house.user()).await.unwrap().0;
    let private = house.private_room(owner, "Cellar", &[]).await;
    for room_id in [private.id, direct.id, house.room_id()] {
        assert!(is_not_found(&house.rooms.get(stranger, room_id).await));
        assert!(is_not_found(&house.rooms.join(stranger, room_id).await));
        assert!(is_not_found(&house.rooms.leave(stranger, room_id).await));
        assert!(is_not_found(&house.rooms.remove(stranger, room_id, owner).await));
        assert!(is_not_found(&house.rooms.remove(stranger, room_id, stranger).await));
        assert!(is_not_found(&house.rooms.update(stranger, room_id, crate::house::rename("mine")).await));
        assert!(is_not_found(&house.rooms.list_members(stranger, room_id, PageSize::of(0), "").await));
    }
    let public = house.public_room(owner, "Hall").await;
    assert_eq!(house.rooms.get(stranger, public.id).await.unwrap().membership, None);
    let refused = house.rooms.list_members(stranger, public.id, PageSize::of(0), "").await;
    assert!(matches!(refused, Err(RoomError::PermissionMissing { .. })), "{refused:?}");
}

async fn nobody_joins_leaves_or_is_put_out_of_a_direct_room(house: &House) {
    let [one, other] = [house.user(), house.user()];
    let (room, _) = house.rooms.open_direct(one, other).await.unwrap();
    assert!(matches!(house.rooms.join(one, room.id).await, Err(RoomError::RoomIsDirect(_))));
    assert!(matches!(house.rooms.leave(other, room.id).await, Err(RoomError::RoomIsDirect(_))));
    assert!(matches!(house.rooms.remove(one, room.id, other).await, Err(RoomError::RoomIsDirect(_))));
    assert_eq!(house.log.versions(room.id), [1]);
}

async fn many_who_join_and_leave_at_once_take_every_version_once(house: &House) {
    let owner = house.user();
    let room = house.public_room(owner, "Hall").await;
    let other = house.replica(None).await;
    let guests: Vec<_> = (0..12).map(|_| house.user()).collect();
    let visits = guests.iter().enumerate().map(|(number, guest)| {
        let rooms = if number % 2 == 0 { &house.rooms } else { &other.rooms };
        async move {
            rooms.join(*guest, room.id).await.unwrap();
            if number % 3 == 0 {
                rooms.leave(*guest, room.id).await.unwrap();
            }
        }
    });
    futures::future::join_all(visits).await;

    let changes = 1 + 12 + 4;
    assert_eq!(house.log.versions(room.id), (1..=changes).collect::<Vec<_>>());
    assert_eq!(house.log.out_of_order(), 0);
    let found = house.rooms.get(owner, room.id).await.unwrap().room;
    assert_eq!((found.version, found.member_count), (RoomVersion(changes), 1 + 8));
    let counted = house.rooms.list_members(owner, room.id, PageSize::of(200), "").await.unwrap();
    assert_eq!(counted.memberships.len(), 9);
}

async fn removing_twice_is_removing_once(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    for room in [house.public_room(owner, "Hall").await, house.private_room(owner, "Cellar", &[guest]).await] {
        house.rooms.join(guest, room.id).await.unwrap();
        for _ in 0..2 {
            house.rooms.remove(owner, room.id, guest).await.unwrap();
        }
        house.rooms.remove(owner, room.id, house.user()).await.unwrap();
        let events = house.log.events(room.id);
        let gone = Change::MembershipsChanged { changes: vec![MembershipChange::Left(guest)], member_count: 1 };
        let last = events.last().unwrap();
        assert_eq!((&last.change, last.actor), (&gone, owner));
        let removals = events.iter().filter(|event| event.change == gone);
        assert_eq!(removals.count(), 1);
    }
}

async fn only_an_owner_removes_and_nobody_an_owner_or_oneself(house: &House) {
    let [owner, guest, other] = [house.user(), house.user(), house.user()];
    let room = house.private_room(owner, "Cellar", &[guest, other]).await;
    for whom in [other, owner, guest] {
        let refused = house.rooms.remove(guest, room.id, whom).await;
        assert!(matches!(refused, Err(RoomError::PermissionMissing { .. })), "{refused:?}");
    }
    assert!(matches!(house.rooms.remove(owner, room.id, owner).await, Err(RoomError::MemberIsCaller(_))));
    assert_eq!(house.log.versions(room.id), [1]);
    house.rooms.leave(owner, room.id).await.unwrap();
    assert!(is_not_found(&house.rooms.remove(owner, room.id, guest).await));
}

async fn who_was_removed_finds_what_a_stranger_finds_and_loses_the_room(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let hidden = house.private_room(owner, "Cellar", &[guest]).await;
    let listed = house.public_room(owner, "Hall").await;
    house.rooms.join(guest, listed.id).await.unwrap();
    for room in [&hidden, &listed] {
        house.rooms.remove(owner, room.id, guest).await.unwrap();
    }
    assert!(house.list(guest).await.is_empty());
    assert!(is_not_found(&house.rooms.get(guest, hidden.id).await));
    assert!(is_not_found(&house.rooms.join(guest, hidden.id).await));
    // One who was in it knows of it: leaving it again is no news.
    house.rooms.leave(guest, hidden.id).await.unwrap();
    let refused = house.rooms.list_members(guest, listed.id, PageSize::of(0), "").await;
    assert!(matches!(refused, Err(RoomError::PermissionMissing { .. })), "{refused:?}");
    let (_, membership) = house.rooms.join(guest, listed.id).await.unwrap();
    assert_eq!(membership.role, Role::Member);
}

async fn removing_leaving_and_coming_back_at_once_end_as_the_log_says(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let room = house.public_room(owner, "Hall").await;
    let other = house.replica(None).await;
    let (here, there) = (&house.rooms, &other.rooms);
    let rounds = 12;
    let removes = async {
        for _ in 0..rounds {
            there.remove(owner, room.id, guest).await.unwrap();
        }
    };
    let leaves = async {
        for _ in 0..rounds {
            here.leave(guest, room.id).await.unwrap();
        }
    };
    let joins = async {
        for _ in 0..rounds {
            there.join(guest, room.id).await.unwrap();
        }
    };
    let joins_elsewhere = async {
        for _ in 0..rounds {
            here.join(guest, room.id).await.unwrap();
        }
    };
    tokio::join!(removes, leaves, joins, joins_elsewhere);

    let events = house.log.events(room.id);
    assert_eq!(house.log.versions(room.id), (1..=events.len() as u64).collect::<Vec<_>>());
    assert_eq!(house.log.out_of_order(), 0);
    let mut is_member = false;
    for event in &events[1..] {
        let Change::MembershipsChanged { changes, member_count } = &event.change else { panic!("{event:?}") };
        let [change] = changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!(change.user_id(), guest);
        assert_ne!(change.role().is_some(), is_member, "nobody comes twice or goes twice: {events:?}");
        is_member = !is_member;
        assert_eq!(*member_count, 1 + u32::from(is_member));
    }
    let found = house.rooms.get(guest, room.id).await.unwrap();
    assert_eq!((found.membership.is_some(), found.room.member_count), (is_member, 1 + u32::from(is_member)));
    assert_eq!(house.list(guest).await.len(), usize::from(is_member));
}
