//! Reading messages, as they are at the head of the log.

use std::sync::Arc;

use loquat_ids::{EventId, MessageId, RoomId, UserId};

use super::{
    RoomLogs,
    page_token::{Direction, PageStart},
};
use crate::{
    error::MessagesError,
    folding::Folded,
    model::{EventClass, Message, RoomCursor, RoomEvent, RoomState, Seq, SeqRange, View},
    ports::{End, MAX_BATCH_EVENTS, Stretch},
};

/// Of how many parts a page is put together at most, where ranges of the log are hidden from its reader. A page may be
/// shorter then, and the next one goes on.
const PARTS: usize = 16;

/// Where to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Newest,
    Before(Seq),
    After(Seq),
    Around(Seq),
}

/// A page of messages.
#[derive(Debug)]
pub(crate) struct MessagePage {
    /// In the order of `seq`, deleted ones included.
    pub(crate) messages: Vec<Message>,
    /// Empty where there are no more, and after [`Anchor::Around`].
    pub(crate) next_page_token: String,
    /// Where the log stood when the page was read. No message is beyond it.
    pub(crate) cursor: RoomCursor,
}

/// Events of messages, and where the next ones are.
struct Part {
    events: Vec<RoomEvent>,
    /// The place beyond which the rest lies. Nothing where there is none.
    rest_beyond: Option<Seq>,
}

impl RoomLogs {
    /// Returns a page of messages, none of them beyond the page's cursor.
    ///
    /// # Errors
    /// [`MessagesError::RoomNotFound`] where the reader is no member, and [`MessagesError::PageTokenInvalid`].
    pub(crate) async fn list_messages(
        &self,
        room: RoomId,
        reader: UserId,
        anchor: Anchor,
        page_size: u32,
        page_token: &str,
    ) -> Result<MessagePage, MessagesError> {
        let (state, view) = self.room_for_member(room, reader).await?;
        let (head, cursor) = (state.seq(), self.cursor(state.head()));
        let start = match (anchor, page_token) {
            (Anchor::Around(seq), "") => {
                let events = self.messages_around(room, seq.min(head.next()), &view, page_size).await?;
                let messages = self.complete(room, reader, state, events).await?;
                return Ok(MessagePage { messages, next_page_token: String::new(), cursor });
            }
            (Anchor::Newest, "") => PageStart { direction: Direction::Older, beyond: head.next() },
            (Anchor::Before(seq), "") => PageStart { direction: Direction::Older, beyond: seq.min(head.next()) },
            (Anchor::After(seq), "") => PageStart { direction: Direction::Newer, beyond: seq.min(head) },
            (_, token) => self.page_tokens.read(room, token)?,
        };
        let Part { events, rest_beyond } = self.messages_from(room, start, &view, page_size).await?;
        let next = rest_beyond.map(|beyond| PageStart { beyond, ..start });
        let next_page_token = next.map(|next| self.page_tokens.write(room, next)).unwrap_or_default();
        let messages = self.complete(room, reader, state, events).await?;
        Ok(MessagePage { messages, next_page_token, cursor })
    }

    /// Returns one message.
    ///
    /// # Errors
    /// [`MessagesError::RoomNotFound`] where the reader is no member, and [`MessagesError::MessageNotFound`].
    pub(crate) async fn get_message(
        &self,
        room: RoomId,
        reader: UserId,
        message: MessageId,
    ) -> Result<Message, MessagesError> {
        let (state, view) = self.room_for_member(room, reader).await?;
        let mut events = self.store.find_events(room, &[EventId::from_uuid(message.as_uuid())]).await?;
        // Nothing beyond the head that the reader was judged by: it may have been removed there.
        events.retain(|event| event.change.class() == EventClass::Message && view.shows(event.seq));
        let found = self.complete(room, reader, state, events).await?;
        found.into_iter().next().ok_or(MessagesError::MessageNotFound { room, message })
    }

    /// Returns the pinned messages, in the order of `seq`, and where the log stood.
    ///
    /// # Errors
    /// [`MessagesError::RoomNotFound`] where the reader is no member.
    pub(crate) async fn pinned_messages(
        &self,
        room: RoomId,
        reader: UserId,
    ) -> Result<(Vec<Message>, RoomCursor), MessagesError> {
        let (state, view) = self.room_for_member(room, reader).await?;
        let cursor = self.cursor(state.head());
        let places: Vec<_> = state.pins().filter(|seq| view.shows(*seq)).collect();
        let mut events = Vec::new();
        for places in places.chunks(MAX_BATCH_EVENTS) {
            events.extend(self.store.read_places(room, places).await?);
        }
        let mut messages = self.complete(room, reader, state, events).await?;
        // One that was unpinned meanwhile is as it is now: no longer one of these.
        messages.retain(|message| message.is_pinned);
        Ok((messages, cursor))
    }

    /// Completes messages with what has become of them, up to the head by which the reader was judged, or a later one by
    /// which it was judged again.
    async fn complete(
        &self,
        room: RoomId,
        reader: UserId,
        state: RoomState,
        events: Vec<RoomEvent>,
    ) -> Result<Vec<Message>, MessagesError> {
        let folded = Folded::read(&*self.store, room, events.into_iter().map(Arc::new).collect()).await?;
        let state = match folded.is_beyond(state.seq()) {
            true => self.room_for_member(room, reader).await?.0,
            false => state,
        };
        let messages = folded.up_to(&*self.store, room, &state).await?.into_iter().map(|message| Message {
            is_pinned: state.is_pinned(message.event.seq),
            as_of: state.seq(),
            event: message.event,
            fold: message.fold,
        });
        Ok(messages.collect())
    }

    /// Reads the messages nearest to a place that a reader may see.
    async fn messages_from(
        &self,
        room: RoomId,
        start: PageStart,
        view: &View,
        page_size: u32,
    ) -> Result<Part, MessagesError> {
        let (within, end) = match start.direction {
            Direction::Older => (SeqRange { from: Seq::new(1), to: start.beyond.previous() }, End::Newest),
            Direction::Newer => (SeqRange { from: start.beyond.next(), to: view.through }, End::Oldest),
        };
        let mut shown = view.shown_within(within);
        if end == End::Newest {
            shown.reverse();
        }
        // From the anchor outwards, one event more than the page holds: to know whether there is another page.
        let wanted = page_size as usize + 1;
        let mut events = Vec::new();
        let mut rest_beyond = None;
        for (part, range) in shown.into_iter().enumerate() {
            if part == PARTS {
                rest_beyond = Some(match end {
                    End::Newest => range.to.next(),
                    End::Oldest => range.from.previous(),
                });
                break;
            }
            let stretch = Stretch { after: range.from.previous(), through: range.to };
            let missing = u32::try_from(wanted - events.len()).unwrap_or(u32::MAX);
            let mut found = self.store.read_messages(room, stretch, end, missing).await?;
            if end == End::Newest {
                found.reverse();
            }
            events.extend(found);
            if events.len() == wanted {
                events.pop();
                rest_beyond = events.last().map(|last| last.seq);
                break;
            }
        }
        events.sort_by_key(|event: &RoomEvent| event.seq);
        Ok(Part { events, rest_beyond })
    }

    async fn messages_around(
        &self,
        room: RoomId,
        seq: Seq,
        view: &View,
        page_size: u32,
    ) -> Result<Vec<RoomEvent>, MessagesError> {
        let older = page_size / 2;
        let mut events = Vec::new();
        if older > 0 {
            let before = PageStart { direction: Direction::Older, beyond: seq };
            events = self.messages_from(room, before, view, older).await?.events;
        }
        let from_here = PageStart { direction: Direction::Newer, beyond: seq.previous() };
        events.extend(self.messages_from(room, from_here, view, page_size - older).await?.events);
        Ok(events)
    }
}
