//! The streams by what they are looked up by.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use loquat_ids::{ConnectionId, RoomId, SessionId, UserId};
use loquat_rpc::Connection;
use tokio::time::Instant;

use super::{Holder, StreamLimits};
use crate::{model::Place, service::Mailbox};

/// All streams.
#[derive(Default)]
pub(super) struct Index {
    streams: HashMap<ConnectionId, Entry>,
    sessions: HashMap<SessionId, usize>,
    users: HashMap<UserId, Person>,
    rooms: HashMap<RoomId, RoomOfPeople>,
    /// Which streams watch a person's presence.
    watchers: HashMap<UserId, HashSet<ConnectionId>>,
}

/// One stream.
pub(super) struct Entry {
    pub(super) holder: Holder,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) connection: Connection,
    /// Whose presence it watches.
    pub(super) watched: HashSet<UserId>,
}

/// Somebody with a stream here.
#[derive(Default)]
struct Person {
    streams: HashSet<ConnectionId>,
    rooms: HashSet<RoomId>,
    /// The version of the list of rooms, as it was read last.
    version: u64,
    /// When one of the streams last undertook to read it.
    version_asked: Option<Instant>,
}

/// A room that somebody connected here is in.
#[derive(Default)]
struct RoomOfPeople {
    /// For whom its heads are news.
    people: HashSet<UserId>,
    /// The newest head that was told of.
    head: Option<Place>,
}

impl Index {
    /// Enters a stream, where there is a place for it.
    pub(super) fn enter(&mut self, stream: ConnectionId, entry: Entry, limits: &StreamLimits) -> bool {
        let Holder { user, session, .. } = entry.holder;
        let of_session = self.sessions.get(&session).copied().unwrap_or(0);
        if self.streams.len() >= limits.total || of_session >= limits.per_session {
            return false;
        }
        self.sessions.insert(session, of_session + 1);
        self.users.entry(user).or_default().streams.insert(stream.clone());
        self.streams.insert(stream, entry);
        true
    }

    /// Takes a stream out; returns whose it was.
    pub(super) fn leave(&mut self, stream: &ConnectionId) -> Option<UserId> {
        let entry = self.streams.remove(stream)?;
        self.leave_session(entry.holder.session);
        self.unwatch(stream, &entry.watched);
        self.leave_user(stream, entry.holder.user);
        Some(entry.holder.user)
    }

    pub(super) fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.streams.values()
    }

    pub(super) fn entry(&self, stream: &ConnectionId) -> Option<&Entry> {
        self.streams.get(stream)
    }

    pub(super) fn mailboxes_of(&self, user: UserId) -> impl Iterator<Item = &Arc<Mailbox>> {
        let streams = self.users.get(&user).into_iter().flat_map(|person| &person.streams);
        streams.filter_map(|stream| Some(&self.streams.get(stream)?.mailbox))
    }

    pub(super) fn watchers_of(&self, user: UserId) -> impl Iterator<Item = &Arc<Mailbox>> {
        let watchers = self.watchers.get(&user).into_iter().flatten();
        watchers.filter_map(|stream| Some(&self.streams.get(stream)?.mailbox))
    }

    pub(super) fn rooms(&self) -> Vec<RoomId> {
        self.rooms.keys().copied().collect()
    }

    /// Notes that a user, where it has a stream here, came into a room or went.
    pub(super) fn note_room(&mut self, user: UserId, room: RoomId, is_member: bool) {
        let Some(person) = self.users.get_mut(&user) else { return };
        if is_member {
            person.rooms.insert(room);
            self.rooms.entry(room).or_default().people.insert(user);
        } else {
            person.rooms.remove(&room);
            self.leave_room(user, room);
        }
    }

    /// Notes a head, unless it is known: messages nodes may tell of it one after the other, and not in order.
    pub(super) fn note_head(&mut self, room: RoomId, head: &Place) {
        let Some(of_people) = self.rooms.get_mut(&room) else { return };
        let is_known = of_people.head.as_ref().is_some_and(|known| known.epoch == head.epoch && known.seq >= head.seq);
        if is_known {
            return;
        }
        of_people.head = Some(head.clone());
        for user in &self.rooms[&room].people {
            for mailbox in self.mailboxes_of(*user) {
                mailbox.note_head(room);
            }
        }
    }

    pub(super) fn head(&self, room: RoomId) -> Option<Place> {
        self.rooms.get(&room)?.head.clone()
    }

    pub(super) fn note_version(&mut self, user: UserId, version: u64) {
        if let Some(person) = self.users.get_mut(&user) {
            person.version = version;
            person.version_asked = Some(Instant::now());
        }
    }

    pub(super) fn version(&mut self, user: UserId, age: Duration) -> (u64, bool) {
        let Some(person) = self.users.get_mut(&user) else { return (0, false) };
        let must_ask = person.version_asked.is_none_or(|asked| asked.elapsed() >= age);
        if must_ask {
            person.version_asked = Some(Instant::now());
        }
        (person.version, must_ask)
    }

    /// Notes whose presence a stream watches; returns whom it did not watch before.
    pub(super) fn watch(&mut self, stream: &ConnectionId, users: &[UserId]) -> Vec<UserId> {
        let wanted: HashSet<UserId> = users.iter().copied().collect();
        let Some(entry) = self.streams.get_mut(stream) else { return Vec::new() };
        let before = std::mem::replace(&mut entry.watched, wanted.clone());
        let gone = before.difference(&wanted).copied().collect();
        self.unwatch(stream, &gone);
        let new: Vec<UserId> = wanted.difference(&before).copied().collect();
        for user in &new {
            self.watchers.entry(*user).or_default().insert(stream.clone());
        }
        new
    }

    fn unwatch(&mut self, stream: &ConnectionId, users: &HashSet<UserId>) {
        for user in users {
            if let Some(watchers) = self.watchers.get_mut(user) {
                watchers.remove(stream);
                if watchers.is_empty() {
                    self.watchers.remove(user);
                }
            }
        }
    }

    fn leave_room(&mut self, user: UserId, room: RoomId) {
        if let Some(of_people) = self.rooms.get_mut(&room) {
            of_people.people.remove(&user);
            if of_people.people.is_empty() {
                self.rooms.remove(&room);
            }
        }
    }

    fn leave_session(&mut self, session: SessionId) {
        if let Some(count) = self.sessions.get_mut(&session) {
            *count -= 1;
            if *count == 0 {
                self.sessions.remove(&session);
            }
        }
    }

    fn leave_user(&mut self, stream: &ConnectionId, user: UserId) {
        let Some(person) = self.users.get_mut(&user) else { return };
        person.streams.remove(stream);
        if person.streams.is_empty()
            && let Some(person) = self.users.remove(&user)
        {
            for room in person.rooms {
                self.leave_room(user, room);
            }
        }
    }
}
