//! Entering, leaving and putting out.

use loquat_ids::{RoomId, UserId};

use super::{Rooms, decide};
use crate::{
    error::RoomError,
    model::{Membership, Room},
    ports::People,
};

impl Rooms {
    /// Makes the actor a member of a public room. A member already stays one, with the same role.
    ///
    /// # Errors
    ///
    /// The actor may not see the room; it is a direct one; the change is pending; the store does not answer.
    pub async fn join(&self, actor: UserId, room_id: RoomId) -> Result<(Room, Membership), RoomError> {
        let now = self.0.clock.now();
        let outcome = self.change(room_id, People::one(actor), |view| decide::join(view, actor, now)).await?;
        let membership = outcome.membership.ok_or(RoomError::RoomNotFound(room_id))?;
        Ok((outcome.room, membership))
    }

    /// Ends the actor's membership. Who is no member already stays none.
    ///
    /// # Errors
    ///
    /// The actor may not see the room and was never in it; it is a direct one; the change is pending; the store does not
    /// answer.
    pub async fn leave(&self, actor: UserId, room_id: RoomId) -> Result<(), RoomError> {
        self.change(room_id, People::one(actor), |view| decide::leave(view, actor)).await?;
        Ok(())
    }

    /// Ends somebody else's membership. Who is no member already stays none.
    ///
    /// # Errors
    ///
    /// The actor may not see the room, or not remove from it; the other is an owner or the actor itself; the room is a
    /// direct one; the change is pending; the store does not answer.
    pub async fn remove(&self, actor: UserId, room_id: RoomId, user_id: UserId) -> Result<(), RoomError> {
        let people = People::two(actor, user_id);
        self.change(room_id, people, |view| decide::remove(view, actor, user_id)).await?;
        Ok(())
    }
}
