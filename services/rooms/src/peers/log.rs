//! The room log, kept by the messages service.

use std::time::Duration;

use async_trait::async_trait;
use loquat_proto::messages::v1::room_log_service_client::RoomLogServiceClient;
use loquat_rpc::Channel;
use tonic::Code;

use crate::{
    grpc::wire,
    model::{RoomEvent, Seq},
    ports::{LogError, RoomLog},
};

/// The room log over a channel to the messages service.
#[derive(Debug, Clone)]
pub(crate) struct MessagesLog {
    messages: Channel,
}

impl MessagesLog {
    /// Reaches the log. Each call may take as long as the deadline.
    pub(crate) fn new(messages: &Channel, deadline: Duration) -> Self {
        Self { messages: messages.with_deadline(deadline) }
    }
}

#[async_trait]
impl RoomLog for MessagesLog {
    async fn append(&self, event: &RoomEvent) -> Result<Seq, LogError> {
        let mut log = RoomLogServiceClient::new(self.messages.for_room(event.room_id));
        match log.append_room_event(wire::append_request(event)).await {
            Ok(answer) => Ok(Seq(answer.into_inner().seq)),
            Err(refusal) => Err(match refusal.code() {
                // The one precondition that this call has.
                Code::FailedPrecondition => LogError::OutOfOrder,
                Code::InvalidArgument | Code::NotFound | Code::AlreadyExists | Code::PermissionDenied => {
                    LogError::Refused(refusal.into())
                }
                _ => LogError::Unreachable(refusal.into()),
            }),
        }
    }
}
