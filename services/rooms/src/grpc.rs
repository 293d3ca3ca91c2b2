//! The services of the contract. The only place that turns Protobuf into the model and errors into a status.

mod read;
mod room_service;
mod user_rooms_service;
pub(crate) mod wire;

pub(crate) use room_service::RoomHandlers;
pub(crate) use user_rooms_service::UserRoomsHandlers;
