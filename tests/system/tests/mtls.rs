//! Our processes speak to ours alone, and each to whom it may.

use loquat_ids::{IdSource as _, RandomIds};
use loquat_proto::messages::v1::{
    AppendRoomEventRequest, GetHeadsRequest, MembershipChange, MembershipsChanged, WatchHeadsRequest,
};
use loquat_testkit::{Certificates, Gateway, Shape, refused, shared_house};
use tonic::{Code, transport::ClientTlsConfig};
use tonic_health::pb::HealthCheckRequest;

const SERVICES: [&str; 5] = ["users", "rooms", "presence", "messages-1", "messages-2"];

#[tokio::test]
async fn a_connection_without_a_certificate_of_ours_is_refused() {
    let Some(house) = shared_house(Shape::Distributed, "a_connection_without_a_certificate_of_ours_is_refused").await
    else {
        return;
    };
    let ours = house.certificates().expect("it has some");
    let folder = tempfile::tempdir().expect("a folder");
    let others = Certificates::found(folder.path()).expect("another authority");
    for name in SERVICES {
        let member = house.member(name);
        let address = member.address.expect("it listens");
        assert!(answers(&house.service(name, "gateway")).await, "{name} answers ours");
        let theirs: ClientTlsConfig = ours.anonymous(member.service).expect("a client");
        assert!(!answers(&Gateway::over_tls(address, theirs)).await, "{name} answers nobody without a certificate");
        let forged = others.client("gateway", member.service).expect("a client");
        assert!(!answers(&Gateway::over_tls(address, forged)).await, "{name} answers no other authority's");
        // The same, but trusting ours: only the server's refusal is left.
        let mixed = mixed(ours, &others, member.service);
        assert!(!answers(&Gateway::over_tls(address, mixed)).await, "{name} refuses another authority's certificate");
        assert!(!answers(&Gateway::at(address)).await, "{name} answers nobody without TLS");
    }
}

/// Trusts our authority and shows a certificate of another.
fn mixed(ours: &Certificates, others: &Certificates, service: &str) -> ClientTlsConfig {
    let [(_, _), (_, certificate), (_, key)] = others.issue("gateway").expect("a certificate");
    let read = |path: String| std::fs::read(path).expect("it was written");
    let identity = tonic::transport::Identity::from_pem(read(certificate), read(key));
    ours.anonymous(service).expect("a client").identity(identity)
}

async fn answers(way: &Gateway) -> bool {
    way.health().check(HealthCheckRequest::default()).await.is_ok()
}

#[tokio::test]
async fn a_service_calls_only_what_it_is_named_for() {
    let Some(house) = shared_house(Shape::Distributed, "a_service_calls_only_what_it_is_named_for").await else {
        return;
    };
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let before = ann.cursor(room).await;
    let heads = || GetHeadsRequest { room_ids: vec![room.to_string()] };
    let as_gateway = house.service("messages-1", "gateway");
    let found = as_gateway.room_log().get_heads(heads()).await.expect("a gateway may").into_inner();
    assert_eq!(found.heads, std::slice::from_ref(&before));

    for caller in ["presence", "users", "gateway", "stranger"] {
        let way = house.service("messages-2", caller);
        let refusal = refused(way.room_log().append_room_event(removal(room, ann.user)).await);
        assert_eq!(refusal.because(), (Code::Unimplemented, "UNKNOWN_METHOD"), "{caller}");
    }
    for caller in ["presence", "rooms", "stranger"] {
        let way = house.service("messages-2", caller);
        assert_eq!(refused(way.room_log().get_heads(heads()).await).code, Code::Unimplemented, "{caller}");
        let refusal = refused(way.room_log().watch_heads(WatchHeadsRequest {}).await);
        assert_eq!(refusal.code, Code::Unimplemented, "{caller}");
    }
    assert_eq!(ann.cursor(room).await, before, "nothing was stored");
    // The gateway's certificate alone makes nobody a user.
    let refusal = refused(
        as_gateway
            .messages()
            .send_message(loquat_proto::messages::v1::SendMessageRequest {
                room_id: room.to_string(),
                request_id: "request-one".into(),
                text: "from nobody".into(),
            })
            .await,
    );
    assert_eq!(refusal.because(), (Code::Unauthenticated, "TOKEN_MISSING"));
}

fn removal(room: loquat_ids::RoomId, user: loquat_ids::UserId) -> AppendRoomEventRequest {
    let change = MembershipChange { user_id: user.to_string(), is_member: false, role: 0 };
    AppendRoomEventRequest {
        room_id: room.to_string(),
        event_id: RandomIds.fresh().to_string(),
        version: 2,
        actor_id: user.to_string(),
        memberships_changed: Some(MembershipsChanged { changes: vec![change], member_count: 0 }),
        ..Default::default()
    }
}
