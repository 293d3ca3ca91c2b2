//! Changing a room's settings.

use loquat_ids::{RoomId, UserId};

use super::{Rooms, decide};
use crate::{
    error::RoomError,
    model::{Room, RoomName, RoomTopic},
    ports::People,
};

/// What to change. `None` leaves a setting as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// The new name.
    pub name: Option<RoomName>,
    /// The new topic.
    pub topic: Option<RoomTopic>,
}

impl Rooms {
    /// Changes a room's settings. A value equal to the present one is no change and makes no event.
    ///
    /// # Errors
    ///
    /// The actor may not see the room, or not change it; it is a direct one; the change is pending; the store does not
    /// answer.
    pub async fn update(&self, actor: UserId, room_id: RoomId, change: SettingsChange) -> Result<Room, RoomError> {
        let SettingsChange { name, topic } = change;
        let decide = |view: &_| decide::update(view, name.as_ref(), topic.as_ref());
        Ok(self.change(room_id, People::one(actor), decide).await?.room)
    }
}
