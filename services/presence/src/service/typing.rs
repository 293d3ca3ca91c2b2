//! Telling a room that somebody is typing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use loquat_ids::{Clock, RoomId, Timestamp, UserId};

use crate::{
    error::{Error, Result},
    model::Typing,
    ports::{Announcements, CallerToken, Memberships},
};

/// How long typing holds.
const HOLDS: Duration = Duration::from_secs(5);
/// How long a membership is believed. Who was removed may still show as typing for so long; what is said in the room it
/// does not learn.
const BELIEVED: Duration = Duration::from_secs(5);
/// Memberships that are believed at once. Beyond it all are asked for again.
const MAX_BELIEVED: usize = 10_000;

/// Tells rooms who is typing.
#[derive(Debug)]
pub(crate) struct TypingNotices {
    memberships: Arc<dyn Memberships>,
    announcements: Arc<dyn Announcements>,
    clock: Arc<dyn Clock>,
    /// Until when whose membership is believed. Never that somebody is no member: it may just have joined.
    believed: Mutex<HashMap<(RoomId, UserId), Timestamp>>,
}

impl TypingNotices {
    pub(crate) fn new(
        memberships: Arc<dyn Memberships>,
        announcements: Arc<dyn Announcements>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { memberships, announcements, clock, believed: Mutex::default() }
    }

    /// Tells a room whether a member of it is typing. Nobody is told later what could not be told now.
    ///
    /// # Errors
    /// [`Error::RoomNotFound`] for others than members; [`Error::Rooms`] where that cannot be found out.
    pub(crate) async fn set(&self, user: UserId, room: RoomId, is_typing: bool, caller: &CallerToken) -> Result<()> {
        let now = self.clock.now();
        if !self.believes(room, user, now) {
            if !self.memberships.is_member(room, caller).await? {
                return Err(Error::RoomNotFound { room });
            }
            self.believe(room, user, now);
        }
        let expire_time = if is_typing { now.plus(HOLDS) } else { now };
        let typing = Typing { room, user, is_typing, expire_time };
        if let Err(error) = self.announcements.typing_changed(&typing).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "nobody hears who is typing");
        }
        Ok(())
    }

    fn believes(&self, room: RoomId, user: UserId, now: Timestamp) -> bool {
        let believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        believed.get(&(room, user)).is_some_and(|until| now < *until && *until <= now.plus(BELIEVED))
    }

    fn believe(&self, room: RoomId, user: UserId, now: Timestamp) {
        let mut believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        if believed.len() >= MAX_BELIEVED {
            believed.retain(|_, until| now < *until);
        }
        if believed.len() >= MAX_BELIEVED {
            believed.clear();
        }
        believed.insert((room, user), now.plus(BELIEVED));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use loquat_ids::FixedClock;
    use uuid::Uuid;

    use super::*;
    use crate::service::fakes::{Doors, Notebook, clock, user};

    struct House {
        clock: Arc<FixedClock>,
        doors: Arc<Doors>,
        notebook: Arc<Notebook>,
        notices: TypingNotices,
    }

    fn house() -> House {
        let (clock, doors, notebook) = (clock(), Arc::<Doors>::default(), Arc::<Notebook>::default());
        doors.open.lock().expect("not poisoned").insert(room());
        let notices = TypingNotices::new(doors.clone(), notebook.clone(), clock.clone());
        House { clock, doors, notebook, notices }
    }

    fn room() -> RoomId {
        RoomId::from_uuid(Uuid::from_u128(7))
    }

    impl House {
        async fn type_as(&self, token: &str, is_typing: bool) -> Result<()> {
            self.notices.set(user(1), room(), is_typing, &CallerToken::new(token)).await
        }
    }

    #[tokio::test]
    async fn typing_holds_for_five_seconds_and_its_end_at_once() {
        let house = house();
        house.type_as("right", true).await.expect("told");
        house.type_as("right", false).await.expect("told");
        let now = house.clock.now();
        let ends: Vec<_> = house.notebook.typings().iter().map(|it| (it.is_typing, it.expire_time)).collect();
        assert_eq!(ends, [(true, now.plus(Duration::from_secs(5))), (false, now)]);
    }

    #[tokio::test]
    async fn for_others_than_members_there_is_no_such_room() {
        let house = house();
        for _ in 0..2 {
            let refusal = house.type_as("wrong", true).await;
            assert!(matches!(refusal, Err(Error::RoomNotFound { .. })), "{refusal:?}");
        }
        assert_eq!(house.notebook.typings(), []);
        // That somebody is no member is never believed: it may just have joined.
        assert_eq!(house.doors.asked.load(Ordering::SeqCst), 2);
        house.type_as("right", true).await.expect("told");
    }

    #[tokio::test]
    async fn a_membership_is_believed_for_five_seconds() {
        let house = house();
        house.type_as("right", true).await.expect("told");
        house.doors.open.lock().expect("not poisoned").clear();
        house.clock.advance(Duration::from_millis(4_999));
        house.type_as("right", true).await.expect("told");
        house.clock.advance(Duration::from_millis(1));
        assert!(matches!(house.type_as("right", true).await, Err(Error::RoomNotFound { .. })));
        assert_eq!(house.doors.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn where_membership_is_not_known_nothing_is_told() {
        let house = house();
        house.doors.is_away.store(true, Ordering::SeqCst);
        assert!(matches!(house.type_as("right", true).await, Err(Error::Rooms(_))));
        assert_eq!(house.notebook.typings(), []);
    }

    #[tokio::test]
    async fn a_deaf_bus_is_no_fault_of_who_types() {
        let house = house();
        house.notebook.is_deaf.store(true, Ordering::SeqCst);
        house.type_as("right", true).await.expect("taken");
    }

    #[tokio::test]
    async fn what_is_believed_is_bounded() {
        let house = house();
        for number in 0..=MAX_BELIEVED as u128 {
            house.notices.believe(RoomId::from_uuid(Uuid::from_u128(number)), user(1), house.clock.now());
        }
        assert!(house.notices.believed.lock().expect("not poisoned").len() <= MAX_BELIEVED);
    }
}
