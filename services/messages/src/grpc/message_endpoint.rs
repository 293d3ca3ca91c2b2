//! `loquat.messages.v1.MessageService`.

use std::sync::Arc;

use loquat_ids::{RoomId, UserId};
use loquat_proto::messages::v1::{
    AddReactionRequest, AddReactionResponse, DeleteMessageRequest, DeleteMessageResponse, EditMessageRequest,
    EditMessageResponse, GetMessageRequest, GetMessageResponse, ListMessagesRequest, ListMessagesResponse,
    ListPinnedMessagesRequest, ListPinnedMessagesResponse, Message, PinMessageRequest, PinMessageResponse,
    RemoveReactionRequest, RemoveReactionResponse, SendMessageRequest, SendMessageResponse, UnpinMessageRequest,
    UnpinMessageResponse,
};
use loquat_rpc::{Caller, server::messages::v1::message_service_server::MessageService, status};
use tonic::{Request, Response, Status, async_trait};

use super::{from_proto, to_proto};
use crate::{
    model::{Deed, Seq},
    service::{ChangedMessage, MessageChange, RoomLogs},
};

/// Answers people.
#[derive(Debug)]
pub(crate) struct MessageEndpoint {
    pub(crate) logs: Arc<RoomLogs>,
}

#[async_trait]
impl MessageService for MessageEndpoint {
    async fn send_message(
        &self,
        request: Request<SendMessageRequest>,
    ) -> Result<Response<SendMessageResponse>, Status> {
        let sender = Caller::of(&request).user()?.user_id;
        let SendMessageRequest { room_id, request_id, text } = request.into_inner();
        let room: RoomId = from_proto::id("room_id", &room_id)?;
        let request_id = from_proto::id("request_id", &request_id)?;
        let text = from_proto::message_text(text)?;
        let placed = self.logs.send(room, sender, request_id, text).await.map_err(status)?;
        let message = Some(to_proto::sent_message(&placed.event, sender));
        Ok(Response::new(SendMessageResponse { message, is_repeat: placed.is_repeat }))
    }

    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Result<Response<ListMessagesResponse>, Status> {
        let reader = Caller::of(&request).user()?.user_id;
        let ListMessagesRequest { room_id, page_size, page_token, anchor } = request.into_inner();
        let room: RoomId = from_proto::id("room_id", &room_id)?;
        let (anchor, page_size) = (from_proto::anchor(anchor), from_proto::page_messages(page_size));
        let page = self.logs.list_messages(room, reader, anchor, page_size, &page_token).await.map_err(status)?;
        Ok(Response::new(ListMessagesResponse {
            messages: page.messages.iter().map(|message| to_proto::message(message, reader)).collect(),
            next_page_token: page.next_page_token,
            cursor: Some(to_proto::cursor(room, &page.cursor)),
        }))
    }

    async fn get_message(&self, request: Request<GetMessageRequest>) -> Result<Response<GetMessageResponse>, Status> {
        let reader = Caller::of(&request).user()?.user_id;
        let GetMessageRequest { room_id, message_id } = request.into_inner();
        let room: RoomId = from_proto::id("room_id", &room_id)?;
        let message = from_proto::id("message_id", &message_id)?;
        let message = self.logs.get_message(room, reader, message).await.map_err(status)?;
        Ok(Response::new(GetMessageResponse { message: Some(to_proto::message(&message, reader)) }))
    }

    async fn edit_message(
        &self,
        request: Request<EditMessageRequest>,
    ) -> Result<Response<EditMessageResponse>, Status> {
        let actor = Caller::of(&request).user()?.user_id;
        let EditMessageRequest { room_id, request_id, message_id, text } = request.into_inner();
        let deed = Deed::Edit(from_proto::message_text(text)?);
        let Changed { message, seq, is_repeat } = self.change(actor, &room_id, &request_id, &message_id, deed).await?;
        Ok(Response::new(EditMessageResponse { message, seq, is_repeat }))
    }

    async fn delete_message(
        &self,
        request: Request<DeleteMessageRequest>,
    ) -> Result<Response<DeleteMessageResponse>, Status> {
        let actor = Caller::of(&request).user()?.user_id;
        let DeleteMessageRequest { room_id, request_id, message_id } = request.into_inner();
        let Changed { message, seq, is_repeat } =
            self.change(actor, &room_id, &request_id, &message_id, Deed::Delete).await?;
        Ok(Response::new(DeleteMessageResponse { message, seq, is_repeat }))
    }

    async fn add_reaction(
        &self,
        request: Request<AddReactionRequest>,
    ) -> Result<Response<AddReactionResponse>, Status> {
        let actor = Caller::of(&request).user()?.user_id;
        let AddReactionRequest { room_id, request_id, message_id, emoji } = request.into_inner();
        let deed = Deed::AddReaction(from_proto::emoji(&emoji)?);
        let Changed { message, seq, is_repeat } = self.change(actor, &room_id, &request_id, &message_id, deed).await?;
        Ok(Response::new(AddReactionResponse { message, seq, is_repeat }))
    }

    async fn remove_reaction(
        &self,
        request: Request<RemoveReactionRequest>,
    ) -> Result<Response<RemoveReactionResponse>, Status> {
        let actor = Caller::of(&request).user()?.user_id;
        let RemoveReactionRequest { room_id, request_id, message_id, emoji } = request.into_inner();
        let deed = Deed::RemoveReaction(from_proto::emoji(&emoji)?);
        let Changed { message, seq, is_repeat } = self.change(actor, &room_id, &request_id, &message_id, deed).await?;
        Ok(Response::new(RemoveReactionResponse { message, seq, is_repeat }))
    }

    async fn pin_message(&self, request: Request<PinMessageRequest>) -> Result<Response<PinMessageResponse>, Status> {
        let actor = Caller::of(&request).user()?.user_id;
        let PinMessageRequest { room_id, request_id, message_id } = request.into_inner();
        let Changed { message, seq, is_repeat } =
            self.change(actor, &room_id, &request_id, &message_id, Deed::Pin).await?;
        Ok(Response::new(PinMessageResponse { message, seq, is_repeat }))
    }

    async fn unpin_message(
        &self,
        request: Request<UnpinMessageRequest>,
    ) -> Result<Response<UnpinMessageResponse>, Status> {
        let actor = Caller::of(&request).user()?.user_id;
        let UnpinMessageRequest { room_id, request_id, message_id } = request.into_inner();
        let Changed { message, seq, is_repeat } =
            self.change(actor, &room_id, &request_id, &message_id, Deed::Unpin).await?;
        Ok(Response::new(UnpinMessageResponse { message, seq, is_repeat }))
    }

    async fn list_pinned_messages(
        &self,
        request: Request<ListPinnedMessagesRequest>,
    ) -> Result<Response<ListPinnedMessagesResponse>, Status> {
        let reader = Caller::of(&request).user()?.user_id;
        let room: RoomId = from_proto::id("room_id", &request.into_inner().room_id)?;
        let (messages, cursor) = self.logs.pinned_messages(room, reader).await.map_err(status)?;
        Ok(Response::new(ListPinnedMessagesResponse {
            messages: messages.iter().map(|message| to_proto::message(message, reader)).collect(),
            cursor: Some(to_proto::cursor(room, &cursor)),
        }))
    }
}

/// What all answers about a change of a message say.
struct Changed {
    message: Option<Message>,
    seq: u64,
    is_repeat: bool,
}

impl MessageEndpoint {
    async fn change(
        &self,
        actor: UserId,
        room: &str,
        request_id: &str,
        message: &str,
        deed: Deed,
    ) -> Result<Changed, Status> {
        let room: RoomId = from_proto::id("room_id", room)?;
        let request_id = from_proto::id("request_id", request_id)?;
        let message = from_proto::id("message_id", message)?;
        let change = MessageChange { actor, request_id, message, deed };
        let ChangedMessage { message, seq, is_repeat } =
            self.logs.change_message(room, change).await.map_err(status)?;
        let message = Some(to_proto::message(&message, actor));
        Ok(Changed { message, seq: seq.map_or(0, Seq::get), is_repeat })
    }
}
