//! Bringing a room's state up to the head of its log.

use loquat_ids::RoomId;

use crate::{
    model::{RoomState, Seq},
    ports::{RoomLogStore, StoreError, Stretch},
};

const PAGE_EVENTS: u32 = 500;

/// Reads the head and, from an earlier state on, what changed the room up to it. It costs what changed, not what was said.
pub(crate) async fn read_state(
    store: &dyn RoomLogStore,
    room: RoomId,
    earlier: RoomState,
) -> Result<RoomState, StoreError> {
    let head = store.head(room).await?;
    // A log that does not go on from the state is another one, restored under our feet: read it from its beginning.
    let mut state = if earlier.may_precede(head) { earlier } else { RoomState::default() };
    let Some(head) = head else { return Ok(state) };
    if state.seq() < head.seq {
        read_changes(store, room, &mut state, head.seq).await?;
        state.advance_to(head);
    }
    Ok(state)
}

/// Applies what changed a room after the state, up to and with a place.
async fn read_changes(
    store: &dyn RoomLogStore,
    room: RoomId,
    state: &mut RoomState,
    through: Seq,
) -> Result<(), StoreError> {
    loop {
        let stretch = Stretch { after: state.seq(), through };
        let events = store.read_state_events(room, stretch, PAGE_EVENTS).await?;
        for event in &events {
            state.apply(event);
        }
        if events.len() < PAGE_EVENTS as usize {
            return Ok(());
        }
    }
}
