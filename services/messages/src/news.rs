//! Telling what was written: after it was acknowledged, in order, and never in anybody's way.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use loquat_bus::{Connection, SharedBus, Subject};
use loquat_ids::RoomId;
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

use crate::{
    grpc,
    model::RoomEvent,
    ports::{Cause, RoomNews},
    trace_link,
};

/// How many tasks publish. A room's news always goes through the same one.
const LANES: usize = 32;
/// How many news wait in a lane. Above that they are dropped: heads tell the truth.
const LANE_NEWS: usize = 1_024;
/// How long a lane waits for more news once the process is ending.
const LAST_NEWS: Duration = Duration::from_millis(500);

/// Publishes on the bus, as `loquat.messages.v1.RoomEvent`.
#[derive(Debug)]
pub(crate) struct BusNews(SharedBus);

impl BusNews {
    pub(crate) const fn new(bus: SharedBus) -> Self {
        Self(bus)
    }
}

/// The bus was away before anything was tried.
#[derive(Debug, thiserror::Error)]
#[error("bus is disconnected")]
struct Disconnected;

#[async_trait]
impl RoomNews for BusNews {
    async fn tell(&self, event: &RoomEvent) -> Result<(), Cause> {
        if *self.0.connection().borrow() == Connection::Disconnected {
            return Err(Disconnected.into());
        }
        let payload = Bytes::from(grpc::room_event(event).encode_to_vec());
        let news_id = format!("{}:{}:{}", event.room, event.epoch, event.seq);
        self.0.publish_durable(Subject::room(event.room), payload, &news_id).await?;
        Ok(())
    }
}

/// Takes news from actors and has them told, in order for each room.
#[derive(Clone)]
pub(crate) struct NewsDesk {
    lanes: Arc<[mpsc::Sender<Arc<RoomEvent>>]>,
}

impl fmt::Debug for NewsDesk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NewsDesk").field("lanes", &self.lanes.len()).finish()
    }
}

impl NewsDesk {
    pub(crate) fn open(news: &Arc<dyn RoomNews>, tasks: &TaskTracker, stop: &CancellationToken) -> Self {
        let lanes = (0..LANES).map(|_| {
            let (lane, queue) = mpsc::channel(LANE_NEWS);
            tasks.spawn(publish(Arc::clone(news), queue, stop.clone()));
            lane
        });
        Self { lanes: lanes.collect() }
    }

    /// Has an event told when its turn comes. It is dropped where too much waits already.
    pub(crate) fn hand_on(&self, event: Arc<RoomEvent>) {
        let room = event.room;
        if self.lanes[lane_of(room)].try_send(event).is_err() {
            tracing::debug!(%room, "news dropped: too much waits to be published");
        }
    }
}

fn lane_of(room: RoomId) -> usize {
    let (high, low) = room.as_uuid().as_u64_pair();
    // The upper bits of Fibonacci hashing: ids that count up spread as well as random ones.
    ((high ^ low).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize % LANES
}

async fn publish(news: Arc<dyn RoomNews>, mut queue: mpsc::Receiver<Arc<RoomEvent>>, stop: CancellationToken) {
    let mut is_away = false;
    while let Some(event) = next(&mut queue, &stop).await {
        let span = tracing::info_span!(parent: None, "room_news.publish", room = %event.room, seq = %event.seq);
        trace_link::follow(&span, event.trace.as_ref());
        let told = news.tell(&event).instrument(span).await;
        match &told {
            Err(error) if !is_away => tracing::warn!(%error, "news dropped: heads will tell"),
            Ok(()) if is_away => tracing::info!("news pass again"),
            _ => {}
        }
        is_away = told.is_err();
    }
}

async fn next(queue: &mut mpsc::Receiver<Arc<RoomEvent>>, stop: &CancellationToken) -> Option<Arc<RoomEvent>> {
    tokio::select! {
        biased;
        event = queue.recv() => event,
        () = stop.cancelled() => tokio::time::timeout(LAST_NEWS, queue.recv()).await.ok().flatten(),
    }
}
