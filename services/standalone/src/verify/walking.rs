//! Going through logs and rooms side by side.

use std::{cmp::Ordering, time::Duration};

use loquat_ids::RoomId;
use loquat_messages::audit::{self as logs, AuditedLog};
use loquat_rooms::store::audit::{self as rooms, AuditedRoom};
use tokio::sync::mpsc;

use super::{Comparison, Difference, compare};
use crate::stores::Stores;

/// After which time a room is read again before it is said to differ: longer than a change takes from the outbox into the log
/// and back.
const PAUSE: Duration = Duration::from_secs(1);

type Logs = mpsc::Receiver<Result<AuditedLog, logs::AuditError>>;
type Rooms = mpsc::Receiver<Result<AuditedRoom, rooms::AuditError>>;

/// The logs and the rooms of two stores, in the order of ids.
#[derive(Debug)]
pub(crate) struct Walk {
    logs: Ahead<AuditedLog, logs::AuditError>,
    rooms: Ahead<AuditedRoom, rooms::AuditError>,
}

/// A stream of which the next item can be looked at.
#[derive(Debug)]
struct Ahead<T, E> {
    stream: Option<mpsc::Receiver<Result<T, E>>>,
    next: Option<Result<T, E>>,
}

impl<T, E> Ahead<T, E> {
    async fn of(stream: Option<mpsc::Receiver<Result<T, E>>>) -> Self {
        let mut ahead = Self { stream, next: None };
        ahead.step().await;
        ahead
    }

    /// Takes the next item, and reads the one after it.
    async fn step(&mut self) -> Option<Result<T, E>> {
        let next = match &mut self.stream {
            Some(stream) => stream.recv().await,
            None => None,
        };
        std::mem::replace(&mut self.next, next)
    }
}

/// One room, as both stores have it.
#[derive(Debug)]
pub(crate) struct Walked {
    pub(crate) id: RoomId,
    pub(crate) log: Option<AuditedLog>,
    pub(crate) room: Option<AuditedRoom>,
}

impl Walk {
    pub(crate) async fn begin(stores: &Stores) -> Self {
        let logs: Option<Logs> = stores.logs.as_ref().map(logs::LogAudit::judge_logs);
        // Read ahead, so that the logs' moment has come before the rooms' begins.
        let logs = Ahead::of(logs).await;
        let rooms: Option<Rooms> = stores.rooms.as_ref().map(rooms::RoomAudit::rooms);
        Self { logs, rooms: Ahead::of(rooms).await }
    }

    /// Returns the next room. Nothing at the end.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Walked>> {
        let order = match (&self.logs.next, &self.rooms.next) {
            (None, None) => return Ok(None),
            (Some(Ok(log)), Some(Ok(room))) => log.room.cmp(&room.id),
            // An error comes out as soon as it is met.
            (Some(Err(_)), _) | (Some(_), None) => Ordering::Less,
            (_, Some(_)) => Ordering::Greater,
        };
        let log = if order.is_le() { self.logs.step().await.transpose()? } else { None };
        let room = if order.is_ge() { self.rooms.step().await.transpose()? } else { None };
        let id = log.as_ref().map(|log| log.room).or_else(|| room.as_ref().map(|room| room.id));
        Ok(id.map(|id| Walked { id, log, room }))
    }
}

impl Walked {
    /// Reads one room, its log first.
    pub(crate) async fn read(stores: &Stores, id: RoomId) -> anyhow::Result<Self> {
        let log = match &stores.logs {
            Some(logs) => logs.judge_log(id).await?,
            None => None,
        };
        let room = match &stores.rooms {
            Some(rooms) => rooms.room(id).await?,
            None => None,
        };
        Ok(Self { id, log, room })
    }

    /// Returns what is wrong with the room, also after some more looks. What is wrong with the log alone does not go away.
    pub(crate) async fn differences(mut self, stores: &Stores, more_looks: usize) -> anyhow::Result<Vec<Difference>> {
        for _ in 0..more_looks {
            if self.compared(stores).differences.is_empty() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            self = Self::read(stores, self.id).await?;
        }
        let mut found: Vec<_> = self.log.iter().flat_map(|log| &log.damages).map(Difference::of_log).collect();
        found.extend(self.compared(stores).differences);
        Ok(found)
    }

    /// Compares what both stores have of the room. One store alone says nothing of the other.
    pub(crate) fn compared(&self, stores: &Stores) -> Comparison {
        if stores.logs.is_none() || stores.rooms.is_none() {
            return Comparison::default();
        }
        compare(self.id, self.log.as_ref(), self.room.as_ref())
    }
}
