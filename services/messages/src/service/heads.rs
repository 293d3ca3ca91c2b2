//! Where logs end.

use loquat_ids::RoomId;

use super::RoomLogs;
use crate::{error::MessagesError, model::Head};

impl RoomLogs {
    /// Returns the heads of some rooms as the store has them now. Rooms without a log are left out.
    pub(crate) async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Head)>, MessagesError> {
        Ok(self.store.heads(rooms).await?)
    }

    /// Tells whether the store answers.
    pub(crate) async fn check_store(&self) -> Result<(), MessagesError> {
        Ok(self.store.check().await?)
    }
}
