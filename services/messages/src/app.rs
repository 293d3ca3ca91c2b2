//! The service's settings, and the one function that joins its parts.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::{Args, value_parser};
use loquat_bus::{ConsumerLoop, Pattern, Retries, SharedBus};
use loquat_rpc::{Channel, MAX_REQUEST_BYTES, Verifier, server::messages::v1 as server};
use loquat_runtime::{Frame, Readiness, Secret, SettingError, Wired, reaching};
use tonic::service::Routes;

use crate::{
    fold_wakes::{self, BusDeadLetters, FoldWakes},
    folding::{FoldQueue, Folder, scan_heads},
    grpc::{MessageEndpoint, RoomLogEndpoint},
    head_board::HeadBoard,
    news::{BusNews, NewsDesk},
    ports::{MessageStore, RoomNews},
    room_actor::{ActorLimits, RoomActors},
    service::RoomLogs,
    store::{self, Founding},
};

const STORE_URL: &str = "LOQUAT_MESSAGES_STORE_URL";

/// The settings of the messages service.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct Settings {
    /// Store of the room logs: `mongodb://host/name`, `postgres://user:password@host/name`, or `sqlite:` and the path of a
    /// file, which is made where there is none. Without it `loquat` keeps a file in its data folder; a process of its own needs it.
    #[arg(long, env = "LOQUAT_MESSAGES_STORE_URL", value_name = "URL")]
    pub messages_store_url: Option<Secret>,

    /// How long the store may take for one operation, in milliseconds. After that its outcome is not known.
    #[arg(
        long,
        env = "LOQUAT_MESSAGES_STORE_DEADLINE_MILLIS",
        default_value_t = 3_000,
        value_parser = value_parser!(u32).range(50..=60_000),
        value_name = "MILLISECONDS"
    )]
    pub messages_store_deadline_millis: u32,

    /// How many events of a room are written at once, at most.
    #[arg(
        long,
        env = "LOQUAT_MESSAGES_BATCH_EVENTS",
        default_value_t = 100,
        value_parser = value_parser!(u16).range(1..=100),
        value_name = "COUNT"
    )]
    pub messages_batch_events: u16,

    /// How many sends and changes may wait to be written in one room. Above that the room is busy.
    #[arg(
        long,
        env = "LOQUAT_MESSAGES_WAITING_COMMANDS",
        default_value_t = 256,
        value_parser = value_parser!(u16).range(1..=10_000),
        value_name = "COUNT"
    )]
    pub messages_waiting_commands: u16,

    /// After how long without a send or a change the memory of a room's writer is freed, in seconds.
    #[arg(
        long,
        env = "LOQUAT_MESSAGES_ROOM_IDLE_SECONDS",
        default_value_t = 30,
        value_parser = value_parser!(u32).range(1..=3_600),
        value_name = "SECONDS"
    )]
    pub messages_room_idle_seconds: u32,

    /// How often the store is scanned for what other nodes wrote and did not tell, in milliseconds.
    #[arg(
        long,
        env = "LOQUAT_MESSAGES_SCAN_MILLIS",
        default_value_t = 500,
        value_parser = value_parser!(u32).range(50..=60_000),
        value_name = "MILLISECONDS"
    )]
    pub messages_scan_millis: u32,
}

impl Settings {
    fn store_deadline(&self) -> Duration {
        Duration::from_millis(self.messages_store_deadline_millis.into())
    }

    fn limits(&self) -> ActorLimits {
        ActorLimits {
            mailbox_commands: self.messages_waiting_commands.into(),
            batch_events: self.messages_batch_events.into(),
            idle_after: Duration::from_secs(self.messages_room_idle_seconds.into()),
            // A write and the two reads that resolve it.
            settle_within: self.store_deadline().saturating_mul(3),
        }
    }
}

/// The services that this one calls.
#[derive(Debug, Clone)]
pub struct Peers {
    /// Users: for the keys that verify tokens, and the sessions that ended.
    pub users: Channel,
}

/// Joins the parts of the service, and begins to publish, to fold, to scan, and to follow which sessions end.
///
/// # Errors
///
/// Where the store cannot be opened, is newer than this program, or does not answer.
pub async fn wire(settings: &Settings, frame: &Frame, peers: Peers, bus: SharedBus) -> anyhow::Result<Wired> {
    let Some(url) = &settings.messages_store_url else {
        let problem = "it must be set, to a mongodb://, a postgres:// or a sqlite: URL";
        return Err(SettingError::new(STORE_URL, problem).into());
    };
    let founding = Founding::fresh(&*frame.ids);
    let store = match reaching(STORE_URL, store::open(url.reveal(), founding, settings.store_deadline())).await {
        Err(error @ (store::OpenError::UnknownKind | store::OpenError::Unusable(_))) => {
            return Err(SettingError::new(STORE_URL, error).into());
        }
        opened => opened.context(STORE_URL)?,
    };
    let verifier = Verifier::follow(peers.users, Arc::clone(&frame.clock), frame.stop.clone());
    let (routes, readiness) = join(store, settings, frame, bus);
    Ok(Wired { routes, verifier, readiness })
}

/// Joins everything behind the callers' tokens.
pub(crate) fn join(
    store: Arc<dyn MessageStore>,
    settings: &Settings,
    frame: &Frame,
    bus: SharedBus,
) -> (Routes, Readiness) {
    let heads = Arc::new(HeadBoard::default());
    let news: Arc<dyn RoomNews> = Arc::new(BusNews::new(Arc::clone(&bus)));
    let desk = NewsDesk::open(&news, &frame.tasks, &frame.stop);
    let actors = RoomActors::new(
        Arc::clone(&store),
        Arc::clone(&frame.clock),
        Arc::clone(&heads),
        desk,
        settings.limits(),
        frame.tasks.clone(),
        frame.stop.clone(),
    );
    fold(&store, &heads, settings, frame, bus);
    let logs = Arc::new(RoomLogs::new(store, actors, heads, Arc::clone(&frame.ids)));

    let messages = server::message_service_server::MessageServiceServer::new(MessageEndpoint { logs: logs.clone() });
    let room_log = RoomLogEndpoint { logs: logs.clone(), stop: frame.stop.clone() };
    let room_log = server::room_log_service_server::RoomLogServiceServer::new(room_log);
    let routes = Routes::new(messages.max_decoding_message_size(MAX_REQUEST_BYTES))
        .add_service(room_log.max_decoding_message_size(MAX_REQUEST_BYTES));
    let readiness = Readiness::new().check("message store", move || {
        let logs = Arc::clone(&logs);
        async move { logs.check_store().await.is_ok() }
    });
    (routes, readiness)
}

/// Begins to fold: woken by the bus, and by the scan that finds what the bus lost.
fn fold(store: &Arc<dyn MessageStore>, heads: &Arc<HeadBoard>, settings: &Settings, frame: &Frame, bus: SharedBus) {
    let queue = Arc::new(FoldQueue::default());
    let every = Duration::from_millis(settings.messages_scan_millis.into());
    let scan = scan_heads(Arc::clone(store), Arc::clone(heads), Arc::clone(&queue), every, frame.stop.clone());
    frame.tasks.spawn(scan);
    let letters = Arc::new(BusDeadLetters { bus: Arc::clone(&bus), clock: Arc::clone(&frame.clock) });
    let folder = Folder { store: Arc::clone(store), letters, queue: Arc::clone(&queue) };
    frame.tasks.spawn(folder.run(frame.stop.clone()));
    let wakes = ConsumerLoop {
        bus,
        name: fold_wakes::consumer_name(),
        pattern: Pattern::all_rooms(),
        retries: Retries::default(),
        clock: Arc::clone(&frame.clock),
    };
    frame.tasks.spawn(wakes.run(FoldWakes(queue), frame.stop.clone()));
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};
    use loquat_bus::EmbeddedBus;
    use loquat_rpc::{Served, ServiceName};

    use super::*;

    fn settings(arguments: &[&str]) -> Result<Settings, clap::Error> {
        let arguments = std::iter::once("messages").chain(arguments.iter().copied());
        Settings::from_arg_matches(&Settings::augment_args(Command::new("messages")).try_get_matches_from(arguments)?)
    }

    async fn start(arguments: &[&str]) -> anyhow::Result<Wired> {
        let frame = Frame::real();
        let nobody = Served::guarded(Routes::default(), Verifier::own(&no_keys(), frame.clock.clone()));
        let peers = Peers { users: Channel::in_process(nobody, ServiceName::new_static("messages")) };
        wire(&settings(arguments)?, &frame, peers, Arc::new(EmbeddedBus::new())).await
    }

    fn no_keys() -> loquat_rpc::KeySet {
        loquat_rpc::KeySet { issuer: "loquat".to_owned(), audience: "loquat".to_owned(), keys: Vec::new() }
    }

    #[test]
    fn wrong_settings_are_refused() {
        for wrong in ["--messages-batch-events=0", "--messages-batch-events=101", "--messages-scan-millis=soon"] {
            assert!(settings(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_start_without_a_store_or_with_one_of_no_kind_names_the_setting() {
        for arguments in [&[][..], &["--messages-store-url=redis://localhost"]] {
            let error: SettingError = start(arguments).await.unwrap_err().downcast().unwrap();
            assert_eq!(error.setting, "LOQUAT_MESSAGES_STORE_URL");
        }
    }

    #[tokio::test]
    async fn a_start_on_a_new_file_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("--messages-store-url=sqlite:{}/messages.db", folder.path().display());
        start(&[&url]).await.expect("a service");
    }
}
