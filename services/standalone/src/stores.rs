//! Which stores a command is about.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use loquat_messages::audit::LogAudit;
use loquat_rooms::store::audit::RoomAudit;
use loquat_runtime::{Secret, SettingError};

use crate::data;

const MESSAGES_URL: &str = "LOQUAT_MESSAGES_STORE_URL";
const ROOMS_URL: &str = "LOQUAT_ROOMS_DATABASE_URL";

/// Where the stores are.
#[derive(Args, Debug, Clone)]
#[group(skip)]
pub struct Places {
    /// Folder of the embedded stores.
    #[arg(long, env = "LOQUAT_DATA_DIR", default_value = "./data", value_name = "FOLDER")]
    pub data_dir: PathBuf,

    /// Store of the room logs, where it is not in the folder of data: `mongodb://host/name`, `postgres://user:password@host/name`
    /// or `sqlite:` and the path of a file.
    #[arg(long, env = "LOQUAT_MESSAGES_STORE_URL", value_name = "URL")]
    pub messages_store_url: Option<Secret>,

    /// Database of rooms, where it is not in the folder of data: `postgres://user:password@host/name` or `sqlite:<file>`.
    #[arg(long, env = "LOQUAT_ROOMS_DATABASE_URL", value_name = "URL")]
    pub rooms_database_url: Option<Secret>,
}

/// The stores, opened.
#[derive(Debug)]
pub(crate) struct Stores {
    /// Nothing where only rooms were named.
    pub(crate) logs: Option<LogAudit>,
    /// Nothing where only logs were named.
    pub(crate) rooms: Option<RoomAudit>,
}

impl Stores {
    /// Returns both.
    pub(crate) fn both(&self) -> anyhow::Result<(&LogAudit, &RoomAudit)> {
        Ok((self.logs.as_ref().context("a folder has logs")?, self.rooms.as_ref().context("a folder has rooms")?))
    }

    /// Closes all connections.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        if let Some(logs) = self.logs {
            logs.close().await?;
        }
        if let Some(rooms) = self.rooms {
            rooms.close().await?;
        }
        Ok(())
    }
}

impl Places {
    /// Tells whether all is in the folder of data.
    pub(crate) const fn are_embedded(&self) -> bool {
        self.messages_store_url.is_none() && self.rooms_database_url.is_none()
    }

    /// Opens the stores: those that URLs name, or both of the folder.
    pub(crate) async fn open(&self) -> anyhow::Result<Stores> {
        if self.are_embedded() {
            return open_folder(&data::existing(&self.data_dir)?).await;
        }
        let logs = match &self.messages_store_url {
            Some(url) => Some(open_logs(url, MESSAGES_URL).await?),
            None => None,
        };
        let rooms = match &self.rooms_database_url {
            Some(url) => Some(open_rooms(url, ROOMS_URL).await?),
            None => None,
        };
        Ok(Stores { logs, rooms })
    }
}

/// Opens both stores of a folder.
pub(crate) async fn open_folder(folder: &Path) -> anyhow::Result<Stores> {
    let (messages, rooms) = (data::sqlite_url(folder, "messages")?, data::sqlite_url(folder, "rooms")?);
    let logs = open_logs(&messages, data::SETTING).await?;
    let opened = open_rooms(&rooms, data::SETTING).await?;
    Ok(Stores { logs: Some(logs), rooms: Some(opened) })
}

async fn open_logs(url: &Secret, setting: &str) -> anyhow::Result<LogAudit> {
    use loquat_messages::audit::AuditError;
    LogAudit::open(url.reveal()).await.map_err(|error| match error {
        AuditError::Sql(_) | AuditError::Mongo(_) | AuditError::Silent => {
            anyhow::Error::new(error).context(setting.to_owned())
        }
        wrong => SettingError::new(setting, wrong).into(),
    })
}

async fn open_rooms(url: &Secret, setting: &str) -> anyhow::Result<RoomAudit> {
    use loquat_rooms::store::audit::AuditError;
    RoomAudit::open(url.reveal()).await.map_err(|error| match error {
        AuditError::Sql(_) => anyhow::Error::new(error).context(setting.to_owned()),
        wrong => SettingError::new(setting, wrong).into(),
    })
}
