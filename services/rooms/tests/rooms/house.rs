//! The rooms service on a store of its own, with a log, users and news that tests command.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use loquat_ids::{Clock, EventId, FixedClock, IdSource, RoomId, SequentialIds, Timestamp, UserId};
use loquat_rooms::{
    error::RoomError,
    model::{Life, ListVersion, Room, RoomEntry, RoomEvent, RoomName, RoomTopic},
    ports::Outbox,
    service::{CreatedRoom, Delivery, Foundations, NewRoom, Pass, Relay, Rooms, SettingsChange},
    store::SqlRoomStore,
};
use sea_orm::ConnectionTrait as _;
use tempfile::TempDir;

use crate::{
    backends::Backend,
    fakes::{FakeLog, FakeNews, FakeUsers},
};

/// Long, for machines that do much at once: no test waits for it.
pub(crate) const STORE_DEADLINE: Duration = Duration::from_secs(20);
/// When the house is opened.
pub(crate) const BEGINNING: Timestamp = Timestamp::from_micros(1_000_000);
/// What its first opening is called.
const FIRST_LIFE: Life = Life(1_000);
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
        let world = World {
            log: Arc::default(),
            users: Arc::default(),
            news: Arc::default(),
            clock: Arc::new(FixedClock::at(BEGINNING)),
            ids: Arc::default(),
        };
        Self::open(backend, world).await
    }

    /// Opens a house on what is there, in a world that is there.
    async fn open(backend: Backend, world: World) -> Self {
        let store = Arc::new(backend.open_at(world.clock.now()).await);
        let Replica { rooms, relay } = world.replica(store.clone(), DELIVERY_DEADLINE).await;
        let World { log, users, news, clock, ids } = world;
        Self { backend, store, log, users, news, clock, ids, rooms, relay }
    }

    fn world(&self) -> World {
        let (log, users, news) = (self.log.clone(), self.users.clone(), self.news.clone());
        World { log, users, news, clock: self.clock.clone(), ids: self.ids.clone() }
    }

    /// Ends the process and starts another on the same store, some time later.
    pub(crate) async fn restarted(self) -> Self {
        let world = self.world();
        let Self { backend, store, rooms, relay, .. } = self;
        drop((store, rooms, relay));
        world.clock.advance(Duration::from_secs(1));
        Self::open(backend, world).await
    }

    /// Ends the process and starts another on a copy of the store that was made before, some time later.
    pub(crate) async fn put_back(self, copy: &Copy) -> Self {
        let world = self.world();
        self.close().await;
        world.clock.advance(Duration::from_secs(1));
        world.log.put_back(&copy.log);
        Self::open(Backend::of_file(&copy.file), world).await
    }

    /// Copies the store as it is, and the log with it. SQLite's alone.
    pub(crate) async fn copy(&self) -> Copy {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("copy.db");
        let behind = self.backend.behind().await;
        behind.execute_unprepared(&format!("VACUUM INTO '{}'", file.display())).await.unwrap();
        behind.close().await.unwrap();
        Copy { file, log: self.log.everything(), _folder: folder }
    }

    /// Starts another process on the same store.
    pub(crate) async fn replica(&self, delivery_deadline: Option<Duration>) -> Replica {
        let store = Arc::new(self.backend.open().await);
        self.world().replica(store, delivery_deadline.unwrap_or(DELIVERY_DEADLINE)).await
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

/// A copy of a house's store and log, as they were at one moment.
pub(crate) struct Copy {
    file: PathBuf,
    log: HashMap<RoomId, Vec<RoomEvent>>,
    _folder: TempDir,
}

/// What is around the processes of a house, and outlives them.
struct World {
    log: Arc<FakeLog>,
    users: Arc<FakeUsers>,
    news: Arc<FakeNews>,
    clock: Arc<FixedClock>,
    ids: Arc<SequentialIds>,
}

impl World {
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

/// The version of a list after so many changes of it, all in the house's first life.
pub(crate) const fn after(changes: u64) -> ListVersion {
    ListVersion(FIRST_LIFE.first_version().0 + changes - 1)
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
