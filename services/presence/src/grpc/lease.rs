//! `loquat.presence.v1.LeaseService`.

use std::sync::Arc;

use loquat_proto::presence::v1 as proto;
use loquat_rpc::{server::presence::v1::lease_service_server::LeaseService, status};
use tonic::{Request, Response, Status, async_trait};

use super::{parsed, proto_presence, user_ids};
use crate::{
    error::Result,
    model::{Device, Renewal},
    service::{Leases, Presences},
};

/// Answers gateways.
#[derive(Debug)]
pub(crate) struct LeaseEndpoint {
    pub(crate) leases: Arc<Leases>,
    pub(crate) presences: Arc<Presences>,
}

type Answer<T> = std::result::Result<Response<T>, Status>;

#[async_trait]
impl LeaseService for LeaseEndpoint {
    async fn renew_lease(&self, request: Request<proto::RenewLeaseRequest>) -> Answer<proto::RenewLeaseResponse> {
        let renewal = renewal(&request.into_inner()).map_err(status)?;
        let wants_complete = self.leases.renew(&renewal).await.map_err(status)?;
        let lease_duration = prost_types::Duration::try_from(self.leases.duration).ok();
        Ok(Response::new(proto::RenewLeaseResponse { lease_duration, wants_complete }))
    }

    async fn read_presence(&self, request: Request<proto::ReadPresenceRequest>) -> Answer<proto::ReadPresenceResponse> {
        let request = request.into_inner();
        let reader = parsed(&request.reader_id, || "reader_id".to_owned()).map_err(status)?;
        let users = user_ids(&request.user_ids).map_err(status)?;
        let presences = self.presences.get(Some(reader), &users).await.map_err(status)?;
        Ok(Response::new(proto::ReadPresenceResponse { presences: presences.iter().map(proto_presence).collect() }))
    }
}

fn renewal(request: &proto::RenewLeaseRequest) -> Result<Renewal> {
    Ok(Renewal {
        gateway: parsed(&request.gateway_id, || "gateway_id".to_owned())?,
        is_complete: request.is_complete,
        connected: devices(&request.connected, "connected")?,
        disconnected: devices(&request.disconnected, "disconnected")?,
    })
}

fn devices(devices: &[proto::Device], field: &str) -> Result<Vec<Device>> {
    let device = |(index, device): (usize, &proto::Device)| {
        Ok(Device {
            user: parsed(&device.user_id, || format!("{field}[{index}].user_id"))?,
            stream: parsed(&device.stream_id, || format!("{field}[{index}].stream_id"))?,
        })
    };
    devices.iter().enumerate().map(device).collect()
}
