//! What waits for one reader.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use loquat_ids::{RoomId, UserId};
use tokio::sync::Notify;

use super::pace::Pace;
use crate::{model::InterestUpdate, ports::UserRoomChange};

/// How many changes of its list of rooms wait for a reader before it is told to read them again instead.
const MAX_USER_CHANGES: usize = 16;
/// How many people's presence waits for a reader before it is told to read it again instead.
const MAX_PRESENCE: usize = 64;
/// How many people's typing waits for a reader. More is dropped: typing is told again.
const MAX_TYPING: usize = 32;
/// How many rooms' heads wait for a heartbeat. More is dropped: heads come again.
const MAX_HEADS: usize = 1_000;
/// A reader that has left something unread for so long is behind: what ends by itself is dropped, and what can be read again is
/// read once it takes things again.
const BEHIND: Duration = Duration::from_secs(1);

/// What waits for one reader. Hubs put things in and wake it; the reader, alone, takes them out.
///
/// Everything in it is bounded: rooms by the reader's interest, since each stands in it once, however many events it has;
/// the rest as the constants say. For a reader that does not take what it is given it shrinks to marks of what to read again.
#[derive(Debug, Default)]
pub struct Mailbox {
    waiting: Mutex<Waiting>,
    /// Woken once for each thing put in; several at once wake it once.
    wake: Notify,
    /// Whether the reader takes what it is given.
    pub(super) pace: Pace,
}

/// The things themselves.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Rooms whose ring has something new, in the order in which they got it, each once.
    rooms: VecDeque<RoomId>,
    noted_rooms: HashSet<RoomId>,
    /// Rooms whose heads changed since the last heartbeat.
    heads: HashSet<RoomId>,
    /// What is of the stream and its user.
    mail: Mail,
    has_mail: bool,
    /// All else.
    ephemeral: Ephemeral,
    has_ephemeral: bool,
}

/// What waits beside rooms and heads, and is not ephemeral.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// Changes of what the stream watches.
    pub interest: Option<InterestUpdate>,
    /// Changes of the user's list of rooms.
    pub user_changes: Vec<UserRoomChange>,
    /// Whether changes of the list were missed.
    pub must_read_user_state: bool,
}

/// What goes by. It waits until nothing else does, so that what must be said is never behind what need not.
#[derive(Debug, Default)]
pub(super) struct Ephemeral {
    /// The newest presence of each watched user, as an encoded item.
    pub presence: HashMap<UserId, Bytes>,
    /// Whether presence was missed.
    pub must_read_presence: bool,
    /// Who is typing where, as encoded items.
    pub typing: HashMap<(RoomId, UserId), Bytes>,
}

impl Mailbox {
    /// Notes that a room's ring has something new.
    pub fn note_room(&self, room: RoomId) {
        let mut waiting = self.lock();
        if waiting.noted_rooms.insert(room) {
            waiting.rooms.push_back(room);
            drop(waiting);
            self.pace.note_due();
            self.wake.notify_one();
        }
    }

    /// Gives the reader a change of its interest; the newest revision wins.
    pub fn give_interest(&self, update: InterestUpdate) {
        self.give(|mail| {
            if mail.interest.as_ref().is_none_or(|waits| waits.revision < update.revision) {
                mail.interest = Some(update);
            }
        });
    }

    /// Gives the reader a change of its list of rooms.
    pub fn give_user_change(&self, change: UserRoomChange) {
        let is_behind = self.is_behind();
        self.give(|mail| {
            if !is_behind && !mail.must_read_user_state && mail.user_changes.len() < MAX_USER_CHANGES {
                mail.user_changes.push(change);
            } else {
                mail.user_changes = Vec::new();
                mail.must_read_user_state = true;
            }
        });
    }

    /// Tells the reader that news of its user, and of those it watches, may have been missed.
    pub fn note_missed(&self) {
        self.give(|mail| mail.must_read_user_state = true);
        self.give_ephemeral(|ephemeral| ephemeral.must_read_presence = true);
    }

    /// Gives the reader somebody's presence, in the place of one that waits.
    pub fn give_presence(&self, user: UserId, encoded: Bytes) {
        let is_behind = self.is_behind();
        self.give_ephemeral(|ephemeral| {
            let has_place = ephemeral.presence.len() < MAX_PRESENCE || ephemeral.presence.contains_key(&user);
            if !is_behind && !ephemeral.must_read_presence && has_place {
                ephemeral.presence.insert(user, encoded);
            } else {
                ephemeral.presence = HashMap::new();
                ephemeral.must_read_presence = true;
            }
        });
    }

    /// Gives the reader somebody's typing, in the place of one that waits.
    pub fn give_typing(&self, room: RoomId, user: UserId, encoded: Bytes) {
        if self.is_behind() {
            self.lock().ephemeral.typing = HashMap::new();
            return;
        }
        self.give_ephemeral(|ephemeral| {
            if ephemeral.typing.len() < MAX_TYPING || ephemeral.typing.contains_key(&(room, user)) {
                ephemeral.typing.insert((room, user), encoded);
            }
        });
    }

    /// Notes for the next heartbeat that a room's head changed.
    pub fn note_head(&self, room: RoomId) {
        let heads = &mut self.lock().heads;
        if heads.len() < MAX_HEADS {
            heads.insert(room);
        }
    }

    /// Takes the room that waits longest.
    pub(super) fn take_room(&self) -> Option<RoomId> {
        let mut waiting = self.lock();
        let room = waiting.rooms.pop_front()?;
        waiting.noted_rooms.remove(&room);
        Some(room)
    }

    /// Takes what is of the stream and its user.
    pub(super) fn take_mail(&self) -> Option<Mail> {
        let mut waiting = self.lock();
        mem::take(&mut waiting.has_mail).then(|| mem::take(&mut waiting.mail))
    }

    /// Takes what goes by.
    pub(super) fn take_ephemeral(&self) -> Option<Ephemeral> {
        let mut waiting = self.lock();
        mem::take(&mut waiting.has_ephemeral).then(|| mem::take(&mut waiting.ephemeral))
    }

    /// Takes rooms whose heads changed, as many as one heartbeat holds; the others wait for the next.
    pub(super) fn take_heads(&self, most: usize) -> Vec<RoomId> {
        let heads = &mut self.lock().heads;
        let taken: Vec<RoomId> = heads.iter().take(most).copied().collect();
        if taken.len() == heads.len() {
            *heads = HashSet::new();
        } else {
            for room in &taken {
                heads.remove(room);
            }
        }
        taken
    }

    /// Returns whether something waits, heads aside.
    pub(super) fn has_something(&self) -> bool {
        let waiting = self.lock();
        waiting.has_mail || waiting.has_ephemeral || !waiting.rooms.is_empty()
    }

    /// Resolves when something was put in since the last time.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    fn is_behind(&self) -> bool {
        self.pace.unread_for().is_some_and(|span| span >= BEHIND)
    }

    fn give(&self, put: impl FnOnce(&mut Mail)) {
        self.put(|waiting| {
            put(&mut waiting.mail);
            waiting.has_mail = true;
        });
    }

    fn give_ephemeral(&self, put: impl FnOnce(&mut Ephemeral)) {
        self.put(|waiting| {
            put(&mut waiting.ephemeral);
            waiting.has_ephemeral = true;
        });
    }

    fn put(&self, put: impl FnOnce(&mut Waiting)) {
        put(&mut self.lock());
        self.pace.note_due();
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use loquat_ids::{IdSource as _, SequentialIds};

    use super::*;

    fn presence(mailbox: &Mailbox, users: usize) {
        let ids = SequentialIds::default();
        for _ in 0..users {
            mailbox.give_presence(UserId::from_uuid(ids.fresh()), Bytes::from_static(b"online"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_ephemeral_is_kept_once_for_each_subject() {
        let (mailbox, ids) = (Mailbox::default(), SequentialIds::default());
        let (room, user) = (RoomId::from_uuid(ids.fresh()), UserId::from_uuid(ids.fresh()));
        for said in ["first", "second"] {
            mailbox.give_presence(user, Bytes::from_static(said.as_bytes()));
            mailbox.give_typing(room, user, Bytes::from_static(said.as_bytes()));
        }
        let taken = mailbox.take_ephemeral().expect("some");
        assert_eq!(taken.presence.into_values().collect::<Vec<_>>(), ["second"]);
        assert_eq!(taken.typing.into_values().collect::<Vec<_>>(), ["second"]);
        assert!(mailbox.take_ephemeral().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_much_becomes_a_mark_to_read_it_again() {
        let mailbox = Mailbox::default();
        presence(&mailbox, MAX_PRESENCE);
        assert_eq!(mailbox.lock().ephemeral.presence.len(), MAX_PRESENCE);
        presence(&mailbox, MAX_PRESENCE + 1);
        let taken = mailbox.take_ephemeral().expect("some");
        assert!(taken.presence.is_empty() && taken.must_read_presence);
    }

    #[tokio::test(start_paused = true)]
    async fn for_a_reader_that_is_behind_nothing_ephemeral_waits() {
        let (mailbox, ids) = (Mailbox::default(), SequentialIds::default());
        let (room, user) = (RoomId::from_uuid(ids.fresh()), UserId::from_uuid(ids.fresh()));
        mailbox.give_typing(room, user, Bytes::from_static(b"typing"));
        presence(&mailbox, 3);
        mailbox.pace.note_handed_out();
        tokio::time::advance(BEHIND).await;
        mailbox.give_typing(room, user, Bytes::from_static(b"typing"));
        presence(&mailbox, 1);
        let taken = mailbox.take_ephemeral().expect("some");
        assert!(taken.typing.is_empty() && taken.presence.is_empty());
        assert!(taken.must_read_presence, "what can be read again is");
        mailbox.pace.note_waiting(|| false);
        mailbox.give_typing(room, user, Bytes::from_static(b"typing"));
        assert_eq!(mailbox.take_ephemeral().expect("some").typing.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_types_beyond_the_bound_is_dropped() {
        let (mailbox, ids) = (Mailbox::default(), SequentialIds::default());
        let room = RoomId::from_uuid(ids.fresh());
        for _ in 0..=MAX_TYPING {
            mailbox.give_typing(room, UserId::from_uuid(ids.fresh()), Bytes::from_static(b"typing"));
        }
        assert_eq!(mailbox.take_ephemeral().expect("some").typing.len(), MAX_TYPING);
    }
}
