//! News of people's lists, on the event bus.

use async_trait::async_trait;
use loquat_bus::{SharedBus, Subject};
use loquat_ids::UserId;
use prost::Message as _;

use crate::{
    grpc::wire,
    model::UserRoomChange,
    ports::{NewsError, UserNews},
};

/// News on `user.<user>`: an encoded `loquat.rooms.v1.UserRoomChange`.
#[derive(Debug, Clone)]
pub(crate) struct BusNews {
    bus: SharedBus,
}

impl BusNews {
    /// Tells on a bus, whose own deadline holds.
    pub(crate) const fn new(bus: SharedBus) -> Self {
        Self { bus }
    }
}

#[async_trait]
impl UserNews for BusNews {
    async fn publish(&self, user_id: UserId, change: &UserRoomChange) -> Result<(), NewsError> {
        let payload = wire::user_room_change(change).encode_to_vec();
        let told = self.bus.publish(Subject::user(user_id), payload.into()).await;
        told.map_err(|error| NewsError(error.into()))
    }
}
