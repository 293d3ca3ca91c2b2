//! Answers that never come, and batches that fail in the middle: the same again makes it whole, and once.

use super::twin::{LEASE, Twin, at, complete, device, further, gateway, setting, user};
use crate::model::{Availability, Renewed};

/// A renewal has several steps in Redis. Whichever answer is lost, what was done is marked, and the same again does the rest.
pub(super) async fn a_renewal_whose_answer_is_lost_is_done_once(twin: &Twin) {
    for (round, lost) in (0..2).enumerate() {
        let number = 10 * round as u128;
        let (ada, bob) = (user(number + 1), user(number + 2));
        let renewal = complete(gateway(number + 1), &[device(ada, "a"), device(bob, "b")]);
        twin.with_a_lost_answer(lost, async |store| store.renew(&renewal, at(0), at(0).plus(LEASE)).await).await;
        let marked = twin.there.untold(10).await.expect("read").len();
        let rest = twin.renew(&renewal, at(1)).await;
        assert_eq!(marked + rest.len(), 2, "each comes once, and what was done is marked: {rest:?}");
        for user in [ada, bob] {
            assert!(twin.is_connected(user).await);
        }
        // Nothing was counted twice: one going each is enough.
        let gone = further(gateway(number + 1), &[], &[device(ada, "a"), device(bob, "b")]);
        assert_eq!(twin.renew(&gone, at(2)).await, [ada, bob]);
        let untold = twin.there.untold(10).await.expect("read");
        assert_eq!(twin.here.told(&untold).await.expect("told"), []);
    }
}

pub(super) async fn a_renewal_that_nobody_waits_for_any_more_is_done_by_the_same_again(twin: &Twin) {
    let devices: Vec<_> = (1..=1_000).map(|number| device(user(number), "a")).collect();
    let renewal = complete(gateway(1), &devices);
    tokio::select! {
        biased;
        outcome = twin.here.renew(&renewal, at(0), at(0).plus(LEASE)) => drop(outcome.expect("renewed")),
        // The first have come: whoever waited leaves.
        () = async { while twin.there.untold(1).await.expect("read").is_empty() {} } => {}
    }
    twin.renew(&renewal, at(1)).await;
    let mut untold: Vec<_> = twin.there.untold(2_000).await.expect("read").into_iter().map(|(user, _)| user).collect();
    untold.sort();
    assert_eq!(untold, devices.iter().map(|device| device.user).collect::<Vec<_>>(), "each is marked once");
    assert_eq!(twin.renew(&further(gateway(1), &[], &devices), at(2)).await.len(), 1_000);
}

/// Of three the second cannot be taken. Where that is possible at all, the first is done and marked, and the third is not; in
/// memory a renewal is one step, which nothing can break.
pub(super) async fn a_renewal_that_fails_in_the_middle_is_done_by_the_same_again(twin: &Twin) {
    let (ada, bob, eve) = (user(1), user(2), user(3));
    let renewal = complete(gateway(1), &[device(ada, "a"), device(bob, "b"), device(eve, "e")]);
    let is_hindered = twin.hinder(bob).await;
    let outcome = twin.here.renew(&renewal, at(0), at(0).plus(LEASE)).await;
    let marked: Vec<_> = twin.there.untold(10).await.expect("read").into_iter().map(|(user, _)| user).collect();
    if is_hindered {
        assert!(outcome.is_err(), "{outcome:?}");
        assert_eq!(marked, [ada], "what was done is marked to be told, and nothing else");
        assert!(twin.is_connected(ada).await && !twin.is_connected(eve).await);
    } else {
        assert_eq!(outcome.expect("renewed"), Renewed::Kept { changed: vec![ada, bob, eve] });
        assert_eq!(marked, [ada, bob, eve]);
    }
    twin.let_go(bob).await;
    let rest = if is_hindered { vec![bob, eve] } else { Vec::new() };
    assert_eq!(twin.renew(&renewal, at(1)).await, rest);
    for user in [ada, bob, eve] {
        assert!(twin.is_connected(user).await);
    }
    assert_eq!(twin.there.untold(10).await.expect("read").len(), 3);
}

pub(super) async fn a_setting_whose_answer_is_lost_is_made_once(twin: &Twin) {
    let ada = user(1);
    twin.renew(&complete(gateway(1), &[device(ada, "a")]), at(0)).await;
    let away = setting(Availability::Away, "at lunch");
    twin.with_a_lost_answer(0, async |store| store.set(ada, &away, at(1)).await).await;
    let made = twin.standing(ada).await;
    assert_eq!((&made.setting, made.since), (&away, Some(at(1))), "it was made before its answer was lost");
    let again = twin.here.set(ada, &away, at(2)).await.expect("set");
    assert_eq!((again.since, again.untold), (made.since, made.untold), "and the same again changes nothing");
}

pub(super) async fn the_end_of_a_lease_whose_answer_is_lost_is_still_to_be_told(twin: &Twin) {
    let (ada, bob) = (user(1), user(2));
    twin.renew(&complete(gateway(1), &[device(ada, "a"), device(bob, "b")]), at(0)).await;
    let come = twin.there.untold(10).await.expect("read");
    twin.here.told(&come).await.expect("told");
    twin.with_a_lost_answer(0, async |store| store.lapse(at(20), 1).await).await;
    assert_eq!(twin.lapse_all(at(20), 1).await.len(), 1, "each is taken by one call alone");
    assert!(!twin.is_connected(ada).await && !twin.is_connected(bob).await);
    let mut gone: Vec<_> = twin.there.untold(10).await.expect("read").into_iter().map(|(user, _)| user).collect();
    gone.sort();
    assert_eq!(gone, [ada, bob], "whom the lost answer named is marked all the same");
}

pub(super) async fn telling_whose_answer_is_lost_says_that_it_was_told(twin: &Twin) {
    let (ada, bob) = (user(1), user(2));
    twin.renew(&complete(gateway(1), &[device(ada, "a"), device(bob, "b")]), at(0)).await;
    let both = twin.here.untold(10).await.expect("read");
    twin.with_a_lost_answer(0, async |store| store.told(&both).await).await;
    assert_eq!(twin.there.untold(10).await.expect("read"), []);
    assert_eq!(twin.there.told(&both).await.expect("told"), [ada, bob], "their marks are gone");
}
