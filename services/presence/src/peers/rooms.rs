//! The rooms service, asked on behalf of the caller.

use std::time::Duration;

use async_trait::async_trait;
use loquat_ids::RoomId;
use loquat_proto::rooms::v1::{GetRoomRequest, room_service_client::RoomServiceClient};
use loquat_rpc::Channel;
use tonic::{Code, Request, metadata::AsciiMetadataValue};

use crate::ports::{CallerToken, MembershipError, Memberships};

/// How long a person who types waits for the rooms service.
const DEADLINE: Duration = Duration::from_secs(2);

/// The rooms service.
#[derive(Debug)]
pub(crate) struct RoomsPeer {
    client: RoomServiceClient<Channel>,
}

impl RoomsPeer {
    pub(crate) fn new(rooms: &Channel) -> Self {
        Self { client: RoomServiceClient::new(rooms.with_deadline(DEADLINE)) }
    }
}

#[async_trait]
impl Memberships for RoomsPeer {
    async fn is_member(&self, room: RoomId, caller: &CallerToken) -> Result<bool, MembershipError> {
        let mut request = Request::new(GetRoomRequest { room_id: room.to_string() });
        let authorization = AsciiMetadataValue::try_from(caller.reveal());
        request.metadata_mut().insert("authorization", authorization.map_err(|error| MembershipError(error.into()))?);
        match self.client.clone().get_room(request).await {
            Ok(answer) => Ok(answer.into_inner().membership.is_some()),
            Err(refusal) if refusal.code() == Code::NotFound => Ok(false),
            Err(refusal) => Err(MembershipError(refusal.into())),
        }
    }
}
