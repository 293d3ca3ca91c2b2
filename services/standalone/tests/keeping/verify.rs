//! Each kind of difference between rooms and logs is planted, listed, and mended, over every store.

use std::{collections::BTreeSet, time::Duration};

use loquat_ids::{RoomId, UserId};
use loquat_testkit::{Deed, House, Person, Plan, Shape, eventually, house_of_its_own};

use crate::{
    planting::Planter,
    program::{Ran, loquat, text},
};

/// What is planted.
struct Plant {
    /// In which store.
    store: Store,
    /// What is run there, one after the other.
    statements: &'static [&'static str],
    /// What is found: kinds, without the counts that go with most of them.
    kinds: &'static [&'static str],
    is_mendable: bool,
    /// Whether keys of the database allow it.
    is_for_sqlite: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    Rooms,
    Log,
}

const fn rooms(statements: &'static [&'static str], kinds: &'static [&'static str]) -> Plant {
    Plant { store: Store::Rooms, statements, kinds, is_mendable: true, is_for_sqlite: false }
}

const fn log(statements: &'static [&'static str], kinds: &'static [&'static str]) -> Plant {
    Plant { store: Store::Log, statements, kinds, is_mendable: true, is_for_sqlite: false }
}

/// What can be mended, on one room one after the other.
const PLANTS: &[Plant] = &[
    rooms(
        &["DELETE FROM memberships WHERE room_id = {room} AND user_id = {user}"],
        &["membership_missing", "room_member_count_differs"],
    ),
    rooms(
        &["INSERT INTO memberships (room_id, user_id, role, join_time, join_order, list_order) \
           VALUES ({room}, {other}, 2, 1, 9999, 1)"],
        &["membership_extra", "room_member_count_differs"],
    ),
    rooms(
        &["UPDATE memberships SET role = 1 WHERE room_id = {room} AND user_id = {user}"],
        &["membership_role_differs"],
    ),
    rooms(&["UPDATE rooms SET name = 'another' WHERE room_id = {room}"], &["room_settings_differ"]),
    rooms(&["UPDATE rooms SET member_count = 77 WHERE room_id = {room}"], &["room_member_count_differs"]),
    rooms(&["UPDATE rooms SET version = version - 1 WHERE room_id = {room}"], &["room_version_behind"]),
    rooms(&["UPDATE rooms SET version = version + 3 WHERE room_id = {room}"], &["room_version_ahead"]),
    rooms(&["UPDATE rooms SET kind = 9 WHERE room_id = {room}"], &["room_unreadable"]),
    rooms(
        &["UPDATE user_rooms SET is_member = FALSE WHERE room_id = {room} AND user_id = {user}"],
        &["list_lacks_room"],
    ),
    // The stranger of before left a tombstone.
    rooms(
        &["UPDATE user_rooms SET is_member = TRUE WHERE room_id = {room} AND user_id = {other}"],
        &["list_has_lost_room"],
    ),
    rooms(
        &["UPDATE outbox SET seq = NULL, is_published = FALSE WHERE room_id = {room} AND version = 2"],
        &["outbox_row_in_log"],
    ),
    rooms(&["UPDATE outbox SET seq = seq + 1 WHERE room_id = {room} AND version = 2"], &["outbox_place_differs"]),
    rooms(&["UPDATE outbox SET event_id = {other} WHERE room_id = {room} AND version = 2"], &["outbox_event_differs"]),
    rooms(
        &[
            "DELETE FROM memberships WHERE room_id = {room}",
            "DELETE FROM user_rooms WHERE room_id = {room}",
            "DELETE FROM outbox WHERE room_id = {room}",
            "DELETE FROM requests WHERE room_id = {room}",
            "DELETE FROM rooms WHERE room_id = {room}",
        ],
        &["log_without_room"],
    ),
    Plant {
        is_for_sqlite: true,
        ..rooms(
            &["INSERT INTO memberships (room_id, user_id, role, join_time, join_order, list_order) \
               VALUES ({other}, {user}, 2, 1, 1, 9999)"],
            &["database_damaged", "room_leftovers"],
        )
    },
    log(&["UPDATE room_events SET class = 1 WHERE room_id = {room} AND seq = 3"], &["log_class_differs"]),
    log(&["UPDATE room_folds SET folded_seq = 9999 WHERE room_id = {room}"], &["fold_beyond_head"]),
    log(&["DELETE FROM message_folds WHERE room_id = {room}"], &["fold_missing"]),
    log(&["DROP INDEX room_events_dedup_key"], &["index_missing"]),
];

/// What cannot: it comes last.
const LOST: &[Plant] = &[Plant {
    is_mendable: false,
    ..log(&["DELETE FROM room_events WHERE room_id = {room} AND seq = 3"], &["log_hole"])
}];

/// The stores of a house that has been stopped.
struct Stores {
    arguments: Vec<String>,
    rooms: String,
    /// Nothing where it is no SQL.
    log: Option<String>,
}

impl Stores {
    fn of(house: &House) -> Self {
        if house.is_embedded() {
            let data = house.folder().join("data");
            let url = |name: &str| format!("sqlite:{}", text(&data.join(format!("{name}.sqlite"))));
            let arguments = vec!["--data-dir".to_owned(), text(&data).to_owned()];
            return Self { arguments, rooms: url("rooms"), log: Some(url("messages")) };
        }
        let setting = |member: &str, name: &str| house.member(member).recipe.environment[name].clone();
        let rooms = setting("rooms", "LOQUAT_ROOMS_DATABASE_URL");
        let log = setting("messages-1", "LOQUAT_MESSAGES_STORE_URL");
        let arguments = ["--rooms-database-url", &rooms, "--messages-store-url", &log].map(str::to_owned);
        Self { arguments: arguments.to_vec(), rooms, log: log.starts_with("postgres").then_some(log) }
    }

    fn run(&self, command: &str) -> Ran {
        let mut words = vec![command, "--json"];
        words.extend(self.arguments.iter().map(String::as_str));
        loquat(&words, &[])
    }

    /// Plants something. Nothing where this store cannot have it.
    async fn plant(&self, plant: &Plant, room: RoomId, user: UserId) -> Option<()> {
        let url = match plant.store {
            Store::Rooms => Some(&self.rooms),
            Store::Log => self.log.as_ref(),
        };
        let planter = Planter::at(url?).await;
        if plant.is_for_sqlite && !planter.is_sqlite() {
            planter.close().await;
            return None;
        }
        for statement in plant.statements {
            let changed = planter.run(statement, room, user).await;
            assert!(changed > 0 || statement.starts_with("DROP") || statement.contains("requests"), "{statement}");
        }
        planter.close().await;
        Some(())
    }
}

/// The kinds that were listed, and whether each said that it can be repaired.
fn listed(ran: &Ran) -> BTreeSet<(String, bool)> {
    let line = |line: &str| {
        let kind = line.split("\"kind\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a kind");
        (kind.to_owned(), line.contains("\"is_repairable\":true"))
    };
    ran.output.lines().map(line).collect()
}

async fn every_difference_is_listed_and_mended(shape: Shape, test: &str) {
    let Some(mut house) = house_of_its_own(Plan::of(shape), test).await else { return };
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.public_room("judged").await;
    ann.private_room("beside", &[&ben]).await;
    ben.join(room).await.expect("it is public");
    let said = ann.say(room, "something").await;
    ben.change(room, &said.message_id, Deed::React("👍")).await.expect("a member may react");
    for _ in 0..3 {
        ann.say(room, "something else").await;
    }
    let stores = Stores::of(&house);
    // While it serves, and is folded.
    eventually("all is folded, and nothing is wrong", Duration::from_secs(20), || async {
        let ran = stores.run("verify");
        if ran.code == 0 { Ok(()) } else { Err(format!("{}{}", ran.output, ran.told)) }
    })
    .await;
    end(&mut house).await;
    stores.run("verify").with_code(0);

    for plant in PLANTS {
        let Some(()) = stores.plant(plant, room, ben.user).await else { continue };
        let found = listed(&stores.run("verify").with_code(1));
        let kinds: BTreeSet<&str> = found.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, plant.kinds.iter().copied().collect(), "{:?}", plant.statements);
        stores.run("repair").with_code(0);
        assert_eq!(stores.run("verify").with_code(0).output, "", "{:?}", plant.statements);
    }

    if house.is_embedded() {
        // What was mended serves.
        house.start_again("loquat").await.expect("it serves");
        let (ann, ben) = (signed_in(&house, &ann).await, signed_in(&house, &ben).await);
        ben.say(room, "a member still").await;
        ben.leave(room).await.expect("a member may leave");
        ben.join(room).await.expect("it is public");
        assert_eq!(ann.all_messages(room).await.len(), 5);
        end(&mut house).await;
    }

    for plant in LOST {
        let Some(()) = stores.plant(plant, room, ben.user).await else { continue };
        let before = stores.run("verify").with_code(1);
        for kind in plant.kinds {
            assert!(listed(&before).contains(&((*kind).to_owned(), plant.is_mendable)), "{}", before.output);
        }
        let left = listed(&stores.run("repair").with_code(1));
        assert!(left.iter().all(|(_, is_repairable)| !is_repairable), "what could be mended is: {left:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_difference_is_listed_and_mended_in_a_folder_of_data() {
    every_difference_is_listed_and_mended(Shape::Embedded, "every_difference_is_listed_and_mended_in_a_folder_of_data")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_difference_is_listed_and_mended_on_postgres() {
    let test = "every_difference_is_listed_and_mended_on_postgres";
    every_difference_is_listed_and_mended(Shape::DistributedOnPostgres, test).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_difference_is_listed_and_mended_with_logs_on_mongodb() {
    let test = "every_difference_is_listed_and_mended_with_logs_on_mongodb";
    every_difference_is_listed_and_mended(Shape::Distributed, test).await;
}

async fn end(house: &mut House) {
    let names: Vec<String> = house.members().iter().map(|member| member.name.clone()).collect();
    for name in &names {
        house.terminate(name).expect("it runs");
    }
    for name in &names {
        house.ended(name, Duration::from_secs(15)).await.expect("it ends");
    }
}

async fn signed_in(house: &House, person: &Person) -> Person {
    Person::sign_in(&house.gateway(0), &person.handle, &person.password).await.expect("the account is there")
}
