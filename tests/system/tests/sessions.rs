//! A session that ends takes its calls and its streams with it, everywhere, within a second; others go on. Who hears nothing
//! of sessions that end trusts nobody.

use std::time::Duration;

use loquat_proto::{
    events::v1::{ClosingReason, stream_item::Kind},
    users::v1::GetUserRequest,
};
use loquat_testkit::{House, Plan, Refusal, Shape, eventually, house_of_its_own, in_both_shapes, watching};
use tokio::time::Instant;
use tonic::Code;

in_both_shapes! { shared:
    signing_out_closes_the_streams_of_the_session_on_every_gateway_within_a_second,
    signing_out_refuses_the_session_everywhere_within_a_second_and_leaves_others_alone,
}

const SECOND: Duration = Duration::from_secs(1);

async fn signing_out_closes_the_streams_of_the_session_on_every_gateway_within_a_second(house: &House) {
    let ann = house.person("ann").await;
    let other = ann.on_another_device().await;
    let room = ann.public_room("a room").await;
    let mut here = ann.subscribe(watching(&[room])).await;
    let mut there = ann.at(&house.gateway(1)).subscribe(watching(&[room])).await;
    let mut stays = other.subscribe(other.interest_in(&[room]).await).await;
    ann.sign_out().await.expect("one may always sign out");
    let signed_out = Instant::now();
    for stream in [&mut here, &mut there] {
        stream.until_end(SECOND).await;
        assert!(signed_out.elapsed() <= SECOND, "{:?}", signed_out.elapsed());
        let last = stream.seen.last();
        assert!(
            matches!(last, Some(Kind::Closing(closing)) if closing.reason() == ClosingReason::SessionEnded),
            "the last item says why: {last:?}"
        );
    }
    let said = other.say(room, "the other device goes on").await;
    stays.until_seq(room, said.seq).await;
}

async fn signing_out_refuses_the_session_everywhere_within_a_second_and_leaves_others_alone(house: &House) {
    let mut ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let other = ann.on_another_device().await;
    ann.sign_out().await.expect("one may always sign out");
    let gateways = [house.gateway(0), house.gateway(1), house.messages_node(0), house.messages_node(1)];
    for gateway in &gateways {
        let there = ann.at(gateway);
        eventually("the session is refused", SECOND, || async {
            match there.send(room, "too late").await {
                Err(status) if Refusal::from(&status).because() == (Code::Unauthenticated, "SESSION_REVOKED") => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }
    assert_eq!(
        loquat_testkit::refused(ann.refresh().await).because(),
        (Code::Unauthenticated, "REFRESH_TOKEN_INVALID")
    );
    other.gateway.users().get_user(other.ask(GetUserRequest::default())).await.expect("another session goes on");
}

#[tokio::test]
async fn a_gateway_that_hears_nothing_of_sessions_that_end_refuses_all_until_it_does() {
    let name = "a_gateway_that_hears_nothing_of_sessions_that_end_refuses_all_until_it_does";
    let Some(house) = house_of_its_own(Plan::of(Shape::Distributed), name).await else { return };
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let ways = [ann.at(&house.gateway(0)), ann.at(&house.gateway(1)), ann.at(&house.messages_node(0))];
    house.pause("users").expect("it runs");
    for way in &ways {
        eventually("nobody is trusted", Duration::from_secs(7), || async {
            match way.list(room, None, 0, "").await {
                Err(status) if Refusal::from(&status).because() == (Code::Unavailable, "REVOCATIONS_UNKNOWN") => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }
    house.resume("users").expect("it runs");
    for way in &ways {
        eventually("sessions that hold are trusted again", Duration::from_secs(7), || async {
            way.list(room, None, 0, "").await.map(drop)
        })
        .await;
    }
}
