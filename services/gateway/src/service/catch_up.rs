//! What a stream would have said since some cursors, all at once, for clients that ask now and then.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use loquat_ids::{RoomId, UserId};
use loquat_rpc::fault::RpcFault;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use super::following::{Then, follow};
use crate::{
    model::{Cursor, Item, Place, RoomClosedReason},
    ports::{ReadError, RoomLog, UserRooms},
};

/// How long an answer may take. Rooms that could not be read by then are told so.
const DEADLINE: Duration = Duration::from_secs(4);
/// How many answers are being made at once.
const MAX_ANSWERS: usize = 256;
/// How many rooms of one answer are read at once.
const ROOMS_AT_ONCE: usize = 4;
/// How often a room is read for one answer: a second time where the first did not reach the reader's removal.
const READS: usize = 2;
/// How many bytes of events an answer holds, shared among its rooms; each room that has one gets at least one event.
const EVENT_BYTES: usize = 1024 * 1024;
/// How many bytes of changes of the list of rooms an answer holds.
const USER_STATE_BYTES: usize = 256 * 1024;
/// How many items of rooms an answer holds: the contract's limit, less the changes of the list of rooms.
const MAX_ROOM_ITEMS: usize = 4_400;
/// How many events of a room an answer holds where the client does not say.
const DEFAULT_PAGE: u16 = 100;

/// Where a client is.
#[derive(Debug, Clone)]
pub struct Question {
    /// The rooms, each once.
    pub rooms: Vec<Cursor>,
    /// The version of the user's list of rooms.
    pub user_state_version: u64,
    /// How many events of a room at most. 0 for what is usual.
    pub page: u16,
}

/// What there was since.
#[derive(Debug, Clone)]
pub struct Caught {
    /// What a stream would have said.
    pub items: Vec<Item>,
    /// Where each room that is open to the client now stands for it.
    pub cursors: Vec<Cursor>,
    /// The version of the user's list of rooms that the items lead to.
    pub user_state_version: u64,
    /// Whether there is more.
    pub has_more: bool,
}

/// Answers clients that ask now and then. Clones share the bound on how many at once.
#[derive(Clone)]
pub struct CatchUp {
    log: Arc<dyn RoomLog>,
    user_rooms: Arc<dyn UserRooms>,
    places: Arc<Semaphore>,
}

/// What there was in one room.
struct RoomCaught {
    items: Vec<Item>,
    /// Nothing for a room that is closed to the client.
    cursor: Option<Cursor>,
    has_more: bool,
}

impl CatchUp {
    /// Answers from these.
    #[must_use]
    pub fn new(log: Arc<dyn RoomLog>, user_rooms: Arc<dyn UserRooms>) -> Self {
        Self { log, user_rooms, places: Arc::new(Semaphore::new(MAX_ANSWERS)) }
    }

    /// Returns what there was. Where the list of rooms cannot be read now the answer holds the rooms alone, at the version
    /// asked with.
    ///
    /// # Errors
    ///
    /// [`RpcFault::Overloaded`]; and [`RpcFault::ServiceUnreachable`] where only the list of rooms was asked for.
    pub async fn answer(&self, user: UserId, question: Question) -> Result<Caught, RpcFault> {
        let _place = self.places.try_acquire().map_err(|_| RpcFault::Overloaded)?;
        let by = Instant::now() + DEADLINE;
        let mut caught = self.user_state(user, &question, by).await?;

        let rooms = question.rooms.len().max(1);
        let page = if question.page == 0 { DEFAULT_PAGE } else { question.page };
        // Each event may have a hidden range before it.
        let page = page.min(u16::try_from(MAX_ROOM_ITEMS / 2 / rooms).unwrap_or(u16::MAX));
        let reads = stream::iter(question.rooms).map(|cursor| self.room(user, cursor, page, EVENT_BYTES / rooms, by));
        let mut reads = std::pin::pin!(reads.buffered(ROOMS_AT_ONCE));
        while let Some(room) = reads.next().await {
            caught.items.extend(room.items);
            caught.cursors.extend(room.cursor);
            caught.has_more |= room.has_more;
        }
        Ok(caught)
    }

    async fn user_state(&self, user: UserId, question: &Question, by: Instant) -> Result<Caught, RpcFault> {
        let since = question.user_state_version;
        let mut caught = Caught { items: Vec::new(), cursors: Vec::new(), user_state_version: since, has_more: false };
        let changes = timeout_at(by, self.user_rooms.changes(user, since)).await;
        let mut changes = match changes.unwrap_or(Err(ReadError::Unavailable)) {
            Ok(changes) => changes,
            Err(_) if question.rooms.is_empty() => {
                return Err(RpcFault::ServiceUnreachable { service: "rooms".to_owned() });
            }
            Err(error) => {
                tracing::debug!(%error, "a user's list of rooms could not be read: it is left out");
                return Ok(caught);
            }
        };
        if changes.is_reset {
            caught.items.push(Item::UserStateReset { version: changes.version });
        }
        caught.has_more = changes.keep_within(USER_STATE_BYTES);
        caught.user_state_version = changes.version;
        caught.items.extend(changes.changes.into_iter().map(|change| Item::Encoded(change.encoded)));
        Ok(caught)
    }

    async fn room(&self, user: UserId, cursor: Cursor, page: u16, most_bytes: usize, by: Instant) -> RoomCaught {
        let Cursor { room, place: mut at } = cursor;
        let (mut items, mut events_left) = (Vec::new(), page);
        for _ in 0..READS {
            let read = timeout_at(by, self.log.read(room, Some(user), at.clone(), events_left)).await;
            let read = read.unwrap_or(Err(ReadError::Unavailable));
            let followed = match read.and_then(|stretch| follow(room, at.as_ref(), stretch, most_bytes)) {
                Ok(followed) => followed,
                Err(ReadError::NotFound) => return closed(items, room, RoomClosedReason::NotFound, None),
                Err(ReadError::Unavailable) if !items.is_empty() => break,
                Err(ReadError::Unavailable) => {
                    let cursor = Cursor { room, place: at };
                    return closed(items, room, RoomClosedReason::Unavailable, Some(cursor));
                }
            };
            let events = followed.items.iter().filter(|item| matches!(item, Item::RoomEvent(_))).count();
            events_left = events_left.saturating_sub(u16::try_from(events).unwrap_or(u16::MAX));
            items.extend(followed.items);
            at = Some(followed.at);
            match followed.then {
                Then::AtHead => return open(items, room, at, false),
                Then::Out => return closed(items, room, RoomClosedReason::Removed, None),
                Then::ReadOn if events_left == 0 || followed.is_cut => break,
                Then::ReadOn => {}
            }
        }
        open(items, room, at, true)
    }
}

fn open(items: Vec<Item>, room: RoomId, at: Option<Place>, has_more: bool) -> RoomCaught {
    RoomCaught { items, cursor: Some(Cursor { room, place: at }), has_more }
}

fn closed(mut items: Vec<Item>, room: RoomId, reason: RoomClosedReason, cursor: Option<Cursor>) -> RoomCaught {
    items.push(Item::RoomClosed { room, reason });
    RoomCaught { items, cursor, has_more: false }
}
