//! Watching how people show.

use loquat_ids::SessionId;
use loquat_proto::presence::v1::{
    Availability::{self, Away, Invisible, Offline, Online},
    WatchPresenceRequest, WatchPresenceResponse,
};
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::house::{House, complete, ids, next, reason, session, user};

const ADA: u128 = 1;
const BOB: u128 = 2;

async fn watch(house: &House, viewer: u128, users: &[u128]) -> Result<Streaming<WatchPresenceResponse>, Status> {
    let user_ids = ids(&users.iter().copied().map(user).collect::<Vec<_>>());
    let request = house.by(user(viewer), WatchPresenceRequest { user_ids });
    house.presences().watch_presence(request).await.map(tonic::Response::into_inner)
}

async fn seen(stream: &mut Streaming<WatchPresenceResponse>) -> Vec<(String, Availability)> {
    let presences = next(stream).await.expect("an answer").presences;
    presences.iter().map(|presence| (presence.user_id.clone(), presence.availability())).collect()
}

#[tokio::test]
async fn first_everybody_comes_and_then_who_changes() {
    let house = House::build().await;
    house.renew(complete(1, &[user(ADA)])).await;
    let mut stream = watch(&house, BOB, &[ADA, BOB]).await.expect("a stream");
    let (ada, bob) = (user(ADA).to_string(), user(BOB).to_string());
    // The one who watches sees itself as it chose to show.
    assert_eq!(seen(&mut stream).await, [(ada.clone(), Online), (bob, Online)]);
    house.set(user(ADA), Away, "").await;
    assert_eq!(seen(&mut stream).await, [(ada.clone(), Away)]);
    house.renew(complete(1, &[])).await;
    assert_eq!(seen(&mut stream).await, [(ada, Offline)]);
}

#[tokio::test]
async fn who_becomes_invisible_is_seen_so_by_itself_alone() {
    let house = House::build().await;
    house.renew(complete(1, &[user(ADA)])).await;
    let mut own = watch(&house, ADA, &[ADA]).await.expect("a stream");
    let mut other = watch(&house, BOB, &[ADA]).await.expect("a stream");
    let ada = user(ADA).to_string();
    assert_eq!(seen(&mut own).await, [(ada.clone(), Online)]);
    assert_eq!(seen(&mut other).await, [(ada.clone(), Online)]);
    house.set(user(ADA), Invisible, "").await;
    assert_eq!(seen(&mut own).await, [(ada.clone(), Invisible)]);
    assert_eq!(seen(&mut other).await, [(ada, Offline)]);
}

#[tokio::test(start_paused = true)]
async fn while_nothing_changes_an_empty_answer_comes_each_fifteen_seconds() {
    let house = House::build().await;
    let mut stream = watch(&house, BOB, &[ADA]).await.expect("a stream");
    assert_eq!(seen(&mut stream).await.len(), 1);
    for _ in 0..3 {
        let begun = tokio::time::Instant::now();
        assert_eq!(seen(&mut stream).await, []);
        assert!((14.0..=15.1).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_watch_ends_with_its_session() {
    let house = House::build().await;
    let mut stream = watch(&house, BOB, &[ADA]).await.expect("a stream");
    let mut of_another = watch(&house, ADA, &[ADA]).await.expect("a stream");
    seen(&mut stream).await;
    seen(&mut of_another).await;
    house.users.end(SessionId::from_uuid(Uuid::from_u128(99)));
    house.users.end(session(user(BOB)));
    let end = next(&mut stream).await.expect_err("an end");
    assert_eq!((end.code(), reason(&end).1.as_str()), (Code::Unauthenticated, "SESSION_REVOKED"));
    house.renew(complete(1, &[user(ADA)])).await;
    house.set(user(ADA), Away, "").await;
    assert_eq!(seen(&mut of_another).await.len(), 1, "others go on");
}

#[tokio::test]
async fn a_watch_ends_when_the_process_is_stopped() {
    let house = House::build().await;
    let mut stream = watch(&house, BOB, &[ADA]).await.expect("a stream");
    seen(&mut stream).await;
    house.frame.stop.cancel();
    let end = next(&mut stream).await.expect_err("an end");
    assert_eq!((end.code(), reason(&end).1.as_str()), (Code::Unavailable, "SHUTTING_DOWN"));
}

#[tokio::test]
async fn there_are_so_many_watchers_and_no_more() {
    let house = House::build_with(&["--presence-max-watchers=1"]).await;
    let mut first = watch(&house, BOB, &[ADA]).await.expect("a stream");
    seen(&mut first).await;
    let refusal = watch(&house, ADA, &[ADA]).await.expect_err("no seat");
    assert_eq!(refusal.code(), Code::ResourceExhausted);
    assert_eq!(reason(&refusal), ("loquat.presence.v1".to_owned(), "TOO_MANY_WATCHERS".to_owned()));
    assert!(refusal.get_error_details().retry_info().is_some());
    drop(first);
    let mut attempts = 0;
    while watch(&house, ADA, &[ADA]).await.is_err() {
        attempts += 1;
        assert!(attempts < 1_000, "the seat stays taken");
        tokio::task::yield_now().await;
    }
}
