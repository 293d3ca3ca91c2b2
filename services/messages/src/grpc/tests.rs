//! The service as its callers have it: in process, behind the same layers as over a socket, on a store of its own.

mod changing;
mod hidden;
mod history;
mod room_log;
mod sending;

use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use clap::{Args as _, Command, FromArgMatches as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use loquat_bus::{EmbeddedBus, SharedBus};
use loquat_ids::{EventId, IdSource as _, RandomIds, RoomId, SessionId, UserId};
use loquat_proto::{
    messages::v1::{
        AppendRoomEventRequest, AppendRoomEventResponse, Message, RoomCreated, SendMessageRequest, SendMessageResponse,
        message_service_client::MessageServiceClient, room_log_service_client::RoomLogServiceClient,
    },
    rooms::v1::{Membership, Role, Room, RoomKind},
};
use loquat_rpc::{Channel, Claims, KeySet, Served, ServiceName, Verifier, VerifyingKey};
use loquat_runtime::Frame;
use tempfile::TempDir;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;

use crate::{app, model::fixture, store};

/// A running service, with one room in which Alice and Bob are.
struct House {
    served: Served,
    bus: SharedBus,
    frame: Frame,
    key: EncodingKey,
    _folder: TempDir,
}

const ALICE: UserId = fixture::ALICE;
const BOB: UserId = fixture::BOB;
const CAROL: UserId = fixture::user(3);
const ROOM: RoomId = fixture::room(1);

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}/messages.db", folder.path().display());
        let frame = Frame::real();
        let founding = store::Founding::fresh(&RandomIds);
        let store = store::open(&url, founding, std::time::Duration::from_secs(20)).await.expect("a store");
        let matches = app::Settings::augment_args(Command::new("messages"))
            .try_get_matches_from(["messages", "--messages-scan-millis=50"])
            .expect("settings");
        let settings = app::Settings::from_arg_matches(&matches).expect("settings");
        let bus: SharedBus = Arc::new(EmbeddedBus::new());
        let (routes, _) = app::join(store, &settings, &frame, Arc::clone(&bus));

        let pair = Ed25519KeyPair::generate().expect("a key");
        let ed25519 = pair.public_key().as_ref().try_into().expect("32 bytes");
        let keys = vec![VerifyingKey { key_id: "one".to_owned(), ed25519 }];
        let key_set = KeySet { issuer: "loquat".to_owned(), audience: "loquat".to_owned(), keys };
        let served = Served::guarded(routes, Verifier::own(&key_set, frame.clock.clone()));
        let key = EncodingKey::from_ed_der(pair.to_pkcs8().expect("a key").as_ref());
        Self { served, bus, frame, key, _folder: folder }
    }

    async fn with_room() -> Self {
        let house = Self::open().await;
        house.append(house.creation(ROOM, &[ALICE, BOB])).await.expect("a room");
        house
    }

    fn channel(&self, caller: &'static str) -> Channel {
        Channel::in_process(self.served.clone(), ServiceName::new_static(caller))
    }

    fn messages(&self) -> MessageServiceClient<Channel> {
        MessageServiceClient::new(self.channel("gateway"))
    }

    fn log(&self) -> RoomLogServiceClient<Channel> {
        RoomLogServiceClient::new(self.channel("gateway"))
    }

    /// Makes a request of a user's.
    fn by<T>(&self, user: UserId, message: T) -> Request<T> {
        let now = self.frame.clock.now().as_seconds();
        let sid = SessionId::from_uuid(user.as_uuid());
        let claims =
            Claims { iss: "loquat".to_owned(), aud: "loquat".to_owned(), sub: user, sid, iat: now, exp: now + 60 };
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::EdDSA) };
        let token = jsonwebtoken::encode(&header, &claims, &self.key).expect("a token");
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        request
    }

    async fn send(&self, sender: UserId, request_id: &str, text: &str) -> Result<SendMessageResponse, Status> {
        let request =
            SendMessageRequest { room_id: ROOM.to_string(), request_id: request_id.to_owned(), text: text.to_owned() };
        self.messages().send_message(self.by(sender, request)).await.map(Response::into_inner)
    }

    /// Sends a message that must succeed.
    async fn say(&self, sender: UserId, text: &str) -> Message {
        let request_id = RandomIds.fresh().to_string();
        self.send(sender, &request_id, text).await.expect("an answer").message.expect("a message")
    }

    async fn append(&self, request: AppendRoomEventRequest) -> Result<AppendRoomEventResponse, Status> {
        RoomLogServiceClient::new(self.channel("rooms")).append_room_event(request).await.map(Response::into_inner)
    }

    fn creation(&self, room: RoomId, members: &[UserId]) -> AppendRoomEventRequest {
        let memberships = members.iter().map(|user| Membership {
            room_id: room.to_string(),
            user_id: user.to_string(),
            role: Role::Member.into(),
            join_time: None,
        });
        AppendRoomEventRequest {
            room_id: room.to_string(),
            event_id: fresh_event().to_string(),
            version: 1,
            actor_id: ALICE.to_string(),
            room_created: Some(RoomCreated { room: Some(room_at(room, 1)), memberships: memberships.collect() }),
            ..AppendRoomEventRequest::default()
        }
    }
}

fn room_at(room: RoomId, version: u64) -> Room {
    Room {
        room_id: room.to_string(),
        kind: RoomKind::Private.into(),
        name: "Kitchen".to_owned(),
        version,
        member_count: 2,
        ..Room::default()
    }
}

fn fresh_event() -> EventId {
    EventId::from_uuid(RandomIds.fresh())
}

/// A change of one person's membership, as the rooms service asks for it.
fn membership_change(version: u64, user: UserId, is_member: bool) -> AppendRoomEventRequest {
    use loquat_proto::messages::v1::{MembershipChange, MembershipsChanged};
    let role = if is_member { Role::Member } else { Role::Unspecified };
    let change = MembershipChange { user_id: user.to_string(), is_member, role: role.into() };
    AppendRoomEventRequest {
        room_id: ROOM.to_string(),
        event_id: fresh_event().to_string(),
        version,
        actor_id: ALICE.to_string(),
        memberships_changed: Some(MembershipsChanged { changes: vec![change], member_count: 2 }),
        ..AppendRoomEventRequest::default()
    }
}

/// Returns the code and the reason of a refusal.
fn refusal<T: std::fmt::Debug>(outcome: Result<T, Status>) -> (Code, String) {
    let status = outcome.expect_err("a refusal");
    let details = status.get_error_details();
    (status.code(), details.error_info().map(|info| info.reason.clone()).unwrap_or_default())
}
