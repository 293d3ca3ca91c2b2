//! The news of one room, on the bus.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use loquat_bus::{News, Pattern, Received, SharedBus, Subject};
use loquat_ids::RoomId;
use loquat_proto::events::v1::TypingChanged;
use loquat_rpc::trace::TraceContext;
use prost::Message as _;

use crate::{
    grpc::{room_news, typing_item},
    ports::{ReadError, RoomFeed, RoomSignal},
};

/// The bus, as the news of rooms.
#[derive(Debug, Clone)]
pub struct BusRoomFeed(SharedBus);

impl BusRoomFeed {
    /// Listens on a bus.
    #[must_use]
    pub const fn new(bus: SharedBus) -> Self {
        Self(bus)
    }
}

#[async_trait]
impl RoomFeed for BusRoomFeed {
    async fn follow(&self, room: RoomId) -> Result<BoxStream<'static, RoomSignal>, ReadError> {
        let events = self.0.subscribe(Pattern::exactly(Subject::room(room))).await;
        let typing = self.0.subscribe(Pattern::exactly(Subject::typing(room))).await;
        let (Ok(events), Ok(typing)) = (events, typing) else { return Err(ReadError::Unavailable) };
        let events = events.filter_map(|received| async move {
            match received {
                Received::News(news) => event(&news),
                Received::Missed => Some(RoomSignal::Missed),
            }
        });
        let typing = typing.filter_map(|received| async move {
            match received {
                Received::News(news) => typing_signal(&news.payload),
                // Typing is told again, or ends by itself.
                Received::Missed => None,
            }
        });
        Ok(stream::select(events, typing).boxed())
    }
}

fn event(news: &News) -> Option<RoomSignal> {
    let trace = news
        .trace
        .as_ref()
        .map(|trace| TraceContext { traceparent: trace.traceparent.clone(), tracestate: trace.tracestate.clone() });
    let room_news = room_news(&news.payload, trace);
    if room_news.is_none() {
        tracing::warn!(subject = %news.subject, "news that is no event of a room");
    }
    // What cannot be read here stands in the log.
    Some(room_news.map_or(RoomSignal::Unreadable, |news| RoomSignal::News(Arc::new(news))))
}

fn typing_signal(payload: &Bytes) -> Option<RoomSignal> {
    let typing = TypingChanged::decode(payload.as_ref()).ok()?;
    Some(RoomSignal::Typing { user: typing.user_id.parse().ok()?, encoded: typing_item(typing) })
}
