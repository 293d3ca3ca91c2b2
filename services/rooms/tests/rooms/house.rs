//! The rooms service on a store of its own, with a log, users and news that tests command.

use std::{sync::Arc, time::Duration};

use loquat_ids::{Clock, EventId, FixedClock, IdSource, RoomId, SequentialIds, Timestamp, UserId};
use loquat_rooms::{
    error::RoomError,
    model::{Room, RoomEntry, RoomName, RoomTopic},
    ports::Outbox,
    service::{CreatedRoom, Delivery, Foundations, NewRoom, Pass, Relay, Rooms, SettingsChange},
    store::SqlRoomStore,
};

use crate::{
    backends::Backend,
    fakes::{FakeLog, FakeNews, FakeUsers},
};

/// Long, for machines that do much at once: no test waits for it.
pub(crate) const STORE_DEADLINE: Duration = Duration::from_secs(20);
const DELIVERY_DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct House {
    pub(crate) backend: Backend,
    pub(crate) store: Arc<SqlRoomStore>,
    pub(crate) log: Arc<FakeLog>,
    pub(crate) users: Arc<FakeUsers>,
    pub(crate) news: Arc<FakeNews>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) ids: Arc<SequentialIds>,
    pub(crate) rooms: Rooms,
    pub(crate) relay: Arc<Relay>,
}

/// One process of the service.
pub(crate) struct Replica {
    pub(crate) rooms: Rooms,
    pub(crate) relay: Arc<Relay>,
}

impl House {
    pub(crate) async fn on(backend: Backend) -> Self {
        let store = Arc::new(backend.open().await);
        let log = Arc::new(FakeLog::default());
        let users = Arc::new(FakeUsers::default());
        let news = Arc::new(FakeNews::default());
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1_000_000)));
        let ids = Arc::new(SequentialIds::default());
        let parts = Parts { log: &log, users: &users, news: &news, clock: &clock, ids: &ids };
        let Replica { rooms, relay } = parts.replica(store.clone(), DELIVERY_DEADLINE).await;
        Self { backend, store, log, users, news, clock, ids, rooms, relay }
    }

    /// Starts another process on the same store.
    pub(crate) async fn replica(&self, delivery_deadline: Option<Duration>) -> Replica {
        let store = Arc::new(self.backend.open().await);
        let parts = Parts { log: &self.log, users: &self.users, news: &self.news, clock: &self.clock, ids: &self.ids };
        parts.replica(store, delivery_deadline.unwrap_or(DELIVERY_DEADLINE)).await
    }

    pub(crate) async fn close(self) {
        let Self { backend, store, rooms, relay, .. } = self;
        drop((store, rooms, relay));
        backend.remove().await;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn user(&self) -> UserId {
        UserId::from_uuid(self.ids.fresh())
    }

    pub(crate) fn room_id(&self) -> RoomId {
        RoomId::from_uuid(self.ids.fresh())
    }

    pub(crate) fn event_id(&self) -> EventId {
        EventId::from_uuid(self.ids.fresh())
    }

    /// A request for a public room, under an id that no other has.
    pub(crate) fn wish(&self, name: &str, others: &[UserId]) -> NewRoom {
        NewRoom {
            request_id: format!("wish-{}", self.ids.fresh()).parse().unwrap(),
            is_public: true,
            name: RoomName::parse(name).unwrap(),
            topic: RoomTopic::default(),
            user_ids: others.to_vec(),
        }
    }

    pub(crate) async fn public_room(&self, owner: UserId, name: &str) -> Room {
        self.rooms.create(owner, self.wish(name, &[])).await.unwrap().room
    }

    pub(crate) async fn private_room(&self, owner: UserId, name: &str, others: &[UserId]) -> Room {
        self.made_private(owner, name, others).await.room
    }

    async fn made_private(&self, owner: UserId, name: &str, others: &[UserId]) -> CreatedRoom {
        let wish = NewRoom { is_public: false, ..self.wish(name, others) };
        self.rooms.create(owner, wish).await.unwrap()
    }

    /// All of a person's rooms, as the person's list has them.
    pub(crate) async fn list(&self, user: UserId) -> Vec<RoomEntry> {
        let all = loquat_rooms::model::PageSize::of(200);
        self.rooms.list_joined(user, "", all, "").await.unwrap().rooms
    }

    /// Lets the relay deliver until nothing is left.
    pub(crate) async fn deliver_all(&self) {
        for _ in 0..100 {
            if self.relay.deliver_once().await == Pass::Idle {
                return;
            }
        }
        panic!("the relay comes to no end");
    }
}

struct Parts<'a> {
    log: &'a Arc<FakeLog>,
    users: &'a Arc<FakeUsers>,
    news: &'a Arc<FakeNews>,
    clock: &'a Arc<FixedClock>,
    ids: &'a Arc<SequentialIds>,
}

impl Parts<'_> {
    async fn replica(&self, store: Arc<SqlRoomStore>, delivery_deadline: Duration) -> Replica {
        let key = store.key().await.unwrap();
        let outbox: Arc<dyn Outbox> = store.clone();
        let delivery = Arc::new(Delivery::new(outbox.clone(), self.log.clone(), delivery_deadline));
        let clock: Arc<dyn Clock> = self.clock.clone();
        let interval = Duration::from_millis(20);
        let relay = Relay::new(delivery.clone(), outbox, self.news.clone(), clock.clone(), interval);
        let rooms = Rooms::new(Foundations {
            store: store.clone(),
            lists: store,
            users: self.users.clone(),
            delivery,
            clock,
            ids: self.ids.clone(),
            key,
        });
        Replica { rooms, relay: Arc::new(relay) }
    }
}

/// A change of the name alone.
pub(crate) fn rename(name: &str) -> SettingsChange {
    SettingsChange { name: Some(RoomName::parse(name).unwrap()), topic: None }
}

/// Whether the change is decided and waits for the log.
pub(crate) fn is_pending<T>(result: &Result<T, RoomError>) -> bool {
    matches!(result, Err(RoomError::ChangePending { .. }))
}

/// Whether the room does not exist to the caller.
pub(crate) fn is_not_found<T>(result: &Result<T, RoomError>) -> bool {
    matches!(result, Err(RoomError::RoomNotFound(_)))
}
