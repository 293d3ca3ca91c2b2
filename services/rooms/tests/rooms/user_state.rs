//! A list at any version, with the changes since then, equals the list now: for every run of changes, also over restarts
//! of the service, and over a store that was put back to what it was. Where the changes are not known, the answer says so.

use std::{cell::Cell, collections::BTreeMap};

use loquat_ids::{RoomId, UserId};
use loquat_rooms::{
    model::{Change, ListVersion, Membership, PageSize, Room, RoomForm, RoomTopic, UserRoomChange, UserRoomChangeKind},
    service::{Pass, SettingsChange},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{
    backends::Backend,
    house::{Copy, House, rename},
};

pub(crate) const PEOPLE: usize = 4;

/// Something that happens. Rooms and people are named by number; a room that is not there is the last one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Deed {
    MakePublic {
        by: usize,
    },
    MakePrivate {
        by: usize,
        with: usize,
    },
    OpenDirect {
        by: usize,
        with: usize,
    },
    Join {
        by: usize,
        room: usize,
    },
    Leave {
        by: usize,
        room: usize,
    },
    Remove {
        by: usize,
        room: usize,
        whom: usize,
    },
    Rename {
        by: usize,
        room: usize,
        name: u8,
    },
    Retopic {
        by: usize,
        room: usize,
        topic: u8,
    },
    /// The process ends and another starts.
    Restart,
    /// What is stored is copied.
    Copy,
    /// The process ends and another starts on the latest copy.
    PutBack,
}

/// What people do.
pub(crate) fn doings() -> impl Strategy<Value = Deed> {
    let (person, room) = (|| 0..PEOPLE, || 0..6_usize);
    prop_oneof![
        1 => person().prop_map(|by| Deed::MakePublic { by }),
        1 => (person(), person()).prop_map(|(by, with)| Deed::MakePrivate { by, with }),
        1 => (person(), person()).prop_map(|(by, with)| Deed::OpenDirect { by, with }),
        3 => (person(), room()).prop_map(|(by, room)| Deed::Join { by, room }),
        2 => (person(), room()).prop_map(|(by, room)| Deed::Leave { by, room }),
        3 => (person(), room(), person()).prop_map(|(by, room, whom)| Deed::Remove { by, room, whom }),
        2 => (person(), room(), 0..3_u8).prop_map(|(by, room, name)| Deed::Rename { by, room, name }),
        1 => (person(), room(), 0..3_u8).prop_map(|(by, room, topic)| Deed::Retopic { by, room, topic }),
    ]
}

fn with_restarts() -> impl Strategy<Value = Vec<Deed>> {
    prop::collection::vec(prop_oneof![9 => doings(), 1 => Just(Deed::Restart)], 1..24)
}

/// Something happens; what is stored is copied; more happens; it is put back, once or twice, and more happens each time.
fn with_copies_put_back() -> impl Strategy<Value = Vec<Deed>> {
    let stretch = || prop::collection::vec(prop_oneof![15 => doings(), 1 => Just(Deed::Restart)], 1..9);
    (stretch(), stretch(), stretch(), prop::option::of(stretch())).prop_map(|(before, lost, after, after_again)| {
        let again = after_again.map(|deeds| [vec![Deed::PutBack], deeds].concat());
        [before, vec![Deed::Copy], lost, vec![Deed::PutBack], after, again.unwrap_or_default()].concat()
    })
}

/// A person's list.
type State = BTreeMap<RoomId, (Room, Membership)>;

/// What somebody's device had at some moment.
#[derive(Clone)]
struct Record {
    user: UserId,
    version: ListVersion,
    state: State,
    /// How often the service had been started.
    starts: usize,
    /// Whether the moment is one that a store put back knows nothing of.
    is_lost: bool,
}

async fn fresh(house: &House, user: UserId) -> (ListVersion, State) {
    let page = house.rooms.list_joined(user, "", PageSize::of(200), "").await.unwrap();
    let rooms = page.rooms.into_iter();
    (page.list_version, rooms.map(|found| (found.room.id, (found.room, found.membership.unwrap()))).collect())
}

/// Lays changes over a list, each room's latest whatever the order in which they come.
fn apply(state: &mut State, since: ListVersion, changes: impl IntoIterator<Item = UserRoomChange>) {
    let mut reached: BTreeMap<RoomId, ListVersion> = BTreeMap::new();
    for UserRoomChange { version, kind } in changes {
        let room_id = match &kind {
            UserRoomChangeKind::Gained { room, .. } => room.id,
            UserRoomChangeKind::Lost(room_id) => *room_id,
        };
        let before = reached.entry(room_id).or_insert(since);
        if version <= *before {
            continue;
        }
        *before = version;
        match kind {
            UserRoomChangeKind::Gained { room, membership } => state.insert(room_id, (*room, membership)),
            UserRoomChangeKind::Lost(_) => state.remove(&room_id),
        };
    }
}

/// Follows the rooms' logs, which say how many are in a room: lists are not told of everybody who comes and goes.
fn follow_logs(house: &House, state: &mut State) {
    for (room_id, (room, _)) in state {
        let known = room.version;
        for event in house.log.events(*room_id).into_iter().filter(|event| event.version > known) {
            match event.change {
                Change::RoomUpdated { room: updated } => *room = updated,
                Change::MembershipsChanged { member_count, .. } => room.member_count = member_count,
                Change::RoomCreated { .. } => panic!("a room begins once"),
            }
            room.version = event.version;
        }
    }
}

/// The lists without what the rooms' logs say.
fn without_counts(state: &State) -> Vec<(RoomForm, Membership)> {
    state.values().map(|(room, membership)| (room.form.clone(), *membership)).collect()
}

/// How often a device was told to load afresh, and how often it was told what changed.
#[derive(Default)]
struct Tally {
    afresh: Cell<u32>,
    changed: Cell<u32>,
}

async fn check_record(house: &House, starts: usize, record: Record, tally: &Tally) {
    let Record { user, version: since, mut state, starts: at_start, is_lost } = record;
    let told = house.rooms.list_changes(user, since).await.unwrap();
    let (version, now) = fresh(house, user).await;
    assert_eq!(told.version, version);
    let Some(changes) = told.changes else {
        assert!(is_lost || starts > at_start, "the way from {since:?} to {version:?} is known");
        tally.afresh.update(|count| count + 1);
        return;
    };
    tally.changed.update(|count| count + 1);
    let mut reached = since;
    for change in &changes {
        assert!(reached < change.version && change.version <= version, "versions rise");
        reached = change.version;
    }
    apply(&mut state, since, changes);
    assert_eq!(without_counts(&state), without_counts(&now));
    if !is_lost {
        follow_logs(house, &mut state);
        assert_eq!(state, now);
    }
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
        Deed::Remove { by, room: number, whom } => {
            if let Some(room) = room(number) {
                drop(house.rooms.remove(people[by], room, people[whom]).await);
            }
        }
        Deed::Rename { by, room: number, name } => {
            if let Some(room) = room(number) {
                drop(house.rooms.update(people[by], room, rename(&format!("name {name}"))).await);
            }
        }
        Deed::Retopic { by, room: number, topic } => {
            let topic = Some(RoomTopic::parse(&format!("topic {topic}")).unwrap());
            if let Some(room) = room(number) {
                drop(house.rooms.update(people[by], room, SettingsChange { name: None, topic }).await);
            }
        }
        Deed::Restart | Deed::Copy | Deed::PutBack => unreachable!("that is no deed of a person"),
    }
}

async fn state_and_changes_equal_fresh_state(mut house: House, deeds: &[Deed], tally: &Tally) -> House {
    let people: Vec<UserId> = (0..PEOPLE).map(|_| house.user()).collect();
    let (mut rooms, mut seen, mut starts) = (Vec::new(), Vec::<Record>::new(), 0);
    let mut copy: Option<(Copy, usize)> = None;
    house.news.take();
    for deed in deeds {
        for user in &people {
            let (version, state) = fresh(&house, *user).await;
            seen.push(Record { user: *user, version, state, starts, is_lost: false });
        }
        match deed {
            Deed::Copy => copy = Some((house.copy().await, seen.len())),
            Deed::Restart => (house, starts) = (house.restarted().await, starts + 1),
            Deed::PutBack => {
                let Some((copy, known)) = &copy else { continue };
                (house, starts) = (house.put_back(copy).await, starts + 1);
                seen[*known..].iter_mut().for_each(|record| record.is_lost = true);
            }
            doing => perform(&house, &people, &mut rooms, doing).await,
        }
    }
    if !deeds.contains(&Deed::PutBack) {
        news_lead_to_fresh_state(&house, &seen[..PEOPLE]).await;
    }
    for record in seen {
        check_record(&house, starts, record, tally).await;
    }
    for room in rooms {
        let events = house.log.versions(room);
        assert_eq!(events, (1..=events.len() as u64).collect::<Vec<_>>());
    }
    house
}

/// Who listened from the first moment on and missed nothing is right too, in whatever order the news came.
async fn news_lead_to_fresh_state(house: &House, records: &[Record]) {
    while house.relay.publish_once().await == Pass::More {}
    let mut news = house.news.take();
    news.reverse();
    for record in records {
        let mut state = record.state.clone();
        let mine = news.iter().filter(|(user, _)| *user == record.user).map(|(_, change)| change.clone());
        apply(&mut state, record.version, mine);
        let (_, now) = fresh(house, record.user).await;
        assert_eq!(without_counts(&state), without_counts(&now));
        follow_logs(house, &mut state);
        assert_eq!(state, now);
    }
}

/// Runs the property, on a store of its own in each case.
fn check(cases: u32, deeds: &impl Strategy<Value = Vec<Deed>>, backend: impl AsyncFn() -> Option<Backend>) -> Tally {
    let executor = tokio::runtime::Runtime::new().unwrap();
    let tally = Tally::default();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(deeds, |deeds| {
            executor.block_on(async {
                let Some(backend) = backend().await else { return };
                let house = House::on(backend).await;
                state_and_changes_equal_fresh_state(house, &deeds, &tally).await.close().await;
            });
            Ok(())
        })
        .unwrap();
    tally
}

#[test]
fn a_list_with_its_changes_is_the_list_now_on_sqlite() {
    let tally = check(12, &with_restarts(), async || Some(Backend::sqlite()));
    assert!(tally.changed > tally.afresh, "most are told what changed");
}

#[test]
fn a_list_with_its_changes_is_the_list_now_on_postgres() {
    check(6, &with_restarts(), async || Backend::postgres("a_list_with_its_changes_is_the_list_now").await);
}

#[test]
fn a_list_of_a_store_that_was_put_back_is_told_by_changes_that_are_true_or_afresh() {
    let tally = check(12, &with_copies_put_back(), async || Some(Backend::sqlite()));
    assert!(tally.afresh.get() > 0 && tally.changed.get() > 0, "both were seen");
}
