//! The other services, and the bus, as the edge needs them.

mod feeds;
mod heads;
mod leases;
mod room_feed;
mod room_log;
mod user_rooms;

pub use feeds::{follow_gateway, follow_presence, follow_users};
pub use heads::watch_heads;
pub use leases::PresencePeer;
pub use room_feed::BusRoomFeed;
pub use room_log::MessagesPeer;
pub use user_rooms::RoomsPeer;

use tonic::Status;

use crate::ports::ReadError;

fn read_error(refusal: Status) -> ReadError {
    match refusal.code() {
        tonic::Code::NotFound | tonic::Code::PermissionDenied => ReadError::NotFound,
        _ => {
            tracing::debug!(%refusal, "a read failed");
            ReadError::Unavailable
        }
    }
}
