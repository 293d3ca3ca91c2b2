//! Changing a room's settings.

use loquat_rooms::{
    error::RoomError,
    model::{Change, Permission, RoomTopic, RoomVersion},
    service::SettingsChange,
};

use crate::{
    backends::on_every_store,
    house::{House, rename},
};

on_every_store! {
    a_new_name_is_one_event_and_the_same_name_is_none,
    a_topic_changes_alone_and_goes_away,
    members_see_the_settings_but_do_not_change_them,
}

async fn a_new_name_is_one_event_and_the_same_name_is_none(house: &House) {
    let owner = house.user();
    let room = house.public_room(owner, "Hall").await;
    let renamed = house.rooms.update(owner, room.id, rename("Cellar")).await.unwrap();
    assert_eq!((renamed.name(), renamed.version), ("Cellar", RoomVersion(2)));
    assert_eq!(house.rooms.update(owner, room.id, rename("Cellar")).await.unwrap(), renamed);
    let events = house.log.events(room.id);
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].change, Change::RoomUpdated { room: renamed });
}

async fn a_topic_changes_alone_and_goes_away(house: &House) {
    let owner = house.user();
    let room = house.public_room(owner, "Hall").await;
    for topic in ["About everything", ""] {
        let change = SettingsChange { name: None, topic: Some(RoomTopic::parse(topic).unwrap()) };
        let updated = house.rooms.update(owner, room.id, change).await.unwrap();
        assert_eq!((updated.name(), updated.topic()), ("Hall", topic));
        assert_eq!(house.rooms.get(owner, room.id).await.unwrap().room, updated);
    }
    assert_eq!(house.log.versions(room.id), [1, 2, 3]);
}

async fn members_see_the_settings_but_do_not_change_them(house: &House) {
    let [owner, member, stranger] = [house.user(), house.user(), house.user()];
    let room = house.public_room(owner, "Hall").await;
    house.rooms.join(member, room.id).await.unwrap();
    for user in [member, stranger] {
        let refused = house.rooms.update(user, room.id, rename("Mine")).await;
        let Err(RoomError::PermissionMissing { permission, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(permission, Permission::UpdateRoom);
    }
    let (direct, _) = house.rooms.open_direct(owner, member).await.unwrap();
    assert!(matches!(house.rooms.update(owner, direct.id, rename("Ours")).await, Err(RoomError::RoomIsDirect(_))));
}
