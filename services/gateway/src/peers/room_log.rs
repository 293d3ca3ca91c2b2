//! The room log, in the messages service.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::uri::PathAndQuery;
use loquat_ids::{RoomId, UserId};
use loquat_proto::messages::v1::{
    self as proto, GetHeadsRequest, ReadRoomLogRequest, RoomCursor, SeqRange,
    room_log_service_client::RoomLogServiceClient,
};
use loquat_rpc::Channel;
use tonic::{Request, Status, client::Grpc};
use tonic_prost::ProstCodec;

use crate::{
    grpc::room_news,
    model::{HiddenRange, Place, ResetReason},
    peers::read_error,
    ports::{ReadError, RoomLog, Stretch},
};

const READ_ROOM_LOG: &str = "/loquat.messages.v1.RoomLogService/ReadRoomLog";
/// The largest answer that is read.
const MAX_ANSWER_BYTES: usize = 64 << 20;
/// How long the room's own node may take before another is asked. Reading twice does no harm.
const FIRST_DEADLINE: Duration = Duration::from_secs(1);
/// How long the other one may take.
const SECOND_DEADLINE: Duration = Duration::from_secs(3);
/// How many rooms' heads one call asks for.
const MAX_ROOMS: usize = 500;

/// The messages service.
#[derive(Debug, Clone)]
pub struct MessagesPeer(Channel);

impl MessagesPeer {
    /// Reads from the service that a channel leads to.
    #[must_use]
    pub const fn new(channel: Channel) -> Self {
        Self(channel)
    }

    async fn read_through(channel: Channel, request: ReadRoomLogRequest) -> Result<LogAnswer, Status> {
        let mut client = Grpc::new(channel).max_decoding_message_size(MAX_ANSWER_BYTES);
        let codec = ProstCodec::<ReadRoomLogRequest, LogAnswer>::default();
        let path = PathAndQuery::from_static(READ_ROOM_LOG);
        client.ready().await.unwrap_or_else(|never| match never {});
        Ok(client.unary(Request::new(request), path, codec).await?.into_inner())
    }
}

/// `ReadRoomLogResponse` with its events as bytes: they go to readers as they are. A test holds it against the contract.
#[derive(Clone, PartialEq, prost::Message)]
struct LogAnswer {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    events: Vec<Bytes>,
    #[prost(message, optional, tag = "2")]
    head: Option<RoomCursor>,
    #[prost(enumeration = "proto::ResetReason", tag = "3")]
    reset_reason: i32,
    #[prost(bool, tag = "4")]
    reader_is_member: bool,
    #[prost(message, repeated, tag = "5")]
    hidden_ranges: Vec<SeqRange>,
    #[prost(uint64, tag = "6")]
    visible_from_seq: u64,
}

impl LogAnswer {
    fn stretch(self) -> Option<Stretch> {
        let reset = reset_reason(self.reset_reason());
        let events = self.events.iter().map(|event| room_news(event, None).map(Arc::new));
        let hidden = self.hidden_ranges.iter().map(|range| HiddenRange { from: range.from_seq, to: range.to_seq });
        Some(Stretch {
            events: events.collect::<Option<_>>()?,
            hidden: hidden.collect(),
            visible_from: self.visible_from_seq,
            head: self.head.as_ref().and_then(place)?,
            reset,
            reader_is_member: self.reader_is_member,
        })
    }
}

#[async_trait]
impl RoomLog for MessagesPeer {
    async fn read(
        &self,
        room: RoomId,
        reader: Option<UserId>,
        after: Option<Place>,
        most: u16,
    ) -> Result<Stretch, ReadError> {
        let request = ReadRoomLogRequest {
            room_id: room.to_string(),
            reader_id: reader.map(|reader| reader.to_string()).unwrap_or_default(),
            after: after.map(|place| RoomCursor {
                room_id: room.to_string(),
                epoch: place.epoch.to_string(),
                seq: place.seq,
                event_id: place.event_id.to_string(),
            }),
            page_size: most.into(),
        };
        let own_node = self.0.for_room(room).with_deadline(FIRST_DEADLINE);
        let answer = match Self::read_through(own_node, request.clone()).await.map_err(read_error) {
            Err(ReadError::Unavailable) => {
                let any_node = self.0.with_deadline(SECOND_DEADLINE);
                Self::read_through(any_node, request).await.map_err(read_error)?
            }
            answer => answer?,
        };
        answer.stretch().ok_or(ReadError::Unavailable)
    }

    async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Place)>, ReadError> {
        let mut client = RoomLogServiceClient::new(self.0.with_deadline(FIRST_DEADLINE));
        heads(&mut client, rooms).await.map_err(read_error)
    }
}

/// Asks for the heads of some rooms.
pub(super) async fn heads(
    client: &mut RoomLogServiceClient<Channel>,
    rooms: &[RoomId],
) -> Result<Vec<(RoomId, Place)>, Status> {
    let mut heads = Vec::with_capacity(rooms.len());
    for rooms in rooms.chunks(MAX_ROOMS) {
        let request = GetHeadsRequest { room_ids: rooms.iter().map(ToString::to_string).collect() };
        heads.extend(client.get_heads(request).await?.into_inner().heads.iter().filter_map(head));
    }
    Ok(heads)
}

/// Reads the head of a room that another service of ours named.
pub(super) fn head(cursor: &RoomCursor) -> Option<(RoomId, Place)> {
    Some((cursor.room_id.parse().ok()?, place(cursor)?))
}

fn place(cursor: &RoomCursor) -> Option<Place> {
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

#[cfg(test)]
mod tests {
    use loquat_proto::messages::v1::{ReadRoomLogResponse, RoomEvent};
    use prost::Message as _;

    use super::*;

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn an_answer_is_read_as_the_contract_encodes_it() {
        let event =
            RoomEvent { room_id: ID.into(), seq: 8, event_id: ID.into(), epoch: "e1".into(), ..RoomEvent::default() };
        let head = RoomCursor { room_id: ID.into(), epoch: "e1".into(), seq: 9, event_id: ID.into() };
        let mut whole = ReadRoomLogResponse {
            events: vec![event.clone()],
            head: Some(head),
            reader_is_member: true,
            hidden_ranges: vec![SeqRange { from_seq: 5, to_seq: 7 }],
            visible_from_seq: 8,
            ..ReadRoomLogResponse::default()
        };
        whole.set_reset_reason(proto::ResetReason::EpochChanged);
        let answer = LogAnswer::decode(whole.encode_to_vec().as_slice()).expect("the same message");
        assert_eq!(answer.encode_to_vec(), whole.encode_to_vec());
        assert_eq!(answer.events, [event.encode_to_vec()]);
        let stretch = answer.stretch().expect("a stretch");
        assert_eq!((stretch.events[0].place.seq, stretch.head.seq, stretch.visible_from), (8, 9, 8));
        assert_eq!(stretch.hidden, [HiddenRange { from: 5, to: 7 }]);
        assert_eq!(stretch.reset, Some(ResetReason::EpochChanged));
        assert!(stretch.reader_is_member);
    }
}
