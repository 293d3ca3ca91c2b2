//! News for streams from the bus: of users' lists of rooms, of presence, and from other gateways.

use bytes::{Buf as _, Bytes};
use futures::StreamExt as _;
use loquat_bus::{Pattern, Received, SharedBus, Subject, Subscription, Topic};
use loquat_ids::SessionId;
use loquat_proto::{events::v1::UpdateInterestRequest, presence::v1::Presence, rooms::v1::UserRoomChange};
use loquat_runtime::Frame;
use prost::Message as _;
use uuid::Uuid;

use crate::{
    grpc::{presence_item, requests, user_change},
    service::Streams,
};

/// Tells streams of changes of their users' lists of rooms until the process ends.
///
/// # Errors
///
/// Where the bus cannot be listened to.
pub async fn follow_users(bus: &SharedBus, streams: &Streams, frame: &Frame) -> anyhow::Result<()> {
    let news = bus.subscribe(Pattern::all_users()).await?;
    let streams = streams.clone();
    follow(news, frame, move |topic, payload| match topic {
        Some(Topic::User(user)) => {
            let change = UserRoomChange::decode(payload.as_ref()).ok().and_then(user_change);
            if let Some(change) = change {
                streams.user_changed(user, &change);
            }
        }
        _ => streams.missed(),
    });
    Ok(())
}

/// Tells streams of the presence of those they watch until the process ends.
///
/// # Errors
///
/// Where the bus cannot be listened to.
pub async fn follow_presence(bus: &SharedBus, streams: &Streams, frame: &Frame) -> anyhow::Result<()> {
    let news = bus.subscribe(Pattern::all_presence()).await?;
    let streams = streams.clone();
    follow(news, frame, move |topic, payload| match topic {
        Some(Topic::Presence(user)) => {
            if let Ok(presence) = Presence::decode(payload.as_ref()) {
                streams.presence_changed(user, &presence_item(presence));
            }
        }
        _ => streams.missed(),
    });
    Ok(())
}

/// Takes changes of interest that came in through other gateways until the process ends.
///
/// # Errors
///
/// Where the bus cannot be listened to.
pub async fn follow_gateway(bus: &SharedBus, streams: &Streams, frame: &Frame) -> anyhow::Result<()> {
    let news = bus.subscribe(Pattern::exactly(Subject::gateway(streams.gateway()))).await?;
    let streams = streams.clone();
    follow(news, frame, move |_, payload| {
        if update(&streams, payload).is_none() {
            tracing::debug!("a change of interest for a stream that is not here");
        }
    });
    Ok(())
}

fn update(streams: &Streams, mut payload: Bytes) -> Option<()> {
    let session = SessionId::from_uuid(Uuid::from_bytes(payload.get(..16)?.try_into().ok()?));
    payload.advance(16);
    let request = UpdateInterestRequest::decode(payload).ok()?;
    let stream = request.stream_id.parse().ok()?;
    streams.update(&stream, session, requests::update(request.update?)).ok()
}

/// Hands each news to `take`; a topic of nothing says that some may have been missed.
fn follow(mut news: Subscription, frame: &Frame, take: impl Fn(Option<Topic>, Bytes) + Send + 'static) {
    frame.tasks.spawn(frame.stop.clone().run_until_cancelled_owned(async move {
        while let Some(received) = news.next().await {
            match received {
                Received::News(news) => take(Some(news.subject.topic()), news.payload),
                Received::Missed => take(None, Bytes::new()),
            }
        }
    }));
}
