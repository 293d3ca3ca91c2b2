//! The lists of rooms, in the rooms service.

use async_trait::async_trait;
use loquat_ids::{RoomId, UserId};
use loquat_proto::rooms::v1::{
    ListJoinedRoomsRequest, ListUserRoomChangesRequest, user_rooms_service_client::UserRoomsServiceClient,
};
use loquat_rpc::Channel;

use crate::{
    grpc::user_change,
    peers::read_error,
    ports::{ReadError, UserRoomChanges, UserRooms},
};

/// The rooms service.
#[derive(Debug, Clone)]
pub struct RoomsPeer(Channel);

impl RoomsPeer {
    /// Reads from the service that a channel leads to.
    #[must_use]
    pub const fn new(channel: Channel) -> Self {
        Self(channel)
    }
}

#[async_trait]
impl UserRooms for RoomsPeer {
    async fn changes(&self, user: UserId, since: u64) -> Result<UserRoomChanges, ReadError> {
        let request = ListUserRoomChangesRequest { user_id: user.to_string(), since_version: since };
        let mut client = UserRoomsServiceClient::new(self.0.clone());
        let answer = client.list_user_room_changes(request).await.map_err(read_error)?.into_inner();
        Ok(UserRoomChanges {
            version: answer.version,
            is_reset: answer.is_reset,
            changes: answer.changes.into_iter().filter_map(user_change).collect(),
        })
    }

    async fn joined(&self, user: UserId) -> Result<Vec<RoomId>, ReadError> {
        let request = ListJoinedRoomsRequest { user_id: user.to_string() };
        let mut client = UserRoomsServiceClient::new(self.0.clone());
        let answer = client.list_joined_rooms(request).await.map_err(read_error)?.into_inner();
        Ok(answer.room_ids.iter().filter_map(|room| room.parse().ok()).collect())
    }
}
