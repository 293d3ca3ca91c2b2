//! The use cases: [`Rooms`] decides, [`Delivery`] takes what was decided into the log, [`Relay`] finishes what a call did
//! not.

mod create;
mod decide;
mod delivery;
mod direct;
mod fingerprint;
mod keyed;
mod members;
mod page_token;
mod reading;
mod relay;
mod settings;

use std::{fmt, sync::Arc};

use loquat_ids::{Clock, EventId, IdSource, RoomId, UserId};

pub use create::{CreatedRoom, NewRoom};
pub use delivery::Delivery;
pub use reading::{MemberPage, RoomPage};
pub use relay::{Pass, Relay};
pub use settings::SettingsChange;

use crate::{
    error::RoomError,
    model::{Decision, RoomView},
    ports::{Outcome, People, RoomLists, RoomStore, StoreKey, UserDirectory},
};

/// What [`Rooms`] stands on.
#[derive(Debug, Clone)]
pub struct Foundations {
    /// Where rooms are decided.
    pub store: Arc<dyn RoomStore>,
    /// Where lists are read.
    pub lists: Arc<dyn RoomLists>,
    /// Who exists.
    pub users: Arc<dyn UserDirectory>,
    /// The way into the log.
    pub delivery: Arc<Delivery>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
    /// The store's key.
    pub key: StoreKey,
}

/// The use cases of rooms. Clones are the same.
///
/// Each one that changes something answers when the change is in the room's log. It must not be dropped half-way for a
/// caller that left: run it detached. (If it is, nothing breaks: the relay finishes what was decided.)
#[derive(Clone)]
pub struct Rooms(Arc<Foundations>);

impl fmt::Debug for Rooms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Rooms")
    }
}

impl Rooms {
    /// Puts the use cases on what they stand on.
    #[must_use]
    pub fn new(foundations: Foundations) -> Self {
        Self(Arc::new(foundations))
    }

    /// Decides something about a room and takes it into the log. Also where nothing changes the room's log has, after it,
    /// all that the answer rests on.
    async fn change(
        &self,
        room_id: RoomId,
        people: People,
        decide: impl Fn(&RoomView) -> Result<Option<Decision>, RoomError> + Send + Sync,
    ) -> Result<Outcome, RoomError> {
        let event_id = EventId::from_uuid(self.0.ids.fresh());
        let now = self.0.clock.now();
        let outcome = self.0.store.change(room_id, people, event_id, now, &decide).await?;
        let outcome = outcome.ok_or(RoomError::RoomNotFound(room_id))?;
        self.0.delivery.deliver(room_id, outcome.room.version).await?;
        Ok(outcome)
    }

    /// Returns a room as somebody finds it who may see it.
    async fn visible(&self, room_id: RoomId, user_id: UserId) -> Result<RoomView, RoomError> {
        let view = self.0.store.view(room_id, user_id).await?;
        let view = view.filter(|view| view.permissions().show_room());
        view.ok_or(RoomError::RoomNotFound(room_id))
    }
}
