//! Presence, in the presence service.

use async_trait::async_trait;
use bytes::Bytes;
use loquat_ids::{GatewayId, UserId};
use loquat_proto::presence::v1::{
    self as proto, ReadPresenceRequest, RenewLeaseRequest, lease_service_client::LeaseServiceClient,
};
use loquat_rpc::Channel;

use crate::{
    grpc::presence_item,
    peers::read_error,
    ports::{Device, Leases, PresenceBoard, ReadError},
};

/// The presence service.
#[derive(Debug, Clone)]
pub struct PresencePeer(Channel);

impl PresencePeer {
    /// Reaches the service that a channel leads to.
    #[must_use]
    pub const fn new(channel: Channel) -> Self {
        Self(channel)
    }
}

fn devices(devices: Vec<Device>) -> Vec<proto::Device> {
    let device =
        |device: Device| proto::Device { user_id: device.user.to_string(), stream_id: device.stream.to_string() };
    devices.into_iter().map(device).collect()
}

#[async_trait]
impl Leases for PresencePeer {
    async fn renew(
        &self,
        gateway: GatewayId,
        is_complete: bool,
        connected: Vec<Device>,
        disconnected: Vec<Device>,
    ) -> Result<bool, ReadError> {
        let request = RenewLeaseRequest {
            gateway_id: gateway.to_string(),
            is_complete,
            connected: devices(connected),
            disconnected: devices(disconnected),
        };
        let answer = LeaseServiceClient::new(self.0.clone()).renew_lease(request).await.map_err(read_error)?;
        Ok(answer.into_inner().wants_complete)
    }
}

#[async_trait]
impl PresenceBoard for PresencePeer {
    async fn presence(&self, reader: UserId, users: Vec<UserId>) -> Result<Vec<Bytes>, ReadError> {
        let request = ReadPresenceRequest {
            reader_id: reader.to_string(),
            user_ids: users.iter().map(ToString::to_string).collect(),
        };
        let answer = LeaseServiceClient::new(self.0.clone()).read_presence(request).await.map_err(read_error)?;
        Ok(answer.into_inner().presences.into_iter().map(presence_item).collect())
    }
}
