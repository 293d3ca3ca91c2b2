//! What is refused, and how.

use std::time::{Duration, Instant};

use loquat_proto::presence::v1::{
    Availability, Device, GetPresenceRequest, RenewLeaseRequest, SetPresenceRequest, SetTypingRequest,
    WatchPresenceRequest, lease_service_client::LeaseServiceClient,
};
use tokio::net::TcpListener;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::house::{House, complete, device, ids, reason, user};

const ADA: u128 = 1;

fn fields(refusal: &Status) -> Vec<String> {
    assert_eq!(refusal.code(), Code::InvalidArgument, "{refusal:?}");
    assert_eq!(reason(refusal), ("loquat.authorization.v1".to_owned(), "INVALID_FIELDS".to_owned()));
    let details = refusal.get_error_details();
    details.bad_request().expect("violations").field_violations.iter().map(|it| it.field.clone()).collect()
}

#[tokio::test]
async fn fields_that_break_a_rule_are_named() {
    let house = House::build().await;
    let set = |availability: i32, status_text: &str| {
        house.by(user(ADA), SetPresenceRequest { availability, status_text: status_text.to_owned() })
    };
    let online = i32::from(Availability::Online);
    for (request, field) in [
        (set(Availability::Offline.into(), ""), "availability"),
        (set(Availability::Unspecified.into(), ""), "availability"),
        (set(77, ""), "availability"),
        (set(online, &"x".repeat(81)), "status_text"),
        (set(online, "two\nlines"), "status_text"),
    ] {
        let refusal = house.presences().set_presence(request).await.expect_err(field);
        assert_eq!(fields(&refusal), [field]);
    }
    let too_many: Vec<String> = ids(&(0..201).map(user).collect::<Vec<_>>());
    for user_ids in [Vec::new(), too_many, vec!["nobody".to_owned()]] {
        let request = house.by(user(ADA), GetPresenceRequest { user_ids });
        let refusal = house.presences().get_presence(request).await.expect_err("refused");
        assert!(fields(&refusal)[0].starts_with("user_ids"));
    }
    let request = house.by(user(ADA), SetTypingRequest { room_id: "lobby".to_owned(), is_typing: true });
    assert_eq!(fields(&house.presences().set_typing(request).await.expect_err("refused")), ["room_id"]);
}

#[tokio::test]
async fn a_gateway_that_names_a_stream_strangely_is_refused_and_nothing_changes() {
    let house = House::build().await;
    let connected = vec![device(user(ADA), "fine"), device(user(ADA), "not fine")];
    let refusal = house.leases().renew_lease(RenewLeaseRequest { connected, ..complete(1, &[]) }).await;
    assert_eq!(fields(&refusal.expect_err("refused")), ["connected[1].stream_id"]);
    assert_eq!(house.look(user(2), user(ADA)).await, Availability::Offline);
    let connected = vec![Device { user_id: "ada".to_owned(), stream_id: "fine".to_owned() }];
    let refusal = house.leases().renew_lease(RenewLeaseRequest { connected, ..complete(1, &[]) }).await;
    assert_eq!(fields(&refusal.expect_err("refused")), ["connected[0].user_id"]);
}

#[tokio::test]
async fn without_a_token_nobody_is_answered() {
    let house = House::build().await;
    let request = GetPresenceRequest { user_ids: ids(&[user(ADA)]) };
    let refusal = house.presences().get_presence(request).await.expect_err("refused");
    assert_eq!((refusal.code(), reason(&refusal).1.as_str()), (Code::Unauthenticated, "TOKEN_MISSING"));
    let mut forged = Request::new(WatchPresenceRequest { user_ids: ids(&[user(ADA)]) });
    forged.metadata_mut().insert("authorization", "Bearer forged".parse().expect("ascii"));
    let refusal = house.presences().watch_presence(forged).await.expect_err("refused");
    assert_eq!((refusal.code(), reason(&refusal).1.as_str()), (Code::Unauthenticated, "TOKEN_INVALID"));
}

#[tokio::test]
async fn leases_are_for_gateways_alone() {
    let house = House::build().await;
    for other in ["rooms", "messages", "users"] {
        let refusal = LeaseServiceClient::new(house.channel(other)).renew_lease(complete(1, &[])).await;
        assert_eq!(refusal.expect_err(other).code(), Code::Unimplemented, "to others there is no such method");
    }
}

/// Nobody answers at the store's address, or somebody who never says anything.
#[tokio::test]
async fn while_the_store_is_away_everything_says_so_in_time() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let addresses = [&silent, &closed].map(|listener| listener.local_addr().expect("an address"));
    drop(closed);
    for address in addresses {
        let house = House::build_with(&["--presence-store-url", &format!("redis://{address}")]).await;
        let (mut presences, mut leases) = (house.presences(), house.leases());
        let user_ids = ids(&[user(ADA)]);
        let set = SetPresenceRequest { availability: Availability::Online.into(), status_text: String::new() };
        let begun = Instant::now();
        let refusals = [
            presences
                .get_presence(house.by(user(ADA), GetPresenceRequest { user_ids: user_ids.clone() }))
                .await
                .map(drop),
            presences.watch_presence(house.by(user(ADA), WatchPresenceRequest { user_ids })).await.map(drop),
            presences.set_presence(house.by(user(ADA), set)).await.map(drop),
            leases.renew_lease(complete(1, &[user(ADA)])).await.map(drop),
        ];
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        for refusal in refusals {
            let refusal = refusal.expect_err("refused");
            assert_eq!(refusal.code(), Code::Unavailable);
            assert_eq!(reason(&refusal), ("loquat.presence.v1".to_owned(), "STORE_UNAVAILABLE".to_owned()));
            assert!(!refusal.message().contains("redis"), "{}", refusal.message());
        }
        assert_eq!(house.readiness.failing().await, ["presence store"]);
    }
}
