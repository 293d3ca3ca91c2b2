//! Making, finding, entering, changing and leaving rooms.

use loquat_ids::RoomId;
use loquat_proto::rooms::v1::{CreateRoomRequest, ListMembersRequest, Role, RoomKind, RoomListView, UpdateRoomRequest};
use loquat_testkit::{House, Person, Refusal, in_both_shapes, refused};
use prost_types::FieldMask;
use tonic::Code;

in_both_shapes! { shared:
    a_room_is_made_once_however_often_it_is_asked_for,
    a_public_room_is_found_entered_and_left,
    only_the_owner_changes_a_room,
    a_mask_that_names_nothing_too_much_or_something_else_is_refused,
    a_name_that_nobody_sees_or_that_turns_writing_is_refused,
    a_private_room_looks_like_none_to_others,
    two_people_who_open_their_direct_room_at_once_get_the_same_one,
    members_are_listed_in_the_order_in_which_they_came,
}

async fn a_room_is_made_once_however_often_it_is_asked_for(house: &House) {
    let ann = house.person("ann").await;
    let request = CreateRoomRequest {
        request_id: "the-one-room".into(),
        kind: RoomKind::Public.into(),
        name: "A room".into(),
        topic: "about rooms".into(),
        user_ids: Vec::new(),
    };
    let ann_there = ann.at(&house.gateway(1));
    let (first, second) =
        tokio::join!(async { ann.gateway.rooms().create_room(ann.ask(request.clone())).await }, async {
            ann_there.gateway.rooms().create_room(ann_there.ask(request.clone())).await
        },);
    let (first, second) = (first.expect("made").into_inner(), second.expect("made").into_inner());
    let ids = [&first, &second].map(|made| made.room.as_ref().expect("a room").room_id.clone());
    assert_eq!(ids[0], ids[1]);
    assert!(first.is_repeat != second.is_repeat, "one of the two made it: {first:?} {second:?}");
    let mut other = request.clone();
    other.name = "Another room".into();
    let refusal = refused(ann.gateway.rooms().create_room(ann.ask(other)).await);
    assert_eq!(refusal.told(), (Code::AlreadyExists, "loquat.rooms.v1", "REQUEST_ID_REUSED"));
    let mine = ann.list_rooms(RoomListView::Joined, "").await.expect("a list");
    assert_eq!(mine.rooms.len(), 1, "{mine:?}");
}

async fn a_public_room_is_found_entered_and_left(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await.at(&house.gateway(1)));
    let name = format!("Room of {}", ann.handle);
    let room = ann.public_room(&name).await;
    let found = ben.list_rooms(RoomListView::Directory, &name.to_uppercase()).await.expect("a list");
    let found = found.rooms.first().and_then(|entry| entry.room.as_ref()).expect("it is in the directory");
    assert_eq!((found.room_id.as_str(), found.name.as_str()), (room.to_string().as_str(), name.as_str()));

    let entered = ben.join(room).await.expect("anybody may");
    let membership = entered.membership.expect("a membership");
    assert_eq!((membership.role(), entered.room.expect("the room").member_count), (Role::Member, 2));
    let again = ben.join(room).await.expect("a member already stays one");
    assert_eq!(again.membership.expect("a membership").join_time, membership.join_time);
    ben.say(room, "I am in").await;

    ben.leave(room).await.expect("one may leave");
    ben.leave(room).await.expect("who is no member already stays none");
    assert!(ben.get_room(room).await.expect("it is public").membership.is_none());
    let refusal = refused(ben.send(room, "I am out").await);
    assert_eq!(refusal.because(), (Code::NotFound, "ROOM_NOT_FOUND"));
    assert!(ben.list_rooms(RoomListView::Joined, "").await.expect("a list").rooms.is_empty());
}

async fn only_the_owner_changes_a_room(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.public_room("before").await;
    ben.join(room).await.expect("it is public");
    let change = |name: &str| UpdateRoomRequest {
        room_id: room.to_string(),
        name: name.into(),
        topic: String::new(),
        update_mask: Some(FieldMask { paths: vec!["name".into()] }),
    };
    let changed = ann.gateway.rooms().update_room(ann.ask(change("after"))).await.expect("she owns it").into_inner();
    assert_eq!(changed.room.expect("a room").name, "after");
    let refusal = refused(ben.gateway.rooms().update_room(ben.ask(change("bens"))).await);
    assert_eq!(refusal.told(), (Code::PermissionDenied, "loquat.rooms.v1", "PERMISSION_MISSING"));
    assert_eq!(ben.get_room(room).await.expect("he is in").room.expect("a room").name, "after");
}

async fn a_mask_that_names_nothing_too_much_or_something_else_is_refused(house: &House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("before").await;
    let long = "x".repeat(65);
    let [many, very_many] = [17, 20_000].map(|count| vec!["name"; count]);
    for paths in [&[][..], &["kind"], &["name", "members"], &["name", &long], &many[..], &very_many[..]] {
        let request = UpdateRoomRequest {
            room_id: room.to_string(),
            name: "after".into(),
            topic: String::new(),
            update_mask: Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
        };
        let refusal = refused(ann.gateway.rooms().update_room(ann.ask(request)).await);
        let told = (Code::InvalidArgument, "loquat.rooms.v1", "UPDATE_MASK_INVALID");
        assert_eq!(refusal.told(), told, "{} paths: {refusal:?}", paths.len());
        assert!(refusal.fields.contains("update_mask"), "{refusal:?}");
    }
    assert_eq!(ann.get_room(room).await.expect("hers").room.expect("a room").name, "before");
}

async fn a_name_that_nobody_sees_or_that_turns_writing_is_refused(house: &House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("before").await;
    for name in ["\u{200b}", "\u{3000}", "\u{a0}\u{2060}", "\u{202e}", "Hall\u{202e}ybbol", "\u{2066}Hall\u{2069}"] {
        let request = CreateRoomRequest {
            request_id: "an-unseen-room".into(),
            kind: RoomKind::Public.into(),
            name: name.into(),
            topic: String::new(),
            user_ids: Vec::new(),
        };
        let create = refused(ann.gateway.rooms().create_room(ann.ask(request)).await);
        let request = UpdateRoomRequest {
            room_id: room.to_string(),
            name: name.into(),
            topic: String::new(),
            update_mask: Some(FieldMask { paths: vec!["name".into()] }),
        };
        let update = refused(ann.gateway.rooms().update_room(ann.ask(request)).await);
        for refusal in [create, update] {
            let told = (Code::InvalidArgument, "loquat.authorization.v1", "INVALID_FIELDS");
            assert_eq!(refusal.told(), told, "{name:?}");
            assert!(refusal.fields.contains("name"), "{name:?}: {refusal:?}");
        }
    }
    let rooms = ann.list_rooms(RoomListView::Joined, "").await.expect("a list").rooms;
    assert!(matches!(&rooms[..], [one] if one.room.as_ref().is_some_and(|room| room.name == "before")), "{rooms:?}");
}

async fn a_private_room_looks_like_none_to_others(house: &House) {
    let (ann, ben, eve) = (house.person("ann").await, house.person("ben").await, house.person("eve").await);
    let name = format!("Secret of {}", ann.handle);
    let room = ann.private_room(&name, &[&ben]).await;
    let sent = ann.say(room, "between us").await;
    ben.say(room, "I am in it from the start").await;
    let absent: RoomId = sent.message_id.parse().expect("an id that no room has");
    let looks = async |room: RoomId| -> Vec<Refusal> {
        let mut seen = vec![
            refused(eve.get_room(room).await),
            refused(eve.join(room).await),
            refused(eve.leave(room).await),
            refused(eve.send(room, "let me in").await),
            refused(eve.list(room, None, 0, "").await),
            refused(eve.set_typing(room, true).await),
            refused(members(&eve, room, "").await),
        ];
        for refusal in &mut seen {
            refusal.text = refusal.text.replace(&room.to_string(), "ROOM");
        }
        seen
    };
    let (private, none) = (looks(room).await, looks(absent).await);
    assert_eq!(private, none, "a room that is there for others looks like one that is not");
    assert!(none.iter().all(|refusal| refusal.because() == (Code::NotFound, "ROOM_NOT_FOUND")), "{none:?}");
    let found = eve.list_rooms(RoomListView::Directory, &name).await.expect("a list");
    assert!(found.rooms.is_empty(), "{found:?}");
}

async fn two_people_who_open_their_direct_room_at_once_get_the_same_one(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await.at(&house.gateway(1)));
    let (of_ann, of_ben) = tokio::join!(ann.direct_room(&ben), ben.direct_room(&ann));
    let (of_ann, of_ben) = (of_ann.expect("a room"), of_ben.expect("a room"));
    assert_eq!(of_ann.room_id, of_ben.room_id);
    assert_eq!(of_ann.kind(), RoomKind::Direct);
    let room: RoomId = of_ann.room_id.parse().expect("a room id");
    let said = ann.say(room, "hello, you").await;
    assert_eq!(ben.all_messages(room).await, [said]);
    assert_eq!(refused(ann.leave(room).await).told(), (Code::FailedPrecondition, "loquat.rooms.v1", "ROOM_IS_DIRECT"));
    assert_eq!(refused(ann.direct_room(&ann).await).because(), (Code::InvalidArgument, "DIRECT_WITH_SELF"));
    let eve = house.person("eve").await;
    assert_eq!(refused(eve.get_room(room).await).because(), (Code::NotFound, "ROOM_NOT_FOUND"));
}

async fn members_are_listed_in_the_order_in_which_they_came(house: &House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let mut expected = vec![ann.user.to_string()];
    for name in ["ben", "cleo", "dora"] {
        let person = house.person(name).await;
        person.join(room).await.expect("it is public");
        expected.push(person.user.to_string());
    }
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let page = members(&ann, room, &token).await.expect("a member may");
        found.extend(page.memberships.into_iter().map(|membership| membership.user_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(found, expected);
    let eve = house.person("eve").await;
    let refusal = refused(members(&eve, room, "").await);
    assert_eq!(refusal.because(), (Code::PermissionDenied, "PERMISSION_MISSING"), "she sees the room, not its members");
}

async fn members(
    who: &Person,
    room: RoomId,
    token: &str,
) -> Result<loquat_proto::rooms::v1::ListMembersResponse, tonic::Status> {
    let request = ListMembersRequest { room_id: room.to_string(), page_size: 3, page_token: token.into() };
    Ok(who.gateway.rooms().list_members(who.ask(request)).await?.into_inner())
}
