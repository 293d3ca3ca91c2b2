//! What happened to messages and is not folded yet.

use loquat_ids::RoomId;

use crate::{
    model::{EventClass, RoomState, Seq},
    ports::{LogEntry, MessageFolds, StoreError, Stretch},
};

const PAGE_EVENTS: u32 = 500;

/// A part of a tail: its events, and up to where it has all of them.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) entries: Vec<LogEntry>,
    pub(super) through: Seq,
}

/// Reads a page of what happened to messages in a stretch, in order. With `has_state` also what changed the room's state:
/// a deletion that took a pin away is part of that.
pub(super) async fn read_page(
    store: &dyn MessageFolds,
    room: RoomId,
    stretch: Stretch,
    has_state: bool,
) -> Result<Page, StoreError> {
    let mut entries = store.read_entries(room, EventClass::Change, stretch, PAGE_EVENTS).await?;
    let mut through = end_of(&entries, stretch.through);
    if has_state {
        let state = store.read_entries(room, EventClass::State, Stretch { through, ..stretch }, PAGE_EVENTS).await?;
        through = end_of(&state, through);
        entries.extend(state);
        entries.retain(|entry| seq_of(entry) <= through);
        entries.sort_by_key(seq_of);
    }
    Ok(Page { entries, through })
}

/// Reads all that happened to messages after a place and up to the head of a state. What cannot be read is left out: the
/// folder tells of it.
pub(super) async fn read_tail(
    store: &dyn MessageFolds,
    room: RoomId,
    after: Seq,
    state: &RoomState,
) -> Result<Vec<crate::model::RoomEvent>, StoreError> {
    let mut stretch = Stretch { after, through: state.seq() };
    let mut events = Vec::new();
    while stretch.after < stretch.through {
        let page = read_page(store, room, stretch, state.last_unpinning() > stretch.after).await?;
        events.extend(page.entries.into_iter().flatten());
        stretch.after = page.through;
    }
    Ok(events)
}

/// A page that is full goes to its last event, any other to the end of what was asked for.
fn end_of(entries: &[LogEntry], through: Seq) -> Seq {
    let is_full = entries.len() >= PAGE_EVENTS as usize;
    entries.last().filter(|_| is_full).map_or(through, seq_of)
}

pub(super) fn seq_of(entry: &LogEntry) -> Seq {
    match entry {
        Ok(event) => event.seq,
        Err(undecodable) => undecodable.seq,
    }
}
