//! The rules once more, told by the log alone and without any of the code that keeps them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use loquat_ids::{MessageId, UserId};

use crate::model::{Change, Command, Deed, Intent, Message, Refusal, Role, RoomEvent};

/// A room and all its messages, after some events.
#[derive(Debug, Clone, Default)]
pub(super) struct Reference {
    roles: BTreeMap<UserId, Role>,
    version: u64,
    length: u64,
    /// Where each person's absence began, and which places were hidden from whom by absences that ended.
    away_since: BTreeMap<UserId, u64>,
    hidden: BTreeSet<(UserId, u64)>,
    messages: BTreeMap<MessageId, Said>,
}

/// A message.
#[derive(Debug, Clone)]
struct Said {
    seq: u64,
    sender: UserId,
    text: String,
    edits: usize,
    is_deleted: bool,
    is_pinned: bool,
    /// Who reacted with what, in the order in which they did.
    reactions: Vec<(UserId, String)>,
}

/// What becomes of a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    Written,
    Unchanged,
    Refused(Refusal),
}

impl Reference {
    /// Returns the room after none of the events, the first, the first two …
    pub(super) fn along(log: &[Arc<RoomEvent>]) -> Vec<Self> {
        let mut states = vec![Self::default()];
        for event in log {
            let mut next = states.last().expect("one").clone();
            next.apply(event);
            states.push(next);
        }
        states
    }

    pub(super) fn rule(&self, command: &Command) -> Ruling {
        let actor = command.actor;
        let (id, deed) = match &command.intent {
            Intent::ChangeRoom { version, .. } if version.0 == self.version + 1 => return Ruling::Written,
            Intent::ChangeRoom { .. } => return Ruling::Refused(Refusal::VersionOutOfOrder),
            _ if !self.roles.contains_key(&actor) => return Ruling::Refused(Refusal::RoomNotFound),
            Intent::Send { .. } => return Ruling::Written,
            Intent::ChangeMessage { message, deed } => (message, deed),
        };
        let Some(said) = self.messages.get(id).filter(|said| !self.hidden.contains(&(actor, said.seq))) else {
            return Ruling::Refused(Refusal::MessageNotFound(*id));
        };
        let may = match deed {
            Deed::Edit(_) => said.sender == actor,
            Deed::Delete => said.sender == actor || self.roles.get(&actor) == Some(&Role::Owner),
            _ => true,
        };
        if !may {
            return Ruling::Refused(Refusal::NotTheSender);
        }
        if said.is_deleted {
            return Ruling::Refused(Refusal::MessageDeleted);
        }
        let changes = match deed {
            Deed::Edit(_) | Deed::Delete => true,
            Deed::AddReaction(emoji) => !said.reactions.contains(&(actor, emoji.as_str().to_owned())),
            Deed::RemoveReaction(emoji) => said.reactions.contains(&(actor, emoji.as_str().to_owned())),
            Deed::Pin => !said.is_pinned,
            Deed::Unpin => said.is_pinned,
        };
        if changes { Ruling::Written } else { Ruling::Unchanged }
    }

    /// Tells whether an event may be the next.
    pub(super) fn allows(&self, event: &RoomEvent) -> bool {
        let actor = event.actor.expect("somebody's doing");
        let may_speak = self.roles.contains_key(&actor);
        let place = event.change.message();
        let said = place.and_then(|place| self.messages.get(&place.id).filter(|said| said.seq == place.seq.get()));
        let said = said.filter(|said| !said.is_deleted && !self.hidden.contains(&(actor, said.seq)));
        let is_owner = self.roles.get(&actor) == Some(&Role::Owner);
        match (&event.change, said) {
            (Change::MessageSent { .. }, _) => may_speak,
            (Change::MessageEdited { edit_count, .. }, Some(said)) => {
                may_speak && said.sender == actor && *edit_count as usize == said.edits + 1
            }
            (Change::MessageDeleted { unpins, .. }, Some(said)) => {
                may_speak && (said.sender == actor || is_owner) && *unpins == said.is_pinned
            }
            (Change::ReactionChanged { emoji, is_added, .. }, Some(said)) => {
                may_speak && said.reactions.contains(&(actor, emoji.as_str().to_owned())) != *is_added
            }
            (Change::PinChanged { is_pinned, .. }, Some(said)) => may_speak && said.is_pinned != *is_pinned,
            (change, _) => change.version().is_some_and(|version| version.0 == self.version + 1),
        }
    }

    pub(super) fn apply(&mut self, event: &RoomEvent) {
        self.length += 1;
        let actor = event.actor.expect("somebody's doing");
        match &event.change {
            Change::RoomCreated { memberships, .. } => {
                self.roles.extend(memberships.iter().map(|membership| (membership.user, membership.role)));
            }
            Change::MembershipsChanged { changes, .. } => {
                for change in changes {
                    self.move_person(change.user, change.role);
                }
            }
            Change::MessageSent { text, .. } => {
                let said = Said {
                    seq: self.length,
                    sender: actor,
                    text: text.as_str().to_owned(),
                    edits: 0,
                    is_deleted: false,
                    is_pinned: false,
                    reactions: Vec::new(),
                };
                self.messages.insert(event.message_id(), said);
            }
            change => {
                let place = change.message().expect("a change of a message");
                self.messages.get_mut(&place.id).expect("a message").change(actor, change);
            }
        }
        self.version += u64::from(event.change.version().is_some());
    }

    fn move_person(&mut self, user: UserId, role: Option<Role>) {
        match role {
            Some(role) => {
                self.roles.insert(user, role);
                if let Some(since) = self.away_since.remove(&user) {
                    self.hidden.extend((since + 1..self.length).map(|seq| (user, seq)));
                }
            }
            None => {
                if self.roles.remove(&user).is_some() || self.away_since.contains_key(&user) {
                    self.away_since.insert(user, self.length);
                }
            }
        }
    }

    /// Tells whether a message is so here.
    pub(super) fn agrees(&self, message: &Message) -> bool {
        let Some(said) = self.messages.get(&message.id()) else { return false };
        let reactions = message.reactions().iter();
        let mut reactions: Vec<_> = reactions
            .flat_map(|reaction| reaction.users.iter().map(|user| (*user, reaction.emoji.as_str().to_owned())))
            .collect();
        let mut expected = said.reactions.clone();
        reactions.sort();
        expected.sort();
        let text = message.text().map_or("", |text| text.as_str());
        said.seq == message.event.seq.get()
            && said.text == text
            && said.edits == message.fold.edits.len()
            && said.is_deleted == message.is_deleted()
            && said.is_pinned == message.is_pinned
            && expected == reactions
    }
}

impl Said {
    fn change(&mut self, actor: UserId, change: &Change) {
        match change {
            Change::MessageEdited { text, .. } => {
                self.text = text.as_str().to_owned();
                self.edits += 1;
            }
            Change::MessageDeleted { .. } => {
                self.text.clear();
                self.reactions.clear();
                (self.is_deleted, self.is_pinned) = (true, false);
            }
            Change::ReactionChanged { emoji, is_added: true, .. } => {
                self.reactions.push((actor, emoji.as_str().to_owned()));
            }
            Change::ReactionChanged { emoji, is_added: false, .. } => {
                self.reactions.retain(|one| *one != (actor, emoji.as_str().to_owned()));
            }
            Change::PinChanged { is_pinned, .. } => self.is_pinned = *is_pinned,
            other => panic!("not a change of a message: {other:?}"),
        }
    }
}
