//! The whole service on SQLite, wired as a process wires it, between stand-ins of the users and messages services.

use std::{future::Future, sync::Arc, time::Duration};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use futures::stream;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use loquat_bus::{EmbeddedBus, SharedBus};
use loquat_ids::{Clock, EventId, IdSource, RandomIds, RoomId, SessionId, SystemClock, UserId};
use loquat_proto::{
    Validate as _,
    messages::v1 as log,
    rooms::v1::{room_service_client::RoomServiceClient, user_rooms_service_client::UserRoomsServiceClient},
    users::v1 as users,
};
use loquat_rooms::{
    Opened, Peers, Settings,
    model::{Change, RoomEvent, RoomVersion},
    open,
    ports::{LogError, RoomLog as _},
    service::Rooms,
};
use loquat_rpc::{
    Channel, Claims, KeySet, Served, ServiceName, Verifier, VerifyingKey,
    server::{
        messages::v1::room_log_service_server::{RoomLogService, RoomLogServiceServer},
        users::v1::user_service_server::{UserService, UserServiceServer},
    },
};
use loquat_runtime::Frame;
use tonic::{Request, Response, Status, metadata::MetadataValue, service::Routes};
use tonic_types::StatusExt as _;

use crate::{backends::Backend, fakes::FakeLog};

const ISSUER: &str = "loquat";

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for what must come soon.
pub(crate) async fn soon<T>(fact: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, fact).await.expect("it did not come")
}

/// The reason that an error carries.
pub(crate) fn reason(status: &Status) -> String {
    status.get_error_details().error_info().expect("every error has a reason").reason.clone()
}

/// The fields that an error names.
pub(crate) fn violations(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}

pub(crate) struct Service {
    pub(crate) log: Arc<FakeLog>,
    pub(crate) bus: SharedBus,
    pub(crate) rooms: Rooms,
    served: Served,
    signing: EncodingKey,
    frame: Frame,
    backend: Backend,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let backend = Backend::sqlite();
        let (frame, log) = (Frame::real(), Arc::new(FakeLog::default()));
        let bus: SharedBus = Arc::new(EmbeddedBus::new());
        let (signing, keys) = signing_key();
        let verifier = Verifier::own(&keys, frame.clock.clone());

        let others = Routes::default()
            .add_service(RoomLogServiceServer::new(LogStandIn(log.clone())))
            .add_service(UserServiceServer::new(UsersStandIn));
        let others = Served::guarded(others, verifier.clone());
        let to_others = Channel::in_process(others, ServiceName::new_static("rooms"));
        let peers = Peers { users: to_others.clone(), messages: to_others };
        let settings = Settings::for_database(backend.url.parse().unwrap());
        let Opened { wired, rooms } = open(&settings, &frame, peers, bus.clone()).await.unwrap();
        assert!(wired.readiness.failing().await.is_empty());
        let served = Served::guarded(wired.routes, verifier);
        Self { log, bus, rooms, served, signing, frame, backend }
    }

    pub(crate) async fn stop(self) {
        self.frame.stop.cancel();
        self.frame.tasks.close();
        self.frame.tasks.wait().await;
        self.backend.remove().await;
    }

    fn channel(&self, from: &'static str) -> Channel {
        Channel::in_process(self.served.clone(), ServiceName::new_static(from))
    }

    pub(crate) fn for_gateways(&self) -> UserRoomsServiceClient<Channel> {
        UserRoomsServiceClient::new(self.channel("gateway"))
    }

    pub(crate) fn for_others(&self) -> UserRoomsServiceClient<Channel> {
        UserRoomsServiceClient::new(self.channel("presence"))
    }

    /// Somebody with an account and a token.
    pub(crate) fn person(&self) -> Person {
        let id = UserId::from_uuid(RandomIds.fresh());
        let now = SystemClock.now().as_seconds();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: id,
            sid: SessionId::from_uuid(RandomIds.fresh()),
            iat: now,
            exp: now + 600,
        };
        let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::EdDSA) };
        let token = jsonwebtoken::encode(&header, &claims, &self.signing).unwrap();
        Person { id, token, gateway: self.channel("gateway") }
    }

    /// An id that the stand-in of the users service does not know.
    pub(crate) fn nobody(&self) -> String {
        MISSING.to_owned()
    }

    pub(crate) fn log_versions(&self, room_id: &str) -> Vec<u64> {
        self.log.versions(room_id.parse().unwrap())
    }
}

/// Somebody who calls through a gateway.
pub(crate) struct Person {
    pub(crate) id: UserId,
    token: String,
    gateway: Channel,
}

impl Person {
    pub(crate) fn rooms(&self) -> RoomServiceClient<Channel> {
        RoomServiceClient::new(self.gateway.clone())
    }

    /// A request with this person's token.
    pub(crate) fn says<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let bearer = MetadataValue::try_from(format!("Bearer {}", self.token)).unwrap();
        request.metadata_mut().insert("authorization", bearer);
        request
    }
}

fn signing_key() -> (EncodingKey, KeySet) {
    let document = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let ed25519 = pair.public_key().as_ref().try_into().unwrap();
    let keys = vec![VerifyingKey { key_id: "1".to_owned(), ed25519 }];
    let set = KeySet { issuer: ISSUER.to_owned(), audience: ISSUER.to_owned(), keys };
    (EncodingKey::from_ed_der(document.as_ref()), set)
}

const MISSING: &str = "ffffffff-ffff-7fff-bfff-ffffffffffff";

/// Everybody exists but one.
#[derive(Debug)]
struct UsersStandIn;

#[tonic::async_trait]
impl UserService for UsersStandIn {
    async fn batch_get_users(
        &self,
        request: Request<users::BatchGetUsersRequest>,
    ) -> Result<Response<users::BatchGetUsersResponse>, Status> {
        let there = request.into_inner().user_ids.into_iter().filter(|user| user != MISSING);
        let users = there.map(|user_id| users::User { user_id, ..Default::default() }).collect();
        Ok(Response::new(users::BatchGetUsersResponse { users }))
    }

    async fn get_user(&self, _: Request<users::GetUserRequest>) -> Result<Response<users::GetUserResponse>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }

    async fn search_users(
        &self,
        _: Request<users::SearchUsersRequest>,
    ) -> Result<Response<users::SearchUsersResponse>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }

    async fn update_user(
        &self,
        _: Request<users::UpdateUserRequest>,
    ) -> Result<Response<users::UpdateUserResponse>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }
}

/// The fake log behind the contract.
#[derive(Debug)]
struct LogStandIn(Arc<FakeLog>);

#[tonic::async_trait]
impl RoomLogService for LogStandIn {
    async fn append_room_event(
        &self,
        request: Request<log::AppendRoomEventRequest>,
    ) -> Result<Response<log::AppendRoomEventResponse>, Status> {
        let request = request.into_inner();
        request.validate().expect("the service keeps the rules of the contract");
        let event = RoomEvent {
            event_id: request.event_id.parse::<EventId>().unwrap(),
            room_id: request.room_id.parse::<RoomId>().unwrap(),
            version: RoomVersion(request.version),
            actor: request.actor_id.parse::<UserId>().unwrap(),
            // What it says is judged where it is written.
            change: Change::MembershipsChanged { changes: vec![], member_count: 0 },
        };
        match self.0.append(&event).await {
            Ok(seq) => Ok(Response::new(log::AppendRoomEventResponse { seq: seq.0, ..Default::default() })),
            Err(LogError::OutOfOrder) => Err(Status::failed_precondition("a version is missing")),
            Err(_) => Err(Status::unavailable("nobody there")),
        }
    }

    async fn read_room_log(
        &self,
        _: Request<log::ReadRoomLogRequest>,
    ) -> Result<Response<log::ReadRoomLogResponse>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }

    type WatchHeadsStream = stream::Empty<Result<log::WatchHeadsResponse, Status>>;

    async fn watch_heads(
        &self,
        _: Request<log::WatchHeadsRequest>,
    ) -> Result<Response<Self::WatchHeadsStream>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }

    async fn get_heads(&self, _: Request<log::GetHeadsRequest>) -> Result<Response<log::GetHeadsResponse>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }
}
