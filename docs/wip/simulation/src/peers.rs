//! Stand-ins for what the simulated services ask of others: keys and revocations, lists of rooms, presence.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures::{Stream, StreamExt as _, stream};
use loquat_proto::{
    presence::v1::{ReadPresenceRequest, ReadPresenceResponse, RenewLeaseRequest, RenewLeaseResponse},
    rooms::v1::{
        ListJoinedRoomsRequest, ListJoinedRoomsResponse, ListUserRoomChangesRequest, ListUserRoomChangesResponse,
    },
    users::v1::{
        GetKeySetRequest, GetKeySetResponse, PublicKey, RefreshRequest, RefreshResponse, RegisterRequest,
        RegisterResponse, SignInRequest, SignInResponse, SignOutRequest, SignOutResponse, WatchRevocationsRequest,
        WatchRevocationsResponse,
    },
};
use loquat_rpc::{
    Served, Verifier,
    server::{
        presence::v1::lease_service_server::{LeaseService, LeaseServiceServer},
        rooms::v1::user_rooms_service_server::{UserRoomsService, UserRoomsServiceServer},
        users::v1::auth_service_server::{AuthService, AuthServiceServer},
    },
};
use tokio::time::{Instant, interval_at};
use tokio_stream::wrappers::IntervalStream;
use tonic::{Request, Response, Status, service::Routes};

use crate::{determinism::SimulatedClock, world::World};

/// How often it is said that no session has ended.
const BATCH: Duration = Duration::from_secs(1);

/// Serves all of them, on one host.
pub(crate) fn served(world: &Arc<World>) -> Served {
    let stand_in = StandIn(Arc::clone(world));
    let routes = Routes::new(AuthServiceServer::new(stand_in.clone()))
        .add_service(UserRoomsServiceServer::new(stand_in.clone()))
        .add_service(LeaseServiceServer::new(stand_in));
    let clock = Arc::new(SimulatedClock { skew: Duration::ZERO });
    Served::guarded(routes, Verifier::own(&world.keys, clock))
}

#[derive(Debug, Clone)]
struct StandIn(Arc<World>);

fn nobody_asks<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("nobody asks this in a simulation"))
}

#[tonic::async_trait]
impl AuthService for StandIn {
    async fn register(&self, _: Request<RegisterRequest>) -> Result<Response<RegisterResponse>, Status> {
        nobody_asks()
    }

    async fn sign_in(&self, _: Request<SignInRequest>) -> Result<Response<SignInResponse>, Status> {
        nobody_asks()
    }

    async fn refresh(&self, _: Request<RefreshRequest>) -> Result<Response<RefreshResponse>, Status> {
        nobody_asks()
    }

    async fn sign_out(&self, _: Request<SignOutRequest>) -> Result<Response<SignOutResponse>, Status> {
        nobody_asks()
    }

    async fn get_key_set(&self, _: Request<GetKeySetRequest>) -> Result<Response<GetKeySetResponse>, Status> {
        let keys = &self.0.keys;
        let public = keys
            .keys
            .iter()
            .map(|key| PublicKey { key_id: key.key_id.clone(), ed25519: bytes::Bytes::copy_from_slice(&key.ed25519) });
        let (issuer, audience) = (keys.issuer.clone(), keys.audience.clone());
        Ok(Response::new(GetKeySetResponse { keys: public.collect(), issuer, audience }))
    }

    type WatchRevocationsStream = Pin<Box<dyn Stream<Item = Result<WatchRevocationsResponse, Status>> + Send>>;

    async fn watch_revocations(
        &self,
        _: Request<WatchRevocationsRequest>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        let later = IntervalStream::new(interval_at(Instant::now() + BATCH, BATCH)).map(|_| ());
        let batches = stream::once(async {}).chain(later);
        Ok(Response::new(batches.map(|()| Ok(WatchRevocationsResponse::default())).boxed()))
    }
}

#[tonic::async_trait]
impl UserRoomsService for StandIn {
    async fn list_user_room_changes(
        &self,
        _: Request<ListUserRoomChangesRequest>,
    ) -> Result<Response<ListUserRoomChangesResponse>, Status> {
        Ok(Response::new(ListUserRoomChangesResponse::default()))
    }

    async fn list_joined_rooms(
        &self,
        request: Request<ListJoinedRoomsRequest>,
    ) -> Result<Response<ListJoinedRoomsResponse>, Status> {
        let user = self.0.journal.user(&request.into_inner().user_id);
        let rooms = self.0.rooms.iter().filter(|room| user.is_some_and(|user| self.0.desk.is_member(room, user)));
        Ok(Response::new(ListJoinedRoomsResponse { room_ids: rooms.map(|room| room.id.to_string()).collect() }))
    }
}

#[tonic::async_trait]
impl LeaseService for StandIn {
    async fn renew_lease(&self, _: Request<RenewLeaseRequest>) -> Result<Response<RenewLeaseResponse>, Status> {
        Ok(Response::new(RenewLeaseResponse::default()))
    }

    async fn read_presence(&self, _: Request<ReadPresenceRequest>) -> Result<Response<ReadPresenceResponse>, Status> {
        Ok(Response::new(ReadPresenceResponse::default()))
    }
}
