//! The heads that messages nodes tell of, so that an event is not missed because its news was lost.

use std::{collections::HashSet, time::Duration};

use loquat_ids::RoomId;
use loquat_proto::messages::v1::{WatchHeadsRequest, room_log_service_client::RoomLogServiceClient};
use loquat_rpc::Channel;
use loquat_runtime::Frame;
use tokio::time::timeout;
use tonic::Status;

use crate::{
    peers::room_log::{head, heads},
    service::{Hub, Streams},
};

/// After how long without a batch a node's stream is taken for dead. One comes each second.
const SILENCE: Duration = Duration::from_millis(1_600);
/// How long to wait before a node is asked again.
const RETRY: Duration = Duration::from_millis(500);
/// How long the answer to one question may take.
const DEADLINE: Duration = Duration::from_secs(2);

/// Watches the heads of each messages node until the process ends.
pub fn watch_heads(messages: &Channel, hub: &Hub, streams: &Streams, frame: &Frame) {
    for node in messages.each_replica() {
        let (hub, streams, stop) = (hub.clone(), streams.clone(), frame.stop.clone());
        frame.tasks.spawn(stop.run_until_cancelled_owned(async move {
            loop {
                // Over a connection of its own: one that is dead without saying so would hold the next attempt too.
                if let Err(refusal) = watch(&node.afresh().with_deadline(DEADLINE), &hub, &streams).await {
                    tracing::debug!(%refusal, "a node's heads cannot be watched");
                }
                tokio::time::sleep(RETRY).await;
            }
        }));
    }
}

async fn watch(node: &Channel, hub: &Hub, streams: &Streams) -> Result<(), Status> {
    let mut client = RoomLogServiceClient::new(node.clone());
    let mut news = client.watch_heads(WatchHeadsRequest {}).await?.into_inner();
    // What was committed while nobody watched is found by the heads of the rooms that are read here, and of those that people
    // connected here are in.
    let rooms: HashSet<RoomId> = hub.active_rooms().into_iter().chain(streams.rooms()).collect();
    let rooms: Vec<RoomId> = rooms.into_iter().collect();
    for (room, head) in heads(&mut client, &rooms).await? {
        hub.note_head(room, &head);
        streams.note_head(room, &head);
    }
    while let Ok(batch) = timeout(SILENCE, news.message()).await {
        let Some(batch) = batch? else { return Ok(()) };
        for (room, head) in batch.heads.iter().filter_map(head) {
            hub.note_head(room, &head);
            streams.note_head(room, &head);
        }
    }
    Err(Status::unavailable("the node is silent"))
}
