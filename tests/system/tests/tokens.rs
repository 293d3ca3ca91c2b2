//! Tokens that are past their time, or for somebody else.

use std::time::Duration;

use loquat_proto::users::v1::GetUserRequest;
use loquat_testkit::{House, Person, Plan, Refusal, Shape, eventually, house_of_its_own, refused};
use tonic::Code;

/// The shortest life that an access token can be given.
const LIFE: Duration = Duration::from_secs(30);

mod embedded {
    #[tokio::test]
    async fn a_token_ends_and_its_stream_goes_on() {
        super::a_token_ends_and_its_stream_goes_on(super::Shape::Embedded).await;
    }
}

mod distributed {
    #[tokio::test]
    async fn a_token_ends_and_its_stream_goes_on() {
        super::a_token_ends_and_its_stream_goes_on(super::Shape::Distributed).await;
    }
}

async fn a_token_ends_and_its_stream_goes_on(shape: Shape) {
    let plan = Plan::of(shape).with("LOQUAT_USERS_ACCESS_TOKEN_SECONDS", LIFE.as_secs());
    let Some(mut house) = house_of_its_own(plan, "a_token_ends_and_its_stream_goes_on").await else { return };
    let mut ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let mut stream = ann.subscribe(ann.interest_in(&[room]).await).await;
    let gateways = [house.gateway(0), house.gateway(1), house.messages_node(0)];
    for gateway in gateways {
        let there = ann.at(&gateway);
        eventually("the token is refused", LIFE + Duration::from_secs(5), || async {
            match there.list(room, None, 0, "").await {
                Err(status) if Refusal::from(&status).because() == (Code::Unauthenticated, "TOKEN_EXPIRED") => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }
    ann.refresh().await.expect("the session goes on");
    let said = ann.say(room, "the stream outlives the token").await;
    stream.until_seq(room, said.seq).await;
    a_token_for_another_audience_is_refused(&mut house, &ann).await;
}

async fn a_token_for_another_audience_is_refused(house: &mut House, ann: &Person) {
    house.restart_all(Some(("LOQUAT_USERS_TOKEN_AUDIENCE", "somebody-else"))).await.expect("it stands again");
    let ann = ann.at(&house.gateway(1));
    let refusal = refused(ann.gateway.users().get_user(ann.ask(GetUserRequest::default())).await);
    let told = refusal.told();
    assert_eq!(told, (Code::Unauthenticated, "loquat.authorization.v1", "TOKEN_INVALID"));
    let again = Person::sign_in(&ann.gateway, &ann.handle, &ann.password).await.expect("the account is there");
    again.gateway.users().get_user(again.ask(GetUserRequest::default())).await.expect("a token of now");
}
