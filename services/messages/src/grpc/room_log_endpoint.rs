//! `loquat.messages.v1.RoomLogService`.

use std::{pin::Pin, sync::Arc};

use futures::{Stream, stream};
use loquat_ids::RoomId;
use loquat_proto::messages::v1::{
    AppendRoomEventRequest, AppendRoomEventResponse, GetHeadsRequest, GetHeadsResponse, ReadRoomLogRequest,
    ReadRoomLogResponse, ResetReason, RoomCursor as ProtoCursor, WatchHeadsRequest, WatchHeadsResponse,
};
use loquat_rpc::{fault::RpcFault, proto_time, server::messages::v1::room_log_service_server::RoomLogService, status};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, async_trait};

use super::{from_proto, to_proto};
use crate::{
    model::{Head, RoomCursor},
    service::{LogStretch, RoomLogs},
};

/// Answers the services for rooms and gateways.
#[derive(Debug)]
pub(crate) struct RoomLogEndpoint {
    pub(crate) logs: Arc<RoomLogs>,
    pub(crate) stop: CancellationToken,
}

#[async_trait]
impl RoomLogService for RoomLogEndpoint {
    async fn append_room_event(
        &self,
        request: Request<AppendRoomEventRequest>,
    ) -> Result<Response<AppendRoomEventResponse>, Status> {
        let (room, change) = from_proto::room_change(request.into_inner())?;
        let placed = self.logs.append(room, change).await.map_err(status)?;
        Ok(Response::new(AppendRoomEventResponse {
            seq: placed.event.seq.get(),
            create_time: Some(proto_time(placed.event.create_time)),
            is_repeat: placed.is_repeat,
        }))
    }

    async fn read_room_log(
        &self,
        request: Request<ReadRoomLogRequest>,
    ) -> Result<Response<ReadRoomLogResponse>, Status> {
        let reading = from_proto::log_reading(request.into_inner())?;
        let page = self.logs.read_log(&reading).await.map_err(status)?;
        let (stretch, reset_reason) = match page.stretch {
            Ok(stretch) => (stretch, ResetReason::Unspecified),
            Err(reason) => (LogStretch::default(), to_proto::reset_reason(reason)),
        };
        Ok(Response::new(ReadRoomLogResponse {
            events: stretch.events.iter().map(to_proto::room_event).collect(),
            head: Some(to_proto::cursor(reading.room, &page.head)),
            reset_reason: reset_reason.into(),
            reader_is_member: page.is_member,
            hidden_ranges: stretch.hidden.iter().map(to_proto::seq_range).collect(),
            visible_from_seq: page.whole_from.get(),
        }))
    }

    type WatchHeadsStream = Pin<Box<dyn Stream<Item = Result<WatchHeadsResponse, Status>> + Send>>;

    async fn watch_heads(&self, _: Request<WatchHeadsRequest>) -> Result<Response<Self::WatchHeadsStream>, Status> {
        // A batch is made when the transport asks for one: what the gateway does not read gathers on the board, one head for
        // each room, and nowhere else.
        let state = Some((self.logs.watch_heads(), Arc::clone(&self.logs), self.stop.clone()));
        let batches = stream::unfold(state, async |state| {
            let (mut watch, logs, stop) = state?;
            let batch = stop.run_until_cancelled(watch.next_batch()).await?;
            let Ok(heads) = batch else { return Some((Err(status(RpcFault::Overloaded)), None)) };
            let heads = heads.into_iter().map(|(room, head)| head_cursor(&logs, room, head)).collect();
            Some((Ok(WatchHeadsResponse { heads }), Some((watch, logs, stop))))
        });
        Ok(Response::new(Box::pin(batches)))
    }

    async fn get_heads(&self, request: Request<GetHeadsRequest>) -> Result<Response<GetHeadsResponse>, Status> {
        let ids = request.into_inner().room_ids;
        let rooms = ids.iter().map(|room| from_proto::id("room_ids", room)).collect::<Result<Vec<RoomId>, _>>()?;
        let heads = self.logs.heads(&rooms).await.map_err(status)?;
        let heads = heads.into_iter().map(|(room, head)| head_cursor(&self.logs, room, head)).collect();
        Ok(Response::new(GetHeadsResponse { heads }))
    }
}

fn head_cursor(logs: &RoomLogs, room: RoomId, head: Head) -> ProtoCursor {
    let cursor = RoomCursor { epoch: logs.epoch(), seq: head.seq, event_id: Some(head.event_id) };
    to_proto::cursor(room, &cursor)
}
