//! The whole as a process.

use std::sync::OnceLock;

use loquat_rpc::tls::PeerTls;
use loquat_runtime::{Frame, Process, SettingError};

use crate::{
    data::DataFolder,
    house::{self, Settings},
};

/// The folder of data, held until the process ends.
static DATA: OnceLock<DataFolder> = OnceLock::new();

/// The process.
#[derive(Debug)]
pub struct App;

impl loquat_runtime::App for App {
    const NAME: &'static str = "standalone";
    const BINARY: &'static str = "loquat";
    const ABOUT: &'static str = "Loquat: a gRPC-first chat platform, all of it in one process.";
    const LISTEN: &'static str = "127.0.0.1:3000";
    type Settings = Settings;

    fn tls(_: &Settings) -> Result<Option<PeerTls>, SettingError> {
        // Clients have no certificates of ours.
        Ok(None)
    }

    async fn wire(settings: Settings, frame: &Frame) -> anyhow::Result<Process> {
        let house = house::build(&settings, frame).await?;
        DATA.get_or_init(|| house.data);
        let greeting = Some("Loquat is at http://localhost:{port}".to_owned());
        Ok(Process { greeting, ..Process::new(house.edge) })
    }
}
