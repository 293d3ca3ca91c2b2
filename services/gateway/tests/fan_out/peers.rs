//! What the bus and the messages service tell, as it comes through to readers: nothing of it may be forgotten on the way.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{StreamExt as _, stream::BoxStream};
use loquat_bus::{Bus as _, EmbeddedBus, EmbeddedLimits, SharedBus, Subject};
use loquat_gateway::{
    model::{HiddenRange, Interest, Item, Place},
    peers::{BusRoomFeed, MessagesPeer, follow_users, watch_heads},
    ports::{RoomFeed as _, RoomLog, RoomSignal},
    service::Reader,
};
use loquat_ids::{Clock, FixedClock, IdSource as _, Timestamp, UserId};
use loquat_proto::messages::v1::{
    AppendRoomEventRequest, AppendRoomEventResponse, Blanked, GetHeadsRequest, GetHeadsResponse, ReadRoomLogRequest,
    ReadRoomLogResponse, RoomCursor, RoomEvent, SeqRange, WatchHeadsRequest, WatchHeadsResponse, room_event::Change,
};
use loquat_rpc::{
    Channel, KeySet, MAX_REQUEST_BYTES, Served, ServiceName, Verifier,
    server::messages::v1::room_log_service_server::{RoomLogService, RoomLogServiceServer},
};
use loquat_runtime::Frame;
use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, service::Routes};

use crate::{House, World, house::user_change, is_silent, seqs};

/// By when what was lost is there.
const REPAIR_LIMIT: Duration = Duration::from_secs(2);

/// The messages service, over the world's log. Of heads it tells what the test does; a watch ends where the test ends it.
#[derive(Clone)]
struct Messages {
    world: Arc<World>,
    watch: Arc<Mutex<Option<mpsc::Sender<Vec<RoomCursor>>>>>,
    log: Arc<ReadRoomLogResponse>,
}

impl Messages {
    fn new(world: &Arc<World>, log: ReadRoomLogResponse) -> Self {
        Self { world: Arc::clone(world), watch: Arc::default(), log: Arc::new(log) }
    }

    fn channel(&self) -> Channel {
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
        let keys = KeySet { issuer: "loquat".into(), audience: "loquat".into(), keys: Vec::new() };
        let server = RoomLogServiceServer::new(self.clone()).max_decoding_message_size(MAX_REQUEST_BYTES);
        let served = Served::guarded(Routes::new(server), Verifier::own(&keys, clock));
        Channel::in_process(served, ServiceName::new_static("gateway"))
    }

    /// Tells of heads, once somebody watches.
    async fn tell(&self, heads: Vec<RoomCursor>) {
        loop {
            if let Some(watch) = self.watch.lock().await.as_ref() {
                watch.send(heads).await.expect("somebody watches");
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tonic::async_trait]
impl RoomLogService for Messages {
    type WatchHeadsStream = BoxStream<'static, Result<WatchHeadsResponse, Status>>;

    async fn append_room_event(
        &self,
        _: Request<AppendRoomEventRequest>,
    ) -> Result<Response<AppendRoomEventResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn read_room_log(&self, _: Request<ReadRoomLogRequest>) -> Result<Response<ReadRoomLogResponse>, Status> {
        Ok(Response::new(self.log.as_ref().clone()))
    }

    async fn watch_heads(&self, _: Request<WatchHeadsRequest>) -> Result<Response<Self::WatchHeadsStream>, Status> {
        let (sender, receiver) = mpsc::channel(16);
        *self.watch.lock().await = Some(sender);
        Ok(Response::new(ReceiverStream::new(receiver).map(|heads| Ok(WatchHeadsResponse { heads })).boxed()))
    }

    async fn get_heads(&self, request: Request<GetHeadsRequest>) -> Result<Response<GetHeadsResponse>, Status> {
        let rooms = request.into_inner().room_ids.iter().map(|room| room.parse().expect("a room")).collect::<Vec<_>>();
        let heads = self.world.heads(&rooms).await.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(Response::new(GetHeadsResponse { heads: heads.iter().map(|(room, head)| cursor(*room, head)).collect() }))
    }
}

fn cursor(room: loquat_ids::RoomId, place: &Place) -> RoomCursor {
    RoomCursor {
        room_id: room.to_string(),
        epoch: place.epoch.to_string(),
        seq: place.seq,
        event_id: place.event_id.to_string(),
    }
}

/// A bus whose subscribers may have two news waiting.
fn small_bus() -> EmbeddedBus {
    let two = NonZeroUsize::new(2).expect("not zero");
    EmbeddedBus::with_limits(EmbeddedLimits { subscription_capacity: two, ..EmbeddedLimits::default() })
}

async fn gets(reader: &mut Reader, seq: u64) {
    let said = timeout(REPAIR_LIMIT, seqs(reader, 1)).await.expect("it is repaired in time");
    assert_eq!(said, [seq]);
}

#[tokio::test(start_paused = true)]
async fn what_a_subscription_to_a_room_lost_is_told_to_be_missed() {
    let (house, bus) = (House::new(), Arc::new(small_bus()));
    let mut feed = BusRoomFeed::new(bus.clone()).follow(house.room).await.expect("it listens");
    for _ in 0..5 {
        bus.publish(Subject::room(house.room), Bytes::from_static(b"\xff")).await.expect("it is told");
    }
    assert!(matches!(feed.next().await, Some(RoomSignal::Missed)));
    assert!(matches!(feed.next().await, Some(RoomSignal::Unreadable)), "it stands in the log");
}

#[tokio::test(start_paused = true)]
async fn what_the_subscription_to_users_lost_is_read_at_once() {
    let (house, bus, frame) = (House::new(), Arc::new(small_bus()), Frame::real());
    let shared: SharedBus = bus.clone();
    follow_users(&shared, &house.streams, &frame).await.expect("it listens");
    let (mut reader, _) = house.read(Interest::default());
    assert!(is_silent(&mut reader).await);
    house.world.user_changes.lock().unwrap().push(user_change(house.room, 2));
    for _ in 0..5 {
        let somebody = UserId::from_uuid(house.ids.fresh());
        bus.publish(Subject::user(somebody), Bytes::from_static(b"\xff")).await.expect("it is told");
    }
    let said = timeout(REPAIR_LIMIT, reader.next()).await.expect("in time");
    assert!(matches!(said, Some(Item::Encoded(ref said)) if said == "version 2"), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn heads_are_compared_whenever_a_node_is_watched_anew_and_as_it_tells_of_them() {
    let (house, frame) = (House::new(), Frame::real());
    let (mut reader, _) = house.read(house.from(1));
    assert!(is_silent(&mut reader).await);
    // It was committed, and not told, while no node was watched.
    house.world.commit(house.room, Vec::new());
    let messages = Messages::new(&house.world, ReadRoomLogResponse::default());
    watch_heads(&messages.channel(), &house.hub, &house.streams, &frame);
    gets(&mut reader, 2).await;
    // The node tells.
    let lost = house.world.commit(house.room, Vec::new());
    messages.tell(vec![cursor(house.room, &lost.place)]).await;
    gets(&mut reader, 3).await;
    // The node's stream breaks.
    drop(messages.watch.lock().await.take());
    house.world.commit(house.room, Vec::new());
    gets(&mut reader, 4).await;
    // The node says nothing any more, without a word: it is given up, and asked anew.
    house.world.commit(house.room, Vec::new());
    let said = timeout(REPAIR_LIMIT + Duration::from_secs(1), seqs(&mut reader, 1)).await.expect("it is noticed");
    assert_eq!(said, [5]);
}

#[tokio::test]
async fn events_of_every_kind_and_hidden_ranges_come_through_from_the_log() {
    let house = House::new();
    let changes = [
        Change::RoomCreated(Default::default()),
        Change::RoomUpdated(Default::default()),
        Change::MembershipsChanged(Default::default()),
        Change::MessageSent(Default::default()),
        Change::Blanked(Blanked { change_field: 13 }),
        Change::MessageEdited(Default::default()),
        Change::MessageDeleted(Default::default()),
        Change::ReactionChanged(Default::default()),
        Change::PinChanged(Default::default()),
    ];
    let count = changes.len() as u64;
    let place = |seq| World::place("e1", house.room, seq);
    let events = changes.into_iter().zip(1..).map(|(change, seq)| RoomEvent {
        room_id: house.room.to_string(),
        seq,
        event_id: place(seq).event_id.to_string(),
        epoch: "e1".into(),
        change: Some(change),
        ..RoomEvent::default()
    });
    let log = ReadRoomLogResponse {
        events: events.collect(),
        head: Some(cursor(house.room, &place(count + 4))),
        reader_is_member: true,
        hidden_ranges: vec![SeqRange { from_seq: count + 1, to_seq: count + 3 }],
        visible_from_seq: count + 4,
        ..ReadRoomLogResponse::default()
    };
    let peer = MessagesPeer::new(Messages::new(&house.world, log).channel());
    let stretch = peer.read(house.room, Some(house.user), Some(place(1)), 100).await.expect("an answer");
    assert_eq!(stretch.events.iter().map(|news| news.place.seq).collect::<Vec<_>>(), (1..=count).collect::<Vec<_>>());
    assert_eq!(stretch.hidden, [HiddenRange { from: count + 1, to: count + 3 }]);
    assert_eq!((stretch.visible_from, stretch.head), (count + 4, place(count + 4)));
}
