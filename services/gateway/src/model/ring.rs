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
    /// What it says of a message. Nothing for all else.
    pub text: Option<Text>,
    /// The number of the message that it deletes.
    pub deletes: Option<u64>,
    /// The whole item of the stream, encoded.
    pub encoded: Bytes,
    /// The trace that it came by.
    pub trace: Option<TraceContext>,
}

/// That an event holds a text, which is said no more once its message is deleted.
#[derive(Debug)]
pub struct Text {
    /// The number of the message.
    pub message: u64,
    /// The whole item of the stream as it is without the text, encoded.
    pub blanked: Bytes,
}

impl RoomNews {
    /// Returns whether the event may have ended somebody's membership.
    #[must_use]
    pub fn may_remove(&self, user: UserId) -> bool {
        self.is_erased || self.members.contains(&(user, false))
    }

    /// Returns what is left of it when a message is deleted. Nothing where it says nothing of that one.
    fn without(&self, message: u64) -> Option<Self> {
        let text = self.text.as_ref().filter(|text| text.message == message)?;
        Some(Self {
            room: self.room,
            place: self.place.clone(),
            members: Vec::new(),
            is_erased: self.is_erased,
            text: None,
            deletes: None,
            encoded: text.blanked.clone(),
            trace: self.trace.clone(),
        })
    }

    fn bytes(&self) -> usize {
        self.encoded.len() + self.text.as_ref().map_or(0, |text| text.blanked.len())
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
        if let Some(message) = news.deletes {
            self.erase(message);
        }
        self.bytes += news.bytes();
        self.events.push_back(news);
        while self.events.len() > MAX_EVENTS || (self.bytes > MAX_BYTES && self.events.len() > 1) {
            if let Some(oldest) = self.events.pop_front() {
                self.bytes -= oldest.bytes();
            }
        }
        Pushed::Appended
    }

    /// Erases what was said in a message, as the log does.
    fn erase(&mut self, message: u64) {
        for news in &mut self.events {
            if let Some(left) = news.without(message) {
                self.bytes = self.bytes - news.bytes() + left.bytes();
                *news = Arc::new(left);
            }
        }
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
            text: None,
            deletes: None,
            encoded: vec![0; bytes].into(),
            trace: None,
        })
    }

    /// Something said in a message, itself or by an edit.
    fn said(seq: u64, message: u64, text: &'static [u8]) -> Arc<RoomNews> {
        let news = Arc::into_inner(news(seq, 0)).expect("one");
        let blanked = Bytes::from_static(b"blanked");
        Arc::new(RoomNews { text: Some(Text { message, blanked }), encoded: Bytes::from_static(text), ..news })
    }

    fn deletion(seq: u64, message: u64) -> Arc<RoomNews> {
        let news = Arc::into_inner(news(seq, 0)).expect("one");
        Arc::new(RoomNews { deletes: Some(message), encoded: Bytes::from_static(b"deleted"), ..news })
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
            text: None,
            deletes: None,
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

    #[test]
    fn what_was_said_in_a_message_is_said_no_more_once_it_is_deleted() {
        let mut ring = Ring::at(place(0));
        let (of_one, of_two) = (&b"of the first"[..], &b"of the second"[..]);
        for news in [said(1, 1, of_one), said(2, 2, of_two), said(3, 1, of_one), said(4, 2, of_two), deletion(5, 1)] {
            assert_eq!(ring.push(news), Pushed::Appended);
        }
        let events = ring.after(&place(0), 10, usize::MAX).expect("all are there");
        let told: Vec<_> = events.iter().map(|news| (news.place.seq, news.encoded.as_ref())).collect();
        assert_eq!(told, [(1, &b"blanked"[..]), (2, of_two), (3, b"blanked"), (4, of_two), (5, b"deleted")]);
        assert_eq!(ring.bytes, ring.events.iter().map(|news| news.bytes()).sum::<usize>());
    }

    #[test]
    fn an_event_of_which_nothing_is_left_may_have_removed_anybody() {
        let (user, other) = (UserId::from_uuid(Uuid::from_u128(1)), UserId::from_uuid(Uuid::from_u128(2)));
        let mut event = Arc::into_inner(news(1, 0)).expect("one");
        event.members = vec![(user, false), (other, true)];
        assert!(event.may_remove(user) && !event.may_remove(other));
        event = RoomNews { members: Vec::new(), is_erased: true, ..event };
        assert!(event.may_remove(user) && event.may_remove(other));
    }
}
