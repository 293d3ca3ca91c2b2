//! Reading a log as gateways do: from a cursor, for themselves or for a reader.

use loquat_ids::{RoomId, UserId};

use super::RoomLogs;
use crate::{
    error::MessagesError,
    model::{ResetReason, RoomCursor, RoomEvent, RoomState, Seq, SeqRange, View},
    ports::Stretch,
};

/// Of how many parts an answer is put together at most, where ranges of the log are hidden from its reader. It may be
/// shorter then: its cursor lies before the head, and the next one goes on.
const PARTS: usize = 32;

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
    pub(crate) stretch: Result<LogStretch, ResetReason>,
    pub(crate) head: RoomCursor,
    /// Whether the reader is a member as of the last event, or of the head where there is none.
    pub(crate) is_member: bool,
    /// From where on nothing is hidden from the reader. 0 without one, and for one that is no member.
    pub(crate) whole_from: Seq,
}

/// Numbers of a log without a hole: the events, and the ranges that the reader may not see.
#[derive(Debug, Default)]
pub(crate) struct LogStretch {
    pub(crate) events: Vec<RoomEvent>,
    /// In order. Each lies before an event.
    pub(crate) hidden: Vec<SeqRange>,
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
        let view = match reading.reader {
            None => View::whole(head.seq),
            Some(reader) => state.view_of(reader).ok_or(not_found)?,
        };
        let stretch = self.stretch_after(reading, &state, &view).await?;
        let last = stretch.as_ref().ok().and_then(|stretch| stretch.events.last()).map_or(head.seq, |event| event.seq);
        let is_member = reading.reader.is_some_and(|reader| state.was_member(reader, last));
        let is_whole_for_somebody = reading.reader.is_some_and(|reader| state.is_member(reader));
        let whole_from = if is_whole_for_somebody { view.whole_from() } else { Seq::ZERO };
        Ok(LogPage { stretch, head: self.cursor(Some(head)), is_member, whole_from })
    }

    async fn stretch_after(
        &self,
        reading: &LogReading,
        state: &RoomState,
        view: &View,
    ) -> Result<Result<LogStretch, ResetReason>, MessagesError> {
        let Some(after) = &reading.after else { return Ok(Ok(LogStretch::default())) };
        if after.epoch != self.store.epoch() {
            return Ok(Err(ResetReason::EpochChanged));
        }
        if after.seq > state.seq() {
            return Ok(Err(ResetReason::LogEndsEarlier));
        }
        let shown = view.shown_within(SeqRange { from: after.seq.next(), to: view.through }).into_iter().take(PARTS);
        let mut parts: Vec<_> =
            shown.map(|range| Stretch { after: range.from.previous(), through: range.to }).collect();
        let mut left = reading.page_size as usize;
        if after.seq > Seq::ZERO {
            // The event at the cursor comes with the events after it, where those begin right there: one read.
            left += 1;
            match parts.first_mut() {
                Some(first) if first.after == after.seq => first.after = after.seq.previous(),
                _ => parts.insert(0, Stretch { after: after.seq.previous(), through: after.seq }),
            }
        }
        let mut stretch = LogStretch::default();
        let mut last = after.seq.previous();
        for part in parts {
            if left == 0 {
                break;
            }
            left = self.read_part(reading.room, part, &mut last, left, &mut stretch).await?;
        }
        if after.seq > Seq::ZERO {
            if stretch.events.first().map(|first| (first.seq, Some(first.event_id)))
                != Some((after.seq, after.event_id))
            {
                return Ok(Err(ResetReason::EventDiffers));
            }
            stretch.events.remove(0);
        }
        Ok(Ok(stretch))
    }

    /// Reads a part of a stretch, and counts what lies hidden before it as one event: at least one event follows.
    async fn read_part(
        &self,
        room: RoomId,
        part: Stretch,
        last: &mut Seq,
        mut left: usize,
        stretch: &mut LogStretch,
    ) -> Result<usize, MessagesError> {
        if *last < part.after {
            stretch.hidden.push(SeqRange { from: last.next(), to: part.after });
            left = left.saturating_sub(1).max(1);
        }
        let events = self.read_events(room, part, left).await?;
        left -= events.len().min(left);
        *last = events.last().map_or(*last, |event| event.seq);
        stretch.events.extend(events);
        Ok(left)
    }

    async fn read_events(&self, room: RoomId, stretch: Stretch, limit: usize) -> Result<Vec<RoomEvent>, MessagesError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        Ok(self.store.read_events(room, stretch, limit).await?)
    }
}
