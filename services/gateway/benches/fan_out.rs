//! What does a delivery cost that shares an event's bytes among all readers, and what does one that encodes for each reader?
//!
//! One room, many readers, the real hub, bus, ring and readers over a log that is empty; both ways in the same run, on one thread,
//! so that time is work. Printed as JSON; `encodings` is how many times an event was encoded, over all readers.

#![expect(clippy::disallowed_methods, reason = "a bench reads its size from the environment")]

use std::{
    collections::HashSet,
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::{BufMut as _, Bytes, BytesMut};
use futures::future;
use loquat_bus::{EmbeddedBus, SharedBus, Subject};
use loquat_gateway::{
    model::{Cursor, Interest, Item, Place},
    peers::BusRoomFeed,
    ports::{PresenceBoard, ReadError, RoomLog, Stretch, UserRoomChanges, UserRooms},
    service::{Ends, Holder, Hub, Lease, Mailbox, Reader, ReaderParts, StreamLimits, Streams},
};
use loquat_ids::{EventId, GatewayId, IdSource as _, RoomId, SequentialIds, SessionId, UserId};
use loquat_proto::{
    events::v1::{StreamItem, SubscribeResponse, stream_item::Kind},
    messages::v1::{FormattedText, Message, MessageSent, RoomEvent, room_event::Change},
};
use loquat_rpc::Connection;
use loquat_runtime::Frame;
use prost::Message as _;

/// How many events are published before all readers take them: less than a ring holds.
const BATCH: usize = 64;
const TEXT_BYTES: usize = 300;

/// A log that ends where the room begins.
struct Empty;

fn place(seq: u64) -> Place {
    let id = EventId::from_uuid(uuid::Uuid::from_u128(seq.into()));
    Place { epoch: "e1".parse().expect("an epoch"), seq, event_id: id }
}

#[async_trait]
impl RoomLog for Empty {
    async fn read(&self, _: RoomId, _: Option<UserId>, _: Option<Place>, _: u16) -> Result<Stretch, ReadError> {
        Ok(Stretch {
            events: Vec::new(),
            hidden: Vec::new(),
            visible_from: 1,
            head: place(0),
            reset: None,
            reader_is_member: true,
        })
    }

    async fn heads(&self, _: &[RoomId]) -> Result<Vec<(RoomId, Place)>, ReadError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl UserRooms for Empty {
    async fn changes(&self, _: UserId, since: u64) -> Result<UserRoomChanges, ReadError> {
        Ok(UserRoomChanges { version: since, is_reset: false, changes: Vec::new() })
    }

    async fn joined(&self, _: UserId) -> Result<Vec<RoomId>, ReadError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl PresenceBoard for Empty {
    async fn presence(&self, _: UserId, _: Vec<UserId>) -> Result<Vec<Bytes>, ReadError> {
        Ok(Vec::new())
    }
}

/// How a delivery gets its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Those of the event, which were made once.
    Shared,
    /// Its own: the event is encoded for each reader.
    Each,
}

#[derive(Debug)]
struct Outcome {
    encodings: usize,
    delivered: usize,
    delivering: Duration,
}

fn event(room: RoomId, seq: u64) -> RoomEvent {
    let message = Message {
        room_id: room.to_string(),
        text: "t".repeat(TEXT_BYTES),
        formatted_text: Some(FormattedText::default()),
        ..Message::default()
    };
    RoomEvent {
        room_id: room.to_string(),
        seq,
        event_id: place(seq).event_id.to_string(),
        epoch: "e1".into(),
        change: Some(Change::MessageSent(MessageSent { message: Some(message) })),
        ..RoomEvent::default()
    }
}

async fn run(way: Way, readers: usize, events: usize) -> Result<Outcome, Box<dyn Error>> {
    let (frame, ids) = (Frame::real(), SequentialIds::default());
    let bus: SharedBus = Arc::new(EmbeddedBus::new());
    let hub = Hub::new(Arc::new(Empty), Arc::new(BusRoomFeed::new(Arc::clone(&bus))), frame.clone());
    let limits = StreamLimits { total: readers, per_session: 1, unread: Duration::from_secs(3_600) };
    let streams = Streams::new(GatewayId::from_uuid(ids.fresh()), limits, Lease::default());
    let room = RoomId::from_uuid(ids.fresh());
    let mut all = Vec::with_capacity(readers);
    for _ in 0..readers {
        let mailbox: Arc<Mailbox> = Arc::default();
        let holder = Holder {
            user: UserId::from_uuid(ids.fresh()),
            session: SessionId::from_uuid(ids.fresh()),
            token_life: Duration::from_secs(900),
        };
        let stream = ids.fresh().to_string().parse()?;
        let parts = ReaderParts {
            registered: streams.register(stream, holder, Arc::clone(&mailbox), Connection::default())?,
            mailbox,
            hub: hub.clone(),
            streams: streams.clone(),
            log: Arc::new(Empty),
            user_rooms: Arc::new(Empty),
            presence: Arc::new(Empty),
            ends: Ends {
                stop: frame.stop.clone(),
                session: Box::pin(future::pending()),
                client: Box::pin(future::pending()),
            },
        };
        let interest = Interest { rooms: vec![Cursor { room, place: Some(place(0)) }], presence: Vec::new() };
        let mut reader = Reader::begin(parts, interest, 1);
        reader.next().await.ok_or("a stream begins")?;
        all.push(reader);
    }
    // All take their seats before the first event.
    for reader in &mut all {
        drop(tokio::time::timeout(Duration::from_millis(1), reader.next()).await);
    }

    let (mut encodings, mut delivered, mut delivering) = (HashSet::new(), 0, Duration::ZERO);
    let (mut encoded_for_each, mut seq) = (0, 0);
    for _ in 0..events / BATCH {
        let mut batch = Vec::with_capacity(BATCH);
        for _ in 0..BATCH {
            seq += 1;
            let event = event(room, seq);
            bus.publish_durable(Subject::room(room), event.encode_to_vec().into(), &format!("{seq}")).await?;
            batch.push(event);
        }
        // The room's task fills the ring.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        let began = Instant::now();
        for reader in &mut all {
            // As the transport does: what is ready goes into one buffer.
            let mut buffer = BytesMut::with_capacity(8 * 1024);
            let mut taken = 0;
            while taken < BATCH {
                let Some(item) = reader.next().await else { return Err("a stream has ended".into()) };
                let Item::RoomEvent(news) = item else { continue };
                if way == Way::Shared {
                    buffer.put_slice(&news.encoded);
                } else {
                    let event = batch[taken].clone();
                    let item = StreamItem { kind: Some(Kind::RoomEvent(event)) };
                    SubscribeResponse { item: Some(item) }.encode(&mut buffer)?;
                    encoded_for_each += 1;
                }
                encodings.insert(news.encoded.as_ptr());
                taken += 1;
                if buffer.len() >= 8 * 1024 {
                    buffer.clear();
                }
            }
            delivered += taken;
        }
        delivering += began.elapsed();
        // Bytes that are gone may lie where others lay.
        if way == Way::Shared {
            encoded_for_each += encodings.len();
        }
        encodings.clear();
    }
    frame.stop.cancel();
    Ok(Outcome { encodings: encoded_for_each, delivered, delivering })
}

fn size(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (readers, events) = (size("READERS", 1_000), size("EVENTS", 1_280));
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let per_delivery = |outcome: &Outcome| outcome.delivering.as_nanos() as f64 / outcome.delivered.max(1) as f64;
    // Once before, so that both find the same allocator.
    executor.block_on(run(Way::Shared, readers.min(100), BATCH))?;
    let each = executor.block_on(run(Way::Each, readers, events))?;
    let shared = executor.block_on(run(Way::Shared, readers, events))?;
    println!(
        "{{\n  \"question\": \"what does a delivery cost that shares an event's bytes, and one that encodes for each reader\",\n  \
         \"readers\": {readers},\n  \"events\": {},\n  \"text_bytes\": {TEXT_BYTES},\n  \
         \"shared\": {{ \"encodings\": {}, \"deliveries\": {}, \"nanos_per_delivery\": {:.1} }},\n  \
         \"each\": {{ \"encodings\": {}, \"deliveries\": {}, \"nanos_per_delivery\": {:.1} }},\n  \
         \"each_over_shared\": {:.2}\n}}",
        events / BATCH * BATCH,
        shared.encodings,
        shared.delivered,
        per_delivery(&shared),
        each.encodings,
        each.delivered,
        per_delivery(&each),
        per_delivery(&each) / per_delivery(&shared),
    );
    Ok(())
}
