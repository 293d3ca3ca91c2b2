//! Lists by pages.

use loquat_ids::UserId;
use loquat_rooms::{
    error::RoomError,
    model::{ListVersion, PageSize, RoomEntry},
};

use crate::{
    backends::on_every_store,
    house::{House, after},
};

on_every_store! {
    own_rooms_come_newest_first_page_by_page,
    a_page_tells_the_version_of_the_list_that_it_was_read_at,
    the_directory_is_sorted_by_name_without_regard_to_case,
    a_prefix_finds_names_and_stands_for_itself,
    members_come_in_the_order_in_which_they_came,
    a_token_of_another_list_is_refused,
}

fn names(entries: &[RoomEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.room.name()).collect()
}

async fn all_pages(house: &House, reader: UserId, is_directory: bool, query: &str, size: i32) -> Vec<RoomEntry> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let size = PageSize::of(size);
        let page = match is_directory {
            true => house.rooms.list_directory(reader, query, size, &token).await.unwrap(),
            false => house.rooms.list_joined(reader, query, size, &token).await.unwrap(),
        };
        assert!(page.rooms.len() <= size.get());
        all.extend(page.rooms);
        token = page.next_page_token;
        if token.is_empty() {
            return all;
        }
    }
}

async fn own_rooms_come_newest_first_page_by_page(house: &House) {
    let [me, other] = [house.user(), house.user()];
    let old = house.public_room(other, "e").await;
    for name in ["a", "b", "c", "d"] {
        house.public_room(me, name).await;
    }
    house.rooms.join(me, old.id).await.unwrap();
    house.rooms.open_direct(other, me).await.unwrap();
    for size in [1, 2, 3, 6, 7] {
        let rooms = all_pages(house, me, false, "", size).await;
        assert_eq!(names(&rooms), ["", "e", "d", "c", "b", "a"], "{size}");
        assert!(rooms.iter().all(|entry| entry.membership.is_some_and(|membership| membership.user_id == me)));
    }
    let ids: Vec<_> = all_pages(house, me, false, "", 50).await.iter().map(|entry| entry.room.id).collect();
    assert_eq!(house.rooms.list_joined_ids(me).await.unwrap(), ids);
    // Somebody who comes in between pages is on neither: the list's version says so.
    let first = house.rooms.list_joined(me, "", PageSize::of(3), "").await.unwrap();
    house.public_room(me, "new").await;
    let rest = house.rooms.list_joined(me, "", PageSize::of(3), &first.next_page_token).await.unwrap();
    assert_eq!(names(&rest.rooms), ["c", "b", "a"]);
    assert_eq!((first.list_version, rest.list_version), (after(6), after(7)));
}

async fn a_page_tells_the_version_of_the_list_that_it_was_read_at(house: &House) {
    let me = house.user();
    let version = async || house.rooms.list_joined(me, "", PageSize::of(0), "").await.unwrap().list_version;
    assert_eq!(version().await, ListVersion::UNTOUCHED);
    let room = house.public_room(me, "a").await;
    assert_eq!(version().await, after(1));
    house.rooms.leave(me, room.id).await.unwrap();
    assert_eq!(version().await, after(2));
    let directory = house.rooms.list_directory(me, "", PageSize::of(0), "").await.unwrap();
    assert_eq!(directory.list_version, after(2));
}

async fn the_directory_is_sorted_by_name_without_regard_to_case(house: &House) {
    let [me, other] = [house.user(), house.user()];
    for name in ["beta", "Alpha", "same", "Zulu", "ähre", "same", "ALPHABET"] {
        house.public_room(other, name).await;
    }
    house.private_room(other, "alpha secret", &[me]).await;
    let mine = house.public_room(me, "gamma").await;
    for size in [1, 2, 3, 50] {
        let rooms = all_pages(house, me, true, "", size).await;
        assert_eq!(names(&rooms), ["Alpha", "ALPHABET", "beta", "gamma", "same", "same", "Zulu", "ähre"], "{size}");
        assert!(rooms[4].room.id < rooms[5].room.id);
        for entry in rooms {
            assert_eq!(entry.membership.is_some(), entry.room.id == mine.id);
        }
    }
}

async fn a_prefix_finds_names_and_stands_for_itself(house: &House) {
    let me = house.user();
    for name in ["100% pure", "100 pure", "a_b", "axb", "a\\b", "Ähre", "50'50"] {
        house.public_room(me, name).await;
    }
    for (query, found) in [
        ("100%", &["100% pure"][..]),
        ("a_", &["a_b"]),
        ("A\\", &["a\\b"]),
        ("äH", &["Ähre"]),
        ("50'", &["50'50"]),
        ("%", &[]),
        ("_", &[]),
        ("pure", &[]),
        ("100", &["100 pure", "100% pure"]),
    ] {
        assert_eq!(names(&all_pages(house, me, true, query, 1).await), found, "{query}");
        let mut joined = all_pages(house, me, false, query, 1).await;
        joined.reverse();
        let mut joined = names(&joined);
        joined.sort_unstable();
        assert_eq!(joined, found, "{query}");
    }
}

async fn members_come_in_the_order_in_which_they_came(house: &House) {
    let owner = house.user();
    let invited: Vec<_> = (0..3).map(|_| house.user()).rev().collect();
    let room = house.rooms.create(owner, house.wish("Hall", &invited)).await.unwrap().room;
    let guests: Vec<_> = (0..3).map(|_| house.user()).rev().collect();
    for guest in &guests {
        house.rooms.join(*guest, room.id).await.unwrap();
    }
    let expected: Vec<_> = [owner].into_iter().chain(invited).chain(guests).collect();
    for size in [1, 3, 7, 8] {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let page = house.rooms.list_members(owner, room.id, PageSize::of(size), &token).await.unwrap();
            all.extend(page.memberships.iter().map(|membership| membership.user_id));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(all, expected, "{size}");
    }
}

async fn a_token_of_another_list_is_refused(house: &House) {
    let [me, other] = [house.user(), house.user()];
    for name in ["a", "b"] {
        house.rooms.create(me, house.wish(name, &[other])).await.unwrap();
    }
    let one = PageSize::of(1);
    let token = house.rooms.list_joined(me, "", one, "").await.unwrap().next_page_token;
    assert!(!token.is_empty());
    for refused in [
        house.rooms.list_joined(other, "", one, &token).await,
        house.rooms.list_joined(me, "a", one, &token).await,
        house.rooms.list_directory(me, "", one, &token).await,
        house.rooms.list_directory(me, "", one, "nonsense").await,
    ] {
        assert!(matches!(refused, Err(RoomError::PageTokenInvalid)), "{refused:?}");
    }
    // Another process on the same store knows it.
    let replica = house.replica(None).await;
    assert_eq!(names(&replica.rooms.list_joined(me, "", one, &token).await.unwrap().rooms), ["a"]);
}
