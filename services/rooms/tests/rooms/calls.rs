//! The service as its callers meet it: over gRPC, with all layers, between stand-ins of its peers.

use futures::StreamExt as _;
use loquat_bus::{Pattern, Received, Subject};
use loquat_proto::rooms::v1::{self as proto, user_room_change::Change};
use loquat_rooms::ensure_lobby;
use prost::Message as _;
use prost_types::FieldMask;
use tonic::Code;

use crate::{
    fakes::Mood,
    stand_ins::{Service, reason, soon, violations},
};

fn wish(name: &str, user_ids: &[String]) -> proto::CreateRoomRequest {
    proto::CreateRoomRequest {
        request_id: format!("wish-{name}"),
        kind: proto::RoomKind::Public.into(),
        name: name.to_owned(),
        topic: String::new(),
        user_ids: user_ids.to_vec(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_make_find_enter_and_leave_a_room() {
    let service = Service::start().await;
    let [ann, bob] = [service.person(), service.person()];
    let made = ann.rooms().create_room(ann.says(wish("Hall", &[]))).await.unwrap().into_inner();
    let room_id = made.room.unwrap().room_id;
    assert_eq!(made.membership.unwrap().role(), proto::Role::Owner);

    let view = proto::RoomListView::Directory.into();
    let directory = proto::ListRoomsRequest { view, query: "ha".to_owned(), ..Default::default() };
    let found = bob.rooms().list_rooms(bob.says(directory)).await.unwrap().into_inner();
    assert_eq!(found.rooms[0].room.as_ref().unwrap().room_id, room_id);
    assert_eq!((found.rooms[0].membership.as_ref(), found.user_state_version), (None, 1));

    let join = proto::JoinRoomRequest { room_id: room_id.clone() };
    let joined = bob.rooms().join_room(bob.says(join)).await.unwrap().into_inner();
    assert_eq!(joined.room.unwrap().member_count, 2);
    let members = proto::ListMembersRequest { room_id: room_id.clone(), ..Default::default() };
    let members = ann.rooms().list_members(ann.says(members)).await.unwrap().into_inner();
    let ids: Vec<_> = members.memberships.iter().map(|membership| membership.user_id.as_str()).collect();
    assert_eq!(ids, [ann.id.to_string(), bob.id.to_string()]);

    let update_mask = Some(FieldMask { paths: vec!["topic".to_owned()] });
    let update =
        proto::UpdateRoomRequest { room_id: room_id.clone(), topic: "t".to_owned(), update_mask, ..Default::default() };
    let updated = ann.rooms().update_room(ann.says(update)).await.unwrap().into_inner().room.unwrap();
    assert_eq!((updated.name.as_str(), updated.topic.as_str(), updated.version), ("Hall", "t", 3));

    let joined = proto::ListJoinedRoomsRequest { user_id: bob.id.to_string() };
    let ids = service.for_gateways().list_joined_rooms(joined).await.unwrap().into_inner().room_ids;
    assert_eq!(ids, std::slice::from_ref(&room_id));
    bob.rooms().leave_room(bob.says(proto::LeaveRoomRequest { room_id: room_id.clone() })).await.unwrap();
    let since = proto::ListUserRoomChangesRequest { user_id: bob.id.to_string(), since_version: 1 };
    let changes = service.for_gateways().list_user_room_changes(since).await.unwrap().into_inner();
    assert_eq!((changes.is_reset, changes.changes.len()), (false, 1));
    assert_eq!(changes.changes[0].version, changes.version);
    assert_eq!(changes.changes[0].change, Some(Change::Lost(proto::RoomLost { room_id: room_id.clone() })));
    let none = proto::ListUserRoomChangesRequest { user_id: bob.id.to_string(), since_version: 0 };
    assert!(service.for_gateways().list_user_room_changes(none).await.unwrap().into_inner().is_reset);

    let open = proto::OpenDirectRoomRequest { user_id: bob.id.to_string() };
    let direct = ann.rooms().open_direct_room(ann.says(open)).await.unwrap().into_inner().room.unwrap();
    assert_eq!((direct.kind(), direct.direct_user_ids.len()), (proto::RoomKind::Direct, 2));
    let get = proto::GetRoomRequest { room_id: direct.room_id.clone() };
    assert_eq!(bob.rooms().get_room(bob.says(get)).await.unwrap().into_inner().room, Some(direct));
    assert_eq!(service.log_versions(&room_id), [1, 2, 3, 4]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_says_why_and_names_the_field() {
    let service = Service::start().await;
    let [ann, bob] = [service.person(), service.person()];
    let room = ann.rooms().create_room(ann.says(wish("Hall", &[]))).await.unwrap().into_inner().room.unwrap();
    let room_id = room.room_id;
    let nobody = service.nobody();

    let refused =
        ann.rooms().create_room(ann.says(wish("Attic", &[bob.id.to_string(), nobody.clone()]))).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "USER_NOT_FOUND"));
    assert_eq!(violations(&refused), ["user_ids[1]"]);

    let other = proto::CreateRoomRequest { topic: "another".to_owned(), ..wish("Hall", &[]) };
    let refused = ann.rooms().create_room(ann.says(other)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));

    let bad = proto::CreateRoomRequest { name: "\n".to_owned(), ..wish("x", &[]) };
    let refused = ann.rooms().create_room(ann.says(bad)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));

    let hidden = proto::CreateRoomRequest { kind: proto::RoomKind::Private.into(), ..wish("Cellar", &[]) };
    let hidden = ann.rooms().create_room(ann.says(hidden)).await.unwrap().into_inner().room.unwrap().room_id;
    let answers = futures::future::join_all([hidden, nobody.clone()].map(|room_id| {
        let bob = &bob;
        async move { bob.rooms().get_room(bob.says(proto::GetRoomRequest { room_id })).await.unwrap_err() }
    }));
    for refused in answers.await {
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "ROOM_NOT_FOUND"));
    }

    let update = |paths: &[&str]| proto::UpdateRoomRequest {
        room_id: room_id.clone(),
        update_mask: Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
        ..Default::default()
    };
    let refused = bob.rooms().update_room(bob.says(update(&["topic"]))).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "PERMISSION_MISSING"));
    for paths in [&[][..], &["kind"]] {
        let refused = ann.rooms().update_room(ann.says(update(paths))).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "UPDATE_MASK_INVALID"));
    }
    let refused = ann.rooms().update_room(ann.says(update(&["name"]))).await.unwrap_err();
    assert_eq!((reason(&refused).as_str(), violations(&refused)), ("INVALID_FIELDS", vec!["name".to_owned()]));

    let remove = |user_id: String| proto::RemoveMemberRequest { room_id: room_id.clone(), user_id };
    let refused = ann.rooms().remove_member(ann.says(remove(ann.id.to_string()))).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "MEMBER_IS_CALLER"));
    bob.rooms().join_room(bob.says(proto::JoinRoomRequest { room_id: room_id.clone() })).await.unwrap();
    let refused = bob.rooms().remove_member(bob.says(remove(ann.id.to_string()))).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "PERMISSION_MISSING"));
    ann.rooms().remove_member(ann.says(remove(nobody.clone()))).await.unwrap();
    let refused = ann.rooms().remove_member(ann.says(remove("bob".to_owned()))).await.unwrap_err();
    assert_eq!((reason(&refused).as_str(), violations(&refused)), ("INVALID_FIELDS", vec!["user_id".to_owned()]));

    let mine = proto::OpenDirectRoomRequest { user_id: ann.id.to_string() };
    let refused = ann.rooms().open_direct_room(ann.says(mine)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "DIRECT_WITH_SELF"));
    assert_eq!(violations(&refused), ["user_id"]);
    let missing = proto::OpenDirectRoomRequest { user_id: nobody };
    let refused = ann.rooms().open_direct_room(ann.says(missing)).await.unwrap_err();
    assert_eq!((reason(&refused).as_str(), violations(&refused)), ("USER_NOT_FOUND", vec!["user_id".to_owned()]));

    let page = proto::ListRoomsRequest { page_token: "of another list".to_owned(), ..Default::default() };
    let refused = ann.rooms().list_rooms(ann.says(page)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "PAGE_TOKEN_INVALID"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_the_log_did_not_take_is_pending_and_then_done() {
    let service = Service::start().await;
    let ann = service.person();
    service.log.become_(Mood::Away);
    let pending = ann.rooms().create_room(ann.says(wish("Hall", &[]))).await.unwrap_err();
    assert_eq!((pending.code(), reason(&pending).as_str()), (Code::Unavailable, "CHANGE_PENDING"));
    service.log.become_(Mood::Well);
    service.log.has(1).await;
    let done = ann.rooms().create_room(ann.says(wish("Hall", &[]))).await.unwrap().into_inner();
    assert!(done.is_repeat);
    assert_eq!(service.log_versions(&done.room.unwrap().room_id), [1]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gains_or_loses_a_room_hears_of_it_on_the_bus() {
    let service = Service::start().await;
    let [ann, bob] = [service.person(), service.person()];
    let mut news = service.bus.subscribe(Pattern::exactly(Subject::user(bob.id))).await.unwrap();
    let mut next = async || match soon(news.next()).await {
        Some(Received::News(news)) => proto::UserRoomChange::decode(news.payload).unwrap(),
        other => panic!("{other:?}"),
    };
    let made = ann.rooms().create_room(ann.says(wish("Hall", &[bob.id.to_string()]))).await.unwrap().into_inner();
    let room_id = made.room.as_ref().unwrap().room_id.clone();
    let gained = next().await;
    let first = gained.version;
    let Some(Change::Gained(gained)) = gained.change else { panic!("{gained:?}") };
    assert_eq!((gained.room, gained.membership.unwrap().user_id), (made.room, bob.id.to_string()));

    bob.rooms().leave_room(bob.says(proto::LeaveRoomRequest { room_id: room_id.clone() })).await.unwrap();
    let lost = next().await;
    assert_eq!(
        (lost.version, lost.change),
        (first + 1, Some(Change::Lost(proto::RoomLost { room_id: room_id.clone() })))
    );

    bob.rooms().join_room(bob.says(proto::JoinRoomRequest { room_id: room_id.clone() })).await.unwrap();
    assert!(matches!(next().await.change, Some(Change::Gained(_))));
    let remove = proto::RemoveMemberRequest { room_id: room_id.clone(), user_id: bob.id.to_string() };
    ann.rooms().remove_member(ann.says(remove)).await.unwrap();
    let removed = next().await;
    assert_eq!((removed.version, removed.change), (first + 3, Some(Change::Lost(proto::RoomLost { room_id }))));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_calls_without_a_token_and_no_user_what_is_for_gateways() {
    let service = Service::start().await;
    let ann = service.person();
    // The gateway has nothing to ask for itself.
    let refused = ann.rooms().create_room(wish("Hall", &[])).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unauthenticated, "TOKEN_MISSING"));
    let changes = proto::ListUserRoomChangesRequest { user_id: ann.id.to_string(), since_version: 0 };
    let refused = service.for_others().list_user_room_changes(ann.says(changes)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lobby_can_be_joined_by_whoever_comes() {
    let service = Service::start().await;
    let (system, ann) = (service.person(), service.person());
    let lobby = ensure_lobby(&service.rooms, system.id).await.unwrap();
    let join = proto::JoinRoomRequest { room_id: lobby.id.to_string() };
    let joined = ann.rooms().join_room(ann.says(join)).await.unwrap().into_inner();
    assert_eq!(joined.room.unwrap().name, "lobby");
    service.stop().await;
}
