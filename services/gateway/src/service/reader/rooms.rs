//! The rooms that a stream watches: where it is in each, and what is next there.

use std::{collections::hash_map::Entry, sync::Arc};

use loquat_ids::RoomId;

use super::{Read, Reader};
use crate::{
    model::{Cursor, Item, Place, RoomClosedReason},
    ports::ReadError,
    service::{
        following::{FROM_LOG_ALONE, Followed, Then, follow},
        hub::Seat,
    },
};

/// How many events of a room are pulled before another room's turn, and of how many bytes.
const PULL: usize = 64;
const PULL_BYTES: usize = 16 * 1024;
/// How many events of a room's log are read at once.
const PAGE: u16 = 64;
/// How many bytes of events are kept of all reads that are under way. Each is granted half of what is left.
const READ_BYTES: usize = 32 * 1024;
/// How many rooms' logs are read at once.
const MAX_ROOM_READS: usize = 4;

/// A room that a stream watches.
pub(super) struct Watched {
    /// The last event said. Nothing until the first read of a client that wants what comes from now on.
    at: Option<Place>,
    /// The place at the ring. Nothing until it is taken.
    seat: Option<Seat>,
    /// From which number on the ring may serve the reader.
    ring_from: u64,
    /// Whether the log is being read, or is about to be: the ring waits for it.
    is_reading: bool,
    /// Tells the room, watched anew, from the same room watched before: a read for that one is no longer of use.
    generation: u64,
}

/// A stretch of a room's log, read and judged.
pub(super) struct RoomRead {
    room: RoomId,
    generation: u64,
    /// How many bytes of events it might keep.
    granted: usize,
    outcome: Result<(Option<Seat>, Followed), ReadError>,
}

impl Watched {
    /// Returns whether the client may lack something of the room, the outbox aside.
    pub(super) fn is_behind(&self) -> bool {
        let head = self.seat.as_ref().and_then(Seat::head);
        self.is_reading || head.is_none() || head != self.at
    }
}

impl Reader {
    pub(super) fn watch_rooms(&mut self, cursors: Vec<Cursor>) {
        self.rooms.retain(|room, _| cursors.iter().any(|cursor| cursor.room == *room));
        self.to_read.retain(|room| self.rooms.contains_key(room));
        for Cursor { room, place } in cursors {
            if let Entry::Vacant(entry) = self.rooms.entry(room) {
                self.generation += 1;
                entry.insert(Watched {
                    at: place,
                    seat: None,
                    ring_from: FROM_LOG_ALONE,
                    is_reading: false,
                    generation: self.generation,
                });
                self.read_room(room);
            }
        }
    }

    /// Has the log read from the reader's place on, in its turn.
    fn read_room(&mut self, room: RoomId) {
        if let Some(watched) = self.rooms.get_mut(&room)
            && !watched.is_reading
        {
            watched.is_reading = true;
            self.to_read.push_back(room);
            self.read_next_rooms();
        }
    }

    fn read_next_rooms(&mut self) {
        while self.room_reads < MAX_ROOM_READS
            && let Some(room) = self.to_read.pop_front()
        {
            if let Some(watched) = self.rooms.get(&room) {
                self.room_reads += 1;
                let granted = (READ_BYTES - self.granted) / 2;
                self.granted += granted;
                let (needs_seat, at, generation) = (watched.seat.is_none(), watched.at.clone(), watched.generation);
                let (hub, mailbox) = (self.parts.hub.clone(), Arc::clone(&self.parts.mailbox));
                let (log, user) = (Arc::clone(&self.parts.log), self.parts.registered.holder.user);
                self.read(async move {
                    // The reader's right to the room is judged first: a room that it may not see is not made active for it.
                    // What is committed before it has its seat is missing from the ring, which sends it here once more.
                    let read = async {
                        let stretch = log.read(room, Some(user), at.clone(), PAGE).await?;
                        let followed = follow(room, at.as_ref(), stretch, granted)?;
                        let seat = match needs_seat && followed.has_use_of_ring() {
                            true => Some(hub.enter(room, &mailbox).await?),
                            false => None,
                        };
                        Ok((seat, followed))
                    };
                    Read::Room(RoomRead { room, generation, granted, outcome: read.await })
                });
            }
        }
    }

    pub(super) fn take_room_read(&mut self, read: RoomRead) {
        let RoomRead { room, generation, granted, outcome } = read;
        self.room_reads -= 1;
        self.granted -= granted;
        self.read_next_rooms();
        let Some(watched) = self.rooms.get_mut(&room).filter(|watched| watched.generation == generation) else {
            return;
        };
        watched.is_reading = false;
        let (seat, followed) = match outcome {
            Ok(read) => read,
            Err(ReadError::NotFound) => return self.close_room(room, RoomClosedReason::NotFound),
            Err(ReadError::Unavailable) => return self.close_room(room, RoomClosedReason::Unavailable),
        };
        if seat.is_some() {
            watched.seat = seat;
        }
        watched.at = Some(followed.at);
        watched.ring_from = followed.ring_from;
        self.outbox.extend(followed.items);
        match followed.then {
            Then::Out => self.close_room(room, RoomClosedReason::Removed),
            Then::AtHead | Then::ReadOn => self.parts.mailbox.note_room(room),
        }
    }

    fn close_room(&mut self, room: RoomId, reason: RoomClosedReason) {
        if self.rooms.remove(&room).is_some() {
            self.say(Item::RoomClosed { room, reason });
        }
    }

    /// Pulls what follows the reader's place from the ring; where that cannot serve the reader, from the log.
    pub(super) fn pull(&mut self, room: RoomId) {
        let Some(watched) = self.rooms.get_mut(&room) else { return };
        if watched.is_reading {
            return;
        }
        let (Some(seat), Some(at)) = (&watched.seat, &watched.at) else { return self.read_room(room) };
        if at.seq + 1 < watched.ring_from {
            return self.read_room(room);
        }
        let Ok(events) = seat.after(at, PULL, PULL_BYTES) else {
            if seat.head().is_none() {
                watched.seat = None;
            }
            return self.read_room(room);
        };
        let Some(last) = events.last() else { return };
        let has_more = seat.head().is_some_and(|head| head.seq > last.place.seq);
        for news in events {
            watched.at = Some(news.place.clone());
            let may_be_out = news.may_remove(self.parts.registered.holder.user);
            self.outbox.push_back(Item::RoomEvent(news));
            if may_be_out {
                // Only the log knows whether the reader is back, and what it may not see of what happened meanwhile.
                watched.ring_from = FROM_LOG_ALONE;
                return self.read_room(room);
            }
        }
        if has_more {
            self.parts.mailbox.note_room(room);
        }
    }
}
