//! A model of what Loquat promises: rooms with logs, and commands decided one after another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::history::{
    Action, Around, Change, Id, Membership, MessageSeen, Place, Reaction, Reply, Room, User, Written,
};

/// A room.
#[derive(Debug, Clone)]
pub(super) struct RoomModel {
    pub(super) owner: User,
    pub(super) is_private: bool,
    pub(super) members: BTreeSet<User>,
    pub(super) log: Vec<Logged>,
    pub(super) messages: BTreeMap<Id, MessageModel>,
    requests: HashMap<(User, String), (Action, Written)>,
}

/// An entry of a log.
#[derive(Debug, Clone)]
pub(super) struct Logged {
    pub(super) event: Id,
    pub(super) actor: Option<User>,
    pub(super) create_time: i64,
    pub(super) change: Change,
    pub(super) is_blanked: bool,
}

/// A message as it is now.
#[derive(Debug, Clone)]
pub(super) struct MessageModel {
    seen: MessageSeen,
    reactions: BTreeMap<String, BTreeSet<User>>,
    changed: u64,
}

/// What comes of a call.
pub(super) type Decision = Result<Reply, (&'static str, &'static str)>;

/// A call to decide.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) user: User,
    pub(super) room: Room,
    pub(super) request: String,
    pub(super) action: Action,
}

/// What each decision may use up.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    pub(super) ids: u128,
    pub(super) clock: i64,
    pub(super) roll: u64,
}

impl Sources {
    pub(super) fn id(&mut self) -> Id {
        self.ids += 1;
        Id(self.ids << 64 | 0x8000_0000_0000_0000 | self.ids)
    }
}

const NO_ROOM: (&str, &str) = ("NOT_FOUND", "ROOM_NOT_FOUND");
const DELETED: (&str, &str) = ("FAILED_PRECONDITION", "MESSAGE_DELETED");

impl RoomModel {
    pub(super) fn found(owner: User, members: &[User], is_private: bool, from: &mut Sources) -> Self {
        let mut room = Self {
            owner,
            is_private,
            members: members.iter().copied().collect(),
            log: Vec::new(),
            messages: BTreeMap::new(),
            requests: HashMap::new(),
        };
        room.append(from, owner, Change::Created { members: members.to_vec() });
        room
    }

    pub(super) fn head(&self) -> u64 {
        self.log.len() as u64
    }

    pub(super) fn place(&self, seq: u64, epoch: &str) -> Place {
        let event = (seq as usize).checked_sub(1).and_then(|index| self.log.get(index)).map(|logged| logged.event);
        Place { epoch: epoch.to_owned(), seq, event }
    }

    /// Returns when a user came and went.
    pub(super) fn comings(&self, user: User) -> Vec<(u64, bool)> {
        let mut comings = Vec::new();
        for (seq, logged) in (1..).zip(&self.log) {
            match &logged.change {
                Change::Created { members } if members.contains(&user) => comings.push((seq, true)),
                Change::Memberships { changes } => {
                    let of_user = changes.iter().filter(|change| change.user == user);
                    comings.extend(of_user.map(|change| (seq, change.is_member)));
                }
                _ => {}
            }
        }
        comings
    }

    fn append(&mut self, from: &mut Sources, actor: User, change: Change) -> (u64, Id, i64) {
        let event = from.id();
        let create_time = self.log.last().map_or(from.clock, |last| last.create_time.max(from.clock));
        self.log.push(Logged { event, actor: Some(actor), create_time, change, is_blanked: false });
        (self.head(), event, create_time)
    }

    /// Decides a call against the room as it is.
    pub(super) fn decide(&mut self, command: &Command, epoch: &str, from: &mut Sources) -> Decision {
        let Command { user, action, request, .. } = command;
        match action {
            Action::Join if self.is_private && self.comings(*user).is_empty() => Err(NO_ROOM),
            Action::Join => self.set_member(from, *user, *user, true),
            Action::Leave => self.set_member(from, *user, *user, false),
            _ if !self.members.contains(user) && request.is_empty() => Err(NO_ROOM),
            Action::Remove { target } if target == user => Err(("FAILED_PRECONDITION", "MEMBER_IS_CALLER")),
            Action::Remove { .. } if self.owner != *user => Err(("PERMISSION_DENIED", "")),
            Action::Remove { target } if *target == self.owner => Err(("FAILED_PRECONDITION", "MEMBER_IS_OWNER")),
            Action::Remove { target } => self.set_member(from, *user, *target, false),
            Action::Update { topic } => {
                self.append(from, *user, Change::Updated { topic: topic.clone() });
                Ok(Reply::Done)
            }
            Action::Page { around } => Ok(self.page(*around, epoch, from)),
            Action::Pins => Ok(self.pins(epoch, from)),
            Action::Get { message } => self.get(*message, from),
            _ => self.once(command, from),
        }
    }

    fn set_member(&mut self, from: &mut Sources, actor: User, user: User, is_member: bool) -> Decision {
        let has_changed = if is_member { self.members.insert(user) } else { self.members.remove(&user) };
        if has_changed {
            self.append(from, actor, Change::Memberships { changes: vec![Membership { user, is_member }] });
        }
        Ok(Reply::Done)
    }

    /// A command with a request id: a repeat is found before anything else is judged.
    fn once(&mut self, command: &Command, from: &mut Sources) -> Decision {
        let key = (command.user, command.request.clone());
        if let Some((action, written)) = self.requests.get(&key) {
            return match *action == command.action {
                true => Ok(Reply::Written(Written { is_repeat: true, ..written.clone() })),
                false => Err(("ALREADY_EXISTS", "REQUEST_ID_REUSED")),
            };
        }
        if !self.members.contains(&command.user) {
            return Err(NO_ROOM);
        }
        let written = self.write(command, from)?;
        if written.seq > 0 {
            self.requests.insert(key, (command.action.clone(), written.clone()));
        }
        Ok(Reply::Written(written))
    }

    fn write(&mut self, command: &Command, from: &mut Sources) -> Result<Written, (&'static str, &'static str)> {
        let user = command.user;
        let id = match &command.action {
            Action::Send { text } => {
                let change = Change::Sent { text: text.clone(), request: command.request.clone() };
                let (seq, message, create_time) = self.append(from, user, change);
                let seen = MessageSeen {
                    seq,
                    message,
                    sender: user,
                    text: text.clone(),
                    create_time,
                    edit_count: 0,
                    is_deleted: false,
                    is_pinned: false,
                    reactions: Vec::new(),
                    as_of: seq,
                };
                self.messages.insert(message, MessageModel { seen, reactions: BTreeMap::new(), changed: seq });
                return Ok(Written { seq, message, create_time: Some(create_time), is_repeat: false });
            }
            Action::Edit { message, .. }
            | Action::Delete { message }
            | Action::React { message, .. }
            | Action::Unreact { message, .. }
            | Action::Pin { message }
            | Action::Unpin { message } => *message,
            other => unreachable!("{other:?} is not written"),
        };
        let owner = self.owner;
        let Some(message) = self.messages.get_mut(&id) else { return Err(("NOT_FOUND", "MESSAGE_NOT_FOUND")) };
        if message.seen.is_deleted {
            return Err(DELETED);
        }
        let message_seq = message.seen.seq;
        let is_senders = message.seen.sender == user;
        let nothing = Written { seq: 0, message: id, create_time: None, is_repeat: false };
        let change = match &command.action {
            Action::Edit { text, .. } if is_senders => {
                message.seen.edit_count += 1;
                message.seen.text.clone_from(text);
                let edit_count = message.seen.edit_count;
                Change::Edited { message: id, message_seq, text: text.clone(), edit_count }
            }
            Action::Delete { .. } if is_senders || user == owner => Change::Deleted { message: id, message_seq },
            Action::Edit { .. } | Action::Delete { .. } => return Err(("PERMISSION_DENIED", "NOT_THE_SENDER")),
            Action::React { emoji, .. } => {
                if !message.reactions.entry(emoji.clone()).or_default().insert(user) {
                    return Ok(nothing);
                }
                Change::Reacted { message: id, message_seq, emoji: emoji.clone(), is_added: true }
            }
            Action::Unreact { emoji, .. } => {
                if !message.reactions.entry(emoji.clone()).or_default().remove(&user) {
                    return Ok(nothing);
                }
                Change::Reacted { message: id, message_seq, emoji: emoji.clone(), is_added: false }
            }
            action => {
                let is_pinned = matches!(action, Action::Pin { .. });
                if std::mem::replace(&mut message.seen.is_pinned, is_pinned) == is_pinned {
                    return Ok(nothing);
                }
                Change::Pinned { message: id, message_seq, is_pinned }
            }
        };
        if matches!(change, Change::Deleted { .. }) {
            self.blank(id);
        }
        let (seq, ..) = self.append(from, user, change);
        if let Some(message) = self.messages.get_mut(&id) {
            message.changed = seq;
        }
        Ok(Written { seq, ..nothing })
    }

    fn blank(&mut self, id: Id) {
        if let Some(message) = self.messages.get_mut(&id) {
            message.reactions.clear();
            message.seen = MessageSeen {
                text: String::new(),
                is_deleted: true,
                is_pinned: false,
                reactions: Vec::new(),
                ..message.seen.clone()
            };
        }
        for logged in &mut self.log {
            let is_of_it = match &logged.change {
                Change::Sent { .. } => logged.event == id,
                Change::Edited { message, .. } => *message == id,
                _ => false,
            };
            logged.is_blanked |= is_of_it;
        }
    }

    /// Shows a message as of the head, or as of an earlier place since which it did not change.
    fn show(&self, message: &MessageModel, from: &Sources) -> MessageSeen {
        let counts = message.reactions.iter().filter(|(_, users)| !users.is_empty());
        let reactions =
            counts.map(|(emoji, users)| Reaction { emoji: emoji.clone(), count: users.len() as u32 }).collect();
        let as_of = message.changed + from.roll % (self.head() - message.changed + 1);
        MessageSeen { reactions, as_of, ..message.seen.clone() }
    }

    fn page(&self, around: Around, epoch: &str, from: &Sources) -> Reply {
        let mut all: Vec<_> = self.messages.values().collect();
        all.sort_by_key(|message| message.seen.seq);
        let size = 3 + (from.roll >> 32) as usize % 6;
        let split = |at: u64| all.partition_point(|message| message.seen.seq < at);
        let range = match around {
            Around::Newest | Around::Token => all.len().saturating_sub(size)..all.len(),
            Around::Before(seq) => split(seq).saturating_sub(size)..split(seq),
            Around::After(seq) => split(seq + 1)..all.len().min(split(seq + 1) + size),
            Around::Seq(seq) => split(seq).saturating_sub(size)..all.len().min(split(seq) + size),
        };
        let messages = all[range].iter().map(|message| self.show(message, from)).collect();
        Reply::Page { messages, cursor: self.place(self.head(), epoch) }
    }

    fn pins(&self, epoch: &str, from: &Sources) -> Reply {
        let mut pinned: Vec<_> = self.messages.values().filter(|message| message.seen.is_pinned).collect();
        pinned.sort_by_key(|message| message.seen.seq);
        let messages = pinned.into_iter().map(|message| self.show(message, from)).collect();
        Reply::Page { messages, cursor: self.place(self.head(), epoch) }
    }

    fn get(&self, message: Id, from: &Sources) -> Decision {
        let found = self.messages.get(&message).ok_or(("NOT_FOUND", "MESSAGE_NOT_FOUND"))?;
        Ok(Reply::Message(self.show(found, from)))
    }
}
