//! The gateway as a process of its own.

use clap::Args;
use loquat_bus::BusSettings;
use loquat_rpc::tls::PeerTls;
use loquat_runtime::{
    Frame, MessagesAddresses, PeerSettings, PresenceAddresses, Process, RoomsAddresses, SettingError, UsersAddresses,
};

use crate::{
    app::{self, Settings},
    edge::Upstreams,
};

/// The process.
#[derive(Debug)]
pub struct App;

/// All settings of the process.
#[derive(Args, Debug, Clone)]
pub struct AppSettings {
    /// The gateway's own.
    #[command(flatten)]
    pub own: Settings,
    /// Mutual TLS towards the services.
    #[command(flatten)]
    pub tls: PeerSettings,
    /// Where the users service is.
    #[command(flatten)]
    pub users: UsersAddresses,
    /// Where the rooms service is.
    #[command(flatten)]
    pub rooms: RoomsAddresses,
    /// Where the messages service is.
    #[command(flatten)]
    pub messages: MessagesAddresses,
    /// Where the presence service is.
    #[command(flatten)]
    pub presence: PresenceAddresses,
    /// The bus.
    #[command(flatten)]
    pub bus: BusSettings,
}

impl loquat_runtime::App for App {
    const NAME: &'static str = "gateway";
    const BINARY: &'static str = "loquat-gateway";
    const ABOUT: &'static str = "Loquat's gateway: grpc-web, gRPC and the web page on one port.";
    const LISTEN: &'static str = "127.0.0.1:3000";
    type Settings = AppSettings;

    fn tls(_: &AppSettings) -> Result<Option<PeerTls>, SettingError> {
        // Clients have no certificates of ours.
        Ok(None)
    }

    async fn wire(settings: AppSettings, frame: &Frame) -> anyhow::Result<Process> {
        let tls = settings.tls.read()?;
        let upstreams = Upstreams {
            users: settings.users.channel(&tls)?,
            rooms: settings.rooms.channel(&tls)?,
            messages: settings.messages.channel(&tls)?,
            presence: settings.presence.channel(&tls)?,
        };
        let bus = settings.bus.connect(Self::NAME).await?;
        Ok(Process::new(app::wire(&settings.own, frame, upstreams, bus).await?))
    }
}
