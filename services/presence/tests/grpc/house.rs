//! The service with its neighbours, and what a test says in few words.

use std::{fmt::Debug, sync::Arc, time::Duration};

use bytes::Bytes;
use clap::{Args, Command, FromArgMatches};
use futures::{Stream, StreamExt};
use loquat_bus::{EmbeddedBus, Pattern, Received, SharedBus, Subscription};
use loquat_ids::{Clock, FixedClock, SequentialIds, SessionId, Timestamp, UserId};
use loquat_presence::app::{self, Peers, Settings};
use loquat_proto::presence::v1::{
    Availability, Device, GetPresenceRequest, Presence, RenewLeaseRequest, SetPresenceRequest,
    lease_service_client::LeaseServiceClient, presence_service_client::PresenceServiceClient,
};
use loquat_rpc::{
    Channel, Served, ServiceName, Verifier,
    server::{rooms::v1::room_service_server::RoomServiceServer, users::v1::auth_service_server::AuthServiceServer},
};
use loquat_runtime::{Frame, Readiness};
use prost::Message;
use tonic::{Request, Status, service::Routes};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::neighbours::{FakeRooms, FakeUsers};

/// How long a test waits for a fact before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// The service in one process with its neighbours.
pub struct House {
    pub clock: Arc<FixedClock>,
    pub frame: Frame,
    pub bus: SharedBus,
    pub users: FakeUsers,
    pub rooms: FakeRooms,
    pub readiness: Readiness,
    served: Served,
}

impl House {
    pub async fn build() -> Self {
        Self::build_with(&[]).await
    }

    pub async fn build_with(settings: &[&str]) -> Self {
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1_790_000_000_000_000)));
        let frame = Frame::new(clock.clone(), Arc::new(SequentialIds::default()));
        let bus: SharedBus = Arc::new(EmbeddedBus::new());
        let (users, rooms) = (FakeUsers::new(), FakeRooms::default());
        let judge = Verifier::own(&users.key_set(), clock.clone());
        let next_door = |routes: Routes| {
            let served = Served::guarded(routes, judge.clone());
            Channel::in_process(served, ServiceName::new_static("presence"))
        };
        let peers = Peers {
            users: next_door(Routes::new(AuthServiceServer::new(users.clone()))),
            rooms: next_door(Routes::new(RoomServiceServer::new(rooms.clone()))),
        };
        let wired = app::wire(&parse(settings), &frame, peers, bus.clone()).await.expect("good settings");
        eventually(|| wired.verifier.is_ready()).await;
        let served = Served::guarded(wired.routes, wired.verifier);
        Self { clock, frame, bus, users, rooms, readiness: wired.readiness, served }
    }

    /// Reaches the service as another service.
    pub fn channel(&self, caller: &'static str) -> Channel {
        Channel::in_process(self.served.clone(), ServiceName::new_static(caller))
    }

    pub fn leases(&self) -> LeaseServiceClient<Channel> {
        LeaseServiceClient::new(self.channel("gateway"))
    }

    pub fn presences(&self) -> PresenceServiceClient<Channel> {
        PresenceServiceClient::new(self.channel("gateway"))
    }

    /// A request of a user, through a gateway.
    pub fn by<T>(&self, user: UserId, message: T) -> Request<T> {
        self.signed(user, session(user), message)
    }

    pub fn signed<T>(&self, user: UserId, session: SessionId, message: T) -> Request<T> {
        let token = self.users.token(user, session, &*self.clock);
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("ascii"));
        request
    }

    /// Keeps a gateway's lease; returns whether it must be complete next time.
    pub async fn renew(&self, request: RenewLeaseRequest) -> bool {
        self.leases().renew_lease(request).await.expect("renewed").into_inner().wants_complete
    }

    pub async fn set(&self, user: UserId, availability: Availability, status_text: &str) -> Presence {
        let message = SetPresenceRequest { availability: availability.into(), status_text: status_text.to_owned() };
        let answer = self.presences().set_presence(self.by(user, message)).await.expect("set");
        answer.into_inner().presence.expect("a presence")
    }

    pub async fn get(&self, viewer: UserId, users: &[UserId]) -> Vec<Presence> {
        let message = GetPresenceRequest { user_ids: ids(users) };
        self.presences().get_presence(self.by(viewer, message)).await.expect("read").into_inner().presences
    }

    /// How one user looks to another.
    pub async fn look(&self, viewer: UserId, user: UserId) -> Availability {
        self.get(viewer, &[user]).await[0].availability()
    }

    pub async fn hear(&self, pattern: Pattern) -> Heard {
        Heard(self.bus.subscribe(pattern).await.expect("a subscription"))
    }

    pub fn now(&self) -> prost_types::Timestamp {
        loquat_rpc::proto_time(self.clock.now())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.frame.stop.cancel();
    }
}

fn parse(settings: &[&str]) -> Settings {
    let arguments = ["presence", "--presence-sweep-millis=10"].into_iter().chain(settings.iter().copied());
    let command = Settings::augment_args(Command::new("presence"));
    Settings::from_arg_matches(&command.get_matches_from(arguments)).expect("good settings")
}

/// What is told on the bus.
pub struct Heard(Subscription);

impl Heard {
    pub async fn payload(&mut self) -> Bytes {
        match next(&mut self.0).await {
            Received::News(news) => news.payload,
            Received::Missed => panic!("missed something"),
        }
    }

    /// Awaits the next change of presence.
    pub async fn presence(&mut self) -> Presence {
        Presence::decode(self.payload().await).expect("a presence")
    }

    /// Awaits the next change of presence, and returns whose it is and how it looks.
    pub async fn change(&mut self) -> (String, Availability) {
        let presence = self.presence().await;
        let availability = presence.availability();
        (presence.user_id, availability)
    }
}

/// Awaits the next item of a stream.
pub async fn next<S: Stream + Unpin>(stream: &mut S) -> S::Item
where
    S::Item: Debug,
{
    tokio::time::timeout(PATIENCE, stream.next()).await.expect("something in time").expect("a stream that goes on")
}

/// Awaits a fact that nobody tells of.
pub async fn eventually(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("in time");
}

pub fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

/// The one session of a user.
pub fn session(user: UserId) -> SessionId {
    SessionId::from_uuid(user.as_uuid())
}

pub fn ids(users: &[UserId]) -> Vec<String> {
    users.iter().map(ToString::to_string).collect()
}

pub fn device(user: UserId, stream: &str) -> Device {
    Device { user_id: user.to_string(), stream_id: stream.to_owned() }
}

/// All that a gateway has: a device of each user.
pub fn complete(gateway: u128, users: &[UserId]) -> RenewLeaseRequest {
    RenewLeaseRequest {
        gateway_id: Uuid::from_u128(gateway).to_string(),
        is_complete: true,
        connected: users.iter().map(|user| device(*user, "stream")).collect(),
        disconnected: Vec::new(),
    }
}

/// What came and went at a gateway.
pub fn further(gateway: u128, connected: &[UserId], disconnected: &[UserId]) -> RenewLeaseRequest {
    RenewLeaseRequest {
        is_complete: false,
        disconnected: disconnected.iter().map(|user| device(*user, "stream")).collect(),
        ..complete(gateway, connected)
    }
}

/// The reason of a refusal, with its domain.
pub fn reason(refusal: &Status) -> (String, String) {
    let info = refusal.get_error_details().error_info().cloned().expect("a reason");
    (info.domain, info.reason)
}
