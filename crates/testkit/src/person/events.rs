//! What somebody hears, and shows.

use futures::StreamExt as _;
use loquat_ids::{RoomId, UserId};
use loquat_proto::{
    events::v1::{ConnectRequest, Interest, InterestUpdate, SubscribeRequest, UpdateInterestRequest},
    presence::v1::{Availability, GetPresenceRequest, Presence, SetPresenceRequest, SetTypingRequest},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::Person;
use crate::Subscription;

impl Person {
    /// Opens an event stream, and waits until it says welcome.
    ///
    /// # Panics
    ///
    /// Where it does not.
    pub async fn subscribe(&self, interest: Interest) -> Subscription {
        self.subscribe_since(interest, 0).await.expect("a signed-in person has a stream")
    }

    /// Opens an event stream with a version of the list of rooms.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    ///
    /// # Panics
    ///
    /// Where the stream does not say welcome.
    pub async fn subscribe_since(&self, interest: Interest, version: u64) -> Result<Subscription, Status> {
        let request = SubscribeRequest { interest: Some(interest), user_state_version: version };
        let items = self.gateway.events().subscribe(self.open(request)).await?.into_inner();
        let items = items.map(|item| item.map(|item| item.item.unwrap_or_default()));
        Ok(Subscription::begin(items.boxed()).await)
    }

    /// Opens an event stream on which one also sends: returns it with the way to send.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    ///
    /// # Panics
    ///
    /// Where the stream does not say welcome.
    pub async fn connect(&self, interest: Interest) -> Result<(Subscription, mpsc::Sender<ConnectRequest>), Status> {
        let (sender, requests) = mpsc::channel(16);
        let start = SubscribeRequest { interest: Some(interest), user_state_version: 0 };
        let first = ConnectRequest { start: Some(start), ..Default::default() };
        sender.send(first).await.expect("the receiver is here");
        let request = self.open(ReceiverStream::new(requests));
        let items = self.gateway.events().connect(request).await?.into_inner();
        let items = items.map(|item| item.map(|item| item.item.unwrap_or_default()));
        Ok((Subscription::begin(items.boxed()).await, sender))
    }

    /// Changes what a stream of this session watches.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn update_interest(&self, stream: &str, revision: u64, interest: Interest) -> Result<(), Status> {
        let update = InterestUpdate { revision, interest: Some(interest) };
        let request = UpdateInterestRequest { stream_id: stream.to_owned(), update: Some(update) };
        self.gateway.events().update_interest(self.ask(request)).await?;
        Ok(())
    }

    /// Sets how the person shows itself.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn set_presence(&self, availability: Availability, text: &str) -> Result<Presence, Status> {
        let request = SetPresenceRequest { availability: availability.into(), status_text: text.to_owned() };
        Ok(self.gateway.presence().set_presence(self.ask(request)).await?.into_inner().presence.unwrap_or_default())
    }

    /// Reads how somebody shows.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn presence_of(&self, user: UserId) -> Result<Presence, Status> {
        let request = GetPresenceRequest { user_ids: vec![user.to_string()] };
        let answer = self.gateway.presence().get_presence(self.ask(request)).await?.into_inner();
        Ok(answer.presences.into_iter().next().unwrap_or_default())
    }

    /// Shows a room whether the person is typing.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn set_typing(&self, room: RoomId, is_typing: bool) -> Result<(), Status> {
        let request = SetTypingRequest { room_id: room.to_string(), is_typing };
        self.gateway.presence().set_typing(self.ask(request)).await?;
        Ok(())
    }
}
