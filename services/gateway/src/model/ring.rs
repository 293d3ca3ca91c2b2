//! The newest events of a room, each encoded once, from which all its readers pull.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use loquat_ids::{RoomId, UserId};
use loquat_rpc::trace::TraceContext;

use crate::model::Place;

/// How many events a ring holds.
const MAX_EVENTS: usize = 512;
/// How many bytes of events a ring holds, the newest event aside.
const MAX_BYTES: usize = 1024 * 1024;

/// An event of a room, as its readers get it.
#[derive(Debug)]
pub struct RoomNews {
    /// The room.
    pub room: RoomId,
    /// Where it stands.
    pub place: Place,
    /// Who came (true) and who went (false) by it.
    pub members: Vec<(UserId, bool)>,
    /// Whether somebody may have gone by it of whom nothing is said: its content was erased.
    pub is_erased: bool,
    /// The whole item of the stream, encoded.
    pub encoded: Bytes,
    /// The trace that it came by.
    pub trace: Option<TraceContext>,
}

impl RoomNews {
    /// Returns whether the event may have ended somebody's membership.
    #[must_use]
    pub fn may_remove(&self, user: UserId) -> bool {
        self.is_erased || self.members.contains(&(user, false))
    }
}

/// What became of an event given to a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It is the newest now.
    Appended,
    /// It was there, or before.
    Known,
    /// Events before it are missing: read the log.
    Hole,
    /// It is of another epoch, or another event stands in its place: read the log anew.
    Strange,
}

/// The events asked for are no longer, or never were, in the ring: read the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeyondRing;

/// The newest events of a room, dense up to its head.
#[derive(Debug)]
pub struct Ring {
    head: Place,
    events: VecDeque<Arc<RoomNews>>,
    bytes: usize,
}

impl Ring {
    /// Begins at a place of the log, with no events.
    #[must_use]
    pub const fn at(head: Place) -> Self {
        Self { head, events: VecDeque::new(), bytes: 0 }
    }

    /// Returns the place of the newest event.
    #[must_use]
    pub const fn head(&self) -> &Place {
        &self.head
    }

    /// Takes an event if it is the next one.
    pub fn push(&mut self, news: Arc<RoomNews>) -> Pushed {
        if news.place.epoch != self.head.epoch {
            return Pushed::Strange;
        }
        if news.place.seq <= self.head.seq {
            let is_strange = news.place.seq == self.head.seq && news.place.event_id != self.head.event_id;
            return if is_strange { Pushed::Strange } else { Pushed::Known };
        }
        if news.place.seq > self.head.seq + 1 {
            return Pushed::Hole;
        }
        self.head = news.place.clone();
        self.bytes += news.encoded.len();
        self.events.push_back(news);
        while self.events.len() > MAX_EVENTS || (self.bytes > MAX_BYTES && self.events.len() > 1) {
            if let Some(oldest) = self.events.pop_front() {
                self.bytes -= oldest.encoded.len();
            }
        }
        Pushed::Appended
    }

    /// Returns the events that follow a place: some, and of so many bytes, but at least one where there is one.
    ///
    /// # Errors
    ///
    /// [`BeyondRing`] where some of them are no longer here, or the place is of another log.
    pub fn after(&self, place: &Place, most: usize, most_bytes: usize) -> Result<Vec<Arc<RoomNews>>, BeyondRing> {
        if place.epoch != self.head.epoch {
            return Err(BeyondRing);
        }
        if place.seq >= self.head.seq {
            // A reader that read the log is ahead of a ring whose news is on its way: it waits, and does not read again.
            return Ok(Vec::new());
        }
        let behind = usize::try_from(self.head.seq - place.seq).map_err(|_| BeyondRing)?;
        let first = self.events.len().checked_sub(behind).ok_or(BeyondRing)?;
        let mut bytes = 0;
        let fits = |news: &&Arc<RoomNews>| {
            let is_first = bytes == 0;
            bytes += news.encoded.len().max(1);
            is_first || bytes <= most_bytes
        };
        Ok(self.events.iter().skip(first).take(most).take_while(fits).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use loquat_ids::EventId;
    use uuid::Uuid;

    use super::*;

    fn place(seq: u64) -> Place {
        Place { epoch: "e1".parse().expect("an epoch"), seq, event_id: EventId::from_uuid(Uuid::from_u128(seq.into())) }
    }

    fn news(seq: u64, bytes: usize) -> Arc<RoomNews> {
        Arc::new(RoomNews {
            room: RoomId::from_uuid(Uuid::nil()),
            place: place(seq),
            members: Vec::new(),
            is_erased: false,
            encoded: vec![0; bytes].into(),
            trace: None,
        })
    }

    #[test]
    fn only_the_next_event_is_taken() {
        let mut ring = Ring::at(place(4));
        assert_eq!(ring.push(news(6, 1)), Pushed::Hole);
        assert_eq!(ring.push(news(4, 1)), Pushed::Known);
        assert_eq!(ring.push(news(5, 1)), Pushed::Appended);
        assert_eq!(ring.head().seq, 5);
    }

    #[test]
    fn another_event_in_the_same_place_is_strange() {
        let mut ring = Ring::at(place(4));
        let mut other = place(4);
        other.event_id = EventId::from_uuid(Uuid::from_u128(99));
        let other = RoomNews {
            room: RoomId::from_uuid(Uuid::nil()),
            place: other,
            members: Vec::new(),
            is_erased: false,
            encoded: Bytes::new(),
            trace: None,
        };
        assert_eq!(ring.push(Arc::new(other)), Pushed::Strange);
    }

    #[test]
    fn a_reader_gets_what_follows_or_is_sent_to_the_log() {
        let mut ring = Ring::at(place(0));
        for seq in 1..=600 {
            ring.push(news(seq, 10));
        }
        let seqs = |after| {
            ring.after(&place(after), 1_000, usize::MAX)
                .map(|events| events.iter().map(|news| news.place.seq).collect::<Vec<_>>())
        };
        assert_eq!(seqs(597), Ok(vec![598, 599, 600]));
        assert_eq!(seqs(600), Ok(vec![]));
        assert_eq!(seqs(88).map(|events| events.len()), Ok(512));
        assert_eq!(seqs(87), Err(BeyondRing));
        assert_eq!(seqs(601), Ok(vec![]));
    }

    #[test]
    fn a_ring_is_bounded_in_bytes() {
        let mut ring = Ring::at(place(0));
        for seq in 1..=10 {
            ring.push(news(seq, 400_000));
        }
        assert_eq!(ring.after(&place(8), 10, usize::MAX).map(|events| events.len()), Ok(2));
        assert_eq!(ring.after(&place(8), 10, 700_000).map(|events| events.len()), Ok(1));
        assert_eq!(ring.after(&place(8), 10, 1).map(|events| events.len()), Ok(1));
        assert!(ring.after(&place(7), 10, usize::MAX).is_err());
    }
}
