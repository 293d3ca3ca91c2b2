//! The heads that messages nodes tell of, so that an event is not missed because its news was lost.

use std::{collections::HashSet, time::Duration};

use loquat_ids::RoomId;
use loquat_proto::messages::v1::{GetHeadsRequest, WatchHeadsRequest, room_log_service_client::RoomLogServiceClient};
use loquat_rpc::Channel;
use loquat_runtime::Frame;
use tokio::time::timeout;
use tonic::Status;

use crate::{
    peers::room_log::place,
    service::{Hub, Streams},
};

/// After how long without a batch a node's stream is taken for dead. One comes each second.
const SILENCE: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_millis(500);
/// How many rooms' heads one call asks for.
const MAX_ROOMS: usize = 500;

/// Watches the heads of each messages node until the process ends.
pub fn watch_heads(messages: &Channel, hub: &Hub, streams: &Streams, frame: &Frame) {
    for node in messages.each_replica() {
        let (hub, streams, stop) = (hub.clone(), streams.clone(), frame.stop.clone());
        frame.tasks.spawn(stop.run_until_cancelled_owned(async move {
            loop {
                if let Err(refusal) = watch(&node, &hub, &streams).await {
                    tracing::debug!(%refusal, "a node's heads cannot be watched");
                }
                tokio::time::sleep(RETRY).await;
            }
        }));
    }
}

async fn watch(node: &Channel, hub: &Hub, streams: &Streams) -> Result<(), Status> {
    let mut client = RoomLogServiceClient::new(node.clone());
    let mut heads = client.watch_heads(WatchHeadsRequest {}).await?.into_inner();
    compare_heads(&mut client, hub, streams).await?;
    while let Ok(batch) = timeout(SILENCE, heads.message()).await {
        let Some(batch) = batch? else { return Ok(()) };
        for cursor in &batch.heads {
            if let (Ok(room), Some(head)) = (cursor.room_id.parse(), place(cursor)) {
                hub.note_head(room, &head);
                streams.note_head(room, &head);
            }
        }
    }
    Err(Status::unavailable("the node is silent"))
}

/// Asks for the heads of the rooms that are read here, and of those that people connected here are in: what was committed
/// while nobody watched is found by them.
async fn compare_heads(client: &mut RoomLogServiceClient<Channel>, hub: &Hub, streams: &Streams) -> Result<(), Status> {
    let rooms: HashSet<RoomId> = hub.active_rooms().into_iter().chain(streams.rooms()).collect();
    let rooms: Vec<RoomId> = rooms.into_iter().collect();
    for rooms in rooms.chunks(MAX_ROOMS) {
        let request = GetHeadsRequest { room_ids: rooms.iter().map(ToString::to_string).collect() };
        for cursor in client.get_heads(request).await?.into_inner().heads {
            if let (Ok(room), Some(head)) = (cursor.room_id.parse(), place(&cursor)) {
                hub.note_head(room, &head);
                streams.note_head(room, &head);
            }
        }
    }
    Ok(())
}
