//! A model of streams: what a reader is told next, by what it may see now.

use std::collections::BTreeMap;

use super::house::RoomModel;
use crate::history::{
    Change, ClosedReason, Entry, Hidden, Item, Place, ResetReason, Room, RoomClosed, RoomReset, StreamId, User,
};

/// A stream.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) stream: StreamId,
    pub(super) client: u32,
    pub(super) user: User,
    pub(super) is_slow: bool,
    /// Where it is in each room. Nothing before the first look of one that wants what comes from now on.
    pub(super) rooms: BTreeMap<Room, Option<Place>>,
}

impl Reader {
    /// Returns what the stream says next of a room. Nothing where there is nothing to say. `too_far` is how much it may miss.
    pub(super) fn next(&mut self, room: Room, model: &RoomModel, epoch: &str, too_far: Option<u64>) -> Option<Entry> {
        let at = self.rooms.get(&room)?.clone();
        let comings = model.comings(self.user);
        let is_member = model.members.contains(&self.user);
        if comings.is_empty() {
            return Some(self.close(room, ClosedReason::NotFound));
        }
        let Some(at) = at else {
            if !is_member {
                return Some(self.close(room, ClosedReason::Removed));
            }
            self.rooms.insert(room, Some(model.place(model.head(), epoch)));
            return None;
        };
        if let Some(reason) = self.reset_reason(&at, model, epoch, too_far) {
            if !is_member {
                return Some(self.close(room, ClosedReason::Removed));
            }
            let cursor = model.place(model.head(), epoch);
            self.rooms.insert(room, Some(cursor.clone()));
            return Some(Entry::Reset(RoomReset { stream: self.stream, room, reason, cursor }));
        }
        let through = if is_member { model.head() } else { comings.last().map_or(0, |(seq, _)| *seq) };
        if at.seq >= through {
            return (!is_member).then(|| self.close(room, ClosedReason::Removed));
        }
        let next = at.seq + 1;
        if let Some(to) = hidden_through(model, &comings, next) {
            let to = to.min(through);
            self.rooms.insert(room, Some(model.place(to, epoch)));
            return Some(Entry::Hidden(Hidden { stream: self.stream, room, from: next, to }));
        }
        self.rooms.insert(room, Some(model.place(next, epoch)));
        Some(Entry::Item(item(self.stream, room, model, next, epoch)))
    }

    fn reset_reason(&self, at: &Place, model: &RoomModel, epoch: &str, too_far: Option<u64>) -> Option<ResetReason> {
        if at.epoch != epoch {
            Some(ResetReason::EpochChanged)
        } else if at.seq > model.head() {
            Some(ResetReason::LogEndsEarlier)
        } else if *at != model.place(at.seq, epoch) {
            Some(ResetReason::EventDiffers)
        } else if too_far.is_some_and(|limit| model.head() - at.seq >= limit) {
            Some(if self.is_slow { ResetReason::ReaderTooSlow } else { ResetReason::TooFarBehind })
        } else {
            None
        }
    }

    fn close(&mut self, room: Room, reason: ClosedReason) -> Entry {
        self.rooms.remove(&room);
        Entry::Closed(RoomClosed { stream: self.stream, room, reason })
    }
}

/// Up to where numbers are hidden from one who was out of a private room. Nothing where the first of them may be seen.
fn hidden_through(model: &RoomModel, comings: &[(u64, bool)], next: u64) -> Option<u64> {
    let after = comings.partition_point(|(seq, _)| *seq <= next);
    let (since, is_member) = *comings.get(after.checked_sub(1)?)?;
    if !model.is_private || is_member || since == next {
        return None;
    }
    Some(comings.get(after).map_or(u64::MAX, |(seq, _)| *seq - 1))
}

/// Makes an item of a log's entry.
pub(super) fn item(stream: StreamId, room: Room, model: &RoomModel, seq: u64, epoch: &str) -> Item {
    let logged = &model.log[seq as usize - 1];
    let change = match logged.is_blanked {
        true => Change::Blanked { kind: logged.change.kind() },
        false => logged.change.clone(),
    };
    Item {
        stream,
        room,
        seq,
        event: logged.event,
        epoch: epoch.to_owned(),
        actor: logged.actor,
        create_time: logged.create_time,
        change,
    }
}
