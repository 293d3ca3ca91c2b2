//! What people chose, and how that shows.

use super::twin::{Twin, at, complete, device, further, gateway, setting, user};
use crate::model::{Appearance, Availability, Setting, Standing};

pub(super) async fn of_whom_nothing_was_said_everything_is_default(twin: &Twin) {
    assert_eq!(twin.standing(user(1)).await, Standing::unknown(user(1)));
    // And where only a device is known, the optional rest is absent.
    twin.renew(&complete(gateway(1), &[device(user(1), "a")]), at(0)).await;
    let standing = twin.standing(user(1)).await;
    assert_eq!((standing.setting, standing.last_there), (Setting::default(), None));
}

pub(super) async fn a_setting_is_read_as_it_was_set(twin: &Twin) {
    let ada = user(1);
    for (second, availability) in
        [Availability::Away, Availability::DoNotDisturb, Availability::Invisible, Availability::Online]
            .into_iter()
            .enumerate()
    {
        let chosen = setting(availability, "  zwölf 'Boxkämpfer' %s {} \"jagen\" 🦊  ");
        let told = twin.here.set(ada, &chosen, at(second as u64)).await.expect("set");
        assert_eq!((&told.setting, told.since), (&chosen, Some(at(second as u64))));
        assert_eq!(twin.standing(ada).await, told);
    }
    let plain = setting(Availability::Online, "");
    assert_eq!(twin.here.set(ada, &plain, at(9)).await.expect("set").setting, plain);
}

pub(super) async fn a_setting_survives_its_devices(twin: &Twin) {
    let ada = user(1);
    twin.renew(&complete(gateway(1), &[device(ada, "a")]), at(0)).await;
    let away = setting(Availability::Away, "tea");
    twin.here.set(ada, &away, at(1)).await.expect("set");
    assert_eq!(twin.renew(&complete(gateway(1), &[]), at(2)).await, [ada]);
    assert_eq!(twin.renew(&complete(gateway(1), &[device(ada, "b")]), at(3)).await, [ada]);
    let standing = twin.standing(ada).await;
    assert_eq!((standing.setting, standing.since, standing.last_there), (away, Some(at(3)), Some(at(2))));
}

pub(super) async fn a_setting_shows_only_while_a_device_is_connected(twin: &Twin) {
    let ada = user(1);
    let standing = twin.here.set(ada, &setting(Availability::Away, "tea"), at(1)).await.expect("set");
    assert_eq!((standing.untold, standing.last_there), (None, None));
    assert_eq!(standing.as_others_see().appearance, Appearance::Offline);
    assert_eq!(twin.renew(&complete(gateway(1), &[device(ada, "a")]), at(2)).await, [ada]);
    let presence = twin.standing(ada).await.as_others_see();
    assert_eq!((presence.appearance, presence.status_text.as_str()), (Appearance::Away, "tea"));
    assert_eq!(presence.update_time, Some(at(2)));
}

pub(super) async fn the_same_setting_twice_changes_once(twin: &Twin) {
    let ada = user(1);
    twin.renew(&complete(gateway(1), &[device(ada, "a")]), at(0)).await;
    let away = setting(Availability::Away, "tea");
    let first = twin.here.set(ada, &away, at(1)).await.expect("set");
    let again = twin.there.set(ada, &away, at(2)).await.expect("set");
    assert!(first.untold.is_some());
    assert_eq!(first, again);
    // What everybody has from the start is no change either.
    let bob = user(2);
    twin.renew(&further(gateway(1), &[device(bob, "b")], &[]), at(3)).await;
    let before = twin.standing(bob).await;
    assert_eq!(twin.here.set(bob, &Setting::default(), at(4)).await.expect("set"), before);
}

pub(super) async fn becoming_invisible_looks_like_leaving(twin: &Twin) {
    let (ada, bob) = (user(1), user(2));
    twin.renew(&complete(gateway(1), &[device(ada, "a"), device(bob, "b")]), at(0)).await;
    let hidden = twin.here.set(ada, &setting(Availability::Invisible, "secret"), at(5)).await.expect("set");
    twin.renew(&further(gateway(1), &[], &[device(bob, "b")]), at(5)).await;
    assert!(hidden.untold.is_some() && hidden.is_connected);
    let (ada_seen, mut bob_seen) = (hidden.as_others_see(), twin.standing(bob).await.as_others_see());
    bob_seen.user = ada;
    assert_eq!(ada_seen, bob_seen);
}

pub(super) async fn who_is_invisible_comes_and_goes_unseen(twin: &Twin) {
    let ada = user(1);
    twin.here.set(ada, &setting(Availability::Invisible, ""), at(0)).await.expect("set");
    assert_eq!(twin.renew(&complete(gateway(1), &[device(ada, "a")]), at(1)).await, []);
    let other_text = twin.here.set(ada, &setting(Availability::Invisible, "still"), at(2)).await.expect("set");
    assert!(other_text.is_connected);
    assert_eq!(twin.renew(&further(gateway(1), &[], &[device(ada, "a")]), at(3)).await, []);
    twin.renew(&further(gateway(1), &[device(ada, "b")], &[]), at(4)).await;
    assert_eq!(twin.lapse_all(at(20), 10).await, []);
    let standing = twin.standing(ada).await;
    assert_eq!((standing.untold, standing.last_there, standing.is_connected), (None, None, false));
    assert_eq!(standing.as_others_see().update_time, None);
}

pub(super) async fn becoming_visible_again_is_a_change(twin: &Twin) {
    let ada = user(1);
    twin.renew(&complete(gateway(1), &[device(ada, "a")]), at(0)).await;
    let hidden = twin.here.set(ada, &setting(Availability::Invisible, ""), at(1)).await.expect("set");
    let shown = twin.here.set(ada, &setting(Availability::Online, ""), at(2)).await.expect("set");
    assert!(shown.untold > hidden.untold);
    let presence = shown.as_others_see();
    assert_eq!((presence.appearance, presence.update_time), (Appearance::Online, Some(at(2))));
}

pub(super) async fn two_settings_at_once_leave_one_of_them(twin: &Twin) {
    let ada = user(1);
    let (tea, lunch) = (setting(Availability::Away, "tea"), setting(Availability::DoNotDisturb, "lunch"));
    for round in 0..20 {
        let (one, two) = tokio::join!(twin.here.set(ada, &tea, at(round)), twin.there.set(ada, &lunch, at(round)));
        one.and(two).expect("set");
        let chosen = twin.standing(ada).await.setting;
        assert!(chosen == tea || chosen == lunch, "a mixture: {chosen:?}");
    }
}

pub(super) async fn people_are_read_in_the_order_asked_for(twin: &Twin) {
    twin.renew(&complete(gateway(1), &[device(user(3), "a"), device(user(500), "b")]), at(0)).await;
    let asked: Vec<_> = (1..=499).map(user).chain([user(3)]).collect();
    let standings = twin.there.read(&asked).await.expect("read");
    assert_eq!(standings.iter().map(|standing| standing.user).collect::<Vec<_>>(), asked);
    let there: Vec<_> = standings.iter().filter(|standing| standing.is_connected).map(|it| it.user).collect();
    assert_eq!(there, [user(3), user(3)]);
    assert_eq!(twin.there.read(&[]).await.expect("read"), []);
}
