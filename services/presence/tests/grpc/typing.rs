//! Telling a room that somebody is typing.

use std::{sync::atomic::Ordering, time::Duration};

use loquat_bus::{Pattern, Subject};
use loquat_ids::{Clock, RoomId, UserId};
use loquat_proto::{events::v1::TypingChanged, presence::v1::SetTypingRequest};
use loquat_rpc::proto_time;
use prost::Message;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::house::{House, reason, user};

const ADA: u128 = 1;
const BOB: u128 = 2;

fn room() -> RoomId {
    RoomId::from_uuid(Uuid::from_u128(7))
}

async fn house_with_ada_in_the_room() -> House {
    let house = House::build().await;
    house.rooms.members.lock().expect("not poisoned").insert((room(), user(ADA)));
    house
}

async fn set_typing(house: &House, who: UserId, is_typing: bool) -> Result<(), Status> {
    let message = SetTypingRequest { room_id: room().to_string(), is_typing };
    house.presences().set_typing(house.by(who, message)).await.map(drop)
}

#[tokio::test]
async fn a_room_hears_who_is_typing_and_until_when() {
    let house = house_with_ada_in_the_room().await;
    let mut heard = house.hear(Pattern::exactly(Subject::typing(room()))).await;
    set_typing(&house, user(ADA), true).await.expect("told");
    let typing = TypingChanged::decode(heard.payload().await).expect("a change");
    assert_eq!((typing.room_id, typing.user_id), (room().to_string(), user(ADA).to_string()));
    assert!(typing.is_typing);
    let expire_time = proto_time(house.clock.now().plus(Duration::from_secs(5)));
    assert_eq!(typing.expire_time, Some(expire_time));
    set_typing(&house, user(ADA), false).await.expect("told");
    assert!(!TypingChanged::decode(heard.payload().await).expect("a change").is_typing);
}

#[tokio::test]
async fn for_who_is_no_member_there_is_no_room() {
    let house = house_with_ada_in_the_room().await;
    let mut heard = house.hear(Pattern::all_typing()).await;
    let refusal = set_typing(&house, user(BOB), true).await.expect_err("no member");
    // A public room that the caller sees and is not in answers the same.
    house.rooms.public.lock().expect("not poisoned").insert(room());
    let of_public = set_typing(&house, user(BOB), true).await.expect_err("no member");
    for refusal in [&refusal, &of_public] {
        assert_eq!(refusal.code(), Code::NotFound);
        assert_eq!(reason(refusal), ("loquat.presence.v1".to_owned(), "ROOM_NOT_FOUND".to_owned()));
    }
    assert_eq!(refusal.message(), of_public.message());
    set_typing(&house, user(ADA), true).await.expect("told");
    let first = TypingChanged::decode(heard.payload().await).expect("a change");
    assert_eq!(first.user_id, user(ADA).to_string());
}

#[tokio::test]
async fn where_rooms_is_away_it_says_so() {
    let house = house_with_ada_in_the_room().await;
    house.rooms.is_away.store(true, Ordering::SeqCst);
    let refusal = set_typing(&house, user(ADA), true).await.expect_err("away");
    assert_eq!((refusal.code(), reason(&refusal).1.as_str()), (Code::Unavailable, "SERVICE_UNREACHABLE"));
}
