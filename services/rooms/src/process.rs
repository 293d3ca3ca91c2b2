//! The service as a process of its own.

use clap::Args;
use loquat_bus::BusSettings;
use loquat_rpc::tls::PeerTls;
use loquat_runtime::{Frame, MessagesAddresses, PeerSettings, Process, SettingError, UsersAddresses};

use crate::app::{self, Peers, Settings};

/// The process.
#[derive(Debug)]
pub struct App;

/// All settings of the process.
#[derive(Args, Debug, Clone)]
pub struct AppSettings {
    /// The service's own.
    #[command(flatten)]
    pub own: Settings,
    /// Mutual TLS.
    #[command(flatten)]
    pub tls: PeerSettings,
    /// Where the users service is.
    #[command(flatten)]
    pub users: UsersAddresses,
    /// Where the messages service is.
    #[command(flatten)]
    pub messages: MessagesAddresses,
    /// The bus.
    #[command(flatten)]
    pub bus: BusSettings,
}

impl loquat_runtime::App for App {
    const NAME: &'static str = "rooms";
    const BINARY: &'static str = "loquat-rooms";
    const ABOUT: &'static str = "Loquat's rooms service: rooms and memberships.";
    const LISTEN: &'static str = "127.0.0.1:4102";
    type Settings = AppSettings;

    fn tls(settings: &AppSettings) -> Result<Option<PeerTls>, SettingError> {
        settings.tls.read().map(Some)
    }

    async fn wire(settings: AppSettings, frame: &Frame) -> anyhow::Result<Process> {
        let tls = settings.tls.read()?;
        let peers = Peers { users: settings.users.channel(&tls)?, messages: settings.messages.channel(&tls)? };
        let bus = settings.bus.connect(Self::NAME).await?;
        let wired = app::wire(&settings.own, frame, peers, bus).await?;
        Ok(Process::new(wired.serve("loquat.rooms.v1", frame)))
    }
}
