//! `loquat.rooms.v1.RoomService`.

use std::future::Future;

use loquat_ids::UserId;
use loquat_proto::rooms::v1 as proto;
use loquat_rpc::{Caller, detached, server::rooms::v1::room_service_server::RoomService, status};
use tonic::{Request, Response, Status};

use super::{read, wire};
use crate::{error::RoomError, model::PageSize, service::Rooms};

/// Answers the calls of users.
#[derive(Debug, Clone)]
pub(crate) struct RoomHandlers {
    rooms: Rooms,
}

impl RoomHandlers {
    pub(crate) const fn new(rooms: Rooms) -> Self {
        Self { rooms }
    }

    /// Does a use case to its end, also where the client leaves, and writes its outcome.
    async fn change<T, P, Fut>(
        &self,
        work: impl FnOnce(Rooms) -> Fut + Send,
        write: impl FnOnce(T) -> P + Send + 'static,
    ) -> Result<Response<P>, Status>
    where
        Fut: Future<Output = Result<T, RoomError>> + Send + 'static,
        T: Send + 'static,
        P: Send + 'static,
    {
        let work = work(self.rooms.clone());
        detached(async move { work.await.map(write).map(Response::new).map_err(status) }).await
    }
}

fn caller<T>(request: &Request<T>) -> Result<UserId, Status> {
    Ok(Caller::of(request).user()?.user_id)
}

#[tonic::async_trait]
impl RoomService for RoomHandlers {
    async fn create_room(
        &self,
        request: Request<proto::CreateRoomRequest>,
    ) -> Result<Response<proto::CreateRoomResponse>, Status> {
        let actor = caller(&request)?;
        let new = read::new_room(request.get_ref()).map_err(status)?;
        self.change(
            move |rooms| async move { rooms.create(actor, new).await },
            |made| proto::CreateRoomResponse {
                room: Some(wire::room(&made.room)),
                membership: Some(wire::membership(&made.membership)),
                is_repeat: made.is_repeat,
            },
        )
        .await
    }

    async fn get_room(
        &self,
        request: Request<proto::GetRoomRequest>,
    ) -> Result<Response<proto::GetRoomResponse>, Status> {
        let reader = caller(&request)?;
        let room_id = read::id("room_id", &request.get_ref().room_id).map_err(status)?;
        let found = self.rooms.get(reader, room_id).await.map_err(status)?;
        let proto::RoomEntry { room, membership } = wire::entry(&found);
        Ok(Response::new(proto::GetRoomResponse { room, membership }))
    }

    async fn list_rooms(
        &self,
        request: Request<proto::ListRoomsRequest>,
    ) -> Result<Response<proto::ListRoomsResponse>, Status> {
        let reader = caller(&request)?;
        let request = request.into_inner();
        let (size, query, token) = (PageSize::of(request.page_size), &request.query, &request.page_token);
        let page = match request.view() {
            proto::RoomListView::Unspecified | proto::RoomListView::Joined => {
                self.rooms.list_joined(reader, query, size, token).await
            }
            proto::RoomListView::Directory => self.rooms.list_directory(reader, query, size, token).await,
        };
        let page = page.map_err(status)?;
        Ok(Response::new(proto::ListRoomsResponse {
            rooms: page.rooms.iter().map(wire::entry).collect(),
            next_page_token: page.next_page_token,
            user_state_version: page.list_version.0,
        }))
    }

    async fn update_room(
        &self,
        request: Request<proto::UpdateRoomRequest>,
    ) -> Result<Response<proto::UpdateRoomResponse>, Status> {
        let actor = caller(&request)?;
        let room_id = read::id("room_id", &request.get_ref().room_id).map_err(status)?;
        let change = read::settings_change(request.get_ref()).map_err(status)?;
        self.change(
            move |rooms| async move { rooms.update(actor, room_id, change).await },
            |room| proto::UpdateRoomResponse { room: Some(wire::room(&room)) },
        )
        .await
    }

    async fn join_room(
        &self,
        request: Request<proto::JoinRoomRequest>,
    ) -> Result<Response<proto::JoinRoomResponse>, Status> {
        let actor = caller(&request)?;
        let room_id = read::id("room_id", &request.get_ref().room_id).map_err(status)?;
        self.change(
            move |rooms| async move { rooms.join(actor, room_id).await },
            |(room, membership)| proto::JoinRoomResponse {
                room: Some(wire::room(&room)),
                membership: Some(wire::membership(&membership)),
            },
        )
        .await
    }

    async fn leave_room(
        &self,
        request: Request<proto::LeaveRoomRequest>,
    ) -> Result<Response<proto::LeaveRoomResponse>, Status> {
        let actor = caller(&request)?;
        let room_id = read::id("room_id", &request.get_ref().room_id).map_err(status)?;
        self.change(move |rooms| async move { rooms.leave(actor, room_id).await }, |()| proto::LeaveRoomResponse {})
            .await
    }

    async fn remove_member(
        &self,
        request: Request<proto::RemoveMemberRequest>,
    ) -> Result<Response<proto::RemoveMemberResponse>, Status> {
        let actor = caller(&request)?;
        let room_id = read::id("room_id", &request.get_ref().room_id).map_err(status)?;
        let user_id = read::id("user_id", &request.get_ref().user_id).map_err(status)?;
        self.change(
            move |rooms| async move { rooms.remove(actor, room_id, user_id).await },
            |()| proto::RemoveMemberResponse {},
        )
        .await
    }

    async fn list_members(
        &self,
        request: Request<proto::ListMembersRequest>,
    ) -> Result<Response<proto::ListMembersResponse>, Status> {
        let reader = caller(&request)?;
        let request = request.into_inner();
        let room_id = read::id("room_id", &request.room_id).map_err(status)?;
        let size = PageSize::of(request.page_size);
        let page = self.rooms.list_members(reader, room_id, size, &request.page_token).await.map_err(status)?;
        Ok(Response::new(proto::ListMembersResponse {
            memberships: page.memberships.iter().map(wire::membership).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn open_direct_room(
        &self,
        request: Request<proto::OpenDirectRoomRequest>,
    ) -> Result<Response<proto::OpenDirectRoomResponse>, Status> {
        let actor = caller(&request)?;
        let other = read::id("user_id", &request.get_ref().user_id).map_err(status)?;
        self.change(
            move |rooms| async move { rooms.open_direct(actor, other).await },
            |(room, membership)| proto::OpenDirectRoomResponse {
                room: Some(wire::room(&room)),
                membership: Some(wire::membership(&membership)),
            },
        )
        .await
    }
}
