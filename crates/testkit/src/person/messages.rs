//! What somebody does with messages.

use loquat_ids::RoomId;
use loquat_proto::events::v1::Interest;
use loquat_proto::messages::v1::{
    ListMessagesRequest, ListMessagesResponse, Message, RoomCursor, SendMessageRequest, SendMessageResponse,
    list_messages_request::Anchor,
};
use tonic::Status;

use super::{Person, fresh_request_id};

impl Person {
    /// Sends a message.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn send(&self, room: RoomId, text: &str) -> Result<SendMessageResponse, Status> {
        self.send_as(room, &fresh_request_id(), text).await
    }

    /// Sends a message under a request id.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn send_as(&self, room: RoomId, request_id: &str, text: &str) -> Result<SendMessageResponse, Status> {
        let request =
            SendMessageRequest { room_id: room.to_string(), request_id: request_id.to_owned(), text: text.to_owned() };
        Ok(self.gateway.messages().send_message(self.ask(request)).await?.into_inner())
    }

    /// Sends a message and returns it as it stands.
    ///
    /// # Panics
    ///
    /// Where that fails.
    pub async fn say(&self, room: RoomId, text: &str) -> Message {
        self.send(room, text).await.expect("a member can send").message.expect("the message that was sent")
    }

    /// Reads a page of messages.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn list(
        &self,
        room: RoomId,
        anchor: Option<Anchor>,
        page_size: i32,
        page_token: &str,
    ) -> Result<ListMessagesResponse, Status> {
        let request =
            ListMessagesRequest { room_id: room.to_string(), anchor, page_size, page_token: page_token.to_owned() };
        Ok(self.gateway.messages().list_messages(self.ask(request)).await?.into_inner())
    }

    /// Reads all messages, page by page from the first.
    ///
    /// # Panics
    ///
    /// Where that fails.
    pub async fn all_messages(&self, room: RoomId) -> Vec<Message> {
        let (mut messages, mut token) = (Vec::new(), String::new());
        loop {
            let page = self.list(room, Some(Anchor::AfterSeq(0)), 200, &token).await.expect("a member can read");
            messages.extend(page.messages);
            token = page.next_page_token;
            if token.is_empty() {
                return messages;
            }
        }
    }

    /// Returns where a room's log stands.
    ///
    /// # Panics
    ///
    /// Where that fails.
    pub async fn cursor(&self, room: RoomId) -> RoomCursor {
        let page = self.list(room, None, 1, "").await.expect("a member can read");
        page.cursor.expect("a page says where the log stands")
    }

    /// Returns what watches some rooms from where they stand now, so that whatever is sent from here on comes. (A cursor
    /// that names no place means from when the gateway gets round to it.)
    ///
    /// # Panics
    ///
    /// Where a room cannot be read.
    pub async fn interest_in(&self, rooms: &[RoomId]) -> Interest {
        let mut interest = Interest::default();
        for room in rooms {
            interest.rooms.push(self.cursor(*room).await);
        }
        interest
    }
}
