//! Messages as they are at the head of a log: the fold, and the tail beyond it.

use std::{collections::HashMap, sync::Arc};

use loquat_ids::{EventId, MessageId, RoomId};

use super::tail;
use crate::{
    model::{EventClass, FoldedMessage, FoldedMessages, MessageFold, RoomEvent, RoomState, Seq},
    ports::{Folds, MessageFolds, MessageStore, StoreError},
};

/// Events of messages, and what was kept of what has become of them when it was read.
///
/// It has to be read before the head that the tail goes to: then nothing in it lies beyond that head, and nothing between
/// the two is missed.
#[derive(Debug)]
pub(crate) struct Folded {
    events: Vec<Arc<RoomEvent>>,
    folds: Folds,
}

impl Folded {
    /// Reads what is kept of some messages.
    pub(crate) async fn read(
        store: &dyn MessageFolds,
        room: RoomId,
        events: Vec<Arc<RoomEvent>>,
    ) -> Result<Self, StoreError> {
        let places: Vec<_> = events.iter().map(|event| event.seq).collect();
        let folds = if places.is_empty() { Folds::default() } else { store.read_folds(room, &places).await? };
        Ok(Self { events, folds })
    }

    /// Tells whether anything in it is of after a place.
    pub(crate) fn is_beyond(&self, place: Seq) -> bool {
        self.folds.folds.iter().any(|(_, fold)| fold.as_of > place)
    }

    /// Completes the messages up to the head of a state, in the order of the events.
    pub(crate) async fn up_to(
        self,
        store: &dyn MessageFolds,
        room: RoomId,
        state: &RoomState,
    ) -> Result<Vec<FoldedMessage>, StoreError> {
        let mut folds: HashMap<Seq, MessageFold> = self.folds.folds.into_iter().collect();
        if !self.events.is_empty() {
            for event in tail::read_tail(store, room, self.folds.folded_to, state).await? {
                let Some(place) = event.change.message() else { continue };
                if self.events.iter().any(|message| message.seq == place.seq) {
                    // What cannot be folded is left out: the folder tells of it.
                    drop(folds.entry(place.seq).or_default().apply(&event));
                }
            }
        }
        let messages = self.events.into_iter().map(|event| {
            let fold = folds.remove(&event.seq).unwrap_or_default();
            FoldedMessage { event, fold: Arc::new(fold) }
        });
        Ok(messages.collect())
    }
}

/// Reads messages by their ids. `state` is called after what is kept of them was read, and gives the head up to which they
/// are completed.
pub(crate) async fn read_messages<S>(
    store: &dyn MessageStore,
    room: RoomId,
    messages: &[MessageId],
    state: S,
) -> Result<(RoomState, FoldedMessages), StoreError>
where
    S: Future<Output = Result<RoomState, StoreError>>,
{
    if messages.is_empty() {
        return Ok((state.await?, FoldedMessages::new()));
    }
    let ids: Vec<_> = messages.iter().map(|message| EventId::from_uuid(message.as_uuid())).collect();
    let events = store.find_events(room, &ids).await?;
    let events = events.into_iter().filter(|event| event.change.class() == EventClass::Message).map(Arc::new);
    let folded = Folded::read(store, room, events.collect()).await?;
    let state = state.await?;
    let found = folded.up_to(store, room, &state).await?;
    let mut known: FoldedMessages = messages.iter().map(|message| (*message, None)).collect();
    known.extend(found.into_iter().map(|message| (message.event.message_id(), Some(message))));
    Ok((state, known))
}
