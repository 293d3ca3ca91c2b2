//! Other services.

mod rooms;

pub(crate) use rooms::RoomsPeer;
