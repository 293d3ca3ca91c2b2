//! A list at any version, with the changes since then, equals the list now: for every run of changes.

use std::collections::BTreeMap;

use loquat_ids::{RoomId, UserId};
use loquat_rooms::model::{ListVersion, Membership, PageSize, Room, RoomForm, UserRoomChangeKind};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{
    backends::Backend,
    house::{House, rename},
};

const PEOPLE: usize = 4;

/// Something that somebody does. Rooms and people are named by number; a room that is not there is the last one.
#[derive(Debug, Clone)]
enum Deed {
    MakePublic { by: usize },
    MakePrivate { by: usize, with: usize },
    OpenDirect { by: usize, with: usize },
    Join { by: usize, room: usize },
    Leave { by: usize, room: usize },
    Rename { by: usize, room: usize, name: u8 },
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let (person, room) = (|| 0..PEOPLE, || 0..6_usize);
    let deed = prop_oneof![
        1 => person().prop_map(|by| Deed::MakePublic { by }),
        1 => (person(), person()).prop_map(|(by, with)| Deed::MakePrivate { by, with }),
        1 => (person(), person()).prop_map(|(by, with)| Deed::OpenDirect { by, with }),
        3 => (person(), room()).prop_map(|(by, room)| Deed::Join { by, room }),
        3 => (person(), room()).prop_map(|(by, room)| Deed::Leave { by, room }),
        2 => (person(), room(), 0..3_u8).prop_map(|(by, room, name)| Deed::Rename { by, room, name }),
    ];
    prop::collection::vec(deed, 1..24)
}

/// What a list says of a room. The room's version and member count are of the room, not of the list: they are as they were
/// when the entry was read.
type State = BTreeMap<RoomId, (RoomForm, Membership)>;

fn entry(room: &Room, membership: Membership) -> (RoomForm, Membership) {
    (room.form.clone(), membership)
}

async fn fresh(house: &House, user: UserId) -> (ListVersion, State) {
    let page = house.rooms.list_joined(user, "", PageSize::of(200), "").await.unwrap();
    let rooms = page.rooms.into_iter();
    (page.list_version, rooms.map(|found| (found.room.id, entry(&found.room, found.membership.unwrap()))).collect())
}

async fn with_changes(house: &House, user: UserId, since: ListVersion, mut state: State) -> (ListVersion, State) {
    let changes = house.rooms.list_changes(user, since).await.unwrap();
    let mut reached = since;
    for change in changes.changes.expect("the version is of this store") {
        assert!(change.version > reached, "versions rise");
        reached = change.version;
        match change.kind {
            UserRoomChangeKind::Gained { room, membership } => state.insert(room.id, entry(&room, membership)),
            UserRoomChangeKind::Lost(room_id) => state.remove(&room_id),
        };
    }
    assert!(reached <= changes.version);
    (changes.version, state)
}

/// Does a deed. Many are refused; that is part of it.
async fn perform(house: &House, people: &[UserId], rooms: &mut Vec<RoomId>, deed: &Deed) {
    let room = |number: usize| rooms.get(number).or(rooms.last()).copied();
    match *deed {
        Deed::MakePublic { by } => rooms.push(house.public_room(people[by], "Hall").await.id),
        Deed::MakePrivate { by, with } => {
            rooms.push(house.private_room(people[by], "Cellar", &[people[with]]).await.id);
        }
        Deed::OpenDirect { by, with } => {
            if let Ok((room, _)) = house.rooms.open_direct(people[by], people[with]).await {
                rooms.push(room.id);
            }
        }
        Deed::Join { by, room: number } => {
            if let Some(room) = room(number) {
                drop(house.rooms.join(people[by], room).await);
            }
        }
        Deed::Leave { by, room: number } => {
            if let Some(room) = room(number) {
                drop(house.rooms.leave(people[by], room).await);
            }
        }
        Deed::Rename { by, room: number, name } => {
            if let Some(room) = room(number) {
                drop(house.rooms.update(people[by], room, rename(&format!("name {name}"))).await);
            }
        }
    }
}

async fn state_and_changes_equal_fresh_state(house: &House, deeds: &[Deed]) {
    let people: Vec<UserId> = (0..PEOPLE).map(|_| house.user()).collect();
    let (mut rooms, mut seen) = (Vec::new(), Vec::new());
    for deed in deeds {
        for user in &people {
            seen.push((*user, fresh(house, *user).await));
        }
        perform(house, &people, &mut rooms, deed).await;
    }
    for (user, (version, state)) in seen {
        assert_eq!(with_changes(house, user, version, state).await, fresh(house, user).await);
    }
    for room in rooms {
        let events = house.log.versions(room);
        assert_eq!(events, (1..=events.len() as u64).collect::<Vec<_>>());
    }
}

/// Runs the property on one store, on new people in each case.
fn check(cases: u32, backend: impl AsyncFn() -> Option<Backend>) {
    let executor = tokio::runtime::Runtime::new().unwrap();
    let Some(house) = executor.block_on(async { Some(House::on(backend().await?).await) }) else { return };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&deeds(), |deeds| {
            executor.block_on(state_and_changes_equal_fresh_state(&house, &deeds));
            Ok(())
        })
        .unwrap();
    executor.block_on(house.close());
}

#[test]
fn a_list_with_its_changes_is_the_list_now_on_sqlite() {
    check(24, async || Some(Backend::sqlite()));
}

#[test]
fn a_list_with_its_changes_is_the_list_now_on_postgres() {
    check(12, async || Backend::postgres("a_list_with_its_changes_is_the_list_now").await);
}
