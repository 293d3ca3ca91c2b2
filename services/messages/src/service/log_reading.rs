//! Reading a log as gateways do: from a cursor, for themselves or for a reader.

use loquat_ids::{RoomId, UserId};

use super::RoomLogs;
use crate::{
    error::MessagesError,
    model::{ResetReason, RoomCursor, RoomEvent, RoomState, Seq},
    ports::Stretch,
    room_actor::read_changes,
};

/// What to read.
#[derive(Debug, Clone)]
pub(crate) struct LogReading {
    pub(crate) room: RoomId,
    /// On whose behalf. Nobody's for a gateway itself.
    pub(crate) reader: Option<UserId>,
    /// After which place. Nothing for the head alone.
    pub(crate) after: Option<RoomCursor>,
    pub(crate) page_size: u32,
}

/// A stretch of a log, or why there is none.
#[derive(Debug)]
pub(crate) struct LogPage {
    pub(crate) events: Result<Vec<RoomEvent>, ResetReason>,
    pub(crate) head: RoomCursor,
    /// Whether the reader is a member as of the last event, or of the head where there is none.
    pub(crate) is_member: bool,
}

impl RoomLogs {
    /// Reads what follows a cursor. A reader who is no member any more is given what came up to its removal.
    ///
    /// # Errors
    /// [`MessagesError::RoomNotFound`] where the room has no log, or the reader never was in it.
    pub(crate) async fn read_log(&self, reading: &LogReading) -> Result<LogPage, MessagesError> {
        let room = reading.room;
        let state = self.state(room).await?;
        let not_found = MessagesError::RoomNotFound { room };
        let Some(head) = state.head() else { return Err(not_found) };
        let through = match reading.reader.map(|reader| state.standing(reader)) {
            None => head.seq,
            Some(None) => return Err(not_found),
            Some(Some(standing)) if standing.role.is_some() => head.seq,
            Some(Some(removal)) => removal.since,
        };
        let events = self.events_after(reading, &state, through).await?;
        let last = events.as_ref().ok().and_then(|events| events.last()).map_or(head.seq, |event| event.seq);
        let is_member = match reading.reader {
            None => false,
            Some(reader) => self.is_member_at(room, reader, &state, last).await?,
        };
        Ok(LogPage { events, head: self.cursor(Some(head)), is_member })
    }

    async fn events_after(
        &self,
        reading: &LogReading,
        state: &RoomState,
        through: Seq,
    ) -> Result<Result<Vec<RoomEvent>, ResetReason>, MessagesError> {
        let Some(after) = &reading.after else { return Ok(Ok(Vec::new())) };
        if after.epoch != self.store.epoch() {
            return Ok(Err(ResetReason::EpochChanged));
        }
        if after.seq > state.seq() {
            return Ok(Err(ResetReason::LogEndsEarlier));
        }
        // The event at the cursor comes with the events after it: one read.
        let from = if after.seq == Seq::ZERO { Seq::ZERO } else { after.seq.previous() };
        let stretch = Stretch { after: from, through: through.max(after.seq) };
        let mut events = self.store.read_events(reading.room, stretch, reading.page_size.saturating_add(1)).await?;
        if after.seq == Seq::ZERO {
            events.truncate(reading.page_size as usize);
        } else if events.is_empty() || after.event_id != Some(events.remove(0).event_id) {
            return Ok(Err(ResetReason::EventDiffers));
        }
        Ok(Ok(events))
    }

    async fn is_member_at(
        &self,
        room: RoomId,
        reader: UserId,
        state: &RoomState,
        place: Seq,
    ) -> Result<bool, MessagesError> {
        if state.standing(reader).is_some_and(|standing| standing.since <= place) {
            return Ok(state.is_member(reader));
        }
        // The reader came or went after the place: fold the log up to there.
        let mut earlier = RoomState::default();
        read_changes(&*self.store, room, &mut earlier, place).await?;
        Ok(earlier.is_member(reader))
    }
}
