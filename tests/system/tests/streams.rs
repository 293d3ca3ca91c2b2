//! The event stream: what is live, what is resumed, what is reset, and where it ends.

use std::{collections::BTreeSet, time::Duration};

use loquat_proto::{
    events::v1::{
        Beat, ClosingReason, ConnectRequest, Interest, InterestUpdate, RoomClosedReason, reset::Subject,
        stream_item::Kind,
    },
    messages::v1::{ResetReason, RoomCursor, room_event::Change},
    rooms::v1::{RoomListView, user_room_change},
};
use loquat_testkit::{House, Subscription, in_both_shapes, refused, watching};
use tonic::Code;

in_both_shapes! { shared:
    a_message_reaches_readers_on_every_gateway_once_and_in_order,
    a_stream_resumes_exactly_after_its_cursor_on_another_gateway,
    a_cursor_that_no_log_has_is_answered_with_a_reset_and_then_live,
    somebody_who_leaves_gets_the_leaving_and_nothing_after,
    a_room_that_one_may_not_see_is_closed_as_one_that_is_not,
    interest_changes_through_the_other_gateway,
    a_change_of_interest_is_for_the_own_session_alone,
    a_native_client_sends_while_it_receives,
    a_native_client_without_a_beat_is_closed_and_one_with_beats_is_not,
    a_silent_stream_beats_and_tells_of_rooms_that_it_does_not_watch,
    the_list_of_rooms_is_told_as_it_changes_and_from_a_version_on,
}

async fn a_message_reaches_readers_on_every_gateway_once_and_in_order(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.public_room("a room").await;
    ben.join(room).await.expect("it is public");
    let from = ann.cursor(room).await;
    let interest = Interest { rooms: vec![from.clone()], presence_user_ids: Vec::new() };
    let mut here = ben.subscribe(interest.clone()).await;
    let mut there = ben.at(&house.gateway(1)).subscribe(interest).await;
    for number in 0..20 {
        ann.at(&house.gateway(number)).say(room, &format!("{number}")).await;
    }
    for stream in [&mut here, &mut there] {
        let events = stream.until_seq(room, from.seq + 20).await;
        let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, (from.seq + 1..=from.seq + 20).collect::<Vec<_>>());
        let strange = |kind: &Kind| matches!(kind, Kind::Hidden(_)) || is_room_reset(kind);
        assert!(!stream.seen.iter().any(strange), "{stream:?}");
        assert_eq!(stream.texts_of(room), (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}

async fn a_stream_resumes_exactly_after_its_cursor_on_another_gateway(house: &House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let from = ann.cursor(room).await;
    let mut stream = ann.subscribe(Interest { rooms: vec![from], presence_user_ids: Vec::new() }).await;
    let first = ann.say(room, "seen").await;
    stream.until_seq(room, first.seq).await;
    let cursor = stream.cursor_of(room).expect("it has seen something");
    drop(stream);
    let mut missed = Vec::new();
    for number in 0..230 {
        missed.push(ann.say(room, &format!("missed {number}")).await.message_id);
    }
    let resumed = Interest { rooms: vec![cursor.clone()], presence_user_ids: Vec::new() };
    let mut stream = ann.at(&house.gateway(1)).subscribe(resumed).await;
    let live = ann.say(room, "live").await;
    missed.push(live.message_id.clone());
    let events = stream.until_seq(room, live.seq).await;
    let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (cursor.seq + 1..=live.seq).collect::<Vec<_>>(), "what follows, without a hole, each once");
    let ids: Vec<String> = events
        .into_iter()
        .filter_map(|event| match event.change {
            Some(Change::MessageSent(sent)) => sent.message.map(|message| message.message_id),
            _ => None,
        })
        .collect();
    assert_eq!(ids, missed);
}

async fn a_cursor_that_no_log_has_is_answered_with_a_reset_and_then_live(house: &House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    ann.say(room, "before").await;
    let good = ann.cursor(room).await;
    let forged = [
        (RoomCursor { event_id: room.to_string(), ..good.clone() }, ResetReason::EventDiffers),
        (RoomCursor { seq: good.seq + 7, ..good.clone() }, ResetReason::LogEndsEarlier),
        (RoomCursor { epoch: "another".into(), ..good.clone() }, ResetReason::EpochChanged),
        (RoomCursor { event_id: "no uuid at all".into(), ..good.clone() }, ResetReason::EventDiffers),
    ];
    for (cursor, expected) in forged {
        let mut stream = ann.subscribe(Interest { rooms: vec![cursor], presence_user_ids: Vec::new() }).await;
        let reset = stream.until("a reset", is_room_reset).await;
        let Kind::Reset(reset) = reset else { panic!("{reset:?}") };
        assert_eq!(reset.reason(), expected);
        let Some(Subject::Room(place)) = reset.subject else { panic!("a room is reset: {reset:?}") };
        assert!(place.seq >= good.seq && place.room_id == room.to_string(), "{place:?}");
        let live = ann.say(room, "live").await;
        let events = stream.until_seq(room, live.seq).await;
        assert_eq!(events.first().map(|event| event.seq), Some(place.seq + 1), "from the place that came with it");
    }
}

async fn somebody_who_leaves_gets_the_leaving_and_nothing_after(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.public_room("a room").await;
    let control = ben.public_room("bens own").await;
    ben.join(room).await.expect("it is public");
    let (from, of_control) = (ann.cursor(room).await, ben.cursor(control).await);
    let interest = Interest { rooms: vec![from.clone(), of_control], presence_user_ids: Vec::new() };
    let mut streams =
        [ben.subscribe(interest.clone()).await, ben.at(&house.gateway(1)).subscribe(interest.clone()).await];
    let mut of_ann = ann.subscribe(interest.clone()).await;
    ann.say(room, "while he is here").await;
    ben.leave(room).await.expect("one may leave");
    for number in 0..5 {
        ann.say(room, &format!("after {number}")).await;
    }
    let end = ann.cursor(room).await;
    of_ann.until_seq(room, end.seq).await;
    let leaving = from.seq + 2;
    // What the control room says now comes behind whatever the gateway had to say of the other.
    let fence = ben.say(control, "a fence").await;
    for stream in &mut streams {
        let closed =
            |kind: &Kind| matches!(kind, Kind::RoomClosed(closed) if closed.reason() == RoomClosedReason::Removed);
        stream.until("the room is closed", closed).await;
        stream.until_seq(control, fence.seq).await;
        let seqs: Vec<u64> = stream.events_of(room).iter().map(|event| event.seq).collect();
        assert_eq!(seqs, [from.seq + 1, leaving], "up to the leaving, and nothing after");
    }
    // Who comes back with an old cursor gets no more than that either.
    let mut again = ben.subscribe(interest).await;
    again.until("the room is closed", |kind| matches!(kind, Kind::RoomClosed(_))).await;
    assert!(again.events_of(room).iter().all(|event| event.seq <= leaving), "{again:?}");
    assert_eq!(refused(ben.list(room, None, 0, "").await).code, Code::NotFound);
}

async fn a_room_that_one_may_not_see_is_closed_as_one_that_is_not(house: &House) {
    let (ann, eve) = (house.person("ann").await, house.person("eve").await);
    let room = ann.private_room("secret", &[]).await;
    let absent = ann.say(room, "nothing for eve").await.message_id.parse().expect("an id that no room has");
    let mut stream = eve.subscribe(watching(&[room, absent])).await;
    for closed in [room, absent] {
        let id = closed.to_string();
        let reason =
            stream.until("closed", |kind| matches!(kind, Kind::RoomClosed(closed) if closed.room_id == id)).await;
        let Kind::RoomClosed(reason) = reason else { panic!("{reason:?}") };
        assert_eq!(reason.reason(), RoomClosedReason::NotFound);
    }
    assert!(stream.events_of(room).is_empty());
}

async fn interest_changes_through_the_other_gateway(house: &House) {
    let ann = house.person("ann").await;
    let (one, two) = (ann.public_room("one").await, ann.public_room("two").await);
    let mut stream = ann.subscribe(watching(&[one])).await;
    let there = ann.at(&house.gateway(1));
    let of_two = Interest { rooms: vec![ann.cursor(two).await], presence_user_ids: Vec::new() };
    there.update_interest(&stream.stream_id, 2, of_two.clone()).await.expect("the own stream");
    stream.until("revision 2", |kind| is_applied(kind, 2)).await;
    let said = ann.say(two, "now watched").await;
    ann.say(one, "no longer watched").await;
    let fence = ann.say(two, "a fence").await;
    stream.until_seq(two, fence.seq).await;
    assert_eq!(stream.texts_of(two), ["now watched", "a fence"]);
    assert_eq!(stream.events_of(two).first().map(|event| event.seq), Some(said.seq));
    assert!(!stream.texts_of(one).contains(&"no longer watched".to_owned()));
    // An old revision changes nothing.
    there.update_interest(&stream.stream_id, 1, watching(&[])).await.expect("it is ignored, not refused");
    there.update_interest(&stream.stream_id, 3, of_two).await.expect("the own stream");
    stream.until("revision 3", |kind| is_applied(kind, 3)).await;
    assert!(!stream.seen.iter().any(|kind| is_applied(kind, 1)), "{stream:?}");
    let last = ann.say(two, "still watched").await;
    stream.until_seq(two, last.seq).await;
}

async fn a_change_of_interest_is_for_the_own_session_alone(house: &House) {
    let (ann, eve) = (house.person("ann").await, house.person("eve").await);
    let room = ann.public_room("a room").await;
    let mut stream = ann.subscribe(watching(&[room])).await;
    let refusal = refused(eve.update_interest(&stream.stream_id, 9, watching(&[])).await);
    assert_eq!(refusal.told(), (Code::NotFound, "loquat.events.v1", "STREAM_NOT_FOUND"));
    // Another gateway cannot know whose stream it is: it passes the wish on, where it is not granted.
    drop(eve.at(&house.gateway(1)).update_interest(&stream.stream_id, 9, watching(&[])).await);
    let other = ann.on_another_device().await;
    assert_eq!(refused(other.update_interest(&stream.stream_id, 9, watching(&[])).await).code, Code::NotFound);
    let refusal = refused(ann.update_interest("no.stream", 9, watching(&[])).await);
    assert_eq!(refusal.because(), (Code::NotFound, "STREAM_NOT_FOUND"));
    let own = ann.at(&house.gateway(1));
    own.update_interest(&stream.stream_id, 2, watching(&[room])).await.expect("the own stream");
    stream.until("the own change", |kind| is_applied(kind, 2)).await;
    assert!(!stream.seen.iter().any(|kind| is_applied(kind, 9)));
}

async fn a_native_client_sends_while_it_receives(house: &House) {
    let ann = house.person("ann").await;
    let (one, two) = (ann.public_room("one").await, ann.public_room("two").await);
    let of_one = Interest { rooms: vec![ann.cursor(one).await], presence_user_ids: Vec::new() };
    let (mut stream, sender) = ann.connect(of_one).await.expect("a signed-in person");
    let said = ann.say(one, "hello").await;
    stream.until_seq(one, said.seq).await;
    sender.send(ConnectRequest { beat: Some(Beat {}), ..Default::default() }).await.expect("the stream is open");
    let update = InterestUpdate {
        revision: 1,
        interest: Some(Interest { rooms: vec![ann.cursor(two).await], presence_user_ids: Vec::new() }),
    };
    let update = ConnectRequest { interest_update: Some(update), ..Default::default() };
    sender.send(update).await.expect("the stream is open");
    stream.until("revision 1", |kind| is_applied(kind, 1)).await;
    let said = ann.say(two, "hello there").await;
    stream.until_seq(two, said.seq).await;
    // The first message, and only that, begins.
    let beat_first = tokio_stream::once(ConnectRequest { beat: Some(Beat {}), ..Default::default() });
    let refusal = refused(ann.gateway.events().connect(ann.open(beat_first)).await);
    assert_eq!(refusal.told(), (Code::InvalidArgument, "loquat.events.v1", "START_EXPECTED"));
}

async fn a_native_client_without_a_beat_is_closed_and_one_with_beats_is_not(house: &House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let (mut beating, sender) = ann.connect(ann.interest_in(&[room]).await).await.expect("a signed-in person");
    // Before it can be open, so that its 25 seconds are within ours.
    let begun = tokio::time::Instant::now();
    let (mut silent, _open) = ann.connect(watching(&[])).await.expect("a signed-in person");
    let beats = tokio::spawn(async move {
        let mut each = tokio::time::interval(Duration::from_secs(10));
        loop {
            each.tick().await;
            let beat = ConnectRequest { beat: Some(Beat {}), ..Default::default() };
            if sender.send(beat).await.is_err() {
                return;
            }
        }
    });
    silent.until_end(Duration::from_secs(29)).await;
    let last = silent.seen.last();
    let is_told = matches!(last, Some(Kind::Closing(closing)) if closing.reason() == ClosingReason::NoBeat);
    assert!(is_told && begun.elapsed() >= Duration::from_secs(24), "{last:?} after {:?}", begun.elapsed());
    let said = ann.say(room, "still there").await;
    beating.until_seq(room, said.seq).await;
    beats.abort();
}

async fn a_silent_stream_beats_and_tells_of_rooms_that_it_does_not_watch(house: &House) {
    let ann = house.person("ann").await;
    let (watched, other) = (ann.public_room("watched").await, ann.public_room("other").await);
    let mut stream = ann.subscribe(watching(&[watched])).await;
    let begun = tokio::time::Instant::now();
    let said = ann.say(other, "elsewhere").await;
    let beat = |kind: &Kind| matches!(kind, Kind::Heartbeat(_));
    stream.until_within(Duration::from_secs(16), "a heartbeat", beat).await;
    let after = begun.elapsed();
    assert!((Duration::from_millis(9_500)..Duration::from_millis(15_500)).contains(&after), "{after:?}");
    let heads: BTreeSet<(String, u64)> = stream.seen.iter().flat_map(heads_of).collect();
    assert!(heads.contains(&(other.to_string(), said.seq)), "{heads:?}");
    assert!(stream.events_of(other).is_empty(), "only the head comes, not the event");
}

async fn the_list_of_rooms_is_told_as_it_changes_and_from_a_version_on(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let version = ben.list_rooms(RoomListView::Joined, "").await.expect("a list").user_state_version;
    let mut live = ben.at(&house.gateway(1)).subscribe_since(watching(&[]), version).await.expect("a stream");
    let invited = ann.private_room("come in", &[&ben]).await;
    let joined = ann.public_room("come too").await;
    ben.join(joined).await.expect("it is public");
    ben.leave(joined).await.expect("one may leave");
    live.until("the room is lost", |kind| change_of(kind) == Some((joined.to_string(), false))).await;
    let told: Vec<_> = live.seen.iter().filter_map(change_of).collect();
    let (invited, joined) = (invited.to_string(), joined.to_string());
    assert_eq!(told, [(invited.clone(), true), (joined.clone(), true), (joined.clone(), false)]);

    // Who was away is told one change for each room: the latest.
    let mut later: Subscription =
        ben.subscribe_since(Interest::default(), version).await.expect("a stream with a version");
    later.until("the loss", |kind| change_of(kind) == Some((joined.clone(), false))).await;
    let told: BTreeSet<_> = later.seen.iter().filter_map(change_of).collect();
    assert_eq!(told, BTreeSet::from([(invited, true), (joined, false)]));
    // And a version that no list has is reset.
    let mut forged = ben.subscribe_since(Interest::default(), u64::MAX).await.expect("a stream");
    forged.until("a reset of the list", |kind| matches!(kind, Kind::Reset(reset) if is_of_list(reset))).await;
}

fn is_of_list(reset: &loquat_proto::events::v1::Reset) -> bool {
    matches!(reset.subject, Some(Subject::UserStateVersion(_)))
}

fn is_room_reset(kind: &Kind) -> bool {
    matches!(kind, Kind::Reset(reset) if !is_of_list(reset))
}

fn is_applied(kind: &Kind, revision: u64) -> bool {
    matches!(kind, Kind::InterestApplied(applied) if applied.revision == revision)
}

fn heads_of(kind: &Kind) -> Vec<(String, u64)> {
    match kind {
        Kind::Heartbeat(beat) => beat.heads.iter().map(|head| (head.room_id.clone(), head.seq)).collect(),
        _ => Vec::new(),
    }
}

/// Which room was gained, or lost.
fn change_of(kind: &Kind) -> Option<(String, bool)> {
    let Kind::UserStateChanged(changed) = kind else { return None };
    Some(match changed.change.as_ref()?.change.as_ref()? {
        user_room_change::Change::Gained(gained) => (gained.room.as_ref()?.room_id.clone(), true),
        user_room_change::Change::Lost(lost) => (lost.room_id.clone(), false),
    })
}
