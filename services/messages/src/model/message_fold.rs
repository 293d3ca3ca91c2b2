//! What has become of a message: a fold of the changes to it, in the order of the log.

use loquat_ids::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::{Change, ChangeKind, Emoji, MessageText, RoomEvent, Seq};

/// The most edits of a message, as the contract says.
pub(crate) const MAX_EDITS: usize = 100;
/// The most kinds of reaction to a message, as the contract says.
pub(crate) const MAX_REACTION_KINDS: usize = 20;

/// All that happened to a message by a place in the log, pins aside: those are the room's.
///
/// Stores keep it as this is serialised: fields may be added, never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct MessageFold {
    /// The last change in it; 0 where nothing happened. Stores keep it beside the rest.
    #[serde(skip)]
    pub(crate) as_of: Seq,
    /// The text of the last edit. Nothing before the first, and after the deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<MessageText>,
    /// Where the edits stand, so that they can be blanked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) edits: Vec<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) edit_time: Option<Timestamp>,
    #[serde(default)]
    pub(crate) is_deleted: bool,
    /// In the order in which the first of each kind came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) reactions: Vec<Reaction>,
}

/// Everybody who reacted with one emoji, in the order in which they did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reaction {
    pub(crate) emoji: Emoji,
    pub(crate) users: Vec<UserId>,
}

/// An event that cannot be what the log says that it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfoldable {
    #[error("a change of a message that comes after it")]
    MessageComesAfter,
    #[error("a reaction of nobody")]
    NobodysReaction,
}

impl MessageFold {
    /// Takes the next event that is about the message. Events at or below [`MessageFold::as_of`] are in it already.
    ///
    /// # Errors
    /// Where the event says what cannot be. It is then left out.
    pub(crate) fn apply(&mut self, event: &RoomEvent) -> Result<(), Unfoldable> {
        if event.seq <= self.as_of {
            return Ok(());
        }
        if event.change.message().is_some_and(|message| message.seq >= event.seq) {
            return Err(Unfoldable::MessageComesAfter);
        }
        match &event.change {
            Change::MessageEdited { text, .. } => self.edit(event, Some(text.clone())),
            // What it said is gone, and the deletion for which it was erased is in the log too.
            Change::Blanked { was: ChangeKind::MessageEdited, .. } => self.edit(event, None),
            Change::MessageDeleted { .. } => {
                self.is_deleted = true;
                self.text = None;
                self.reactions.clear();
            }
            Change::ReactionChanged { emoji, is_added, .. } => {
                let user = event.actor.ok_or(Unfoldable::NobodysReaction)?;
                if *is_added { self.add_reaction(emoji, user) } else { self.remove_reaction(emoji, user) }
            }
            _ => return Ok(()),
        }
        self.as_of = event.seq;
        Ok(())
    }

    /// Tells whether somebody reacted with an emoji.
    pub(crate) fn has_reaction(&self, emoji: &Emoji, user: UserId) -> bool {
        self.reactions.iter().any(|reaction| reaction.emoji == *emoji && reaction.users.contains(&user))
    }

    /// Tells whether one more person may react with an emoji.
    pub(crate) fn has_room_for(&self, emoji: &Emoji) -> bool {
        self.reactions.len() < MAX_REACTION_KINDS || self.reactions.iter().any(|reaction| reaction.emoji == *emoji)
    }

    fn edit(&mut self, event: &RoomEvent, text: Option<MessageText>) {
        self.edits.push(event.seq);
        self.edit_time = Some(event.create_time);
        self.text = text;
    }

    fn add_reaction(&mut self, emoji: &Emoji, user: UserId) {
        match self.reactions.iter_mut().find(|reaction| reaction.emoji == *emoji) {
            Some(reaction) if reaction.users.contains(&user) => {}
            Some(reaction) => reaction.users.push(user),
            None => self.reactions.push(Reaction { emoji: emoji.clone(), users: vec![user] }),
        }
    }

    fn remove_reaction(&mut self, emoji: &Emoji, user: UserId) {
        for reaction in self.reactions.iter_mut().filter(|reaction| reaction.emoji == *emoji) {
            reaction.users.retain(|one| *one != user);
        }
        self.reactions.retain(|reaction| !reaction.users.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::{ALICE, BOB, blanked, deleted, edited, emoji, reacted, room};

    fn folded(events: &[RoomEvent]) -> MessageFold {
        let mut fold = MessageFold::default();
        for event in events {
            fold.apply(event).expect("an event of the message");
        }
        fold
    }

    fn at(seq: u64, actor: UserId, change: Change) -> RoomEvent {
        (*crate::model::fixture::changed(room(1), seq, actor, change)).clone()
    }

    #[test]
    fn an_event_that_is_in_it_already_changes_nothing() {
        let events = [
            at(3, ALICE, edited(2, 1, "other")),
            at(4, BOB, reacted(2, "👍", true)),
            at(5, BOB, reacted(2, "👍", false)),
            at(6, BOB, reacted(2, "🎉", true)),
        ];
        let once = folded(&events);
        let mut twice = once.clone();
        for event in &events {
            twice.apply(event).expect("an event of the message");
        }
        assert_eq!(once, twice);
        assert_eq!((once.as_of, once.edits.len(), once.reactions.len()), (Seq::new(6), 1, 1));
    }

    #[test]
    fn kinds_of_reaction_stand_in_the_order_of_the_first_of_each() {
        let fold = folded(&[
            at(3, ALICE, reacted(2, "👍", true)),
            at(4, BOB, reacted(2, "🎉", true)),
            at(5, BOB, reacted(2, "👍", true)),
            at(6, ALICE, reacted(2, "👍", false)),
        ]);
        assert_eq!(
            fold.reactions,
            [Reaction { emoji: emoji("👍"), users: vec![BOB] }, Reaction { emoji: emoji("🎉"), users: vec![BOB] }]
        );
        let fold = folded(&[
            at(3, ALICE, reacted(2, "👍", true)),
            at(4, BOB, reacted(2, "🎉", true)),
            at(5, ALICE, reacted(2, "👍", false)),
            at(6, ALICE, reacted(2, "👍", true)),
        ]);
        assert_eq!(fold.reactions[0].emoji, emoji("🎉"), "a kind that went and came again is the youngest");
    }

    #[test]
    fn a_blanked_edit_counts_as_the_edit_did() {
        let whole = folded(&[at(3, ALICE, edited(2, 1, "other")), at(4, ALICE, deleted(2, false))]);
        let erased = folded(&[at(3, ALICE, blanked(2)), at(4, ALICE, deleted(2, false))]);
        assert_eq!(whole, erased);
        assert_eq!((whole.is_deleted, whole.text, whole.edits), (true, None, vec![Seq::new(3)]));
    }

    #[test]
    fn what_cannot_be_is_left_out_and_told() {
        let mut fold = MessageFold::default();
        assert_eq!(fold.apply(&at(3, ALICE, edited(3, 1, "x"))), Err(Unfoldable::MessageComesAfter));
        assert_eq!(fold, MessageFold::default());
    }
}
