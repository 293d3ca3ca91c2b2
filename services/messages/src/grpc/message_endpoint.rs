//! `loquat.messages.v1.MessageService`.

use std::sync::Arc;

use loquat_ids::RoomId;
use loquat_proto::messages::v1::{
    GetMessageRequest, GetMessageResponse, ListMessagesRequest, ListMessagesResponse, SendMessageRequest,
    SendMessageResponse,
};
use loquat_rpc::{Caller, server::messages::v1::message_service_server::MessageService, status};
use tonic::{Request, Response, Status, async_trait};

use super::{from_proto, to_proto};
use crate::service::RoomLogs;

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
        let message = Some(to_proto::message(&placed.event));
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
            messages: page.messages.iter().map(to_proto::message).collect(),
            next_page_token: page.next_page_token,
            cursor: Some(to_proto::cursor(room, &page.cursor)),
        }))
    }

    async fn get_message(&self, request: Request<GetMessageRequest>) -> Result<Response<GetMessageResponse>, Status> {
        let reader = Caller::of(&request).user()?.user_id;
        let GetMessageRequest { room_id, message_id } = request.into_inner();
        let room: RoomId = from_proto::id("room_id", &room_id)?;
        let message = from_proto::id("message_id", &message_id)?;
        let event = self.logs.get_message(room, reader, message).await.map_err(status)?;
        Ok(Response::new(GetMessageResponse { message: Some(to_proto::message(&event)) }))
    }
}
