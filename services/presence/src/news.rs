//! The bus: what is told on it, and what is heard.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use loquat_bus::{Pattern, Received, SharedBus, Subject, Subscription, Topic};
use loquat_proto::events::v1 as events;
use loquat_rpc::proto_time;
use prost::Message;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    grpc::proto_presence,
    model::{Presence, Typing},
    ports::{Announcements, Unannounced},
    service::Watchers,
};

/// How soon it is tried again to listen.
const RETRY: Duration = Duration::from_secs(1);

/// Tells on the bus.
#[derive(Debug)]
pub(crate) struct BusAnnouncements(pub(crate) SharedBus);

impl BusAnnouncements {
    async fn publish(&self, subject: Subject, payload: Vec<u8>) -> Result<(), Unannounced> {
        self.0.publish(subject, Bytes::from(payload)).await.map_err(|error| Unannounced(error.into()))
    }
}

#[async_trait]
impl Announcements for BusAnnouncements {
    async fn presence_changed(&self, presence: &Presence) -> Result<(), Unannounced> {
        self.publish(Subject::presence(presence.user), proto_presence(presence).encode_to_vec()).await
    }

    async fn typing_changed(&self, typing: &Typing) -> Result<(), Unannounced> {
        let message = events::TypingChanged {
            room_id: typing.room.to_string(),
            user_id: typing.user.to_string(),
            is_typing: typing.is_typing,
            expire_time: Some(proto_time(typing.expire_time)),
        };
        self.publish(Subject::typing(typing.room), message.encode_to_vec()).await
    }
}

/// Listens for changes of presence, for those who watch through this process, until it is stopped.
pub(crate) async fn listen(bus: SharedBus, watchers: Arc<Watchers>, stop: CancellationToken) {
    stop.run_until_cancelled(async {
        loop {
            match bus.subscribe(Pattern::all_presence()).await {
                Ok(subscription) => hand_on(subscription, &watchers).await,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "changes of presence are not heard for now"
                    );
                }
            }
            watchers.missed();
            sleep(RETRY).await;
        }
    })
    .await;
}

async fn hand_on(mut subscription: Subscription, watchers: &Watchers) {
    // What was told while nobody listened.
    watchers.missed();
    while let Some(received) = subscription.next().await {
        match received {
            Received::News(news) => {
                if let Topic::Presence(user) = news.subject.topic() {
                    watchers.changed(user);
                }
            }
            Received::Missed => watchers.missed(),
        }
    }
}
