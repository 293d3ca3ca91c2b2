//! The room log, in the messages service.

use std::sync::Arc;

use async_trait::async_trait;
use loquat_ids::{RoomId, UserId};
use loquat_proto::messages::v1::{
    self as proto, ReadRoomLogRequest, RoomCursor, room_log_service_client::RoomLogServiceClient,
};
use loquat_rpc::Channel;
use prost::Message as _;

use crate::{
    grpc::room_news,
    model::{Place, ResetReason},
    peers::read_error,
    ports::{ReadError, RoomLog, Stretch},
};

/// How many events one call reads.
const PAGE: i32 = 200;

/// The messages service.
#[derive(Debug, Clone)]
pub struct MessagesPeer(Channel);

impl MessagesPeer {
    /// Reads from the service that a channel leads to.
    #[must_use]
    pub const fn new(channel: Channel) -> Self {
        Self(channel)
    }
}

#[async_trait]
impl RoomLog for MessagesPeer {
    async fn read(&self, room: RoomId, reader: Option<UserId>, after: Option<Place>) -> Result<Stretch, ReadError> {
        let request = ReadRoomLogRequest {
            room_id: room.to_string(),
            reader_id: reader.map(|reader| reader.to_string()).unwrap_or_default(),
            after: after.map(|place| RoomCursor {
                room_id: room.to_string(),
                epoch: place.epoch.to_string(),
                seq: place.seq,
                event_id: place.event_id.to_string(),
            }),
            page_size: PAGE,
        };
        let mut client = RoomLogServiceClient::new(self.0.for_room(room)).max_decoding_message_size(64 << 20);
        let answer = client.read_room_log(request).await.map_err(read_error)?.into_inner();
        let reset = answer.reset_reason();
        let events = answer.events.iter().map(|event| room_news(&event.encode_to_vec().into(), None).map(Arc::new));
        Ok(Stretch {
            events: events.collect::<Option<_>>().ok_or(ReadError::Unavailable)?,
            head: answer.head.as_ref().and_then(place).ok_or(ReadError::Unavailable)?,
            reset: reset_reason(reset),
            reader_is_member: answer.reader_is_member,
        })
    }
}

/// Reads a place that another service of ours named.
pub(super) fn place(cursor: &RoomCursor) -> Option<Place> {
    Some(Place { epoch: cursor.epoch.parse().ok()?, seq: cursor.seq, event_id: cursor.event_id.parse().ok()? })
}

const fn reset_reason(reason: proto::ResetReason) -> Option<ResetReason> {
    match reason {
        proto::ResetReason::Unspecified => None,
        proto::ResetReason::EventDiffers => Some(ResetReason::EventDiffers),
        proto::ResetReason::LogEndsEarlier => Some(ResetReason::LogEndsEarlier),
        proto::ResetReason::EpochChanged => Some(ResetReason::EpochChanged),
        proto::ResetReason::ReaderTooSlow | proto::ResetReason::TooFarBehind => Some(ResetReason::TooFarBehind),
    }
}
