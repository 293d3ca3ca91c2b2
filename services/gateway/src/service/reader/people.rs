//! What a stream says of people: the user's own list of rooms, and the presence of those it watches.

use std::sync::Arc;

use bytes::Bytes;
use loquat_ids::{RoomId, UserId};

use super::{RETRY, Read, Reader};
use crate::{
    model::Item,
    ports::{ReadError, UserRoomChanges},
};

/// How many bytes of changes of the list of rooms are kept from one read.
const USER_STATE_BYTES: usize = 16 * 1024;
/// How many people's presence is read at once.
const PRESENCE_PAGE: usize = 64;

/// Whether the user's list of rooms is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadState {
    /// No.
    Idle,
    /// Yes.
    UnderWay,
    /// Yes, and something was told that the read may not have seen.
    MustRepeat,
}

/// Changes of the user's list of rooms, as many as are kept from one read.
pub(super) struct UserState {
    changes: UserRoomChanges,
    has_more: bool,
}

impl UserState {
    fn kept_of(mut changes: UserRoomChanges) -> Self {
        let has_more = changes.keep_within(USER_STATE_BYTES);
        Self { changes, has_more }
    }
}

impl Reader {
    /// Takes a change that the bus told. It tells them of each room by itself, so that they may come out of order: one
    /// that is not the next is a reason to read, not to say.
    pub(super) fn take_user_change(&mut self, version: u64, encoded: Bytes) {
        if version == self.user_state_version + 1 {
            self.user_state_version = version;
            self.say(Item::Encoded(encoded));
        } else if version > self.user_state_version {
            self.read_user_state();
        }
    }

    /// Returns the version of the user's list of rooms that was read last, by whichever of the user's streams: one of them
    /// reads it again before it is older than two heartbeats. Where it shows that this one missed something, it reads too.
    pub(super) fn compare_user_state(&mut self) -> u64 {
        let age = self.heartbeat * 3 / 2;
        let (version, is_old) = self.parts.streams.user_version(self.parts.registered.holder.user, age);
        if is_old || version > self.user_state_version {
            self.read_user_state();
        }
        version
    }

    pub(super) fn read_user_state(&mut self) {
        match self.user_state {
            ReadState::Idle => self.user_state = ReadState::UnderWay,
            ReadState::UnderWay | ReadState::MustRepeat => {
                self.user_state = ReadState::MustRepeat;
                return;
            }
        }
        let (user_rooms, streams) = (Arc::clone(&self.parts.user_rooms), self.parts.streams.clone());
        let (user, since) = (self.parts.registered.holder.user, self.user_state_version);
        self.read(async move {
            let changes = user_rooms.changes(user, since).await;
            match &changes {
                Ok(changes) => streams.note_user_version(user, changes.version),
                Err(_) => tokio::time::sleep(RETRY).await,
            }
            Read::UserState(changes.map(UserState::kept_of))
        });
    }

    pub(super) fn take_user_state_read(&mut self, outcome: Result<UserState, ReadError>) {
        let must_repeat = match outcome {
            Ok(state) => {
                let has_more = state.has_more;
                self.take_user_state(state.changes);
                has_more
            }
            Err(error) => {
                tracing::debug!(%error, "a user's list of rooms could not be read, trying again");
                true
            }
        };
        let state = std::mem::replace(&mut self.user_state, ReadState::Idle);
        if must_repeat || state == ReadState::MustRepeat {
            self.read_user_state();
        }
    }

    fn take_user_state(&mut self, state: UserRoomChanges) {
        if state.is_reset {
            self.user_state_version = state.version;
            self.say(Item::UserStateReset { version: state.version });
            return;
        }
        for change in state.changes {
            if change.version > self.user_state_version {
                self.user_state_version = change.version;
                self.parts.streams.note_room(self.parts.registered.holder.user, change.room, change.is_member);
                self.say(Item::Encoded(change.encoded));
            }
        }
        self.user_state_version = self.user_state_version.max(state.version);
    }

    pub(super) fn read_joined(&self) {
        let (user_rooms, user) = (Arc::clone(&self.parts.user_rooms), self.parts.registered.holder.user);
        self.read(async move {
            let joined = user_rooms.joined(user).await;
            if joined.is_err() {
                tokio::time::sleep(RETRY).await;
            }
            Read::Joined(joined)
        });
    }

    pub(super) fn take_joined(&self, outcome: Result<Vec<RoomId>, ReadError>) {
        match outcome {
            Ok(rooms) => self.parts.streams.set_rooms(self.parts.registered.holder.user, rooms),
            Err(error) => {
                tracing::debug!(%error, "a user's rooms could not be read, trying again");
                self.read_joined();
            }
        }
    }

    /// Has some people's presence read, a page at a time. Who waits already is read once.
    pub(super) fn read_presence(&mut self, users: Vec<UserId>) {
        if self.people_to_read.is_empty() {
            self.people_to_read = users;
        } else if !users.is_empty() {
            self.people_to_read = self.watched_people.clone();
        }
        self.read_next_people();
    }

    fn read_next_people(&mut self) {
        if self.is_reading_people || self.people_to_read.is_empty() {
            return;
        }
        self.is_reading_people = true;
        let rest = self.people_to_read.len().saturating_sub(PRESENCE_PAGE);
        let page = self.people_to_read.split_off(rest);
        let (presence, reader) = (Arc::clone(&self.parts.presence), self.parts.registered.holder.user);
        self.read(async move { Read::Presence(presence.presence(reader, page).await) });
    }

    pub(super) fn take_presence(&mut self, outcome: Result<Vec<Bytes>, ReadError>) {
        self.is_reading_people = false;
        match outcome {
            Ok(presences) => self.outbox.extend(presences.into_iter().map(Item::Encoded)),
            // Presence is soft.
            Err(error) => tracing::debug!(%error, "presence could not be read"),
        }
        self.read_next_people();
    }
}
