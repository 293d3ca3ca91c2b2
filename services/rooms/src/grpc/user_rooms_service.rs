//! `loquat.rooms.v1.UserRoomsService`.

use loquat_proto::rooms::v1 as proto;
use loquat_rpc::{server::rooms::v1::user_rooms_service_server::UserRoomsService, status};
use tonic::{Request, Response, Status};

use super::{read, wire};
use crate::{model::ListVersion, service::Rooms};

/// Answers the calls of gateways.
#[derive(Debug, Clone)]
pub(crate) struct UserRoomsHandlers {
    rooms: Rooms,
}

impl UserRoomsHandlers {
    pub(crate) const fn new(rooms: Rooms) -> Self {
        Self { rooms }
    }
}

#[tonic::async_trait]
impl UserRoomsService for UserRoomsHandlers {
    async fn list_user_room_changes(
        &self,
        request: Request<proto::ListUserRoomChangesRequest>,
    ) -> Result<Response<proto::ListUserRoomChangesResponse>, Status> {
        let request = request.into_inner();
        let user_id = read::id("user_id", &request.user_id).map_err(status)?;
        let since = ListVersion(request.since_version);
        let found = self.rooms.list_changes(user_id, since).await.map_err(status)?;
        Ok(Response::new(proto::ListUserRoomChangesResponse {
            version: found.version.0,
            is_reset: found.changes.is_none(),
            changes: found.changes.unwrap_or_default().iter().map(wire::user_room_change).collect(),
        }))
    }

    async fn list_joined_rooms(
        &self,
        request: Request<proto::ListJoinedRoomsRequest>,
    ) -> Result<Response<proto::ListJoinedRoomsResponse>, Status> {
        let user_id = read::id("user_id", &request.get_ref().user_id).map_err(status)?;
        let found = self.rooms.list_joined_ids(user_id).await.map_err(status)?;
        let room_ids = found.iter().map(ToString::to_string).collect();
        Ok(Response::new(proto::ListJoinedRoomsResponse { room_ids }))
    }
}
