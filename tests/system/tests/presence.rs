//! Who is there, and who is typing.

use std::time::Duration;

use loquat_ids::UserId;
use loquat_proto::{
    events::v1::{Interest, stream_item::Kind},
    presence::v1::{Availability, Presence, WatchPresenceRequest},
};
use loquat_testkit::{House, eventually, in_both_shapes, refused, watching};
use tonic::Code;

in_both_shapes! { shared:
    coming_and_going_reaches_who_watches_on_another_gateway,
    presence_is_set_seen_and_hidden,
    typing_reaches_the_room_and_ends_by_itself,
    a_watcher_is_told_of_everything_first_and_then_of_changes,
}

fn of(user: UserId) -> Interest {
    Interest { rooms: Vec::new(), presence_user_ids: vec![user.to_string()] }
}

fn shows(user: UserId, availability: Availability) -> impl Fn(&Kind) -> bool {
    move |kind| matches!(kind, Kind::Presence(presence) if is(presence, user, availability))
}

fn is(presence: &Presence, user: UserId, availability: Availability) -> bool {
    presence.user_id == user.to_string() && presence.availability() == availability
}

async fn coming_and_going_reaches_who_watches_on_another_gateway(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await.at(&house.gateway(1)));
    let mut watching_ann = ben.subscribe(of(ann.user)).await;
    watching_ann.until("offline at first", shows(ann.user, Availability::Offline)).await;
    watching_ann.seen.clear();
    let stream = ann.subscribe(watching(&[])).await;
    watching_ann.until("she comes", shows(ann.user, Availability::Online)).await;
    watching_ann.seen.clear();
    drop(stream);
    let gone = shows(ann.user, Availability::Offline);
    watching_ann.until_within(Duration::from_secs(30), "she goes", gone).await;
    assert!(is(&ben.presence_of(ann.user).await.expect("presence"), ann.user, Availability::Offline));
}

async fn presence_is_set_seen_and_hidden(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await.at(&house.gateway(1)));
    let mut watching_ann = ben.subscribe(of(ann.user)).await;
    let _stream = ann.subscribe(watching(&[])).await;
    watching_ann.until("she is there", shows(ann.user, Availability::Online)).await;
    ann.set_presence(Availability::DoNotDisturb, "writing").await.expect("her own");
    let seen = watching_ann.until("do not disturb", shows(ann.user, Availability::DoNotDisturb)).await;
    assert!(matches!(seen, Kind::Presence(presence) if presence.status_text == "writing"));
    let own = ann.set_presence(Availability::Invisible, "").await.expect("her own");
    assert!(is(&own, ann.user, Availability::Invisible), "she sees herself as she is");
    watching_ann.seen.clear();
    eventually("others see her offline", Duration::from_secs(5), || async {
        let seen = ben.presence_of(ann.user).await.expect("presence");
        if is(&seen, ann.user, Availability::Offline) { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await;
    let invisible = watching_ann.seen.iter().any(shows(ann.user, Availability::Invisible));
    assert!(!invisible, "{watching_ann:?}");
}

async fn typing_reaches_the_room_and_ends_by_itself(house: &House) {
    let (ann, ben, eve) = (house.person("ann").await, house.person("ben").await, house.person("eve").await);
    let room = ann.public_room("a room").await;
    ben.join(room).await.expect("it is public");
    let mut stream = ben.at(&house.gateway(1)).subscribe(ben.interest_in(&[room]).await).await;
    // He watches once he has seen something of now.
    let said = ann.say(room, "hello").await;
    stream.until_seq(room, said.seq).await;
    ann.set_typing(room, true).await.expect("she is in");
    let types = |kind: &Kind| matches!(kind, Kind::Typing(typing) if typing.is_typing && typing.user_id == ann.user.to_string());
    let Kind::Typing(typing) = stream.until("she types", types).await else { panic!("{stream:?}") };
    assert_eq!(typing.room_id, room.to_string());
    assert!(typing.expire_time.is_some(), "{typing:?}");
    ann.set_typing(room, false).await.expect("she is in");
    stream.until("she no longer does", |kind| matches!(kind, Kind::Typing(typing) if !typing.is_typing)).await;
    assert_eq!(
        refused(eve.set_typing(room, true).await).told(),
        (Code::NotFound, "loquat.presence.v1", "ROOM_NOT_FOUND")
    );
}

async fn a_watcher_is_told_of_everything_first_and_then_of_changes(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let request = WatchPresenceRequest { user_ids: vec![ann.user.to_string(), ben.user.to_string()] };
    let mut feed = ben.gateway.presence().watch_presence(ben.open(request)).await.expect("a feed").into_inner();
    let next = async |feed: &mut tonic::Streaming<_>| {
        let batch = tokio::time::timeout(Duration::from_secs(10), feed.message()).await;
        batch.expect("in time").expect("a feed").expect("it goes on")
    };
    let first: loquat_proto::presence::v1::WatchPresenceResponse = next(&mut feed).await;
    let users: Vec<&str> = first.presences.iter().map(|presence| presence.user_id.as_str()).collect();
    assert_eq!(users, [ann.user.to_string(), ben.user.to_string()]);
    let _stream = ann.at(&house.gateway(1)).subscribe(watching(&[])).await;
    loop {
        let batch = next(&mut feed).await;
        if batch.presences.iter().any(|presence| is(presence, ann.user, Availability::Online)) {
            break;
        }
    }
}
