//! Sync: the same as a stream would have said, all at once.

use std::sync::atomic::Ordering;

use loquat_gateway::{
    model::{Cursor, Item, ResetReason, RoomClosedReason},
    service::{Caught, Question},
};
use loquat_ids::{IdSource as _, RoomId, UserId};
use loquat_rpc::fault::RpcFault;

use crate::{House, World, house::user_change};

impl House {
    async fn ask(&self, rooms: Vec<Cursor>, version: u64, page: u16) -> Caught {
        let question = Question { rooms, user_state_version: version, page };
        self.catch_up.answer(self.user, question).await.unwrap_or_else(|fault| panic!("{fault}"))
    }
}

fn seqs(caught: &Caught) -> Vec<u64> {
    let events = caught.items.iter().filter_map(|item| match item {
        Item::RoomEvent(news) => Some(news.place.seq),
        _ => None,
    });
    events.collect()
}

#[tokio::test(start_paused = true)]
async fn an_answer_holds_a_page_and_says_that_there_is_more() {
    let house = House::new();
    for _ in 0..250 {
        house.world.commit(house.room, Vec::new());
    }
    let caught = house.ask(vec![house.at(1)], 1, 0).await;
    assert_eq!(seqs(&caught), (2..=101).collect::<Vec<_>>());
    assert!(caught.has_more);
    let caught = house.ask(caught.cursors, 1, 200).await;
    assert_eq!(seqs(&caught), (102..=251).collect::<Vec<_>>());
    assert!(!caught.has_more);
    let caught = house.ask(caught.cursors, 1, 200).await;
    assert!(caught.items.is_empty() && !caught.has_more);
    assert_eq!(caught.cursors, [house.at(251)]);
}

#[tokio::test(start_paused = true)]
async fn who_asks_from_now_on_is_told_where_the_room_stands() {
    let house = House::new();
    house.world.commit(house.room, Vec::new());
    let caught = house.ask(vec![house.at(0)], 1, 0).await;
    assert_eq!(caught.cursors, [house.at(2)]);
    assert!(caught.items.is_empty() && !caught.has_more);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_fits_no_log_gets_reset_and_goes_on_from_there() {
    let house = House::new();
    let cursor = Cursor { room: house.room, place: Some(World::place("e0", house.room, 1)) };
    let caught = house.ask(vec![cursor], 1, 0).await;
    assert!(matches!(
        caught.items[..],
        [Item::RoomReset { reason: ResetReason::EpochChanged, ref head, .. }] if head.seq == 1
    ));
    assert_eq!(caught.cursors, [house.at(1)]);
}

#[tokio::test(start_paused = true)]
async fn one_removed_gets_the_rest_up_to_its_removal_and_the_room_is_closed() {
    let house = House::new();
    house.world.commit(house.room, Vec::new());
    house.world.commit(house.room, vec![(house.user, false)]);
    house.world.commit(house.room, Vec::new());
    let elsewhere = RoomId::from_uuid(house.ids.fresh());
    house.world.commit(elsewhere, vec![(UserId::from_uuid(house.ids.fresh()), true)]);
    let strange = Cursor { room: elsewhere, place: None };
    let caught = house.ask(vec![house.at(1), strange], 1, 0).await;
    assert_eq!(seqs(&caught), [2, 3]);
    let closed: Vec<_> = caught
        .items
        .iter()
        .filter_map(|item| match item {
            Item::RoomClosed { room, reason } => Some((*room, *reason)),
            _ => None,
        })
        .collect();
    assert_eq!(closed, [(house.room, RoomClosedReason::Removed), (elsewhere, RoomClosedReason::NotFound)]);
    assert!(caught.cursors.is_empty() && !caught.has_more);
}

#[tokio::test(start_paused = true)]
async fn changes_of_the_list_of_rooms_come_since_the_version() {
    let house = House::new();
    for version in 2..=5 {
        house.world.user_changes.lock().unwrap().push(user_change(house.room, version));
    }
    let caught = house.ask(Vec::new(), 3, 0).await;
    let said: Vec<_> = caught.items.iter().map(|item| format!("{item:?}")).collect();
    assert_eq!(said, ["Encoded(b\"version 4\")", "Encoded(b\"version 5\")"]);
    assert_eq!((caught.user_state_version, caught.has_more), (5, false));
    let caught = house.ask(Vec::new(), 0, 0).await;
    assert!(matches!(caught.items[..], [Item::UserStateReset { version: 5 }]));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_bounded_in_bytes_whatever_events_weigh() {
    let house = House::new();
    let rooms: Vec<RoomId> = (0..20).map(|_| RoomId::from_uuid(house.ids.fresh())).collect();
    for room in &rooms {
        house.world.commit(*room, vec![(house.user, true)]);
        for _ in 0..200 {
            house.world.commit_sized(*room, Vec::new(), 10_000);
        }
    }
    let mut cursors: Vec<Cursor> =
        rooms.iter().map(|room| Cursor { room: *room, place: Some(World::place("e1", *room, 1)) }).collect();
    let mut events = 0;
    loop {
        let caught = house.ask(cursors, 1, 200).await;
        let bytes: usize = caught
            .items
            .iter()
            .map(|item| match item {
                Item::RoomEvent(news) => news.encoded.len(),
                _ => 0,
            })
            .sum();
        assert!(bytes <= 1024 * 1024 + 20 * 10_200, "{bytes}");
        events += seqs(&caught).len();
        cursors = caught.cursors;
        if !caught.has_more {
            break;
        }
    }
    assert_eq!(events, 20 * 200);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_now_is_told_so_and_keeps_its_cursor() {
    let house = House::new();
    house.world.is_away.store(true, Ordering::Relaxed);
    let caught = house.ask(vec![house.at(1)], 4, 0).await;
    assert!(matches!(caught.items[..], [Item::RoomClosed { reason: RoomClosedReason::Unavailable, .. }]));
    assert_eq!((caught.cursors, caught.user_state_version), (vec![house.at(1)], 4));
    let question = Question { rooms: Vec::new(), user_state_version: 4, page: 0 };
    let refused = house.catch_up.answer(house.user, question).await.expect_err("nothing can be said");
    assert!(matches!(refused, RpcFault::ServiceUnreachable { .. }));
}

#[tokio::test(start_paused = true)]
async fn who_leaves_before_it_is_answered_gives_its_place_back() {
    let house = House::new();
    house.world.is_stuck.store(true, Ordering::Relaxed);
    let ask = || {
        let question = Question { rooms: vec![house.at(1)], user_state_version: 1, page: 0 };
        Box::pin(house.catch_up.answer(house.user, question))
    };
    let mut asking: Vec<_> = (0..400).map(|_| ask()).collect();
    let mut refused = 0;
    asking.retain_mut(|answer| match futures::FutureExt::now_or_never(answer) {
        Some(outcome) => {
            assert!(matches!(outcome, Err(RpcFault::Overloaded)));
            refused += 1;
            false
        }
        None => true,
    });
    assert_eq!((asking.len(), refused), (256, 144), "more than so many at once are told so");
    drop(asking);
    house.world.is_stuck.store(false, Ordering::Relaxed);
    for answer in (0..256).map(|_| ask()).collect::<Vec<_>>() {
        assert!(answer.await.is_ok());
    }
}
