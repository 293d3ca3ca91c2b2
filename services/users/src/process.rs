//! The service as a process of its own.

use clap::Args;
use loquat_rpc::tls::PeerTls;
use loquat_runtime::{Frame, PeerSettings, Process, SettingError};

use crate::app::{self, Settings};

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
}

impl loquat_runtime::App for App {
    const NAME: &'static str = "users";
    const BINARY: &'static str = "loquat-users";
    const ABOUT: &'static str = "Loquat's users service: accounts, sessions, profiles.";
    const LISTEN: &'static str = "127.0.0.1:4101";
    type Settings = AppSettings;

    fn tls(settings: &AppSettings) -> Result<Option<PeerTls>, SettingError> {
        settings.tls.read().map(Some)
    }

    async fn wire(settings: AppSettings, frame: &Frame) -> anyhow::Result<Process> {
        let wired = app::wire(&settings.own, frame).await?;
        Ok(Process::new(wired.serve("loquat.users.v1", frame)))
    }
}
