//! SIGTERM: streams are told to go elsewhere, calls in hand end, and the process is gone within ten seconds.

use std::time::Duration;

use loquat_proto::events::v1::{ClosingReason, Interest, stream_item::Kind};
use loquat_testkit::{House, at_any_time, in_both_shapes};
use tokio::time::Instant;
use tonic::Code;

in_both_shapes! { alone:
    a_gateway_that_is_asked_to_end_sends_its_readers_elsewhere_and_ends,
}

const LIMIT: Duration = Duration::from_secs(10);

async fn a_gateway_that_is_asked_to_end_sends_its_readers_elsewhere_and_ends(house: &mut House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let from = ann.cursor(room).await;
    let interest = Interest { rooms: vec![from], presence_user_ids: Vec::new() };
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(ann.subscribe(interest.clone()).await);
    }
    let said = ann.say(room, "before").await;
    for stream in &mut streams {
        stream.until_seq(room, said.seq).await;
    }
    let name = house.gateway_names()[0].to_owned();
    let sends = (0..50).map(|number| {
        let ann = ann.clone();
        async move { ann.send_as(room, &format!("request-{number}"), "in hand").await }
    });
    let sends = tokio::spawn(futures::future::join_all(sends));
    house.terminate(&name).expect("it runs");
    let asked = Instant::now();
    for stream in &mut streams {
        let status = stream.until_end(LIMIT).await;
        let last = stream.seen.last();
        let is_told = matches!(last, Some(Kind::Closing(closing)) if closing.reason() == ClosingReason::GoingAway);
        assert!(is_told, "the last item says where to go: {last:?}, {status:?}");
    }
    let status = house.ended(&name, LIMIT).await.expect("it ends");
    assert!(asked.elapsed() <= LIMIT && status.success(), "{status} after {:?}", asked.elapsed());
    let outcomes = sends.await.expect("all sends end");
    for outcome in &outcomes {
        let is_fair = outcome.as_ref().map_or_else(
            |status| status.code() == Code::Unavailable || status.details().is_empty(),
            |answer| answer.message.is_some(),
        );
        assert!(is_fair, "{outcome:?}");
    }

    // All members, ended the same way.
    let others: Vec<String> =
        house.members().iter().map(|member| member.name.clone()).filter(|other| *other != name).collect();
    if !others.is_empty() {
        let elsewhere = ann.at(&house.gateway(1));
        let cursor = streams[0].cursor_of(room).expect("it has seen something");
        let mut resumed = elsewhere.subscribe(Interest { rooms: vec![cursor], presence_user_ids: Vec::new() }).await;
        let said = elsewhere.say(room, "after").await;
        resumed.until_seq(room, said.seq).await;
        let log: Vec<_> = elsewhere.all_messages(room).await.into_iter().map(at_any_time).collect();
        let mut kept = outcomes.iter().flatten().filter_map(|answer| answer.message.clone()).map(at_any_time);
        assert!(kept.all(|message| log.contains(&message)), "what was acknowledged is there");
    }
    for other in others.iter().rev() {
        house.terminate(other).expect("it runs");
        let asked = Instant::now();
        let status = house.ended(other, LIMIT).await.expect("it ends");
        assert!(status.success(), "{other}: {status} after {:?}", asked.elapsed());
    }
}
