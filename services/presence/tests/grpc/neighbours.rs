//! The services next door: users, whose tokens and revocations are followed, and rooms, who know who is in a room.

use std::{
    collections::HashSet,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use futures::{Stream, StreamExt};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use loquat_ids::{Clock, RoomId, SessionId, Timestamp, UserId};
use loquat_proto::{rooms::v1 as rooms, users::v1 as users};
use loquat_rpc::{
    Caller, Claims, KeySet, VerifyingKey,
    fault::{Code, Fault, Reason},
    server::{rooms::v1::room_service_server::RoomService, users::v1::auth_service_server::AuthService},
    status,
};
use tokio_stream::wrappers::IntervalStream;
use tonic::{Request, Response, Status, async_trait};

const KEY_ID: &str = "test";
const PARTY: &str = "loquat";

type Answer<T> = Result<Response<T>, Status>;

/// The users service, as far as tokens go.
#[derive(Clone)]
pub struct FakeUsers {
    key: EncodingKey,
    public: [u8; 32],
    ended: Arc<Mutex<HashSet<SessionId>>>,
}

impl FakeUsers {
    pub fn new() -> Self {
        let pair = Ed25519KeyPair::generate().expect("a key");
        let private = pair.to_pkcs8().expect("a key in PKCS 8");
        let public = pair.public_key().as_ref().try_into().expect("32 bytes");
        Self { key: EncodingKey::from_ed_der(private.as_ref()), public, ended: Arc::default() }
    }

    pub fn key_set(&self) -> KeySet {
        let key = VerifyingKey { key_id: KEY_ID.to_owned(), ed25519: self.public };
        KeySet { issuer: PARTY.to_owned(), audience: PARTY.to_owned(), keys: vec![key] }
    }

    pub fn token(&self, user: UserId, session: SessionId, clock: &dyn Clock) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(KEY_ID.to_owned());
        let now = clock.now().as_seconds();
        let claims = Claims {
            iss: PARTY.to_owned(),
            aud: PARTY.to_owned(),
            sub: user,
            sid: session,
            iat: now,
            exp: now + 1_000_000,
        };
        jsonwebtoken::encode(&header, &claims, &self.key).expect("a token")
    }

    pub fn end(&self, session: SessionId) {
        self.ended.lock().expect("not poisoned").insert(session);
    }

    fn revocations(&self) -> users::WatchRevocationsResponse {
        let ended = self.ended.lock().expect("not poisoned");
        let forget_time = Some(loquat_rpc::proto_time(Timestamp::from_micros(i64::MAX / 2)));
        let session = |session: &SessionId| users::RevokedSession { session_id: session.to_string(), forget_time };
        users::WatchRevocationsResponse { sessions: ended.iter().map(session).collect() }
    }
}

fn not_here<T>() -> Answer<T> {
    Err(Status::unimplemented("not next door"))
}

#[async_trait]
impl AuthService for FakeUsers {
    async fn get_key_set(&self, _: Request<users::GetKeySetRequest>) -> Answer<users::GetKeySetResponse> {
        let set = self.key_set();
        let key = |key: VerifyingKey| users::PublicKey { key_id: key.key_id, ed25519: key.ed25519.to_vec().into() };
        Ok(Response::new(users::GetKeySetResponse {
            keys: set.keys.into_iter().map(key).collect(),
            issuer: set.issuer,
            audience: set.audience,
        }))
    }

    type WatchRevocationsStream = Pin<Box<dyn Stream<Item = Result<users::WatchRevocationsResponse, Status>> + Send>>;

    async fn watch_revocations(
        &self,
        _: Request<users::WatchRevocationsRequest>,
    ) -> Answer<Self::WatchRevocationsStream> {
        let users = self.clone();
        let ticks = IntervalStream::new(tokio::time::interval(Duration::from_millis(50)));
        Ok(Response::new(Box::pin(ticks.map(move |_| Ok(users.revocations())))))
    }

    async fn register(&self, _: Request<users::RegisterRequest>) -> Answer<users::RegisterResponse> {
        not_here()
    }

    async fn sign_in(&self, _: Request<users::SignInRequest>) -> Answer<users::SignInResponse> {
        not_here()
    }

    async fn refresh(&self, _: Request<users::RefreshRequest>) -> Answer<users::RefreshResponse> {
        not_here()
    }

    async fn sign_out(&self, _: Request<users::SignOutRequest>) -> Answer<users::SignOutResponse> {
        not_here()
    }
}

/// The rooms service, as far as memberships go. Public rooms are known to everybody, others to their members.
#[derive(Clone, Default)]
pub struct FakeRooms {
    pub members: Arc<Mutex<HashSet<(RoomId, UserId)>>>,
    pub public: Arc<Mutex<HashSet<RoomId>>>,
    pub is_away: Arc<AtomicBool>,
}

/// How the rooms service refuses.
#[derive(Debug, thiserror::Error)]
enum RoomsFault {
    #[error("there is no such room")]
    NotFound,
    #[error("rooms is away")]
    Away,
}

impl Fault for RoomsFault {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::Away => Code::Unavailable,
        }
    }

    fn reason(&self) -> Reason {
        let reason = match self {
            Self::NotFound => rooms::ErrorReason::RoomNotFound,
            Self::Away => rooms::ErrorReason::StoreUnavailable,
        };
        Reason::new("loquat.rooms.v1", reason.as_str_name())
    }
}

#[async_trait]
impl RoomService for FakeRooms {
    async fn get_room(&self, request: Request<rooms::GetRoomRequest>) -> Answer<rooms::GetRoomResponse> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(status(RoomsFault::Away));
        }
        // The caller is whom presence asks for, not presence itself.
        let user = Caller::of(&request).user()?.user_id;
        let room: RoomId = request.into_inner().room_id.parse().expect("a room's id");
        let is_member = self.members.lock().expect("not poisoned").contains(&(room, user));
        if !is_member && !self.public.lock().expect("not poisoned").contains(&room) {
            return Err(status(RoomsFault::NotFound));
        }
        let membership = is_member.then(rooms::Membership::default);
        Ok(Response::new(rooms::GetRoomResponse { room: Some(rooms::Room::default()), membership }))
    }

    async fn create_room(&self, _: Request<rooms::CreateRoomRequest>) -> Answer<rooms::CreateRoomResponse> {
        not_here()
    }

    async fn list_rooms(&self, _: Request<rooms::ListRoomsRequest>) -> Answer<rooms::ListRoomsResponse> {
        not_here()
    }

    async fn update_room(&self, _: Request<rooms::UpdateRoomRequest>) -> Answer<rooms::UpdateRoomResponse> {
        not_here()
    }

    async fn join_room(&self, _: Request<rooms::JoinRoomRequest>) -> Answer<rooms::JoinRoomResponse> {
        not_here()
    }

    async fn leave_room(&self, _: Request<rooms::LeaveRoomRequest>) -> Answer<rooms::LeaveRoomResponse> {
        not_here()
    }

    async fn remove_member(&self, _: Request<rooms::RemoveMemberRequest>) -> Answer<rooms::RemoveMemberResponse> {
        not_here()
    }

    async fn list_members(&self, _: Request<rooms::ListMembersRequest>) -> Answer<rooms::ListMembersResponse> {
        not_here()
    }

    async fn open_direct_room(
        &self,
        _: Request<rooms::OpenDirectRoomRequest>,
    ) -> Answer<rooms::OpenDirectRoomResponse> {
        not_here()
    }
}
