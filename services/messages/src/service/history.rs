//! Reading messages.

use std::sync::Arc;

use loquat_ids::{EventId, MessageId, RoomId, UserId};

use super::{
    RoomLogs,
    page_token::{Direction, PageStart},
};
use crate::{
    error::MessagesError,
    model::{Change, RoomCursor, RoomEvent, Seq},
    ports::{End, Stretch},
};

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
    /// In the order of `seq`.
    pub(crate) messages: Vec<RoomEvent>,
    /// Empty where there are no more, and after [`Anchor::Around`].
    pub(crate) next_page_token: String,
    /// Where the log stood when the page was read.
    pub(crate) cursor: RoomCursor,
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
        let state = self.state_for_member(room, reader).await?;
        let (head, cursor) = (state.seq(), self.cursor(state.head()));
        let start = match (anchor, page_token) {
            (Anchor::Around(seq), "") => {
                let messages = self.messages_around(room, seq.min(head.next()), head, page_size).await?;
                return Ok(MessagePage { messages, next_page_token: String::new(), cursor });
            }
            (Anchor::Newest, "") => PageStart { direction: Direction::Older, beyond: head.next() },
            (Anchor::Before(seq), "") => PageStart { direction: Direction::Older, beyond: seq.min(head.next()) },
            (Anchor::After(seq), "") => PageStart { direction: Direction::Newer, beyond: seq.min(head) },
            (_, token) => self.page_tokens.read(room, token)?,
        };
        let (mut events, has_more) = self.messages_from(room, start, head, page_size).await?;
        let last = match start.direction {
            Direction::Older => events.first(),
            Direction::Newer => events.last(),
        };
        let next = last.filter(|_| has_more).map(|last| PageStart { beyond: last.seq, ..start });
        let next_page_token = next.map(|next| self.page_tokens.write(room, next)).unwrap_or_default();
        events.retain(is_message);
        Ok(MessagePage { messages: events, next_page_token, cursor })
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
    ) -> Result<Arc<RoomEvent>, MessagesError> {
        let state = self.state_for_member(room, reader).await?;
        let event = self.store.find_event(room, EventId::from_uuid(message.as_uuid())).await?;
        // Nothing beyond the head that the reader was judged by: it may have been removed there.
        let event = event.filter(|event| is_message(event) && event.seq <= state.seq());
        event.map(Arc::new).ok_or(MessagesError::MessageNotFound { room, message })
    }

    /// Reads one event more than a page holds, to know whether there is another page.
    async fn messages_from(
        &self,
        room: RoomId,
        start: PageStart,
        head: Seq,
        page_size: u32,
    ) -> Result<(Vec<RoomEvent>, bool), MessagesError> {
        let (stretch, end) = match start.direction {
            Direction::Older => (Stretch { after: Seq::ZERO, through: start.beyond.previous().min(head) }, End::Newest),
            Direction::Newer => (Stretch { after: start.beyond, through: head }, End::Oldest),
        };
        let mut events = self.store.read_messages(room, stretch, end, page_size.saturating_add(1)).await?;
        let has_more = events.len() > page_size as usize;
        if has_more {
            match end {
                End::Newest => drop(events.remove(0)),
                End::Oldest => drop(events.pop()),
            }
        }
        Ok((events, has_more))
    }

    async fn messages_around(
        &self,
        room: RoomId,
        seq: Seq,
        head: Seq,
        page_size: u32,
    ) -> Result<Vec<RoomEvent>, MessagesError> {
        let before = Stretch { after: Seq::ZERO, through: seq.previous() };
        let from_here = Stretch { after: seq.previous(), through: head };
        let older = page_size / 2;
        let mut events = Vec::new();
        if older > 0 {
            events = self.store.read_messages(room, before, End::Newest, older).await?;
        }
        events.extend(self.store.read_messages(room, from_here, End::Oldest, page_size - older).await?);
        events.retain(is_message);
        Ok(events)
    }
}

const fn is_message(event: &RoomEvent) -> bool {
    matches!(event.change, Change::MessageSent { .. })
}
