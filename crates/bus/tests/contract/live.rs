//! Live news.

use bytes::Bytes;
use futures::FutureExt;
use loquat_bus::{BusError, MAX_PAYLOAD_BYTES, Pattern, Received, Shard, Subject};
use loquat_ids::{GatewayId, UserId};

use crate::twin::{CAPACITY, Twin, heard, news, next, room, text};

pub async fn news_is_heard_in_the_order_of_publishing(twin: &Twin) {
    let (one, two) = (Subject::room(room()), Subject::typing(room()));
    let mut all_rooms = twin.there.subscribe(Pattern::all_rooms()).await.expect("a subscription");
    let mut typing = twin.there.subscribe(Pattern::exactly(two)).await.expect("a subscription");
    for number in 0..CAPACITY {
        twin.here.publish(one, text(number.to_string())).await.expect("published");
        twin.here.publish(two, text(number.to_string())).await.expect("published");
    }
    for number in 0..CAPACITY {
        assert_eq!(heard(&mut all_rooms).await, number.to_string());
        assert_eq!(heard(&mut typing).await, number.to_string());
    }
}

pub async fn a_subscriber_hears_its_pattern_and_nothing_else(twin: &Twin) {
    let here = room();
    let elsewhere = std::iter::repeat_with(room).find(|it| Shard::of(*it) != Shard::of(here)).expect("endless");
    let user = UserId::from_uuid(here.as_uuid());
    let subjects = [
        Subject::room(here),
        Subject::room(elsewhere),
        Subject::typing(here),
        Subject::typing(elsewhere),
        Subject::user(user),
        Subject::presence(user),
        Subject::gateway(GatewayId::from_uuid(here.as_uuid())),
    ];
    let wide = [
        Pattern::all_rooms(),
        Pattern::room_shard(Shard::of(here)),
        Pattern::all_typing(),
        Pattern::all_users(),
        Pattern::all_presence(),
        Pattern::all_gateways(),
    ];
    let patterns = wide.into_iter().chain(subjects.map(Pattern::exactly));
    let mut subscriptions = Vec::new();
    for pattern in patterns {
        subscriptions.push((pattern, twin.there.subscribe(pattern).await.expect("a subscription")));
    }
    // Twice, so that what is heard too much shows before the end.
    for subject in subjects.into_iter().chain(subjects) {
        twin.here.publish(subject, text(subject.to_string())).await.expect("published");
    }
    for (pattern, subscription) in &mut subscriptions {
        let expected = subjects.iter().chain(&subjects).filter(|subject| pattern.matches(**subject));
        for subject in expected {
            let news = news(subscription).await;
            assert_eq!((news.subject, news.payload), (*subject, text(subject.to_string())), "{pattern}");
        }
    }
    for (pattern, subscription) in &mut subscriptions {
        assert_eq!(next_now(subscription), None, "{pattern}");
    }
}

fn next_now(subscription: &mut loquat_bus::Subscription) -> Option<Received> {
    futures::StreamExt::next(subscription).now_or_never().flatten()
}

pub async fn every_subscriber_hears_the_same_news(twin: &Twin) {
    let subject = Subject::presence(UserId::from_uuid(room().as_uuid()));
    let mut one = twin.there.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    let mut two = twin.here.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    let mut three = twin.there.subscribe(Pattern::all_presence()).await.expect("a subscription");
    twin.here.publish(subject, text("there")).await.expect("published");
    for subscription in [&mut one, &mut two, &mut three] {
        assert_eq!(heard(subscription).await, "there");
    }
}

pub async fn a_slow_subscriber_hears_that_it_missed_and_then_the_newest(twin: &Twin) {
    let subject = Subject::room(room());
    let mut slow = twin.there.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    let mut quick = twin.there.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    let last = 3 * CAPACITY;
    for number in 1..=last {
        twin.here.publish(subject, text(number.to_string())).await.expect("published");
        assert_eq!(heard(&mut quick).await, number.to_string());
    }
    assert_eq!(next(&mut slow).await, Received::Missed);
    for number in last - CAPACITY + 1..=last {
        assert_eq!(heard(&mut slow).await, number.to_string());
    }
    twin.here.publish(subject, text("on")).await.expect("published");
    assert_eq!(heard(&mut slow).await, "on");
}

pub async fn a_subscriber_that_never_reads_holds_nobody_up(twin: &Twin) {
    let subject = Subject::room(room());
    let _dead = twin.there.subscribe(Pattern::all_rooms()).await.expect("a subscription");
    let mut alive = twin.there.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    for number in 0..10 * CAPACITY {
        twin.here.publish(subject, text(number.to_string())).await.expect("published");
        assert_eq!(heard(&mut alive).await, number.to_string());
    }
}

pub async fn publishing_to_nobody_succeeds(twin: &Twin) {
    let room = room();
    twin.here.publish(Subject::typing(room), text("")).await.expect("published");
    twin.here.publish_durable(Subject::room(room), text(""), "1").await.expect("published");
}

pub async fn a_subscription_that_was_dropped_takes_nothing_with_it(twin: &Twin) {
    let subject = Subject::typing(room());
    let gone = twin.there.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    let gone_too = twin.there.subscribe(Pattern::all_typing()).await.expect("a subscription");
    let mut left = twin.there.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    drop((gone, gone_too));
    twin.here.publish(subject, text("still")).await.expect("published");
    assert_eq!(heard(&mut left).await, "still");
}

pub async fn what_the_bus_does_not_carry_is_refused(twin: &Twin) {
    let subject = Subject::room(room());
    let mut subscription = twin.there.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    let largest = Bytes::from(vec![7; MAX_PAYLOAD_BYTES]);
    let too_large = Bytes::from(vec![7; MAX_PAYLOAD_BYTES + 1]);
    let refusal = twin.here.publish(subject, too_large.clone()).await;
    assert!(matches!(refusal, Err(BusError::TooLarge { .. })), "{refusal:?}");
    let refusal = twin.here.publish_durable(subject, too_large, "1").await;
    assert!(matches!(refusal, Err(BusError::TooLarge { .. })), "{refusal:?}");
    twin.here.publish_durable(subject, largest.clone(), "2").await.expect("the largest");
    assert_eq!(heard(&mut subscription).await, largest);
}

pub async fn durable_news_is_heard_live_too(twin: &Twin) {
    let subject = Subject::room(room());
    let mut subscription = twin.there.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    twin.here.publish_durable(subject, text("sent"), "room:epoch:1").await.expect("published");
    assert_eq!(heard(&mut subscription).await, "sent");
}

pub async fn empty_news_is_news(twin: &Twin) {
    let subject = Subject::user(UserId::from_uuid(room().as_uuid()));
    let mut subscription = twin.there.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    twin.here.publish(subject, Bytes::new()).await.expect("published");
    assert_eq!(heard(&mut subscription).await, "");
}
