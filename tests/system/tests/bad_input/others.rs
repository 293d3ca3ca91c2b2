//! Ids of what is others', or nobody's.

use loquat_ids::{IdSource as _, RandomIds, RoomId};
use loquat_proto::{
    messages::v1::GetMessageRequest,
    rooms::v1::{CreateRoomRequest, OpenDirectRoomRequest, RoomKind, UpdateRoomRequest},
    users::v1::GetUserRequest,
};
use loquat_testkit::{House, in_both_shapes, refused};
use prost_types::FieldMask;
use tonic::Code;

use super::Witness;

in_both_shapes! { shared:
    ids_of_others_and_of_nobody_are_refused_alike_and_nothing_is_stored,
}

async fn ids_of_others_and_of_nobody_are_refused_alike_and_nothing_is_stored(house: &House) {
    let witness = Witness::of(house).await;
    let eve = house.person("eve").await.at(&house.gateway(1));
    let ann = &witness.ann;
    let private = ann.private_room("private", &[]).await;
    let secret = ann.say(private, "secret").await;
    let before = ann.cursor(private).await;
    let nobody = RandomIds.fresh();
    let absent = RoomId::from_uuid(nobody);
    for room in [private, absent] {
        let told = [
            refused(eve.send(room, "hello").await),
            refused(eve.list(room, None, 0, "").await),
            refused(eve.get_room(room).await),
            refused(eve.join(room).await),
            refused(eve.set_typing(room, true).await),
            refused({
                let request = GetMessageRequest { room_id: room.to_string(), message_id: secret.message_id.clone() };
                eve.gateway.messages().get_message(eve.ask(request)).await
            }),
            refused({
                let request = UpdateRoomRequest {
                    room_id: room.to_string(),
                    name: "eves".into(),
                    topic: String::new(),
                    update_mask: Some(FieldMask { paths: vec!["name".into()] }),
                };
                eve.gateway.rooms().update_room(eve.ask(request)).await
            }),
        ];
        for refusal in told {
            assert_eq!(refusal.because(), (Code::NotFound, "ROOM_NOT_FOUND"), "{refusal:?}");
        }
    }
    // A message's id is of its room alone.
    let request = GetMessageRequest { room_id: witness.room.to_string(), message_id: secret.message_id };
    let refusal = refused(ann.gateway.messages().get_message(ann.ask(request)).await);
    assert_eq!(refusal.because(), (Code::NotFound, "MESSAGE_NOT_FOUND"));

    let request = GetUserRequest { user_id: nobody.to_string() };
    let refusal = refused(eve.gateway.users().get_user(eve.ask(request)).await);
    assert_eq!(refusal.told(), (Code::NotFound, "loquat.users.v1", "USER_NOT_FOUND"));
    let request = OpenDirectRoomRequest { user_id: nobody.to_string() };
    let refusal = refused(eve.gateway.rooms().open_direct_room(eve.ask(request)).await);
    assert_eq!(refusal.told(), (Code::NotFound, "loquat.rooms.v1", "USER_NOT_FOUND"));
    let request = CreateRoomRequest {
        request_id: "with-nobody".into(),
        kind: RoomKind::Private.into(),
        name: "with nobody".into(),
        topic: String::new(),
        user_ids: vec![ann.user.to_string(), nobody.to_string()],
    };
    let refusal = refused(eve.gateway.rooms().create_room(eve.ask(request)).await);
    assert_eq!(refusal.told(), (Code::NotFound, "loquat.rooms.v1", "USER_NOT_FOUND"));
    assert!(refusal.fields.iter().any(|field| field.starts_with("user_ids")), "{refusal:?}");
    let rooms = eve.list_rooms(loquat_proto::rooms::v1::RoomListView::Joined, "").await.expect("a list");
    assert!(rooms.rooms.is_empty(), "{rooms:?}");
    assert_eq!(ann.cursor(private).await, before, "nothing was stored");
}
