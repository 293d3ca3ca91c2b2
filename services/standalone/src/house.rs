//! The house: which service calls which, and on what they stand.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use clap::Args;
use loquat_bus::{EmbeddedBus, EmbeddedLimits, SharedBus};
use loquat_gateway::edge::Upstreams;
use loquat_rpc::{Channel, Served, ServiceName};
use loquat_runtime::Frame;

use crate::data::DataFolder;

/// The settings of the whole.
#[derive(Args, Debug, Clone)]
#[group(skip)]
pub struct Settings {
    /// Folder of the embedded stores. It is made where there is none, and one process has it at a time.
    #[arg(long, env = "LOQUAT_DATA_DIR", default_value = "./data", value_name = "FOLDER")]
    pub data_dir: PathBuf,

    /// The users service's.
    #[command(flatten)]
    pub users: loquat_users::app::Settings,
    /// The rooms service's.
    #[command(flatten)]
    pub rooms: loquat_rooms::Settings,
    /// The messages service's.
    #[command(flatten)]
    pub messages: loquat_messages::app::Settings,
    /// The presence service's.
    #[command(flatten)]
    pub presence: loquat_presence::app::Settings,
    /// The gateway's.
    #[command(flatten)]
    pub gateway: loquat_gateway::app::Settings,
}

/// All services, joined.
#[derive(Debug)]
pub struct House {
    /// What the port answers.
    pub edge: Served,
    /// The folder of data, held for as long as this is.
    pub data: DataFolder,
}

/// Joins all services in one process, and seeds the room `lobby`.
///
/// Stores lie in the folder of data, unless a setting of their own names another place.
///
/// # Errors
///
/// Names the setting where one is wrong; otherwise what could not be opened.
pub async fn build(settings: &Settings, frame: &Frame) -> anyhow::Result<House> {
    let data = DataFolder::open(&settings.data_dir)?;
    let mut settings = settings.clone();
    settings.users.users_database_url.get_or_insert(data.sqlite("users")?);
    settings.rooms.rooms_database_url.get_or_insert(data.sqlite("rooms")?);
    settings.messages.messages_store_url.get_or_insert(data.sqlite("messages")?);
    let bus: SharedBus = Arc::new(EmbeddedBus::open(data.path(), EmbeddedLimits::default())?);

    let users = loquat_users::app::wire(&settings.users, frame).await.context("users")?;
    let users = users.serve("loquat.users.v1", frame);
    let to_users = |caller| Channel::in_process(users.clone(), ServiceName::new_static(caller));

    let peers = loquat_messages::app::Peers { users: to_users("messages") };
    let messages =
        loquat_messages::app::wire(&settings.messages, frame, peers, bus.clone()).await.context("messages")?;
    let messages = messages.serve("loquat.messages.v1", frame);
    let to_messages = |caller| Channel::in_process(messages.clone(), ServiceName::new_static(caller));

    let peers = loquat_rooms::Peers { users: to_users("rooms"), messages: to_messages("rooms") };
    let opened = loquat_rooms::open(&settings.rooms, frame, peers, bus.clone()).await.context("rooms")?;
    let rooms = opened.wired.serve("loquat.rooms.v1", frame);
    let to_rooms = |caller| Channel::in_process(rooms.clone(), ServiceName::new_static(caller));

    let owner = loquat_users::ensure_system_user(&settings.users, frame).await?;
    loquat_rooms::ensure_lobby(&opened.rooms, owner).await.context("the lobby")?;

    let peers = loquat_presence::app::Peers { users: to_users("presence"), rooms: to_rooms("presence") };
    let presence =
        loquat_presence::app::wire(&settings.presence, frame, peers, bus.clone()).await.context("presence")?;
    let presence = presence.serve("loquat.presence.v1", frame);

    let upstreams = Upstreams {
        users: to_users("gateway"),
        rooms: to_rooms("gateway"),
        messages: to_messages("gateway"),
        presence: Channel::in_process(presence, ServiceName::new_static("gateway")),
    };
    let edge = loquat_gateway::app::wire(&settings.gateway, frame, upstreams, bus).await.context("gateway")?;
    Ok(House { edge, data })
}
