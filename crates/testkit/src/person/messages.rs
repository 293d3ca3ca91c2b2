//! What somebody does with messages.

use loquat_ids::RoomId;
use loquat_proto::events::v1::Interest;
use loquat_proto::messages::v1::{
    AddReactionRequest, DeleteMessageRequest, EditMessageRequest, GetMessageRequest, ListMessagesRequest,
    ListMessagesResponse, ListPinnedMessagesRequest, Message, PinMessageRequest, RemoveReactionRequest, RoomCursor,
    SendMessageRequest, SendMessageResponse, UnpinMessageRequest, list_messages_request::Anchor,
};
use tonic::Status;

use super::{Person, fresh_request_id};

/// What is done to a message.
#[derive(Debug, Clone, Copy)]
pub enum Deed<'a> {
    /// Another text.
    Edit(&'a str),
    /// Delete it.
    Delete,
    /// React with an emoji.
    React(&'a str),
    /// Take a reaction back.
    Unreact(&'a str),
    /// Pin it.
    Pin,
    /// Take its pin away.
    Unpin,
}

/// What every answer about a change of a message says.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// The message as of the change.
    pub message: Message,
    /// Where the change stands. 0 where nothing changed.
    pub seq: u64,
    /// Whether an earlier call made it.
    pub is_repeat: bool,
}

/// The same message without the place up to which it is so: for comparing one with what was read at another time.
#[must_use]
pub fn at_any_time(message: Message) -> Message {
    Message { as_of_seq: 0, ..message }
}

/// Calls a method of a change and makes one thing of its answer.
macro_rules! change {
    ($person:ident, $method:ident, $request:expr) => {{
        let answer = $person.gateway.messages().$method($person.ask($request)).await?.into_inner();
        let message = answer.message.expect("an answer says how the message is");
        Ok(Changed { message, seq: answer.seq, is_repeat: answer.is_repeat })
    }};
}

impl Person {
    /// Does something to a message under a request id.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    ///
    /// # Panics
    ///
    /// Where the answer is not whole.
    pub async fn change_as(
        &self,
        room: RoomId,
        request_id: &str,
        message_id: &str,
        deed: Deed<'_>,
    ) -> Result<Changed, Status> {
        let (room_id, request_id, message_id) = (room.to_string(), request_id.to_owned(), message_id.to_owned());
        match deed {
            Deed::Edit(text) => {
                let text = text.to_owned();
                change!(self, edit_message, EditMessageRequest { room_id, request_id, message_id, text })
            }
            Deed::Delete => change!(self, delete_message, DeleteMessageRequest { room_id, request_id, message_id }),
            Deed::React(emoji) => {
                let emoji = emoji.to_owned();
                change!(self, add_reaction, AddReactionRequest { room_id, request_id, message_id, emoji })
            }
            Deed::Unreact(emoji) => {
                let emoji = emoji.to_owned();
                change!(self, remove_reaction, RemoveReactionRequest { room_id, request_id, message_id, emoji })
            }
            Deed::Pin => change!(self, pin_message, PinMessageRequest { room_id, request_id, message_id }),
            Deed::Unpin => change!(self, unpin_message, UnpinMessageRequest { room_id, request_id, message_id }),
        }
    }

    /// The same under a fresh request id.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    ///
    /// # Panics
    ///
    /// Where the answer is not whole.
    pub async fn change(&self, room: RoomId, message_id: &str, deed: Deed<'_>) -> Result<Changed, Status> {
        self.change_as(room, &fresh_request_id(), message_id, deed).await
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    ///
    /// # Panics
    ///
    /// Where the answer is not whole.
    pub async fn get_message(&self, room: RoomId, message_id: &str) -> Result<Message, Status> {
        let request = GetMessageRequest { room_id: room.to_string(), message_id: message_id.to_owned() };
        let answer = self.gateway.messages().get_message(self.ask(request)).await?.into_inner();
        Ok(answer.message.expect("an answer says how the message is"))
    }

    /// Reads the pinned messages of a room.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn pinned(&self, room: RoomId) -> Result<Vec<Message>, Status> {
        let request = ListPinnedMessagesRequest { room_id: room.to_string() };
        Ok(self.gateway.messages().list_pinned_messages(self.ask(request)).await?.into_inner().messages)
    }

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
