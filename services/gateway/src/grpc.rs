//! The contract's event service over the fan-out: the only place here that turns Protobuf into the model and back.

mod events;
mod inbound;
mod items;
pub(crate) mod requests;

pub use events::EventApi;
pub(crate) use items::{encode, presence_item, room_news, typing_item, user_change};
