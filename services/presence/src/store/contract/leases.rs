//! Leases, and who is there because of them.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::twin::{LEASE, Twin, at, complete, device, further, gateway, user};
use crate::model::Renewed;

pub(super) async fn a_user_is_there_while_any_gateway_holds_a_device(twin: &Twin) {
    let ada = user(1);
    assert_eq!(twin.renew(&complete(gateway(1), &[device(ada, "phone")]), at(0)).await, [ada]);
    assert_eq!(twin.renew(&complete(gateway(2), &[device(ada, "desk")]), at(1)).await, []);
    assert_eq!(twin.renew(&further(gateway(1), &[], &[device(ada, "phone")]), at(2)).await, []);
    assert!(twin.is_connected(ada).await);
    assert_eq!(twin.renew(&further(gateway(2), &[], &[device(ada, "desk")]), at(3)).await, [ada]);
    let standing = twin.standing(ada).await;
    assert!(!standing.is_connected);
    assert_eq!((standing.since, standing.last_there), (Some(at(0)), Some(at(3))));
}

pub(super) async fn a_user_is_there_while_any_device_of_a_gateway_is(twin: &Twin) {
    let ada = user(1);
    assert_eq!(twin.renew(&complete(gateway(1), &[device(ada, "a"), device(ada, "b")]), at(0)).await, [ada]);
    assert_eq!(twin.renew(&further(gateway(1), &[], &[device(ada, "a")]), at(1)).await, []);
    assert!(twin.is_connected(ada).await);
    assert_eq!(twin.renew(&further(gateway(1), &[], &[device(ada, "b")]), at(2)).await, [ada]);
    assert!(!twin.is_connected(ada).await);
}

pub(super) async fn the_same_renewal_twice_is_as_once(twin: &Twin) {
    let (ada, bob) = (user(1), user(2));
    let first = complete(gateway(1), &[device(ada, "a"), device(bob, "b")]);
    assert_eq!(twin.renew(&first, at(0)).await, [ada, bob]);
    // The answer was dropped: the gateway sends it again.
    assert_eq!(twin.renew(&first, at(1)).await, []);
    let second = further(gateway(1), &[device(ada, "c")], &[device(bob, "b")]);
    assert_eq!(twin.renew(&second, at(2)).await, [bob]);
    assert_eq!(twin.renew(&second, at(3)).await, []);
    assert_eq!(twin.standing(bob).await.last_there, Some(at(2)));
    // Nothing was counted twice.
    let rest = further(gateway(1), &[], &[device(ada, "a"), device(ada, "c")]);
    assert_eq!(twin.renew(&rest, at(4)).await, [ada]);
}

pub(super) async fn an_unknown_lease_must_be_complete_and_changes_nothing(twin: &Twin) {
    let ada = user(1);
    let renewal = further(gateway(1), &[device(ada, "a")], &[]);
    for _ in 0..2 {
        assert_eq!(twin.here.renew(&renewal, at(0), at(10)).await.expect("an answer"), Renewed::Unknown);
    }
    assert!(!twin.is_connected(ada).await);
    assert_eq!(twin.lapse_all(at(100), 10).await, []);
}

pub(super) async fn an_empty_complete_renewal_makes_a_lease(twin: &Twin) {
    assert_eq!(twin.renew(&complete(gateway(1), &[]), at(0)).await, []);
    assert_eq!(twin.renew(&further(gateway(1), &[], &[]), at(1)).await, []);
    assert_eq!(twin.lapse_all(at(1).plus(LEASE), 10).await, []);
    let renewal = further(gateway(1), &[], &[]);
    assert_eq!(twin.here.renew(&renewal, at(20), at(30)).await.expect("an answer"), Renewed::Unknown);
}

pub(super) async fn a_complete_renewal_replaces_what_was_held(twin: &Twin) {
    let (ada, bob, eve) = (user(1), user(2), user(3));
    twin.renew(&complete(gateway(1), &[device(ada, "a"), device(bob, "b")]), at(0)).await;
    let changed = twin.renew(&complete(gateway(1), &[device(bob, "c"), device(eve, "e")]), at(1)).await;
    assert_eq!(BTreeSet::from_iter(changed), BTreeSet::from([ada, eve]));
    assert!(!twin.is_connected(ada).await && twin.is_connected(bob).await && twin.is_connected(eve).await);
    // The stream of before is forgotten too: only the new one holds the user.
    assert_eq!(twin.renew(&further(gateway(1), &[], &[device(bob, "c")]), at(2)).await, [bob]);
    assert_eq!(twin.renew(&complete(gateway(1), &[]), at(3)).await, [eve]);
}

pub(super) async fn a_further_renewal_adds_to_a_complete_one(twin: &Twin) {
    let (ada, bob) = (user(1), user(2));
    twin.renew(&complete(gateway(1), &[device(ada, "a")]), at(0)).await;
    assert_eq!(twin.renew(&further(gateway(1), &[device(bob, "b")], &[]), at(0)).await, [bob]);
    assert!(twin.is_connected(ada).await && twin.is_connected(bob).await);
}

pub(super) async fn a_renewal_that_never_arrived_is_made_good_by_a_complete_one(twin: &Twin) {
    let (ada, bob, eve) = (user(1), user(2), user(3));
    twin.renew(&complete(gateway(1), &[device(ada, "a"), device(bob, "b")]), at(0)).await;
    // Of three that followed the second was lost: bob went, eve came.
    twin.renew(&further(gateway(1), &[device(ada, "a2")], &[]), at(1)).await;
    twin.renew(&further(gateway(1), &[], &[device(ada, "a")]), at(3)).await;
    let all = [device(ada, "a2"), device(eve, "e")];
    let changed = twin.renew(&complete(gateway(1), &all), at(4)).await;
    assert_eq!(BTreeSet::from_iter(changed), BTreeSet::from([bob, eve]));
    assert!(twin.is_connected(ada).await && !twin.is_connected(bob).await && twin.is_connected(eve).await);
}

pub(super) async fn a_device_that_came_and_went_between_two_renewals_was_never_there(twin: &Twin) {
    let ada = user(1);
    twin.renew(&complete(gateway(1), &[]), at(0)).await;
    let both = [device(ada, "a")];
    assert_eq!(twin.renew(&further(gateway(1), &both, &both), at(1)).await, []);
    let standing = twin.standing(ada).await;
    assert!(!standing.is_connected);
    assert_eq!(standing.last_there, None);
}

pub(super) async fn what_was_never_there_can_go(twin: &Twin) {
    let ada = user(1);
    twin.renew(&complete(gateway(1), &[]), at(0)).await;
    assert_eq!(twin.renew(&further(gateway(1), &[], &[device(ada, "a")]), at(1)).await, []);
    assert_eq!(twin.standing(ada).await.last_there, None);
}

pub(super) async fn a_lease_that_is_kept_does_not_lapse(twin: &Twin) {
    let ada = user(1);
    twin.renew(&complete(gateway(1), &[device(ada, "a")]), at(0)).await;
    assert_eq!(twin.lapse_all(at(9), 10).await, []);
    twin.renew(&further(gateway(1), &[], &[]), at(9)).await;
    assert_eq!(twin.lapse_all(at(18), 10).await, []);
    assert!(twin.is_connected(ada).await);
}

pub(super) async fn when_a_lease_lapses_its_users_go_once(twin: &Twin) {
    let (ada, bob) = (user(1), user(2));
    twin.renew(&complete(gateway(1), &[device(ada, "a"), device(bob, "b"), device(bob, "c")]), at(0)).await;
    twin.renew(&further(gateway(1), &[], &[]), at(3)).await;
    assert_eq!(twin.lapse_all(at(3).plus(LEASE), 10).await, [ada, bob]);
    assert_eq!(twin.lapse_all(at(100), 10).await, []);
    let standing = twin.standing(ada).await;
    assert!(!standing.is_connected);
    // When the lease was last kept, not when it was found to be over.
    assert_eq!(standing.last_there, Some(at(3)));
    let renewal = further(gateway(1), &[device(ada, "a")], &[]);
    assert_eq!(twin.here.renew(&renewal, at(101), at(111)).await.expect("an answer"), Renewed::Unknown);
}

pub(super) async fn a_lease_lapses_in_steps(twin: &Twin) {
    let devices: Vec<_> = (1..=25).map(|number| device(user(number), "a")).collect();
    twin.renew(&complete(gateway(1), &devices), at(0)).await;
    twin.renew(&complete(gateway(2), &[device(user(30), "a")]), at(0)).await;
    let users = (1..=25).chain([30]).map(user).collect::<Vec<_>>();
    assert_eq!(twin.lapse_all(at(10), 10).await, users);
}

pub(super) async fn two_sweepers_take_each_user_once(twin: &Twin) {
    let devices: Vec<_> = (1..=100).map(|number| device(user(number), "a")).collect();
    twin.renew(&complete(gateway(1), &devices), at(0)).await;
    let sweep = async |store: &dyn crate::ports::PresenceStore| {
        let mut gone = Vec::new();
        while let Some(users) = store.lapse(at(10), 7).await.expect("lapsed") {
            gone.extend(users);
        }
        gone
    };
    let (mut gone, others) = tokio::join!(sweep(&*twin.here), sweep(&*twin.there));
    gone.extend(others);
    gone.sort();
    assert_eq!(gone, (1..=100).map(user).collect::<Vec<_>>());
}

pub(super) async fn who_is_elsewhere_stays_when_a_lease_lapses(twin: &Twin) {
    let (ada, bob) = (user(1), user(2));
    twin.renew(&complete(gateway(1), &[device(ada, "a"), device(bob, "b")]), at(0)).await;
    twin.renew(&complete(gateway(2), &[device(ada, "a2")]), at(5)).await;
    assert_eq!(twin.lapse_all(at(12), 10).await, [bob]);
    assert!(twin.is_connected(ada).await && !twin.is_connected(bob).await);
    assert_eq!(twin.lapse_all(at(15), 10).await, [ada]);
}

pub(super) async fn a_gateway_that_was_given_up_brings_back_all_it_has(twin: &Twin) {
    let ada = user(1);
    let all = complete(gateway(1), &[device(ada, "a")]);
    twin.renew(&all, at(0)).await;
    assert_eq!(twin.lapse_all(at(10), 10).await, [ada]);
    assert_eq!(twin.renew(&all, at(11)).await, [ada]);
    assert!(twin.is_connected(ada).await);
}

pub(super) async fn a_gateway_that_comes_back_while_it_is_given_up_keeps_all_it_has(twin: &Twin) {
    let devices: Vec<_> = (1..=20).map(|number| device(user(number), "a")).collect();
    twin.renew(&complete(gateway(1), &devices), at(0)).await;
    let gone = twin.there.lapse(at(10), 5).await.expect("lapsed").expect("a lease to end");
    assert_eq!(gone.len(), 5);
    let renewal = further(gateway(1), &[], &[]);
    assert_eq!(twin.here.renew(&renewal, at(11), at(21)).await.expect("an answer"), Renewed::Unknown);
    let back = twin.renew(&complete(gateway(1), &devices), at(11)).await;
    assert_eq!(BTreeSet::from_iter(back), BTreeSet::from_iter(gone));
    assert_eq!(twin.lapse_all(at(12), 10).await, []);
    for number in 1..=20 {
        assert!(twin.is_connected(user(number)).await, "{number}");
    }
}

pub(super) async fn of_many_gateways_that_bring_one_user_at_once_one_changes_it(twin: &Twin) {
    let ada = user(1);
    let renewals: Vec<_> = (1..=20).map(|number| complete(gateway(number), &[device(ada, "a")])).collect();
    let coming = renewals.iter().enumerate().map(|(index, renewal)| {
        let store = if index % 2 == 0 { &twin.here } else { &twin.there };
        store.renew(renewal, at(0), at(10))
    });
    let outcomes = join_all(coming).await.into_iter().map(|outcome| outcome.expect("renewed"));
    let changes: Vec<_> = outcomes.filter(|outcome| *outcome == Renewed::Kept { changed: vec![ada] }).collect();
    assert_eq!(changes.len(), 1);
}

pub(super) async fn five_thousand_devices_are_one_renewal(twin: &Twin) {
    let devices: Vec<_> = (1..=5_000).map(|number| device(user(number), "0123456789-0123456789-0123456789")).collect();
    assert_eq!(twin.renew(&complete(gateway(1), &devices), at(0)).await.len(), 5_000);
    assert_eq!(twin.renew(&further(gateway(1), &[], &devices), at(1)).await.len(), 5_000);
    assert_eq!(twin.renew(&further(gateway(1), &devices, &[]), at(2)).await.len(), 5_000);
    assert_eq!(twin.renew(&complete(gateway(1), &devices[..1]), at(3)).await.len(), 4_999);
    assert!(twin.is_connected(user(1)).await && !twin.is_connected(user(5_000)).await);
}

pub(super) async fn after_a_flush_leases_are_unknown_and_then_as_before(twin: &Twin) {
    let (ada, bob) = (user(1), user(2));
    let all = complete(gateway(1), &[device(ada, "a"), device(bob, "b")]);
    twin.renew(&all, at(0)).await;
    twin.flush().await;
    assert!(!twin.is_connected(ada).await);
    let renewal = further(gateway(1), &[], &[]);
    assert_eq!(twin.here.renew(&renewal, at(3), at(13)).await.expect("an answer"), Renewed::Unknown);
    assert_eq!(twin.renew(&all, at(3)).await, [ada, bob]);
    assert!(twin.is_connected(ada).await && twin.is_connected(bob).await);
}
