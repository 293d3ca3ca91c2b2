//! How a stream ends.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use loquat_ids::RoomId;
use tokio::time::{Instant, timeout_at};

use super::{Read, Reader};
use crate::model::{ClosingReason, Item, Place, ResetReason};

/// How long it may take to find out where the rooms of a reader stand that was too slow.
const HEADS_DEADLINE: Duration = Duration::from_secs(2);
/// How many rooms are asked for at once.
const HEADS_AT_ONCE: usize = 8;

impl Reader {
    /// Ends the stream: of what was not pulled nothing is said any more. The client goes on elsewhere from where it is.
    pub(super) fn leave(&mut self, reason: ClosingReason) {
        self.take_nothing_more();
        self.say(Item::Closing(reason));
    }

    /// Ends the stream of a client that left it unread for too long: each room in which it lacks something begins anew at its
    /// head, which is read on the reader's behalf.
    pub(super) fn leave_behind(&mut self) {
        let unsaid: HashSet<RoomId> = self.outbox.iter().filter_map(room_of).collect();
        let behind = self.rooms.iter().filter(|(room, watched)| watched.is_behind() || unsaid.contains(room));
        let rooms: Vec<RoomId> = behind.map(|(room, _)| *room).collect();
        self.take_nothing_more();
        let (log, user) = (Arc::clone(&self.parts.log), self.parts.registered.holder.user);
        self.read(async move {
            let by = Instant::now() + HEADS_DEADLINE;
            let reads = stream::iter(rooms).map(|room| {
                let log = Arc::clone(&log);
                async move {
                    // Who is out of a room does not learn its head: it asks again from where it is, and is told so.
                    let stretch = log.read(room, Some(user), None, 1).await.ok()?;
                    stretch.reader_is_member.then_some((room, stretch.head))
                }
            });
            let mut reads = std::pin::pin!(reads.buffer_unordered(HEADS_AT_ONCE));
            let mut heads = Vec::new();
            while let Ok(Some(head)) = timeout_at(by, reads.next()).await {
                heads.extend(head);
            }
            Read::Heads(heads)
        });
    }

    pub(super) fn say_farewell(&mut self, heads: Vec<(RoomId, Place)>) {
        let reset = |(room, head)| Item::RoomReset { room, head, reason: ResetReason::ReaderTooSlow };
        self.outbox.extend(heads.into_iter().map(reset));
        self.say(Item::Closing(ClosingReason::ReaderTooSlow));
    }

    fn take_nothing_more(&mut self) {
        self.is_leaving = true;
        // A stream always begins by saying which it is.
        self.outbox.retain(|item| matches!(item, Item::Welcome { .. }));
        self.reads.clear();
        self.to_read.clear();
        self.rooms.clear();
    }
}

fn room_of(item: &Item) -> Option<RoomId> {
    match item {
        Item::RoomEvent(news) => Some(news.room),
        Item::Hidden { room, .. } | Item::RoomReset { room, .. } => Some(*room),
        _ => None,
    }
}
