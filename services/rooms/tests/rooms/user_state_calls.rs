//! The same of the service as gateways and people meet it: over gRPC, and by the news on the bus.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use futures::{Stream, StreamExt as _};
use loquat_bus::{Pattern, Received, Subject};
use loquat_ids::{IdSource as _, RandomIds};
use loquat_proto::rooms::v1::{self as proto, user_room_change::Change};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use prost::Message as _;
use prost_types::FieldMask;

use crate::{
    stand_ins::{Person, Service, soon},
    user_state::{Deed, PEOPLE, doings},
};

/// A person's list, without what the rooms' logs say.
type State = BTreeMap<String, (proto::Room, proto::Membership)>;

fn entry(room: proto::Room, membership: proto::Membership) -> (String, (proto::Room, proto::Membership)) {
    (room.room_id.clone(), (proto::Room { version: 0, member_count: 0, ..room }, membership))
}

/// Reads the list by pages, small ones.
async fn fresh(person: &Person) -> (u64, State) {
    let (mut state, mut version, mut page_token) = (State::new(), None, String::new());
    loop {
        let view = proto::RoomListView::Joined.into();
        let request = proto::ListRoomsRequest { view, page_size: 3, page_token, ..Default::default() };
        let page = person.rooms().list_rooms(person.says(request)).await.unwrap().into_inner();
        version.get_or_insert(page.user_state_version);
        let rooms = page.rooms.into_iter().map(|found| entry(found.room.unwrap(), found.membership.unwrap()));
        state.extend(rooms);
        if page.next_page_token.is_empty() {
            return (version.unwrap(), state);
        }
        page_token = page.next_page_token;
    }
}

fn apply(state: &mut State, change: proto::UserRoomChange) {
    match change.change.expect("a change says what it is") {
        Change::Gained(gained) => {
            let (room_id, entry) = entry(gained.room.unwrap(), gained.membership.unwrap());
            state.insert(room_id, entry);
        }
        Change::Lost(lost) => {
            state.remove(&lost.room_id);
        }
    }
}

async fn check_changes(service: &Service, person: &Person, since: u64, mut state: State) {
    let request = proto::ListUserRoomChangesRequest { user_id: person.id.to_string(), since_version: since };
    let told = service.for_gateways().list_user_room_changes(request).await.unwrap().into_inner();
    assert!(!told.is_reset, "{since} is known");
    let mut rooms = BTreeSet::new();
    for change in told.changes {
        assert!(since < change.version && change.version <= told.version);
        apply(&mut state, change.clone());
        let room_id = match change.change.unwrap() {
            Change::Gained(gained) => gained.room.unwrap().room_id,
            Change::Lost(lost) => lost.room_id,
        };
        assert!(rooms.insert(room_id), "each room once");
    }
    assert_eq!((told.version, state), fresh(person).await);
}

/// Listens until the list is as new as it is, as a gateway does: what is not the next is a reason to read.
async fn check_news(
    service: &Service,
    person: &Person,
    news: &mut (impl Stream<Item = Received> + Unpin),
    (mut version, mut state): (u64, State),
) {
    let (latest, expected) = fresh(person).await;
    while version < latest {
        let Some(Received::News(told)) = soon(news.next()).await else { panic!("the news ended") };
        let change = proto::UserRoomChange::decode(told.payload).unwrap();
        match change.version.cmp(&(version + 1)) {
            Ordering::Less => {}
            Ordering::Equal => {
                version = change.version;
                apply(&mut state, change);
            }
            Ordering::Greater => {
                let user_id = person.id.to_string();
                let request = proto::ListUserRoomChangesRequest { user_id, since_version: version };
                let read = service.for_gateways().list_user_room_changes(request).await.unwrap().into_inner();
                assert!(!read.is_reset);
                version = read.version;
                read.changes.into_iter().for_each(|change| apply(&mut state, change));
            }
        }
    }
    assert_eq!((version, state), (latest, expected));
}

/// Does a deed. Many are refused; that is part of it.
async fn perform(people: &[Person], rooms: &mut Vec<String>, deed: &Deed) {
    let room = |number: usize| rooms.get(number).or(rooms.last()).cloned().unwrap_or_default();
    let create = |kind: proto::RoomKind, user_ids: Vec<String>| proto::CreateRoomRequest {
        request_id: RandomIds.fresh().to_string(),
        kind: kind.into(),
        name: "Hall".to_owned(),
        topic: String::new(),
        user_ids,
    };
    let update = |number: usize, path: &str, text: String| proto::UpdateRoomRequest {
        room_id: room(number),
        name: text.clone(),
        topic: text,
        update_mask: Some(FieldMask { paths: vec![path.to_owned()] }),
    };
    match *deed {
        Deed::MakePublic { by } | Deed::MakePrivate { by, .. } => {
            let request = match *deed {
                Deed::MakePrivate { with, .. } => create(proto::RoomKind::Private, vec![people[with].id.to_string()]),
                _ => create(proto::RoomKind::Public, vec![]),
            };
            let made = people[by].rooms().create_room(people[by].says(request)).await.unwrap().into_inner();
            rooms.push(made.room.unwrap().room_id);
        }
        Deed::OpenDirect { by, with } => {
            let request = proto::OpenDirectRoomRequest { user_id: people[with].id.to_string() };
            if let Ok(opened) = people[by].rooms().open_direct_room(people[by].says(request)).await {
                rooms.push(opened.into_inner().room.unwrap().room_id);
            }
        }
        Deed::Join { by, room: number } => {
            let request = proto::JoinRoomRequest { room_id: room(number) };
            drop(people[by].rooms().join_room(people[by].says(request)).await);
        }
        Deed::Leave { by, room: number } => {
            let request = proto::LeaveRoomRequest { room_id: room(number) };
            drop(people[by].rooms().leave_room(people[by].says(request)).await);
        }
        Deed::Remove { by, room: number, whom } => {
            let request = proto::RemoveMemberRequest { room_id: room(number), user_id: people[whom].id.to_string() };
            drop(people[by].rooms().remove_member(people[by].says(request)).await);
        }
        Deed::Rename { by, room: number, name } => {
            let request = update(number, "name", format!("name {name}"));
            drop(people[by].rooms().update_room(people[by].says(request)).await);
        }
        Deed::Retopic { by, room: number, topic } => {
            let request = update(number, "topic", format!("topic {topic}"));
            drop(people[by].rooms().update_room(people[by].says(request)).await);
        }
        Deed::Restart | Deed::Copy | Deed::PutBack => unreachable!("that is no deed of a person"),
    }
}

async fn state_and_changes_equal_fresh_state(service: &Service, deeds: &[Deed]) {
    let people: Vec<Person> = (0..PEOPLE).map(|_| service.person()).collect();
    let (mut rooms, mut seen, mut feeds) = (Vec::new(), Vec::new(), Vec::new());
    for person in &people {
        feeds.push(service.bus.subscribe(Pattern::exactly(Subject::user(person.id))).await.unwrap());
    }
    for deed in deeds {
        for (number, person) in people.iter().enumerate() {
            let (version, state) = fresh(person).await;
            seen.push((number, version, state));
        }
        perform(&people, &mut rooms, deed).await;
    }
    for (feed, (number, version, state)) in feeds.iter_mut().zip(seen.clone()) {
        check_news(service, &people[number], feed, (version, state)).await;
    }
    for (number, version, state) in seen {
        check_changes(service, &people[number], version, state).await;
    }
}

#[test]
fn over_grpc_and_the_bus_a_list_with_its_changes_is_the_list_now() {
    let executor = tokio::runtime::Runtime::new().unwrap();
    let service = executor.block_on(Service::start());
    let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&prop::collection::vec(doings(), 1..20), |deeds| {
            executor.block_on(state_and_changes_equal_fresh_state(&service, &deeds));
            Ok(())
        })
        .unwrap();
    executor.block_on(service.stop());
}
