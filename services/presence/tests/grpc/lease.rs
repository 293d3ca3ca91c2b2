//! Gateways keep their leases.

use std::time::Duration;

use loquat_bus::Pattern;
use loquat_proto::presence::v1::{Availability, ReadPresenceRequest};

use crate::house::{House, complete, eventually, further, ids, user};

const ADA: u128 = 1;
const BOB: u128 = 2;

#[tokio::test]
async fn who_connects_is_told_to_be_there_and_who_leaves_to_be_gone() {
    let house = House::build().await;
    let mut heard = house.hear(Pattern::all_presence()).await;
    assert!(!house.renew(complete(1, &[user(ADA)])).await);
    let came = heard.presence().await;
    assert_eq!((came.user_id.clone(), came.availability()), (user(ADA).to_string(), Availability::Online));
    assert_eq!(came.update_time, Some(house.now()));
    assert_eq!(house.look(user(BOB), user(ADA)).await, Availability::Online);

    house.clock.advance(Duration::from_secs(3));
    house.renew(further(1, &[], &[user(ADA)])).await;
    let left = heard.presence().await;
    assert_eq!(left.availability(), Availability::Offline);
    assert_eq!(left.update_time, Some(house.now()), "when it was last there");
    assert_eq!(house.get(user(BOB), &[user(ADA)]).await, [left]);
}

#[tokio::test]
async fn a_renewal_that_changes_nothing_tells_nothing() {
    let house = House::build().await;
    let mut heard = house.hear(Pattern::all_presence()).await;
    house.renew(complete(1, &[user(ADA)])).await;
    assert_eq!(heard.change().await, (user(ADA).to_string(), Availability::Online));
    // The same again, as after a dropped answer; another device; another gateway.
    house.renew(complete(1, &[user(ADA)])).await;
    house.renew(further(1, &[user(ADA)], &[])).await;
    house.renew(complete(2, &[user(ADA)])).await;
    house.renew(complete(2, &[])).await;
    // Changes are told in their order: whatever those made would come before this.
    house.renew(further(1, &[user(BOB)], &[])).await;
    assert_eq!(heard.change().await, (user(BOB).to_string(), Availability::Online));
}

#[tokio::test]
async fn a_lease_holds_for_ten_seconds() {
    let house = House::build().await;
    let answer = house.leases().renew_lease(complete(1, &[])).await.expect("renewed").into_inner();
    assert_eq!(answer.lease_duration.expect("a duration").seconds, 10);
}

#[tokio::test]
async fn an_unknown_gateway_is_asked_for_all_it_has() {
    let house = House::build().await;
    assert!(house.renew(further(1, &[user(ADA)], &[])).await);
    assert_eq!(house.look(user(BOB), user(ADA)).await, Availability::Offline);
    assert!(!house.renew(complete(1, &[user(ADA)])).await);
    assert!(!house.renew(further(1, &[], &[])).await);
}

#[tokio::test]
async fn who_vanishes_with_its_gateway_is_told_to_be_gone_once() {
    let house = House::build().await;
    let mut heard = house.hear(Pattern::all_presence()).await;
    house.renew(complete(1, &[user(ADA)])).await;
    house.renew(complete(2, &[user(BOB)])).await;
    assert_eq!(heard.change().await, (user(ADA).to_string(), Availability::Online));
    assert_eq!(heard.change().await, (user(BOB).to_string(), Availability::Online));
    let last_there = house.now();
    house.clock.advance(Duration::from_secs(9));
    house.renew(further(2, &[], &[])).await;
    house.clock.advance(Duration::from_secs(2));

    let gone = heard.presence().await;
    assert_eq!((gone.user_id.clone(), gone.availability()), (user(ADA).to_string(), Availability::Offline));
    assert_eq!(gone.update_time, Some(last_there), "when its gateway was last heard of");
    assert!(house.renew(further(1, &[], &[])).await, "its gateway is not known any more");
    // Nothing else was told meanwhile.
    house.renew(further(2, &[], &[user(BOB)])).await;
    assert_eq!(heard.change().await, (user(BOB).to_string(), Availability::Offline));
}

#[tokio::test]
async fn a_gateway_reads_for_its_streams_as_their_users_would() {
    let house = House::build().await;
    house.renew(complete(1, &[user(ADA)])).await;
    house.set(user(ADA), Availability::Invisible, "").await;
    for (reader, expected) in [(ADA, Availability::Invisible), (BOB, Availability::Offline)] {
        let request =
            ReadPresenceRequest { reader_id: user(reader).to_string(), user_ids: ids(&[user(BOB), user(ADA)]) };
        let presences = house.leases().read_presence(request).await.expect("read").into_inner().presences;
        assert_eq!(
            presences.iter().map(|presence| presence.user_id.clone()).collect::<Vec<_>>(),
            ids(&[user(BOB), user(ADA)])
        );
        assert_eq!(presences[1].availability(), expected);
    }
}

#[tokio::test]
async fn five_thousand_devices_are_one_renewal() {
    let house = House::build().await;
    let users: Vec<_> = (1..=5_000).map(user).collect();
    house.renew(complete(1, &users)).await;
    let there = house.get(user(ADA), &users[4_801..]).await;
    assert!(there.iter().all(|presence| presence.availability() == Availability::Online));
}

#[tokio::test]
async fn a_process_that_ends_leaves_no_task() {
    let house = House::build().await;
    house.frame.stop.cancel();
    house.frame.tasks.close();
    eventually(|| house.frame.tasks.is_empty()).await;
}
