//! What streams say.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::future;
use loquat_gateway::{
    model::{ClosingReason, Cursor, Interest, InterestUpdate, Item, ResetReason, RoomClosedReason},
    ports::RoomSignal,
};
use loquat_ids::{IdSource as _, RoomId, UserId};
use loquat_rpc::Connection;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{House, World, house::user_change, is_silent, next, next_event, seqs};

#[tokio::test(start_paused = true)]
async fn a_reader_gets_exactly_what_follows_its_cursor_and_then_live_events() {
    let house = House::new();
    for _ in 0..450 {
        house.world.commit(house.room, Vec::new());
    }
    let (mut reader, _) = house.read(house.from(7));
    assert_eq!(seqs(&mut reader, 444).await, (8..=451).collect::<Vec<_>>());
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [452]);
}

#[tokio::test(start_paused = true)]
async fn news_that_the_bus_lost_is_read_from_the_log() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [2]);
    house.world.commit(house.room, Vec::new());
    house.world.commit(house.room, Vec::new());
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 3).await, [3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn the_last_news_lost_is_found_by_its_head() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [2]);
    let lost = house.world.commit(house.room, Vec::new());
    house.hub.note_head(house.room, &lost.place);
    assert_eq!(seqs(&mut reader, 1).await, [3]);
}

#[tokio::test(start_paused = true)]
async fn news_told_twice_is_said_once() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    let news = house.world.send(house.room).await;
    house.world.tell(house.room, RoomSignal::News(news)).await;
    house.world.tell(house.room, RoomSignal::Missed).await;
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 2).await, [2, 3]);
    assert!(is_silent(&mut reader).await);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_fell_beyond_the_ring_goes_on_from_the_log_without_a_hole() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [2]);
    for _ in 0..2_000 {
        house.world.send(house.room).await;
    }
    // The ring has taken them all before the reader pulls again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(seqs(&mut reader, 2_000).await, (3..=2_002).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn nothing_after_its_removal_reaches_the_removed() {
    let house = House::new();
    let (mut reader, _) = house.read(house.from(1));
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [2]);
    let removal = house.world.commit(house.room, vec![(house.user, false)]);
    house.world.tell(house.room, RoomSignal::News(removal)).await;
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [3]);
    assert!(matches!(next(&mut reader).await, Item::RoomClosed { reason: RoomClosedReason::Removed, .. }));
    assert!(is_silent(&mut reader).await);
}

#[tokio::test(start_paused = true)]
async fn one_removed_while_away_gets_the_rest_up_to_its_removal() {
    let house = House::new();
    house.world.commit(house.room, Vec::new());
    house.world.commit(house.room, vec![(house.user, false)]);
    house.world.commit(house.room, Vec::new());
    let (mut reader, _) = house.read(house.from(1));
    assert_eq!(seqs(&mut reader, 2).await, [2, 3]);
    assert!(matches!(next(&mut reader).await, Item::RoomClosed { reason: RoomClosedReason::Removed, .. }));
    assert!(is_silent(&mut reader).await);
}

#[tokio::test(start_paused = true)]
async fn one_who_left_and_came_back_while_away_gets_everything() {
    let house = House::new();
    house.world.commit(house.room, vec![(house.user, false)]);
    for _ in 0..300 {
        house.world.commit(house.room, Vec::new());
    }
    house.world.commit(house.room, vec![(house.user, true)]);
    let (mut reader, _) = house.read(house.from(1));
    assert_eq!(seqs(&mut reader, 302).await, (2..=303).collect::<Vec<_>>());
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [304]);
}

#[tokio::test(start_paused = true)]
async fn one_removed_whose_cursor_fits_no_more_does_not_learn_the_head() {
    let house = House::new();
    house.world.commit(house.room, vec![(house.user, false)]);
    let cursor = Cursor { room: house.room, place: Some(World::place("e0", house.room, 1)) };
    let (mut reader, _) = house.read(Interest { rooms: vec![cursor], presence: Vec::new() });
    assert!(matches!(next(&mut reader).await, Item::RoomClosed { reason: RoomClosedReason::Removed, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_stranger_learns_nothing_and_makes_no_room_active() {
    let house = House::new();
    let stranger = UserId::from_uuid(house.ids.fresh());
    let (mut reader, _) = house.read_as(stranger, house.from(1), Box::pin(future::pending()));
    assert!(matches!(next(&mut reader).await, Item::RoomClosed { reason: RoomClosedReason::NotFound, .. }));
    assert_eq!(house.hub.active_rooms(), []);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_of_another_log_gets_reset_and_then_what_follows() {
    let house = House::new();
    house.world.commit(house.room, Vec::new());
    for (epoch, seq, expected) in [("e0", 1, ResetReason::EpochChanged), ("e1", 9, ResetReason::LogEndsEarlier)] {
        let cursor = Cursor { room: house.room, place: Some(World::place(epoch, house.room, seq)) };
        let (mut reader, _) = house.read(Interest { rooms: vec![cursor], presence: Vec::new() });
        let Item::RoomReset { head, reason, .. } = next(&mut reader).await else { panic!("not a reset") };
        assert_eq!(reason, expected);
        let sent = house.world.send(house.room).await;
        assert_eq!(sent.place.seq, head.seq + 1);
        assert_eq!(seqs(&mut reader, 1).await, [sent.place.seq]);
    }
}

#[tokio::test(start_paused = true)]
async fn all_readers_share_the_bytes_of_an_event() {
    let house = House::new();
    let (mut one, _) = house.read(house.from(1));
    let (mut other, _) = house.read(house.from(0));
    let settle = |reader| async move { timeout(Duration::from_secs(1), next_event(reader)).await.is_err() };
    assert!(settle(&mut one).await && settle(&mut other).await);
    house.world.send(house.room).await;
    let (one, other) = (next_event(&mut one).await, next_event(&mut other).await);
    assert_eq!(one.encoded.as_ptr(), other.encoded.as_ptr());
}

#[tokio::test(start_paused = true)]
async fn interest_is_replaced_and_older_revisions_are_ignored() {
    let house = House::new();
    let other = RoomId::from_uuid(house.ids.fresh());
    house.world.commit(other, vec![(house.user, true)]);
    let (mut reader, mailbox) = house.read(house.from(1));
    let place = Some(World::place("e1", other, 1));
    let interest = Interest { rooms: vec![Cursor { room: other, place }], presence: Vec::new() };
    mailbox.give_interest(InterestUpdate { revision: 2, interest });
    assert!(matches!(next(&mut reader).await, Item::InterestApplied { revision: 2 }));
    mailbox.give_interest(InterestUpdate { revision: 1, interest: house.from(1) });
    house.world.send(house.room).await;
    assert!(is_silent(&mut reader).await);
    house.world.send(other).await;
    assert_eq!(next_event(&mut reader).await.room, other);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_come_in_time_and_carry_heads_of_the_reader_s_rooms_alone() {
    let house = House::new();
    let elsewhere = RoomId::from_uuid(house.ids.fresh());
    let (mut reader, _) = house.read(Interest::default());
    let began = tokio::time::Instant::now();
    assert!(timeout(Duration::from_secs(5), next_event(&mut reader)).await.is_err());
    house.streams.note_head(house.room, &World::place("e1", house.room, 5));
    house.streams.note_head(house.room, &World::place("e1", house.room, 6));
    house.streams.note_head(elsewhere, &World::place("e1", elsewhere, 3));
    let Some(Item::Heartbeat { heads, .. }) = reader.next().await else { panic!("not a heartbeat") };
    assert_eq!(heads, [(house.room, World::place("e1", house.room, 6))]);
    let waited = began.elapsed();
    assert!((10..=15).contains(&waited.as_secs()), "{waited:?}");
    let Some(Item::Heartbeat { heads, .. }) = reader.next().await else { panic!("not a heartbeat") };
    assert_eq!(heads, [], "each is told of once");
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_session_and_with_the_process() {
    let house = House::new();
    let ended = CancellationToken::new();
    let session = ended.clone();
    let session = Box::pin(async move {
        session.cancelled().await;
        ClosingReason::SessionEnded
    });
    let (mut reader, _) = house.read_as(house.user, house.from(1), session);
    ended.cancel();
    assert!(matches!(next(&mut reader).await, Item::Closing(ClosingReason::SessionEnded)));
    assert!(reader.next().await.is_none());

    let (mut reader, _) = house.read(house.from(1));
    house.stop.cancel();
    assert!(matches!(next(&mut reader).await, Item::Closing(ClosingReason::GoingAway)));
    assert!(reader.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn changes_of_the_list_of_rooms_are_said_once_and_in_order() {
    let house = House::new();
    let (mut reader, _) = house.read(Interest::default());
    for version in 2..=5 {
        house.world.user_changes.lock().unwrap().push(user_change(house.room, version));
    }
    // The bus tells of each room by itself: twice, out of order, and not of all.
    for version in [1, 2, 2, 5, 3] {
        house.streams.user_changed(house.user, &user_change(house.room, version));
    }
    for expected in ["version 2", "version 3", "version 4", "version 5"] {
        let Item::Encoded(said) = next(&mut reader).await else { panic!("not a change") };
        assert_eq!(said, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn watched_people_s_presence_comes_first_whole_and_then_as_it_changes() {
    let house = House::new();
    let friend = UserId::from_uuid(house.ids.fresh());
    let (mut reader, _) = house.read(Interest { rooms: Vec::new(), presence: vec![friend] });
    let Item::Encoded(first) = next(&mut reader).await else { panic!("not a presence") };
    assert_eq!(first, format!("presence {friend}"));
    house.streams.presence_changed(house.user, &Bytes::from_static(b"of somebody else"));
    house.streams.presence_changed(friend, &Bytes::from_static(b"online"));
    house.streams.presence_changed(friend, &Bytes::from_static(b"away"));
    let Item::Encoded(latest) = next(&mut reader).await else { panic!("not a presence") };
    assert_eq!(latest, "away");
}

#[tokio::test(start_paused = true)]
async fn a_room_watched_anew_is_read_from_its_new_cursor_alone() {
    let house = House::new();
    for _ in 0..5 {
        house.world.commit(house.room, Vec::new());
    }
    let (mut reader, mailbox) = house.read(house.from(1));
    mailbox.give_interest(InterestUpdate { revision: 1, interest: Interest::default() });
    assert!(matches!(reader.next().await, Some(Item::Welcome { .. })));
    let mut said = Vec::new();
    while !matches!(said.last(), Some(Item::InterestApplied { revision: 1 })) {
        said.push(next(&mut reader).await);
    }
    mailbox.give_interest(InterestUpdate { revision: 2, interest: house.from(4) });
    while !matches!(said.last(), Some(Item::InterestApplied { revision: 2 })) {
        said.push(next(&mut reader).await);
    }
    assert_eq!(seqs(&mut reader, 2).await, [5, 6]);
    assert!(is_silent(&mut reader).await);
}

#[tokio::test(start_paused = true)]
async fn a_session_has_as_many_streams_as_it_may_and_gets_places_back() {
    let house = House::new();
    let holder = house.holder(house.user);
    let register = || house.register(holder, &Arc::default(), &Connection::default());
    let held: Vec<_> = (0..3).map(|_| register().unwrap_or_else(|refusal| panic!("{refusal}"))).collect();
    assert!(register().is_err());
    drop(held);
    assert!(register().is_ok());
    assert_eq!(house.streams.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_said_in_a_message_is_said_no_more_once_it_is_deleted() {
    let house = House::new();
    let (mut live, _) = house.read(house.from(1));
    assert!(is_silent(&mut live).await);
    for _ in 2..=100 {
        house.world.send(house.room).await;
    }
    let said = house.world.say(house.room, None);
    for news in [house.world.say(house.room, Some(said.place.seq)), house.world.delete(house.room, said.place.seq)] {
        house.world.tell(house.room, RoomSignal::News(news)).await;
    }
    assert_eq!(seqs(&mut live, 102).await.last(), Some(&103));
    // The log's own first page ends before the message; the ring has the rest.
    house.world.page_cap.store(5, std::sync::atomic::Ordering::Relaxed);
    let (mut resumed, _) = house.read(house.from(1));
    for seq in 2..=103 {
        let news = next_event(&mut resumed).await;
        assert_eq!((news.place.seq, news.encoded == "blanked"), (seq, seq == 101 || seq == 102));
    }
    house.world.send(house.room).await;
    assert_eq!((seqs(&mut live, 1).await, seqs(&mut resumed, 1).await), (vec![104], vec![104]));
}

#[tokio::test(start_paused = true)]
async fn a_room_that_nobody_reads_any_more_is_let_go() {
    let house = House::new();
    let (mut stays, _) = house.read(house.from(1));
    let (mut leaves, _) = house.read(house.from(1));
    assert!(is_silent(&mut stays).await && is_silent(&mut leaves).await);
    drop(leaves);
    tokio::time::sleep(Duration::from_secs(90)).await;
    assert_eq!(house.hub.active_rooms(), [house.room], "somebody reads it");
    drop(stays);
    tokio::time::sleep(Duration::from_secs(90)).await;
    assert_eq!(house.hub.active_rooms(), []);
}
