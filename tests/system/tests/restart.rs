//! A restart of everything: the data is there, tokens hold, streams resume.

use loquat_proto::{events::v1::Interest, rooms::v1::RoomListView, users::v1::GetUserRequest};
use loquat_testkit::{House, Person, in_both_shapes, refused};
use tonic::Code;

in_both_shapes! { alone everywhere:
    everything_acknowledged_is_there_after_a_restart_of_everything,
}

async fn everything_acknowledged_is_there_after_a_restart_of_everything(house: &mut House) {
    let (mut ann, ben) = (house.person("ann").await, house.person("ben").await);
    let gone = ben.on_another_device().await;
    let room = ann.private_room("kept", &[&ben]).await;
    let first = ann.send_as(room, "request-one", "before").await.expect("a send");
    let mut stream =
        ben.subscribe(Interest { rooms: vec![ann.cursor(room).await], presence_user_ids: Vec::new() }).await;
    let seen = ann.say(room, "seen before").await;
    stream.until_seq(room, seen.seq).await;
    let cursor = stream.cursor_of(room).expect("it has seen something");
    let missed = ann.say(room, "missed").await;
    gone.sign_out().await.expect("one may sign out");
    let version = ben.list_rooms(RoomListView::Joined, "").await.expect("a list").user_state_version;
    drop(stream);

    house.restart_all(None).await.expect("it stands again");
    // Connections are of the time before.
    ann = ann.at(&house.gateway(0));
    let (ben, gone) = (ben.at(&house.gateway(1)), gone.at(&house.gateway(1)));

    let texts: Vec<_> = ben.all_messages(room).await.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["before", "seen before", "missed"]);
    let again = ann.send_as(room, "request-one", "before").await.expect("a repeat");
    assert!(again.is_repeat && again.message == first.message, "{again:?}");
    let refusal = refused(ann.send_as(room, "request-one", "changed").await);
    assert_eq!(refusal.because(), (Code::AlreadyExists, "REQUEST_ID_REUSED"));

    let after = ann.say(room, "after").await;
    assert_eq!(after.seq, missed.seq + 1);
    let resumed = Interest { rooms: vec![cursor.clone()], presence_user_ids: Vec::new() };
    let mut stream = ben.subscribe_since(resumed, version).await.expect("a stream");
    let events = stream.until_seq(room, after.seq).await;
    let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (cursor.seq + 1..=after.seq).collect::<Vec<_>>());
    assert_eq!(ben.list_rooms(RoomListView::Joined, "").await.expect("a list").user_state_version, version);

    let refusal = refused(gone.gateway.users().get_user(gone.ask(GetUserRequest::default())).await);
    assert_eq!(refusal.because(), (Code::Unauthenticated, "SESSION_REVOKED"), "a session that ended stays over");
    ann.refresh().await.expect("a session goes on");
    Person::sign_in(&ann.gateway, &ann.handle, &ann.password).await.expect("the account is there");
}
