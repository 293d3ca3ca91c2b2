//! What the ports of the store promise, asked of the store itself.

use std::collections::BTreeSet;

use loquat_ids::{Timestamp, UserId};
use loquat_rooms::{
    error::RoomError,
    model::{
        Change, Decision, DirectPair, Life, ListVersion, Membership, MembershipChange, NamePrefix, Role, Room,
        RoomForm, RoomName, RoomTopic, RoomVersion, RoomView, Seq, UserRoomChangeKind,
    },
    ports::{
        ContentHash, Created, Creation, DeliveredEvent, Outbox as _, People, Remembrance, RoomLists as _,
        RoomStore as _, StoreError,
    },
    store::{OpenError, SqlRoomStore},
};
use sea_orm::ConnectionTrait as _;

use crate::{
    backends::on_every_store,
    house::{BEGINNING, House, STORE_DEADLINE, after},
};

on_every_store! {
    two_writers_on_one_room_take_every_version_once_and_lose_no_member,
    a_decision_that_fails_in_the_middle_leaves_nothing,
    a_creation_that_fails_in_the_middle_leaves_nothing,
    a_refused_decision_leaves_nothing_and_frees_the_room,
    a_decision_about_somebody_else_finds_that_ones_membership,
    rooms_without_pair_topic_or_request_stand_side_by_side,
    one_pair_gets_one_room_and_one_request_one_answer,
    an_event_goes_from_pending_to_delivered_to_published_to_gone,
    rooms_with_pending_events_are_found_by_pages,
    a_list_is_told_by_changes_or_afresh,
    settings_change_the_lists_of_members_alone,
    each_opening_of_the_store_gives_out_versions_of_its_own,
    a_list_of_the_first_schema_goes_on,
    the_key_is_made_once_whoever_asks_first,
    a_database_of_a_newer_program_is_refused,
    many_processes_may_start_at_once,
}

fn named(name: &str) -> RoomForm {
    RoomForm::Named { is_public: true, name: RoomName::parse(name).unwrap(), topic: RoomTopic::default() }
}

/// A room to be made, of the first of some people.
fn creation(house: &House, form: RoomForm, people: &[UserId]) -> Creation {
    let (room_id, now) = (house.room_id(), house.now());
    let membership = |user_id: &UserId| Membership { room_id, user_id: *user_id, role: Role::Owner, join_time: now };
    Creation {
        room: Room {
            id: room_id,
            form,
            create_time: now,
            version: RoomVersion::FIRST,
            member_count: people.len() as u32,
        },
        memberships: people.iter().map(membership).collect(),
        actor: people[0],
        event_id: house.event_id(),
        now,
        remembrance: None,
    }
}

fn come(view: &RoomView, user_id: UserId) -> Decision {
    let joined = Membership { room_id: view.room.id, user_id, role: Role::Member, join_time: view.room.create_time };
    change(view, MembershipChange::Joined(joined), view.room.member_count + 1)
}

fn change(view: &RoomView, change: MembershipChange, member_count: u32) -> Decision {
    let room = Room { version: view.room.version.next(), member_count, ..view.room.clone() };
    Decision { room, change: Change::MembershipsChanged { changes: vec![change], member_count } }
}

async fn join(house: &House, store: &SqlRoomStore, room: &Room, user: UserId) -> Result<(), RoomError> {
    let decide = |view: &RoomView| Ok(Some(come(view, user)));
    store.change(room.id, People::one(user), house.event_id(), house.now(), &decide).await.map(|_| ())
}

async fn two_writers_on_one_room_take_every_version_once_and_lose_no_member(house: &House) {
    let creation = creation(house, named("Hall"), &[house.user()]);
    assert_eq!(house.store.create(&creation).await.unwrap(), Created::Made);
    let other = house.backend.open().await;
    let joins = (0..24).map(|number| {
        let store = if number % 2 == 0 { &*house.store } else { &other };
        join(house, store, &creation.room, house.user())
    });
    for joined in futures::future::join_all(joins).await {
        joined.unwrap();
    }
    let pending = house.store.pending(creation.room.id, 100).await.unwrap();
    assert_eq!(pending.iter().map(|event| event.version.0).collect::<Vec<_>>(), (1..=25).collect::<Vec<_>>());
    let counts: Vec<u32> = pending[1..]
        .iter()
        .map(|event| match &event.change {
            Change::MembershipsChanged { member_count, .. } => *member_count,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(counts, (2..=25).collect::<Vec<_>>());
    let view = house.store.view(creation.room.id, creation.actor).await.unwrap().unwrap();
    assert_eq!((view.room.version, view.room.member_count), (RoomVersion(25), 25));
    assert_eq!(house.store.members(creation.room.id, None, 100).await.unwrap().len(), 25);
}

async fn a_decision_that_fails_in_the_middle_leaves_nothing(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let creation = creation(house, named("Hall"), &[owner]);
    house.store.create(&creation).await.unwrap();
    // The event's row is the last one written, and its id is taken.
    let decide = |view: &RoomView| Ok(Some(come(view, guest)));
    let failed =
        house.store.change(creation.room.id, People::one(guest), creation.event_id, house.now(), &decide).await;
    assert!(matches!(failed, Err(RoomError::StoreUnavailable(_))), "{failed:?}");

    let view = house.store.view(creation.room.id, guest).await.unwrap().unwrap();
    assert_eq!(
        view,
        RoomView { room: creation.room.clone(), membership: None, was_member: false, other_membership: None }
    );
    assert_eq!(house.store.members(creation.room.id, None, 9).await.unwrap().len(), 1);
    assert_eq!(house.store.pending(creation.room.id, 9).await.unwrap().len(), 1);
    let (version, rooms) = house.store.joined(guest, &NamePrefix::default(), None, 9).await.unwrap();
    assert_eq!((version, rooms), (ListVersion::UNTOUCHED, vec![]));
    join(house, &house.store, &creation.room, guest).await.unwrap();
    let versions: Vec<u64> =
        house.store.pending(creation.room.id, 9).await.unwrap().iter().map(|event| event.version.0).collect();
    assert_eq!(versions, [1, 2]);
}

async fn a_creation_that_fails_in_the_middle_leaves_nothing(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let first = creation(house, named("Hall"), &[owner]);
    house.store.create(&first).await.unwrap();
    let request_id = "request-1".parse().unwrap();
    let remembrance = Remembrance { request_id, content: ContentHash([1; 32]) };
    let second = creation(house, named("Cellar"), &[owner, guest]);
    let second = Creation { event_id: first.event_id, remembrance: Some(remembrance.clone()), ..second };
    assert!(house.store.create(&second).await.is_err());

    assert_eq!(house.store.view(second.room.id, owner).await.unwrap(), None);
    assert_eq!(house.store.remembered(owner, &remembrance.request_id).await.unwrap(), None);
    let (version, rooms) = house.store.joined(owner, &NamePrefix::default(), None, 9).await.unwrap();
    assert_eq!((version, rooms.len()), (after(1), 1));
    let (version, rooms) = house.store.joined(guest, &NamePrefix::default(), None, 9).await.unwrap();
    assert_eq!((version, rooms.len()), (ListVersion::UNTOUCHED, 0));
}

async fn a_refused_decision_leaves_nothing_and_frees_the_room(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let creation = creation(house, named("Hall"), &[owner]);
    house.store.create(&creation).await.unwrap();
    for _ in 0..10 {
        let refuse = |view: &RoomView| Err(RoomError::RoomIsDirect(view.room.id));
        let refused =
            house.store.change(creation.room.id, People::one(guest), house.event_id(), house.now(), &refuse).await;
        assert!(matches!(refused, Err(RoomError::RoomIsDirect(_))));
        let nothing = |_: &RoomView| Ok(None);
        let same = house
            .store
            .change(creation.room.id, People::one(owner), house.event_id(), house.now(), &nothing)
            .await
            .unwrap();
        assert_eq!(same.unwrap().room, creation.room);
    }
    assert_eq!(house.store.pending(creation.room.id, 9).await.unwrap().len(), 1);
    join(house, &house.store, &creation.room, guest).await.unwrap();
    let nowhere = |_: &RoomView| panic!("there is no room to decide about");
    let none =
        house.store.change(house.room_id(), People::one(owner), house.event_id(), house.now(), &nowhere).await.unwrap();
    assert_eq!(none, None);
}

async fn a_decision_about_somebody_else_finds_that_ones_membership(house: &House) {
    let [owner, guest, stranger] = [house.user(), house.user(), house.user()];
    let creation = creation(house, named("Hall"), &[owner, guest]);
    house.store.create(&creation).await.unwrap();
    let decide = async |people: People, expected: Option<Membership>| {
        let look = |view: &RoomView| {
            assert_eq!((view.membership, view.other_membership), (Some(creation.memberships[0]), expected));
            Ok(None)
        };
        house.store.change(creation.room.id, people, house.event_id(), house.now(), &look).await.unwrap();
    };
    decide(People::one(owner), None).await;
    decide(People::two(owner, stranger), None).await;
    decide(People::two(owner, guest), Some(creation.memberships[1])).await;

    let put_out = |view: &RoomView| Ok(Some(change(view, MembershipChange::Left(guest), 1)));
    let people = People::two(owner, guest);
    let outcome = house.store.change(creation.room.id, people, house.event_id(), house.now(), &put_out).await.unwrap();
    assert_eq!(outcome.unwrap().membership, Some(creation.memberships[0]));
    decide(people, None).await;
    let events = house.store.pending(creation.room.id, 9).await.unwrap();
    assert_eq!((events[1].actor, events[1].version), (owner, RoomVersion(2)));
    let view = house.store.view(creation.room.id, guest).await.unwrap().unwrap();
    assert_eq!((view.membership, view.was_member), (None, true));
    let (_, rooms) = house.store.joined(guest, &NamePrefix::default(), None, 9).await.unwrap();
    assert_eq!(rooms, vec![]);
    let changes = house.store.changes_since(guest, ListVersion::UNTOUCHED, 9).await.unwrap().changes.unwrap();
    assert_eq!(changes.last().unwrap().kind, UserRoomChangeKind::Lost(creation.room.id));
    let changes = house.store.changes_since(owner, ListVersion::UNTOUCHED, 9).await.unwrap().changes.unwrap();
    assert_eq!(changes.len(), 1, "the owner's own list is as it was");
}

async fn rooms_without_pair_topic_or_request_stand_side_by_side(house: &House) {
    let [one, other, third] = [house.user(), house.user(), house.user()];
    let direct = |with| RoomForm::Direct(DirectPair::of(one, with).unwrap());
    let creations = [
        creation(house, named("Hall"), &[one]),
        creation(house, named("Hall"), &[one]),
        creation(house, direct(other), &[one, other]),
        creation(house, direct(third), &[one, third]),
    ];
    for creation in &creations {
        assert_eq!(house.store.create(creation).await.unwrap(), Created::Made);
        let view = house.store.view(creation.room.id, one).await.unwrap().unwrap();
        assert_eq!((&view.room, view.membership), (&creation.room, Some(creation.memberships[0])));
        let [event] = house.store.pending(creation.room.id, 9).await.unwrap().try_into().unwrap();
        let made = Change::RoomCreated { room: view.room, memberships: creation.memberships.clone() };
        assert_eq!((event.event_id, event.actor, event.change), (creation.event_id, one, made));
        let stranger = house.store.view(creation.room.id, house.user()).await.unwrap().unwrap();
        assert_eq!((stranger.membership, stranger.was_member), (None, false));
    }
}

async fn one_pair_gets_one_room_and_one_request_one_answer(house: &House) {
    let [one, other] = [house.user(), house.user()];
    let pair = DirectPair::of(one, other).unwrap();
    let store = house.backend.open().await;
    let [first, second] = [one, other].map(|maker| creation(house, RoomForm::Direct(pair), &[maker]));
    let (first_became, second_became) = tokio::join!(house.store.create(&first), store.create(&second));
    let became = [first_became.unwrap(), second_became.unwrap()];
    let winner = if became[0] == Created::Made { &first } else { &second };
    assert!(became.contains(&Created::Made) && became.contains(&Created::PairTaken), "{became:?}");
    assert_eq!(house.store.direct_room(pair).await.unwrap(), Some(winner.room.id));

    let content = ContentHash([3; 32]);
    let remembrance = Some(Remembrance { request_id: "request-1".parse().unwrap(), content });
    let [first, second] =
        ["a", "b"].map(|name| Creation { remembrance: remembrance.clone(), ..creation(house, named(name), &[one]) });
    let (first_became, second_became) = tokio::join!(house.store.create(&first), store.create(&second));
    let became = [first_became.unwrap(), second_became.unwrap()];
    let winner = if became[0] == Created::Made { &first } else { &second };
    assert!(became.contains(&Created::Made) && became.contains(&Created::RequestTaken), "{became:?}");
    let remembered = house.store.remembered(one, &"request-1".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((&remembered.room, remembered.content), (&winner.room, content));
    assert_eq!(remembered.membership, winner.memberships[0]);
    assert_eq!(house.store.remembered(other, &"request-1".parse().unwrap()).await.unwrap(), None);
}

async fn an_event_goes_from_pending_to_delivered_to_published_to_gone(house: &House) {
    let store = &house.store;
    let creation = creation(house, named("Hall"), &[house.user()]);
    store.create(&creation).await.unwrap();
    assert_eq!(store.rooms_with_pending(None, 9).await.unwrap(), [creation.room.id]);
    assert_eq!(store.unpublished(9).await.unwrap(), []);
    // Twice, as two processes may.
    for _ in 0..2 {
        store.mark_delivered(creation.event_id, Seq(1)).await.unwrap();
        assert_eq!(store.pending(creation.room.id, 9).await.unwrap(), []);
        assert_eq!(store.rooms_with_pending(None, 9).await.unwrap(), []);
    }
    let delivered =
        DeliveredEvent { event_id: creation.event_id, room_id: creation.room.id, version: RoomVersion::FIRST };
    assert_eq!(store.unpublished(9).await.unwrap(), [delivered]);
    store.prune(Timestamp::from_micros(i64::MAX)).await.unwrap();
    assert_eq!(store.unpublished(9).await.unwrap(), [delivered]);
    for _ in 0..2 {
        store.mark_published(&[creation.event_id]).await.unwrap();
        assert_eq!(store.unpublished(9).await.unwrap(), []);
    }
    let rows = async || {
        let behind = house.backend.behind().await;
        let rows = behind.query_all_raw(sea_orm::Statement::from_string(
            behind.get_database_backend(),
            "SELECT 1 AS one FROM outbox",
        ));
        rows.await.unwrap().len()
    };
    store.prune(house.now()).await.unwrap();
    assert_eq!(rows().await, 1);
    store.prune(house.now().plus(std::time::Duration::from_micros(1))).await.unwrap();
    assert_eq!(rows().await, 0);
}

async fn rooms_with_pending_events_are_found_by_pages(house: &House) {
    let owner = house.user();
    let mut rooms = BTreeSet::new();
    for _ in 0..5 {
        let creation = creation(house, named("Hall"), &[owner]);
        house.store.create(&creation).await.unwrap();
        join(house, &house.store, &creation.room, house.user()).await.unwrap();
        rooms.insert(creation.room.id);
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = house.store.rooms_with_pending(after, 2).await.unwrap();
        after = page.last().copied();
        found.extend_from_slice(&page);
        if page.len() < 2 {
            break;
        }
    }
    assert_eq!(found, rooms.into_iter().collect::<Vec<_>>());
}

async fn a_list_is_told_by_changes_or_afresh(house: &House) {
    let (me, store) = (house.user(), &house.store);
    let changes = async |since, limit| store.changes_since(me, since, limit).await.unwrap();
    let untouched = changes(ListVersion::UNTOUCHED, 9).await;
    assert_eq!((untouched.version, untouched.changes), (ListVersion::UNTOUCHED, Some(vec![])));
    let [kept, left] = [creation(house, named("Hall"), &[me]), creation(house, named("Cellar"), &[me])];
    for creation in [&kept, &left] {
        store.create(creation).await.unwrap();
    }
    let leave = |view: &RoomView| Ok(Some(change(view, MembershipChange::Left(me), 0)));
    store.change(left.room.id, People::one(me), house.event_id(), house.now(), &leave).await.unwrap();

    let all = changes(ListVersion::UNTOUCHED, 2).await;
    assert_eq!(all.version, after(3));
    let [gained, lost] = all.changes.unwrap().try_into().unwrap();
    assert!(matches!(&gained.kind, UserRoomChangeKind::Gained { room, .. } if **room == kept.room));
    assert_eq!((gained.version, lost.version), (after(1), after(3)));
    assert_eq!(lost.kind, UserRoomChangeKind::Lost(left.room.id));
    assert_eq!(changes(after(2), 2).await.changes.unwrap(), [lost]);
    assert_eq!(changes(after(3), 2).await.changes, Some(vec![]));
    for (since, limit) in [(ListVersion(0), 9), (after(4), 9), (ListVersion(u64::MAX), 9), (ListVersion::UNTOUCHED, 1)]
    {
        assert_eq!(changes(since, limit).await.changes, None, "{since:?} {limit}");
    }
}

async fn settings_change_the_lists_of_members_alone(house: &House) {
    let [owner, member, former, stranger] = [house.user(), house.user(), house.user(), house.user()];
    let creation = creation(house, named("Hall"), &[owner, member, former]);
    let store = &house.store;
    store.create(&creation).await.unwrap();
    let leave = |view: &RoomView| Ok(Some(change(view, MembershipChange::Left(former), 2)));
    store.change(creation.room.id, People::one(former), house.event_id(), house.now(), &leave).await.unwrap();
    let rename = |view: &RoomView| {
        let room = Room { form: named("Cellar"), version: view.room.version.next(), ..view.room.clone() };
        Ok(Some(Decision { change: Change::RoomUpdated { room: room.clone() }, room }))
    };
    store.change(creation.room.id, People::one(owner), house.event_id(), house.now(), &rename).await.unwrap();

    for (user, version) in
        [(owner, after(2)), (member, after(2)), (former, after(2)), (stranger, ListVersion::UNTOUCHED)]
    {
        let changes = store.changes_since(user, ListVersion::UNTOUCHED, 9).await.unwrap();
        assert_eq!(changes.version, version);
    }
    let event = DeliveredEvent { event_id: creation.event_id, room_id: creation.room.id, version: RoomVersion(3) };
    let (mut told, mut after) = (Vec::new(), None);
    loop {
        let page = store.list_changes(event, after, 1).await.unwrap();
        let Some((user, change)) = page.into_iter().next() else { break };
        assert!(matches!(&change.kind, UserRoomChangeKind::Gained { room, .. } if room.name() == "Cellar"));
        told.push(user);
        after = Some(user);
    }
    assert_eq!(told, [owner, member]);
    let first = DeliveredEvent { version: RoomVersion::FIRST, ..event };
    assert_eq!(store.list_changes(first, None, 9).await.unwrap(), []);
}

async fn each_opening_of_the_store_gives_out_versions_of_its_own(house: &House) {
    let [owner, idle] = [house.user(), house.user()];
    let hall = creation(house, named("Hall"), &[owner, idle]);
    house.store.create(&hall).await.unwrap();
    let version = async |store: &SqlRoomStore| store.changes_since(owner, ListVersion(0), 9).await.unwrap().version;
    let first = version(&house.store).await;
    assert_eq!((first, first.life()), (after(1), Life(1_000)));

    // One opened at the same millisecond, one later, one while the clock stands before both.
    let second = house.backend.open().await;
    let third = house.backend.open_at(Timestamp::from_micros(5_000_000)).await;
    let fourth = house.backend.open_at(BEGINNING).await;
    let mut versions = vec![first];
    for (store, life) in [(&second, 1_001), (&third, 5_000), (&fourth, 5_001)] {
        for count in 0..2 {
            let room = creation(house, named("Cellar"), &[owner]);
            store.create(&room).await.unwrap();
            versions.push(version(store).await);
            assert_eq!(*versions.last().unwrap(), ListVersion(Life(life).first_version().0 + count));
        }
    }
    // A list goes on from where it is, also by the hand of one that was opened before.
    let room = creation(house, named("Attic"), &[owner]);
    house.store.create(&room).await.unwrap();
    versions.push(version(&house.store).await);
    assert_eq!(versions[7], ListVersion(Life(5_001).first_version().0 + 2));

    let changes = async |since| fourth.changes_since(owner, since, 9).await.unwrap().changes;
    for (place, since) in versions.iter().enumerate() {
        let told = changes(*since).await.map(|changes| changes.len());
        // What is of the life before last, or of one before that, is not known any more.
        let expected = (place >= 3).then_some(7 - place);
        assert_eq!(told, expected, "{place} {since:?}");
    }
    assert_eq!(changes(ListVersion::UNTOUCHED).await.map(|changes| changes.len()), Some(8));
    // A list in which nothing happened is known however often the store was opened.
    assert_eq!(fourth.changes_since(idle, after(1), 9).await.unwrap().changes, Some(vec![]));
    let rename = |view: &RoomView| {
        let room = Room { form: named("Great hall"), version: view.room.version.next(), ..view.room.clone() };
        Ok(Some(Decision { change: Change::RoomUpdated { room: room.clone() }, room }))
    };
    let people = People::one(owner);
    fourth.change(hall.room.id, people, house.event_id(), house.now(), &rename).await.unwrap();
    let told = fourth.changes_since(idle, after(1), 9).await.unwrap();
    assert_eq!((told.version, told.changes.unwrap().len()), (Life(5_001).first_version(), 1));
}

async fn a_list_of_the_first_schema_goes_on(house: &House) {
    let [me, other] = [house.user(), house.user()];
    let [kept, later] = ["Hall", "Cellar"].map(|name| creation(house, named(name), &[me, other]));
    house.store.create(&kept).await.unwrap();
    let behind = house.backend.behind().await;
    for old in ["user_lists SET version = 2", "user_rooms SET version = 2", "memberships SET list_order = 2"] {
        behind.execute_unprepared(&format!("UPDATE {old}")).await.unwrap();
    }
    let changes = async |since| house.store.changes_since(me, ListVersion(since), 9).await.unwrap();
    assert_eq!(changes(2).await.changes, Some(vec![]));
    assert_eq!(changes(3).await.changes, None);
    house.store.create(&later).await.unwrap();
    assert_eq!(changes(2).await.version, after(1));
    assert_eq!(changes(2).await.changes.map(|changes| changes.len()), Some(1));
    assert_eq!(changes(1).await.changes.map(|changes| changes.len()), Some(2));
    assert_eq!(changes(3).await.changes, None);
}

async fn the_key_is_made_once_whoever_asks_first(house: &House) {
    let behind = house.backend.behind().await;
    behind.execute_unprepared("DELETE FROM store_keys").await.unwrap();
    let stores = [house.backend.open().await, house.backend.open().await, house.backend.open().await];
    let keys = futures::future::join_all(stores.iter().map(SqlRoomStore::key)).await;
    let keys: BTreeSet<[u8; 32]> = keys.into_iter().map(|key| key.unwrap().0).collect();
    assert_eq!(keys.len(), 1);
    behind.execute_unprepared("DELETE FROM store_keys").await.unwrap();
    assert!(!keys.contains(&house.store.key().await.unwrap().0));
}

async fn a_database_of_a_newer_program_is_refused(house: &House) {
    let behind = house.backend.behind().await;
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_rooms', 1)";
    behind.execute_unprepared(newer).await.unwrap();
    let one = std::num::NonZeroU32::MIN;
    let refused = SqlRoomStore::open(&house.backend.url, one, STORE_DEADLINE, &*house.clock).await;
    let Err(OpenError::Newer { version }) = refused else { panic!("{refused:?}") };
    assert_eq!(version, "m29990101_000001_rooms");
}

async fn many_processes_may_start_at_once(house: &House) {
    let behind = house.backend.behind().await;
    for table in [
        "outbox",
        "requests",
        "user_rooms",
        "memberships",
        "user_lists",
        "rooms",
        "store_keys",
        "list_lives",
        "seaql_migrations",
    ] {
        behind.execute_unprepared(&format!("DROP TABLE {table}")).await.unwrap();
    }
    // SQLite has one process; PostgreSQL as many as there are replicas.
    let count = if house.backend.url.starts_with("sqlite") { 1 } else { 4 };
    let stores = futures::future::join_all((0..count).map(|_| house.backend.open())).await;
    for store in stores {
        store.key().await.unwrap();
        assert!(matches!(
            store.direct_room(DirectPair::of(house.user(), house.user()).unwrap()).await,
            Ok::<_, StoreError>(None)
        ));
    }
}
