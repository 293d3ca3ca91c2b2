//! What somebody does with rooms.

use loquat_ids::RoomId;
use loquat_proto::rooms::v1::{
    CreateRoomRequest, GetRoomRequest, GetRoomResponse, JoinRoomRequest, JoinRoomResponse, LeaveRoomRequest,
    ListRoomsRequest, ListRoomsResponse, OpenDirectRoomRequest, Room, RoomKind, RoomListView,
};
use tonic::Status;

use super::{Person, fresh_request_id};

impl Person {
    /// Makes a public room.
    ///
    /// # Panics
    ///
    /// Where that fails.
    pub async fn public_room(&self, name: &str) -> RoomId {
        self.room(RoomKind::Public, name, &[]).await
    }

    /// Makes a private room with some others in it.
    ///
    /// # Panics
    ///
    /// Where that fails.
    pub async fn private_room(&self, name: &str, others: &[&Self]) -> RoomId {
        self.room(RoomKind::Private, name, others).await
    }

    async fn room(&self, kind: RoomKind, name: &str, others: &[&Self]) -> RoomId {
        let request = CreateRoomRequest {
            request_id: fresh_request_id(),
            kind: kind.into(),
            name: name.to_owned(),
            topic: String::new(),
            user_ids: others.iter().map(|other| other.user.to_string()).collect(),
        };
        let answer = self.gateway.rooms().create_room(self.ask(request)).await.expect("a room can be made");
        let room = answer.into_inner().room.expect("the room that was made");
        room.room_id.parse().expect("a room id")
    }

    /// Reads a room.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn get_room(&self, room: RoomId) -> Result<GetRoomResponse, Status> {
        let request = GetRoomRequest { room_id: room.to_string() };
        Ok(self.gateway.rooms().get_room(self.ask(request)).await?.into_inner())
    }

    /// Enters a room.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn join(&self, room: RoomId) -> Result<JoinRoomResponse, Status> {
        let request = JoinRoomRequest { room_id: room.to_string() };
        Ok(self.gateway.rooms().join_room(self.ask(request)).await?.into_inner())
    }

    /// Leaves a room.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn leave(&self, room: RoomId) -> Result<(), Status> {
        let request = LeaveRoomRequest { room_id: room.to_string() };
        self.gateway.rooms().leave_room(self.ask(request)).await?;
        Ok(())
    }

    /// Opens the direct room with somebody.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn direct_room(&self, other: &Self) -> Result<Room, Status> {
        let request = OpenDirectRoomRequest { user_id: other.user.to_string() };
        Ok(self.gateway.rooms().open_direct_room(self.ask(request)).await?.into_inner().room.unwrap_or_default())
    }

    /// Reads the first page of the own rooms, or of the directory.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn list_rooms(&self, view: RoomListView, query: &str) -> Result<ListRoomsResponse, Status> {
        let request = ListRoomsRequest { view: view.into(), query: query.to_owned(), ..Default::default() };
        Ok(self.gateway.rooms().list_rooms(self.ask(request)).await?.into_inner())
    }
}
