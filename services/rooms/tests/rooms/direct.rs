//! The one room between two people.

use loquat_rooms::{
    error::RoomError,
    model::{DirectPair, Role, RoomKind, RoomVersion},
};

use crate::{backends::on_every_store, fakes::Mood, house::House};

on_every_store! {
    the_room_between_two_is_the_same_whoever_opens_it,
    two_who_open_it_at_once_get_the_same_room,
    nobody_has_a_direct_room_with_oneself_or_with_nobody,
    a_room_that_is_there_opens_without_the_users_service,
}

async fn the_room_between_two_is_the_same_whoever_opens_it(house: &House) {
    let [one, other, third] = [house.user(), house.user(), house.user()];
    let (room, mine) = house.rooms.open_direct(one, other).await.unwrap();
    assert_eq!((room.kind(), room.name(), room.version, room.member_count), (RoomKind::Direct, "", RoomVersion(1), 2));
    assert_eq!(room.direct_pair(), DirectPair::of(one, other));
    assert_eq!((mine.user_id, mine.role), (one, Role::Member));

    let (same, theirs) = house.rooms.open_direct(other, one).await.unwrap();
    assert_eq!((same.id, theirs.user_id), (room.id, other));
    assert_ne!(house.rooms.open_direct(one, third).await.unwrap().0.id, room.id);
    assert_eq!(house.log.versions(room.id), [1]);
}

async fn two_who_open_it_at_once_get_the_same_room(house: &House) {
    let replica = house.replica(None).await;
    for _ in 0..5 {
        let [one, other] = [house.user(), house.user()];
        let calls = (0..6).map(|call| match call % 2 {
            0 => house.rooms.open_direct(one, other),
            _ => replica.rooms.open_direct(other, one),
        });
        let opened: Vec<_> = futures::future::join_all(calls).await.into_iter().map(Result::unwrap).collect();
        assert!(opened.iter().all(|(room, _)| room.id == opened[0].0.id));
        assert_eq!(house.list(one).await.len(), 1);
        assert_eq!(house.log.versions(opened[0].0.id), [1]);
    }
}

async fn nobody_has_a_direct_room_with_oneself_or_with_nobody(house: &House) {
    let [one, missing] = [house.user(), house.user()];
    house.users.lack(missing);
    assert!(matches!(house.rooms.open_direct(one, one).await, Err(RoomError::DirectWithSelf)));
    let refused = house.rooms.open_direct(one, missing).await;
    assert!(matches!(&refused, Err(RoomError::UserNotFound { fields }) if fields == &["user_id"]), "{refused:?}");
    assert!(house.list(one).await.is_empty());
}

async fn a_room_that_is_there_opens_without_the_users_service(house: &House) {
    let [one, other] = [house.user(), house.user()];
    let (room, _) = house.rooms.open_direct(one, other).await.unwrap();
    house.users.become_(Mood::Away);
    assert_eq!(house.rooms.open_direct(other, one).await.unwrap().0, room);
    assert!(matches!(house.rooms.open_direct(one, house.user()).await, Err(RoomError::UsersUnreachable(_))));
}
