//! What a reader is told of a stretch of its room's log. Streams and Sync judge cursors here, and nowhere else.

use loquat_ids::RoomId;

use crate::{
    model::{HiddenRange, Item, Place},
    ports::{ReadError, Stretch},
};

/// What a reader is told, and where it is then.
#[derive(Debug)]
pub(super) struct Followed {
    /// Events and hidden ranges, which together stand for every number from the reader's place to its new one; or one reset.
    pub items: Vec<Item>,
    /// Where the reader is after them.
    pub at: Place,
    /// From which number on a ring may serve the reader. Below it only the log knows what the reader may see.
    pub ring_from: u64,
    /// How it goes on.
    pub then: Then,
    /// Whether events were left out because of their bytes.
    pub is_cut: bool,
}

/// How a reader goes on after a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The log ended there when it was read.
    AtHead,
    /// There is more in the log.
    ReadOn,
    /// The reader is out of the room, and nothing follows for it.
    Out,
}

impl Followed {
    /// Returns whether the reader could go on from a ring.
    pub(super) fn has_use_of_ring(&self) -> bool {
        self.then != Then::Out && self.ring_from != FROM_LOG_ALONE
    }
}

/// No number is served from a ring.
pub(super) const FROM_LOG_ALONE: u64 = u64::MAX;

/// Judges a reader's place by the stretch of the log that was read from there, on the reader's behalf. Of the events it takes
/// as many as fit into some bytes, and at least one.
///
/// # Errors
///
/// [`ReadError::Unavailable`] where the answer leaves a hole: it is never passed on.
pub(super) fn follow(
    room: RoomId,
    at: Option<&Place>,
    stretch: Stretch,
    most_bytes: usize,
) -> Result<Followed, ReadError> {
    let Stretch { events, hidden, visible_from, head, reset, reader_is_member } = stretch;
    if let Some(reason) = reset {
        // Whoever is out does not learn the head.
        let items = reader_is_member.then(|| Item::RoomReset { room, head: head.clone(), reason });
        let then = if reader_is_member { Then::AtHead } else { Then::Out };
        return Ok(Followed { items: items.into_iter().collect(), ring_from: head.seq, at: head, then, is_cut: false });
    }
    let Some(at) = at else {
        let then = if reader_is_member { Then::AtHead } else { Then::Out };
        return Ok(Followed { items: Vec::new(), ring_from: head.seq, at: head, then, is_cut: false });
    };
    if events.is_empty() && !reader_is_member {
        return Ok(Followed {
            items: Vec::new(),
            at: at.clone(),
            ring_from: FROM_LOG_ALONE,
            then: Then::Out,
            is_cut: false,
        });
    }

    let (mut items, mut reached, mut bytes) = (Vec::with_capacity(events.len()), at.clone(), 0);
    let (mut hidden, mut is_whole) = (hidden.into_iter().peekable(), true);
    for news in events {
        bytes += news.encoded.len();
        if bytes > most_bytes && !items.is_empty() {
            is_whole = false;
            break;
        }
        while reached.seq + 1 < news.place.seq {
            let next = reached.seq + 1;
            let Some(range) = hidden.next_if(|range| range.from <= next && range.to < news.place.seq) else {
                return hole(room, next);
            };
            if range.to >= next {
                items.push(Item::Hidden { room, range: HiddenRange { from: next, to: range.to } });
                reached.seq = range.to;
            }
        }
        if reached.seq + 1 != news.place.seq {
            return hole(room, reached.seq + 1);
        }
        reached = news.place.clone();
        items.push(Item::RoomEvent(news));
    }
    // Where nothing is said of a member's next number, asking again would say no more.
    if items.is_empty() && reached.seq < head.seq {
        return hole(room, reached.seq + 1);
    }
    let is_at_head = is_whole && reader_is_member && reached.seq >= head.seq;
    // A member at the head sees all that follows, up to its own removal, which the reader finds in the ring.
    let ring_from = match (is_at_head, is_whole && reader_is_member) {
        (true, _) => reached.seq,
        (false, true) => visible_from,
        (false, false) => FROM_LOG_ALONE,
    };
    let then = if is_at_head { Then::AtHead } else { Then::ReadOn };
    Ok(Followed { items, at: reached, ring_from, then, is_cut: !is_whole })
}

fn hole(room: RoomId, seq: u64) -> Result<Followed, ReadError> {
    tracing::error!(%room, seq, "an answer of the room log leaves a hole: it is not passed on");
    Err(ReadError::Unavailable)
}
