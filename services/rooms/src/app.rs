//! Joining the parts.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use anyhow::Context as _;
use loquat_bus::SharedBus;
use loquat_ids::{Clock, UserId};
use loquat_rpc::{
    Channel, MAX_REQUEST_BYTES, Verifier,
    server::rooms::v1::{room_service_server::RoomServiceServer, user_rooms_service_server::UserRoomsServiceServer},
};
use loquat_runtime::{Frame, Readiness, Secret, SettingError, Wired, reaching};
use tonic::service::Routes;

use crate::{
    error::RoomError,
    grpc::{RoomHandlers, UserRoomsHandlers},
    model::{Room, RoomName, RoomTopic},
    peers::{BusNews, MessagesLog, UsersDirectory},
    ports::{Outbox, RoomLog},
    service::{Delivery, Foundations, NewRoom, Relay, Rooms},
    store::{OpenError, SqlRoomStore},
};

const DATABASE_URL: &str = "LOQUAT_ROOMS_DATABASE_URL";

/// The settings of the rooms service.
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub struct Settings {
    /// Database of rooms: `sqlite:<file>`, which is made where there is none, or `postgres://user:password@host/name`.
    /// Without it `loquat` keeps a file in its data folder; a process of its own needs it.
    #[arg(long, env = "LOQUAT_ROOMS_DATABASE_URL", value_name = "URL")]
    pub rooms_database_url: Option<Secret>,

    /// Connections to the database at most, 2 to 500. (SQLite: those that read; one more writes.)
    #[arg(
        long,
        env = "LOQUAT_ROOMS_DATABASE_CONNECTIONS",
        default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(2..=500),
        value_name = "COUNT"
    )]
    pub rooms_database_connections: u32,

    /// How long one access to the database may take, in milliseconds.
    #[arg(
        long,
        env = "LOQUAT_ROOMS_STORE_DEADLINE_MILLIS",
        default_value_t = 2_000,
        value_parser = clap::value_parser!(u32).range(10..=30_000),
        value_name = "MILLISECONDS"
    )]
    pub rooms_store_deadline_millis: u32,

    /// How long one call to the users service may take, in milliseconds.
    #[arg(
        long,
        env = "LOQUAT_ROOMS_USERS_DEADLINE_MILLIS",
        default_value_t = 2_000,
        value_parser = clap::value_parser!(u32).range(10..=30_000),
        value_name = "MILLISECONDS"
    )]
    pub rooms_users_deadline_millis: u32,

    /// How long a call waits for its change to stand in the room's log, in milliseconds. Then it is answered as pending,
    /// and finished in the background.
    #[arg(
        long,
        env = "LOQUAT_ROOMS_DELIVERY_DEADLINE_MILLIS",
        default_value_t = 3_000,
        value_parser = clap::value_parser!(u32).range(10..=30_000),
        value_name = "MILLISECONDS"
    )]
    pub rooms_delivery_deadline_millis: u32,

    /// How often the store is searched for changes that another process left unfinished, in milliseconds.
    #[arg(
        long,
        env = "LOQUAT_ROOMS_RELAY_INTERVAL_MILLIS",
        default_value_t = 1_000,
        value_parser = clap::value_parser!(u32).range(10..=60_000),
        value_name = "MILLISECONDS"
    )]
    pub rooms_relay_interval_millis: u32,
}

impl Settings {
    /// Returns the settings for a database, with the default of every other.
    #[must_use]
    pub const fn for_database(database_url: Secret) -> Self {
        Self {
            rooms_database_url: Some(database_url),
            rooms_database_connections: 16,
            rooms_store_deadline_millis: 2_000,
            rooms_users_deadline_millis: 2_000,
            rooms_delivery_deadline_millis: 3_000,
            rooms_relay_interval_millis: 1_000,
        }
    }
}

const fn millis(count: u32) -> Duration {
    Duration::from_millis(count as u64)
}

/// The services that this one calls.
#[derive(Debug, Clone)]
pub struct Peers {
    /// The users service: who exists, and whose tokens hold.
    pub users: Channel,
    /// The messages service, which keeps the room log.
    pub messages: Channel,
}

/// The rooms service with its parts joined: what it serves, and the use cases for who runs it in the same process.
#[derive(Debug)]
pub struct Opened {
    /// What answers calls.
    pub wired: Wired,
    /// The use cases.
    pub rooms: Rooms,
}

/// Joins the parts, and starts the relay, which ends with the frame.
///
/// # Errors
///
/// A [`SettingError`] where the database's URL is of none; otherwise that the database cannot be opened.
pub async fn wire(settings: &Settings, frame: &Frame, peers: Peers, bus: SharedBus) -> anyhow::Result<Wired> {
    Ok(open(settings, frame, peers, bus).await?.wired)
}

/// The same, and gives the use cases too.
///
/// # Errors
///
/// As [`wire`].
pub async fn open(settings: &Settings, frame: &Frame, peers: Peers, bus: SharedBus) -> anyhow::Result<Opened> {
    let store = Arc::new(open_store(settings, frame.clock.as_ref()).await?);
    let key = store.key().await.context("the key of the store of rooms")?;
    let outbox: Arc<dyn Outbox> = store.clone();
    let delivery_deadline = millis(settings.rooms_delivery_deadline_millis);
    let log: Arc<dyn RoomLog> = Arc::new(MessagesLog::new(&peers.messages, delivery_deadline));
    let delivery = Arc::new(Delivery::new(outbox.clone(), log, delivery_deadline));

    let news = Arc::new(BusNews::new(bus));
    let interval = millis(settings.rooms_relay_interval_millis);
    let relay = Relay::new(delivery.clone(), outbox, news, frame.clock.clone(), interval);
    let stop = frame.stop.clone();
    frame.tasks.spawn(async move { relay.run(stop).await });

    let rooms = Rooms::new(Foundations {
        store: store.clone(),
        lists: store.clone(),
        users: Arc::new(UsersDirectory::new(&peers.users, millis(settings.rooms_users_deadline_millis))),
        delivery,
        clock: frame.clock.clone(),
        ids: frame.ids.clone(),
        key,
    });
    let verifier = Verifier::follow(peers.users, frame.clock.clone(), frame.stop.clone());
    let readiness = Readiness::new().check("rooms store", move || {
        let store = store.clone();
        async move { store.is_ready().await }
    });
    Ok(Opened { wired: Wired { routes: routes(&rooms), verifier, readiness }, rooms })
}

async fn open_store(settings: &Settings, clock: &dyn Clock) -> anyhow::Result<SqlRoomStore> {
    let count = NonZeroU32::new(settings.rooms_database_connections).unwrap_or(NonZeroU32::MIN);
    let url = settings.rooms_database_url.as_ref().ok_or_else(|| SettingError::new(DATABASE_URL, "it must be set"))?;
    let deadline = millis(settings.rooms_store_deadline_millis);
    let opened = reaching(DATABASE_URL, SqlRoomStore::open(url.reveal(), count, deadline, clock)).await;
    opened.map_err(|error| match error {
        OpenError::Url | OpenError::File(_) => SettingError::new(DATABASE_URL, error).into(),
        other => anyhow::Error::new(other).context(DATABASE_URL),
    })
}

fn routes(rooms: &Rooms) -> Routes {
    let for_users = RoomServiceServer::new(RoomHandlers::new(rooms.clone()));
    let for_gateways = UserRoomsServiceServer::new(UserRoomsHandlers::new(rooms.clone()));
    Routes::default()
        .add_service(for_users.max_decoding_message_size(MAX_REQUEST_BYTES))
        .add_service(for_gateways.max_decoding_message_size(MAX_REQUEST_BYTES))
}

/// Makes the public room `lobby`, owned by a given user, where it is not there yet. However often it is called, there is
/// one.
///
/// # Errors
///
/// As [`Rooms::create`]. After [`RoomError::ChangePending`] the lobby is decided, and the relay finishes it.
pub async fn ensure_lobby(rooms: &Rooms, owner: UserId) -> Result<Room, RoomError> {
    let lobby = NewRoom {
        request_id: "seed-lobby-1".parse().expect("it is long enough and plain"),
        is_public: true,
        name: RoomName::parse("lobby").expect("it keeps the rule"),
        topic: RoomTopic::parse("Everybody is here").expect("it keeps the rule"),
        user_ids: Vec::new(),
    };
    Ok(rooms.create(owner, lobby).await?.room)
}
