//! The contract: the only place that turns Protobuf into the model, the model into Protobuf, and errors into statuses.

mod from_proto;
mod message_endpoint;
mod room_log_endpoint;
mod to_proto;

#[cfg(test)]
mod tests;

pub(crate) use message_endpoint::MessageEndpoint;
pub(crate) use room_log_endpoint::RoomLogEndpoint;
pub(crate) use to_proto::room_event;
