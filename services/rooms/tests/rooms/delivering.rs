//! The way into the log and to the people concerned, with everything that may go wrong on it.

use std::time::Duration;

use loquat_ids::UserId;
use loquat_rooms::{
    model::{Change, Decision, MembershipChange, Room, RoomVersion, RoomView, UserRoomChange, UserRoomChangeKind},
    ports::{Outbox as _, People, RoomStore as _},
    service::Pass,
};
use tokio_util::sync::CancellationToken;

use crate::{
    backends::on_every_store,
    fakes::Mood,
    house::{House, after, is_pending, rename},
};

on_every_store! {
    what_the_log_did_not_take_is_pending_and_comes_later_in_order,
    the_next_change_takes_along_what_was_left,
    a_lost_answer_makes_no_second_event,
    a_repeated_request_waits_for_the_log_too,
    a_log_that_hangs_holds_a_call_no_longer_than_its_deadline,
    a_room_that_the_log_refuses_holds_up_no_other,
    two_relays_at_once_deliver_each_event_once,
    the_relay_finishes_by_itself_and_ends_when_told,
    everybody_concerned_is_told_once_the_log_has_it,
    news_that_did_not_go_out_goes_out_later_and_then_no_more,
    a_later_change_tells_instead_of_an_earlier_one,
}

async fn what_the_log_did_not_take_is_pending_and_comes_later_in_order(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let room = house.public_room(owner, "Hall").await;
    house.log.become_(Mood::Away);
    assert!(is_pending(&house.rooms.join(guest, room.id).await));
    assert!(is_pending(&house.rooms.update(owner, room.id, rename("Cellar")).await));
    assert!(is_pending(&house.rooms.leave(guest, room.id).await));
    // The same calls again decide nothing anew, and still do not answer as done.
    assert!(is_pending(&house.rooms.update(owner, room.id, rename("Cellar")).await));
    assert!(is_pending(&house.rooms.leave(guest, room.id).await));
    assert_eq!(house.relay.deliver_once().await, Pass::Failed);
    assert_eq!(house.log.versions(room.id), [1]);

    house.log.become_(Mood::Well);
    house.deliver_all().await;
    assert_eq!(house.log.versions(room.id), [1, 2, 3, 4]);
    assert_eq!(house.log.out_of_order(), 0);
    house.rooms.leave(guest, room.id).await.unwrap();
    assert_eq!(house.log.versions(room.id), [1, 2, 3, 4]);
}

async fn the_next_change_takes_along_what_was_left(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let room = house.public_room(owner, "Hall").await;
    house.log.become_(Mood::Away);
    assert!(is_pending(&house.rooms.join(guest, room.id).await));
    house.log.become_(Mood::Well);
    house.rooms.update(owner, room.id, rename("Cellar")).await.unwrap();
    assert_eq!(house.log.versions(room.id), [1, 2, 3]);
}

async fn a_lost_answer_makes_no_second_event(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let room = house.public_room(owner, "Hall").await;
    house.log.become_(Mood::LosesOneAnswer);
    assert!(is_pending(&house.rooms.join(guest, room.id).await));
    assert_eq!(house.log.versions(room.id), [1, 2]);
    let (joined, _) = house.rooms.join(guest, room.id).await.unwrap();
    assert_eq!(joined.version, RoomVersion(2));
    assert_eq!(house.log.versions(room.id), [1, 2]);
    assert!(house.store.pending(room.id, 10).await.unwrap().is_empty());
}

async fn a_repeated_request_waits_for_the_log_too(house: &House) {
    let owner = house.user();
    let wish = house.wish("Hall", &[]);
    house.log.become_(Mood::Away);
    assert!(is_pending(&house.rooms.create(owner, wish.clone()).await));
    assert!(is_pending(&house.rooms.create(owner, wish.clone()).await));
    house.log.become_(Mood::Well);
    let answer = house.rooms.create(owner, wish).await.unwrap();
    assert!(answer.is_repeat);
    assert_eq!(house.log.versions(answer.room.id), [1]);
}

async fn a_log_that_hangs_holds_a_call_no_longer_than_its_deadline(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let room = house.public_room(owner, "Hall").await;
    let impatient = house.replica(Some(Duration::from_millis(50))).await;
    house.log.become_(Mood::Hangs);
    assert!(is_pending(&impatient.rooms.join(guest, room.id).await));
    house.log.become_(Mood::Well);
    house.rooms.join(guest, room.id).await.unwrap();
    assert_eq!(house.log.versions(room.id), [1, 2]);
}

async fn a_room_that_the_log_refuses_holds_up_no_other(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let [stuck, well] = [house.public_room(owner, "Hall").await, house.public_room(owner, "Cellar").await];
    house.log.become_(Mood::Away);
    assert!(is_pending(&house.rooms.join(guest, stuck.id).await));
    assert!(is_pending(&house.rooms.join(guest, well.id).await));
    // As if the log had lost the beginning of one room: the rest of that room comes too early for ever.
    let first = house.store.pending(stuck.id, 1).await.unwrap().remove(0);
    house.store.mark_delivered(first.event_id, loquat_rooms::model::Seq(2)).await.unwrap();
    assert!(is_pending(&house.rooms.update(owner, stuck.id, rename("Attic")).await));
    house.log.become_(Mood::Well);
    assert_eq!(house.relay.deliver_once().await, Pass::Failed);
    assert_eq!(house.log.versions(well.id), [1, 2]);
    assert_eq!(house.log.versions(stuck.id), [1]);
}

async fn two_relays_at_once_deliver_each_event_once(house: &House) {
    let owner = house.user();
    let room = house.public_room(owner, "Hall").await;
    house.log.become_(Mood::Away);
    for _ in 0..10 {
        assert!(is_pending(&house.rooms.join(house.user(), room.id).await));
    }
    house.log.become_(Mood::Well);
    let other = house.replica(None).await;
    tokio::join!(house.relay.deliver_once(), other.relay.deliver_once());
    assert_eq!(house.log.versions(room.id), (1..=11).collect::<Vec<_>>());
    assert_eq!(house.log.out_of_order(), 0);
}

async fn the_relay_finishes_by_itself_and_ends_when_told(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let room = house.public_room(owner, "Hall").await;
    let (relay, stop) = (house.relay.clone(), CancellationToken::new());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { relay.run(stop).await }
    });
    house.log.become_(Mood::Away);
    assert!(is_pending(&house.rooms.join(guest, room.id).await));
    house.log.become_(Mood::Well);
    house.log.has(2).await;
    // A process that died right after it decided wakes nobody: the change is found by looking.
    let leave = |view: &RoomView| {
        let room = Room { version: view.room.version.next(), member_count: 1, ..view.room.clone() };
        let changes = vec![MembershipChange::Left(guest)];
        Ok(Some(Decision { room, change: Change::MembershipsChanged { changes, member_count: 1 } }))
    };
    house.store.change(room.id, People::one(guest), house.event_id(), house.now(), &leave).await.unwrap();
    house.log.has(3).await;
    stop.cancel();
    running.await.unwrap();
    assert_eq!(house.log.versions(room.id), [1, 2, 3]);
}

/// Who was told of which change of one's list, counted from 1, and whether a room was gained.
fn told_of(news: &[(UserId, UserRoomChange)]) -> Vec<(UserId, u64, bool)> {
    let mut told: Vec<_> = news
        .iter()
        .map(|(user, change)| {
            (*user, change.version.0 + 1 - after(1).0, matches!(change.kind, UserRoomChangeKind::Gained { .. }))
        })
        .collect();
    told.sort_unstable();
    told
}

async fn everybody_concerned_is_told_once_the_log_has_it(house: &House) {
    let [owner, one, guest] = [house.user(), house.user(), house.user()];
    let room = house.rooms.create(owner, house.wish("Hall", &[one])).await.unwrap().room;
    assert_eq!(house.relay.publish_once().await, Pass::Idle);
    assert_eq!(told_of(&house.news.take()), [(owner, 1, true), (one, 1, true)]);

    house.log.become_(Mood::Away);
    assert!(is_pending(&house.rooms.join(guest, room.id).await));
    assert_eq!(house.relay.publish_once().await, Pass::Idle);
    assert_eq!(house.news.take(), []);
    house.log.become_(Mood::Well);
    house.deliver_all().await;
    assert_eq!(house.relay.publish_once().await, Pass::Idle);
    let news = house.news.take();
    let (joined, mine) = house.rooms.join(guest, room.id).await.unwrap();
    let gained = UserRoomChangeKind::Gained { room: Box::new(joined), membership: mine };
    assert_eq!(news.iter().map(|(user, change)| (*user, &change.kind)).collect::<Vec<_>>(), [(guest, &gained)]);

    house.rooms.update(owner, room.id, rename("Cellar")).await.unwrap();
    house.relay.publish_once().await;
    assert_eq!(told_of(&house.news.take()), [(owner, 2, true), (one, 2, true), (guest, 2, true)]);
    house.rooms.leave(one, room.id).await.unwrap();
    house.relay.publish_once().await;
    assert_eq!(told_of(&house.news.take()), [(one, 3, false)]);
}

async fn news_that_did_not_go_out_goes_out_later_and_then_no_more(house: &House) {
    let owner = house.user();
    house.news.become_(Mood::Away);
    house.public_room(owner, "Hall").await;
    assert_eq!(house.relay.publish_once().await, Pass::Failed);
    // Another process tells it, as after a crash of the first.
    let other = house.replica(None).await;
    house.news.become_(Mood::Well);
    assert_eq!(other.relay.publish_once().await, Pass::Idle);
    assert_eq!(told_of(&house.news.take()), [(owner, 1, true)]);
    assert_eq!(house.relay.publish_once().await, Pass::Idle);
    assert_eq!(house.news.take(), []);
}

async fn a_later_change_tells_instead_of_an_earlier_one(house: &House) {
    let [owner, guest] = [house.user(), house.user()];
    let room = house.public_room(owner, "Hall").await;
    house.relay.publish_once().await;
    house.news.take();
    house.rooms.join(guest, room.id).await.unwrap();
    house.rooms.leave(guest, room.id).await.unwrap();
    house.relay.publish_once().await;
    assert_eq!(told_of(&house.news.take()), [(guest, 2, false)]);
}
