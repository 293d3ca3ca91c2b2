//! The rooms of which the bus may have lost something, such as all of them after it was away: their heads are compared, many in
//! one call, and only what is behind is read.

use std::{
    collections::HashSet,
    mem,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use loquat_ids::RoomId;
use tokio::{sync::Notify, time::sleep};

use super::{Hub, MEND_PAUSE};

/// For how long doubts are gathered before they are settled.
const GATHER: Duration = Duration::from_millis(20);

/// The rooms in doubt: at most the active ones.
#[derive(Default)]
pub(super) struct Doubts {
    rooms: Mutex<HashSet<RoomId>>,
    came: Notify,
}

impl Doubts {
    pub(super) fn add(&self, room: RoomId) {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner).insert(room);
        self.came.notify_one();
    }

    fn take(&self) -> Vec<RoomId> {
        mem::take(&mut *self.rooms.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().collect()
    }
}

/// Settles doubts for ever.
pub(super) async fn settle(hub: Hub) {
    loop {
        hub.0.doubts.came.notified().await;
        sleep(GATHER).await;
        let rooms = hub.0.doubts.take();
        match hub.0.log.heads(&rooms).await {
            Ok(heads) => {
                for (room, head) in heads {
                    hub.note_head(room, &head);
                }
            }
            Err(error) => {
                tracing::debug!(%error, rooms = rooms.len(), "heads could not be compared, trying again");
                sleep(MEND_PAUSE).await;
                rooms.into_iter().for_each(|room| hub.0.doubts.add(room));
            }
        }
    }
}
