//! Answers of the store that never come: what it was asked for is done, and the same again does not do it twice.
//!
//! An answer is lost in two ways. Whoever asked leaves once the store has done it, as at a deadline, on every store. And the
//! connection breaks when the server answers, where there is a connection.

use std::{num::NonZeroU32, pin::pin};

use loquat_ids::{FixedClock, RoomId, UserId};
use loquat_rooms::{
    error::RoomError,
    model::{
        Change, Decision, DirectPair, ListVersion, Membership, MembershipChange, Role, Room, RoomForm, RoomName,
        RoomTopic, RoomVersion, RoomView, Seq,
    },
    ports::{
        ContentHash, Created, Creation, Outbox as _, Outcome, People, Remembrance, RoomLists as _, RoomStore as _,
    },
    store::SqlRoomStore,
};

use crate::{
    backends::on_every_store,
    house::{BEGINNING, House, STORE_DEADLINE},
    line::Line,
};

on_every_store! {
    a_creation_whose_answer_is_lost_is_found_by_the_same_again,
    a_direct_room_whose_answer_is_lost_is_found_by_its_pair,
    a_decision_whose_answer_is_lost_is_not_made_twice,
    a_mark_whose_answer_is_lost_can_be_made_again,
}

/// How an answer is lost.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Left,
    Cut,
}

impl Loss {
    fn all(house: &House) -> &'static [Self] {
        if house.backend.url.starts_with("postgres") { &[Self::Left, Self::Cut] } else { &[Self::Left] }
    }

    /// Asks the store for something, and loses the answer once the store has done it.
    async fn of<T>(
        self,
        house: &House,
        fateful: &[u8],
        ask: impl AsyncFnOnce(&SqlRoomStore) -> T,
        is_done: impl AsyncFn() -> bool,
    ) {
        match self {
            Self::Left => {
                let mut question = pin!(ask(&house.store));
                // One step at a time: between two the store does what it was asked.
                while futures::poll!(&mut question).is_pending() && !is_done().await {}
            }
            Self::Cut => {
                let (before, rest) = house.backend.url.split_once("://").unwrap();
                let (user, rest) = rest.split_once('@').unwrap_or(("", rest));
                let (server, name) = rest.split_once('/').unwrap();
                let line = Line::to(server.to_owned()).await;
                let at = if user.is_empty() { "" } else { "@" };
                let url = format!("{before}://{user}{at}{}/{name}", line.address());
                let clock = FixedClock::at(BEGINNING);
                let store =
                    SqlRoomStore::open(&url, NonZeroU32::new(2).unwrap(), STORE_DEADLINE, &clock).await.unwrap();
                line.lose_the_answer_to(fateful);
                ask(&store).await;
            }
        }
        assert!(is_done().await, "{self:?}: the store has done it");
    }
}

fn creation(house: &House, form: RoomForm, owner: UserId) -> Creation {
    let (room_id, now) = (house.room_id(), house.now());
    Creation {
        room: Room { id: room_id, form, create_time: now, version: RoomVersion::FIRST, member_count: 1 },
        memberships: vec![Membership { room_id, user_id: owner, role: Role::Owner, join_time: now }],
        actor: owner,
        event_id: house.event_id(),
        now,
        remembrance: None,
    }
}

fn hall() -> RoomForm {
    RoomForm::Named { is_public: true, name: RoomName::parse("Hall").unwrap(), topic: RoomTopic::default() }
}

async fn a_creation_whose_answer_is_lost_is_found_by_the_same_again(house: &House) {
    let other = house.backend.open().await;
    for loss in Loss::all(house) {
        let owner = house.user();
        let remembrance = Remembrance { request_id: "request-1".parse().unwrap(), content: ContentHash([7; 32]) };
        let first = Creation { remembrance: Some(remembrance.clone()), ..creation(house, hall(), owner) };
        let is_done = async || other.remembered(owner, &remembrance.request_id).await.unwrap().is_some();
        loss.of(house, b"COMMIT", async |store| store.create(&first).await, is_done).await;

        // Whoever asks again has another room in mind, until it finds that it made one.
        let second = Creation { remembrance: Some(remembrance.clone()), ..creation(house, hall(), owner) };
        assert_eq!(house.store.create(&second).await.unwrap(), Created::RequestTaken, "{loss:?}");
        let found = house.store.remembered(owner, &remembrance.request_id).await.unwrap().unwrap();
        assert_eq!((&found.room, found.membership), (&first.room, first.memberships[0]), "{loss:?}");
        assert_eq!(other.pending(first.room.id, 9).await.unwrap().len(), 1, "{loss:?}");
        assert_eq!(other.view(second.room.id, owner).await.unwrap(), None, "{loss:?}");
        let changes = other.changes_since(owner, ListVersion::UNTOUCHED, 9).await.unwrap().changes.unwrap();
        assert_eq!(changes.len(), 1, "{loss:?}");
    }
}

async fn a_direct_room_whose_answer_is_lost_is_found_by_its_pair(house: &House) {
    let other = house.backend.open().await;
    for loss in Loss::all(house) {
        let [one, another] = [house.user(), house.user()];
        let pair = DirectPair::of(one, another).unwrap();
        let first = creation(house, RoomForm::Direct(pair), one);
        let is_done = async || other.direct_room(pair).await.unwrap().is_some();
        loss.of(house, b"COMMIT", async |store| store.create(&first).await, is_done).await;

        let second = creation(house, RoomForm::Direct(pair), another);
        assert_eq!(house.store.create(&second).await.unwrap(), Created::PairTaken, "{loss:?}");
        assert_eq!(house.store.direct_room(pair).await.unwrap(), Some(first.room.id), "{loss:?}");
        assert_eq!(other.view(second.room.id, another).await.unwrap(), None, "{loss:?}");
    }
}

/// Joins a person who is not in the room yet, as the use case decides it.
async fn join(house: &House, store: &SqlRoomStore, room: RoomId, guest: UserId) -> Result<Option<Outcome>, RoomError> {
    let now = house.now();
    let decide = |view: &RoomView| {
        if view.membership.is_some() {
            return Ok(None);
        }
        let (version, member_count) = (view.room.version.next(), view.room.member_count + 1);
        let joined = Membership { room_id: room, user_id: guest, role: Role::Member, join_time: now };
        let changes = vec![MembershipChange::Joined(joined)];
        let room = Room { version, member_count, ..view.room.clone() };
        Ok(Some(Decision { room, change: Change::MembershipsChanged { changes, member_count } }))
    };
    store.change(room, People::one(guest), house.event_id(), now, &decide).await
}

async fn a_decision_whose_answer_is_lost_is_not_made_twice(house: &House) {
    let other = house.backend.open().await;
    for loss in Loss::all(house) {
        let [owner, guest, next] = [house.user(), house.user(), house.user()];
        let creation = creation(house, hall(), owner);
        let room = creation.room.id;
        house.store.create(&creation).await.unwrap();
        let is_done = async || other.view(room, guest).await.unwrap().unwrap().membership.is_some();
        loss.of(house, b"COMMIT", async |store| join(house, store, room, guest).await, is_done).await;

        let again = join(house, &house.store, room, guest).await.unwrap().unwrap();
        assert_eq!((again.room.version, again.room.member_count), (RoomVersion(2), 2), "{loss:?}");
        assert!(again.membership.is_some(), "{loss:?}");
        // The room is free, and so is the connection that the answer was lost on.
        let next = join(house, &house.store, room, next).await.unwrap().unwrap();
        assert_eq!(next.room.version, RoomVersion(3), "{loss:?}");
        let versions: Vec<u64> = other.pending(room, 9).await.unwrap().iter().map(|event| event.version.0).collect();
        assert_eq!(versions, [1, 2, 3], "{loss:?}");
        let changes = other.changes_since(guest, ListVersion::UNTOUCHED, 9).await.unwrap().changes.unwrap();
        assert_eq!(changes.len(), 1, "{loss:?}: the guest's list changed once");
    }
}

async fn a_mark_whose_answer_is_lost_can_be_made_again(house: &House) {
    let other = house.backend.open().await;
    for loss in Loss::all(house) {
        let creation = creation(house, hall(), house.user());
        let event = creation.event_id;
        house.store.create(&creation).await.unwrap();
        let id = event.as_uuid().into_bytes();
        let is_delivered = async || other.pending(creation.room.id, 9).await.unwrap().is_empty();
        loss.of(house, &id, async |store| store.mark_delivered(event, Seq(1)).await, is_delivered).await;
        house.store.mark_delivered(event, Seq(1)).await.unwrap();
        let unpublished =
            async || other.unpublished(9).await.unwrap().iter().filter(|row| row.event_id == event).count();
        assert_eq!(unpublished().await, 1, "{loss:?}");

        let is_published = async || unpublished().await == 0;
        loss.of(house, &id, async |store| store.mark_published(&[event]).await, is_published).await;
        house.store.mark_published(&[event]).await.unwrap();
        assert_eq!(unpublished().await, 0, "{loss:?}");
    }
}
