//! How people show themselves, and how they are seen.

use std::time::Duration;

use loquat_bus::Pattern;
use loquat_proto::presence::v1::Availability;

use crate::house::{House, complete, further, ids, user};

const ADA: u128 = 1;
const BOB: u128 = 2;

#[tokio::test]
async fn a_setting_is_told_while_somebody_is_there() {
    let house = House::build().await;
    let mut heard = house.hear(Pattern::all_presence()).await;
    // Nobody is there: nothing shows yet.
    let own = house.set(user(ADA), Availability::Away, "tea").await;
    assert_eq!((own.availability(), own.status_text.as_str()), (Availability::Away, "tea"));
    assert_eq!(house.look(user(BOB), user(ADA)).await, Availability::Offline);
    house.renew(complete(1, &[user(ADA)])).await;
    let shown = heard.presence().await;
    assert_eq!((shown.availability(), shown.status_text.as_str()), (Availability::Away, "tea"));

    house.clock.advance(Duration::from_secs(1));
    house.set(user(ADA), Availability::DoNotDisturb, "").await;
    let shown = heard.presence().await;
    assert_eq!((shown.availability(), shown.status_text.as_str()), (Availability::DoNotDisturb, ""));
    assert_eq!(shown.update_time, Some(house.now()));
    assert_eq!(house.get(user(BOB), &[user(ADA)]).await, [shown]);
}

#[tokio::test]
async fn the_same_setting_again_tells_nothing() {
    let house = House::build().await;
    let mut heard = house.hear(Pattern::all_presence()).await;
    house.renew(complete(1, &[user(ADA), user(BOB)])).await;
    for _ in 0..2 {
        assert_eq!(heard.change().await.1, Availability::Online);
    }
    let first = house.set(user(ADA), Availability::Away, "lunch").await;
    assert_eq!(heard.change().await, (user(ADA).to_string(), Availability::Away));
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(house.set(user(ADA), Availability::Away, "lunch").await, first);
    // Changes are told in their order: whatever that made would come before this.
    house.set(user(BOB), Availability::Away, "").await;
    assert_eq!(heard.change().await, (user(BOB).to_string(), Availability::Away));
}

#[tokio::test]
async fn who_is_invisible_leaves_no_trace_but_for_itself() {
    let house = House::build().await;
    let mut heard = house.hear(Pattern::all_presence()).await;
    house.renew(complete(1, &[user(ADA), user(BOB)])).await;
    for _ in 0..2 {
        assert_eq!(heard.change().await.1, Availability::Online);
    }
    house.clock.advance(Duration::from_secs(1));
    let hidden_at = house.now();
    let own = house.set(user(ADA), Availability::Invisible, "do not tell").await;
    assert_eq!((own.availability(), own.status_text.as_str()), (Availability::Invisible, "do not tell"));

    let told = heard.presence().await;
    assert_eq!((told.availability(), told.status_text.as_str()), (Availability::Offline, ""));
    assert_eq!(told.update_time, Some(hidden_at));
    assert_eq!(house.get(user(BOB), &[user(ADA)]).await, std::slice::from_ref(&told));
    assert_eq!(house.look(user(ADA), user(ADA)).await, Availability::Invisible);

    // Nor do its comings and goings show, nor what it writes for itself.
    house.clock.advance(Duration::from_secs(1));
    house.renew(further(1, &[], &[user(ADA)])).await;
    house.renew(further(1, &[user(ADA)], &[])).await;
    house.set(user(ADA), Availability::Invisible, "still not").await;
    assert_eq!(house.get(user(BOB), &[user(ADA)]).await, [told]);
    house.renew(further(1, &[], &[user(BOB)])).await;
    assert_eq!(heard.change().await, (user(BOB).to_string(), Availability::Offline));

    house.set(user(ADA), Availability::Online, "").await;
    assert_eq!(heard.change().await, (user(ADA).to_string(), Availability::Online));
}

#[tokio::test]
async fn presences_come_in_the_order_asked_for_and_strangers_are_offline() {
    let house = House::build().await;
    house.renew(complete(1, &[user(ADA)])).await;
    let asked = [user(9), user(ADA), user(7), user(ADA)];
    let presences = house.get(user(BOB), &asked).await;
    let users: Vec<String> = presences.iter().map(|presence| presence.user_id.clone()).collect();
    assert_eq!(users, ids(&asked));
    let looks: Vec<_> = presences.iter().map(|presence| presence.availability()).collect();
    use Availability::{Offline, Online};
    assert_eq!(looks, [Offline, Online, Offline, Online]);
    assert_eq!(presences[0].update_time, None);
}
