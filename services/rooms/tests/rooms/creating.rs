//! Making rooms, and making the same one again.

use loquat_rooms::{
    app::ensure_lobby,
    error::RoomError,
    model::{Change, Role, RoomKind, RoomVersion},
    service::NewRoom,
};

use crate::{
    backends::on_every_store,
    fakes::Mood,
    house::{House, is_pending, rename},
};

on_every_store! {
    a_room_begins_with_all_its_members_as_its_first_event,
    the_same_request_again_is_answered_as_the_first_whatever_happened_since,
    another_content_under_the_same_request_id_is_refused,
    a_request_id_is_its_makers_own,
    the_same_request_many_times_at_once_makes_one_room,
    users_that_do_not_exist_are_named_by_their_fields,
    without_the_users_service_nothing_is_made,
    a_room_of_nobody_else_needs_no_users_service,
    the_lobby_is_there_once,
}

async fn a_room_begins_with_all_its_members_as_its_first_event(house: &House) {
    let [owner, one, other] = [house.user(), house.user(), house.user()];
    let made = house.rooms.create(owner, house.wish("Hall", &[one, owner, other, one])).await.unwrap();

    assert_eq!((made.room.version, made.room.member_count), (RoomVersion::FIRST, 3));
    assert_eq!((made.room.kind(), made.membership.role, made.is_repeat), (RoomKind::Public, Role::Owner, false));
    let events = house.log.events(made.room.id);
    let [event] = events.as_slice() else { panic!("one event, not {events:?}") };
    let Change::RoomCreated { room, memberships } = &event.change else { panic!("{event:?}") };
    assert_eq!((room, event.actor), (&made.room, owner));
    let members: Vec<_> = memberships.iter().map(|membership| (membership.user_id, membership.role)).collect();
    assert_eq!(members, [(owner, Role::Owner), (one, Role::Member), (other, Role::Member)]);
}

async fn the_same_request_again_is_answered_as_the_first_whatever_happened_since(house: &House) {
    let [owner, other] = [house.user(), house.user()];
    let wish = house.wish("Hall", &[other]);
    let first = house.rooms.create(owner, wish.clone()).await.unwrap();
    house.rooms.update(owner, first.room.id, rename("Cellar")).await.unwrap();
    house.rooms.leave(owner, first.room.id).await.unwrap();
    house.users.lack(other);

    let again = house.rooms.create(owner, wish).await.unwrap();
    assert!(again.is_repeat);
    assert_eq!((again.room, again.membership), (first.room.clone(), first.membership));
    assert_eq!(house.log.versions(first.room.id), [1, 2, 3]);
}

async fn another_content_under_the_same_request_id_is_refused(house: &House) {
    let [owner, other] = [house.user(), house.user()];
    let wish = house.wish("Hall", &[]);
    house.rooms.create(owner, wish.clone()).await.unwrap();
    for otherwise in [
        NewRoom { is_public: false, ..wish.clone() },
        NewRoom { user_ids: vec![other], ..wish.clone() },
        NewRoom { name: house.wish("Cellar", &[]).name, ..wish.clone() },
    ] {
        let refused = house.rooms.create(owner, otherwise).await;
        assert!(matches!(refused, Err(RoomError::RequestIdReused)), "{refused:?}");
    }
    assert_eq!(house.list(owner).await.len(), 1);
}

async fn a_request_id_is_its_makers_own(house: &House) {
    let wish = house.wish("Hall", &[]);
    let one = house.rooms.create(house.user(), wish.clone()).await.unwrap();
    let other = house.rooms.create(house.user(), NewRoom { is_public: false, ..wish }).await.unwrap();
    assert_ne!(one.room.id, other.room.id);
}

async fn the_same_request_many_times_at_once_makes_one_room(house: &House) {
    let owner = house.user();
    let other = house.replica(None).await;
    let wish = house.wish("Hall", &[house.user(), house.user()]);
    let calls = (0..8).map(|call| {
        let rooms = if call % 2 == 0 { &house.rooms } else { &other.rooms };
        rooms.create(owner, wish.clone())
    });
    let answers: Vec<_> = futures::future::join_all(calls).await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| answer.room == answers[0].room));
    assert_eq!(answers.iter().filter(|answer| !answer.is_repeat).count(), 1);
    assert_eq!(house.list(owner).await.len(), 1);
    assert_eq!(house.log.versions(answers[0].room.id), [1]);
}

async fn users_that_do_not_exist_are_named_by_their_fields(house: &House) {
    let [owner, there, missing] = [house.user(), house.user(), house.user()];
    house.users.lack(missing);
    house.users.lack(owner); // Who calls is not looked up.
    let refused = house.rooms.create(owner, house.wish("Hall", &[missing, there, owner, missing])).await;
    let Err(RoomError::UserNotFound { fields }) = refused else { panic!("{refused:?}") };
    assert_eq!(fields, ["user_ids[0]", "user_ids[3]"]);
    assert!(house.list(owner).await.is_empty());
}

async fn without_the_users_service_nothing_is_made(house: &House) {
    let [owner, other] = [house.user(), house.user()];
    house.users.become_(Mood::Away);
    let wish = house.wish("Hall", &[other]);
    let refused = house.rooms.create(owner, wish.clone()).await;
    assert!(matches!(refused, Err(RoomError::UsersUnreachable(_))), "{refused:?}");
    house.users.become_(Mood::Well);
    assert!(!house.rooms.create(owner, wish).await.unwrap().is_repeat);
}

async fn a_room_of_nobody_else_needs_no_users_service(house: &House) {
    house.users.become_(Mood::Away);
    let owner = house.user();
    assert!(house.rooms.create(owner, house.wish("Hall", &[owner])).await.is_ok());
}

async fn the_lobby_is_there_once(house: &House) {
    let owner = house.user();
    house.log.become_(Mood::Away);
    assert!(is_pending(&ensure_lobby(&house.rooms, owner).await));
    house.log.become_(Mood::Well);
    let lobby = ensure_lobby(&house.rooms, owner).await.unwrap();
    assert_eq!((lobby.name(), lobby.topic(), lobby.kind()), ("lobby", "Everybody is here", RoomKind::Public));
    assert_eq!(ensure_lobby(&house.rooms, owner).await.unwrap(), lobby);
    assert_eq!(house.list(owner).await.len(), 1);
}
