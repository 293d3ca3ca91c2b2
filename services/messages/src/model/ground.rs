//! What commands are judged by: a room, and those of its messages that are known, as of one place in its log.

use std::{collections::HashMap, sync::Arc};

use loquat_ids::MessageId;

use super::{
    Change, Command, Deed, EventClass, Intent, Message, MessageFold, MessagePlace, Refusal, Role, RoomEvent, RoomState,
    message_fold::MAX_EDITS,
};

/// How many messages are kept from one batch to the next.
const KEPT_MESSAGES: usize = 128;

/// A message as its event brought it, and what has become of it. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoldedMessage {
    pub(crate) event: Arc<RoomEvent>,
    pub(crate) fold: Arc<MessageFold>,
}

/// Messages as of a place: nothing for one that the room does not have there.
pub(crate) type FoldedMessages = HashMap<MessageId, Option<FoldedMessage>>;

/// A room and some of its messages at one place. What is not among the messages is not known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ground {
    room: RoomState,
    messages: FoldedMessages,
}

/// Why a command is not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Refused(Refusal),
    /// The message is so already.
    Unchanged(Message),
    /// The message has to be read first.
    Unread(MessageId),
}

impl Ground {
    pub(crate) const fn room(&self) -> &RoomState {
        &self.room
    }

    pub(crate) fn knows(&self, message: MessageId) -> bool {
        self.messages.contains_key(&message)
    }

    /// Takes what was read: the room, and messages as of the same place. What was known as of another place is forgotten.
    pub(crate) fn learn(&mut self, room: RoomState, messages: FoldedMessages) {
        if self.room.head() != room.head() {
            self.messages.clear();
        }
        self.room = room;
        self.messages.extend(messages);
    }

    /// Forgets messages where too many are known.
    pub(crate) fn trim(&mut self) {
        if self.messages.len() > KEPT_MESSAGES {
            self.messages.clear();
        }
    }

    /// Takes the next event, and returns the message that it is about, as it is then.
    pub(crate) fn apply(&mut self, event: &Arc<RoomEvent>) -> Option<Message> {
        self.room.apply(event);
        if let Some(unknown) = self.messages.get_mut(&event.message_id()) {
            // Somebody asked for the message before it was there.
            *unknown = None;
            if matches!(event.change, Change::MessageSent { .. }) {
                *unknown = Some(FoldedMessage { event: Arc::clone(event), fold: Arc::default() });
            }
        }
        let place = event.change.message()?;
        let folded = self.messages.get_mut(&place.id)?.as_mut()?;
        // What an event cannot change stays as it is.
        drop(Arc::make_mut(&mut folded.fold).apply(event));
        let folded = folded.clone();
        Some(self.message(folded))
    }

    /// Goes on by what stands in the log from the last event here on, that one included, and returns the room and some
    /// messages as of the last of it. Nothing where a message is not known here, or this is no beginning of that log.
    pub(crate) fn followed_by(
        &self,
        events: &[Arc<RoomEvent>],
        messages: &[MessageId],
    ) -> Option<(RoomState, FoldedMessages)> {
        let (here, later) = events.split_first()?;
        if self.room.head() != Some(here.head()) || !messages.iter().all(|message| self.knows(*message)) {
            return None;
        }
        let mut ground = self.clone();
        for event in later {
            // A message that came since may be blank by now, which only what is kept of it tells.
            let is_asked_for = event.change.class() == EventClass::Message && messages.contains(&event.message_id());
            if event.seq != ground.room.seq().next() || is_asked_for {
                return None;
            }
            ground.apply(event);
        }
        let known = messages.iter().map(|message| (*message, ground.messages.get(message).cloned().flatten()));
        Some((ground.room.clone(), known.collect()))
    }

    /// Judges a command here, and says what it makes happen.
    pub(crate) fn judge(&self, command: &Command) -> Result<Change, Verdict> {
        let is_member = self.room.is_member(command.actor);
        match &command.intent {
            Intent::ChangeRoom { version, change } if *version == self.room.version().next() => Ok(change.clone()),
            Intent::ChangeRoom { .. } => Err(Verdict::Refused(Refusal::VersionOutOfOrder)),
            _ if !is_member => Err(Verdict::Refused(Refusal::RoomNotFound)),
            Intent::Send { request_id, text } => {
                Ok(Change::MessageSent { request_id: request_id.clone(), text: text.clone() })
            }
            Intent::ChangeMessage { message, deed } => {
                let unread = Verdict::Unread(*message);
                let folded = self.messages.get(message).ok_or(unread)?.clone();
                let not_found = Verdict::Refused(Refusal::MessageNotFound(*message));
                let view = self.room.view_of(command.actor);
                let is_shown = |folded: &FoldedMessage| view.is_some_and(|view| view.shows(folded.event.seq));
                let message = self.message(folded.filter(is_shown).ok_or(not_found)?);
                self.judge_deed(command, &message, deed)
            }
        }
    }

    fn judge_deed(&self, command: &Command, message: &Message, deed: &Deed) -> Result<Change, Verdict> {
        let (actor, place) = (command.actor, message.place());
        let is_sender = message.sender() == Some(actor);
        let may = match deed {
            Deed::Edit(_) => is_sender,
            Deed::Delete => is_sender || self.room.role(actor) == Some(Role::Owner),
            Deed::AddReaction(_) | Deed::RemoveReaction(_) | Deed::Pin | Deed::Unpin => true,
        };
        let change = match deed {
            _ if !may => Err(Refusal::NotTheSender),
            _ if message.is_deleted() => Err(Refusal::MessageDeleted),
            Deed::Edit(_) if message.fold.edits.len() >= MAX_EDITS => Err(Refusal::MessageFull),
            Deed::Edit(text) => Ok(Change::MessageEdited {
                message: place,
                text: text.clone(),
                edit_count: u32::try_from(message.fold.edits.len() + 1).unwrap_or(u32::MAX),
            }),
            Deed::Delete => Ok(Change::MessageDeleted { message: place, unpins: message.is_pinned }),
            Deed::AddReaction(emoji) | Deed::RemoveReaction(emoji) => {
                let is_added = matches!(deed, Deed::AddReaction(_));
                if message.fold.has_reaction(emoji, actor) == is_added {
                    return Err(Verdict::Unchanged(message.clone()));
                }
                if is_added && !message.fold.has_room_for(emoji) {
                    return Err(Verdict::Refused(Refusal::MessageFull));
                }
                Ok(Change::ReactionChanged { message: place, emoji: emoji.clone(), is_added })
            }
            Deed::Pin | Deed::Unpin => return self.judge_pin(message, place, *deed == Deed::Pin),
        };
        change.map_err(Verdict::Refused)
    }

    fn judge_pin(&self, message: &Message, place: MessagePlace, is_pinned: bool) -> Result<Change, Verdict> {
        if message.is_pinned == is_pinned {
            return Err(Verdict::Unchanged(message.clone()));
        }
        if is_pinned && !self.room.has_room_for_a_pin() {
            return Err(Verdict::Refused(Refusal::PinsFull));
        }
        Ok(Change::PinChanged { message: place, is_pinned })
    }

    fn message(&self, folded: FoldedMessage) -> Message {
        let is_pinned = self.room.is_pinned(folded.event.seq);
        Message { event: folded.event, fold: folded.fold, is_pinned, as_of: self.room.seq() }
    }
}

#[cfg(test)]
mod tests;
