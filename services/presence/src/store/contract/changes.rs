//! Changes that others were not told of yet.

use super::twin::{Twin, at, complete, device, further, gateway, user};
use crate::model::Version;

pub(super) async fn a_change_is_untold_until_it_is_told(twin: &Twin) {
    let ada = user(1);
    twin.renew(&complete(gateway(1), &[device(ada, "a")]), at(0)).await;
    let untold = twin.there.untold(10).await.expect("read");
    let version = twin.standing(ada).await.untold.expect("a mark");
    assert_eq!(untold, [(ada, version)]);
    assert_eq!(twin.here.told(&untold).await.expect("told"), []);
    assert_eq!(twin.there.untold(10).await.expect("read"), []);
    assert_eq!(twin.standing(ada).await.untold, None);
}

pub(super) async fn a_later_change_is_not_told_with_an_earlier_one(twin: &Twin) {
    let ada = user(1);
    twin.renew(&complete(gateway(1), &[device(ada, "a")]), at(0)).await;
    let first = twin.there.untold(10).await.expect("read");
    twin.renew(&complete(gateway(1), &[]), at(1)).await;
    assert_eq!(twin.here.told(&first).await.expect("told"), [ada]);
    let second = twin.there.untold(10).await.expect("read");
    assert_eq!(second.len(), 1);
    assert!(second[0].1 > first[0].1);
}

pub(super) async fn changes_are_untold_in_their_order(twin: &Twin) {
    let (ada, bob, eve) = (user(1), user(2), user(3));
    twin.renew(&complete(gateway(1), &[device(bob, "b")]), at(0)).await;
    twin.renew(&further(gateway(1), &[device(eve, "e")], &[]), at(0)).await;
    twin.renew(&further(gateway(1), &[device(ada, "a")], &[]), at(0)).await;
    let users = |changes: Vec<(_, Version)>| changes.into_iter().map(|(user, _)| user).collect::<Vec<_>>();
    assert_eq!(users(twin.there.untold(10).await.expect("read")), [bob, eve, ada]);
    assert_eq!(users(twin.there.untold(2).await.expect("read")), [bob, eve]);
    assert_eq!(users(twin.there.untold(0).await.expect("read")), []);
    // A later change of bob comes after the others.
    twin.renew(&further(gateway(1), &[], &[device(bob, "b")]), at(1)).await;
    assert_eq!(users(twin.there.untold(10).await.expect("read")), [eve, ada, bob]);
}

pub(super) async fn telling_what_is_told_says_so(twin: &Twin) {
    let (ada, bob) = (user(1), user(2));
    twin.renew(&complete(gateway(1), &[device(ada, "a"), device(bob, "b")]), at(0)).await;
    let both = twin.here.untold(10).await.expect("read");
    assert_eq!(twin.here.told(&both[..1]).await.expect("told"), []);
    assert_eq!(twin.there.told(&both).await.expect("told"), [both[0].0]);
    assert_eq!(twin.there.told(&[]).await.expect("told"), []);
}
