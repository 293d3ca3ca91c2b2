//! Copying a folder of data while a process writes to it.
//!
//! Each database is copied by SQLite itself (`VACUUM INTO`), which reads one snapshot of it and keeps no writer waiting. What is
//! not of one database is kept consistent by the order: **the logs first, then rooms, then the rest**.
//!
//! - Whatever a log has from rooms was decided in rooms before. So the copy of rooms, which is later, has it too.
//! - What rooms has besides, which reached the log only after that was copied, is in the outbox of the copy: with its place in
//!   the log, as delivered. The copy takes that place back ([`RoomAudit::settle_outbox`]), so that whoever serves from it takes
//!   the change into the log again, as after any crash between the two. A finished row stays in the outbox for days. And what
//!   was on the way while the copies were made, and is in both, gets its place.
//! - Rooms and messages name people. Accounts are copied after both, so that all of them are there.
//!
//! In the other order a log could have changes that rooms knows nothing of, and rooms would decide their versions again.
//! So nothing is acknowledged that both copies do not have, or one of them and the outbox; and what is not so is found by judging
//! the copy as `loquat verify` does, before it is put in its place.
//!
//! [`RoomAudit::settle_outbox`]: loquat_rooms::store::audit::RoomAudit::settle_outbox

mod archive;
mod copying;
mod manifest;
mod place;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use loquat_ids::{Clock as _, SystemClock};
use loquat_rooms::store::audit::AuditedDecision;
use loquat_runtime::{Secret, SettingError, Verdict};

pub(crate) use archive::unpack;
pub(crate) use copying::{Access, connect};
#[cfg(test)]
pub(crate) use manifest::Entry;
pub(crate) use manifest::{MANIFEST, Manifest, hash};
use place::Place;

use crate::{
    data,
    stores::{self, Stores},
    verify::{Difference, Listing, Walk},
};

/// The settings of `loquat backup`.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Settings {
    /// Folder of the embedded stores.
    #[arg(long, env = "LOQUAT_DATA_DIR", default_value = "./data", value_name = "FOLDER")]
    pub data_dir: PathBuf,

    /// Where the backup goes, which must not be there yet: a folder, or, where the name ends in .tar, one file.
    #[arg(long, value_name = "PATH")]
    pub to: PathBuf,

    /// Do not judge the copy as `loquat verify` does, which takes about as long as copying.
    #[arg(long)]
    pub unjudged: bool,

    /// Store of the room logs. It must not be set: what is not in the folder is backed up by its own tools.
    #[arg(long, env = "LOQUAT_MESSAGES_STORE_URL", value_name = "URL", hide = true)]
    pub messages_store_url: Option<Secret>,

    /// Database of rooms. It must not be set.
    #[arg(long, env = "LOQUAT_ROOMS_DATABASE_URL", value_name = "URL", hide = true)]
    pub rooms_database_url: Option<Secret>,

    /// Database of the accounts. It must not be set.
    #[arg(long, env = "LOQUAT_USERS_DATABASE_URL", value_name = "URL", hide = true)]
    pub users_database_url: Option<Secret>,
}

impl Settings {
    /// What lies elsewhere is in no copy of the folder.
    fn refuse_other_stores(&self) -> Result<(), SettingError> {
        let elsewhere = [
            ("LOQUAT_MESSAGES_STORE_URL", &self.messages_store_url),
            ("LOQUAT_ROOMS_DATABASE_URL", &self.rooms_database_url),
            ("LOQUAT_USERS_DATABASE_URL", &self.users_database_url),
        ];
        match elsewhere.iter().find(|(_, url)| url.is_some()) {
            Some((setting, _)) => Err(SettingError::new(
                *setting,
                "it is set, and a backup has the folder of data alone: back that store up by its own tools",
            )),
            None => Ok(()),
        }
    }
}

pub(crate) async fn run(settings: &Settings) -> anyhow::Result<Verdict> {
    settings.refuse_other_stores()?;
    let folder = data::existing(&settings.data_dir)?;
    let sources = copying::Sources::in_folder(&folder)?;
    let place = Place::take(&settings.to)?;

    let begin_time = SystemClock.now();
    sources.copy_into(place.folder()).await?;
    let stores = stores::open_folder(place.folder()).await.context("the copy cannot be opened")?;
    let mut listing = Listing::to_standard_output(false);
    let counts = settle(&stores, place.folder(), &mut listing, settings.unjudged).await?;
    let epoch = stores.logs.as_ref().context("a copy has logs")?.epoch().await?;
    stores.close().await?;

    let mut manifest = Manifest::begin(begin_time, epoch.to_string(), counts);
    manifest.add_files(place.folder()).await?;
    manifest.write(place.folder())?;
    let bytes = manifest.files.iter().map(|file| file.bytes).sum::<u64>();
    let to = place.publish(&manifest)?;
    eprintln!(
        "{}: {} files, {bytes} bytes; {} rooms, {} events, epoch {epoch}; {}",
        to.display(),
        manifest.files.len(),
        counts.rooms,
        counts.events,
        if settings.unjudged { "not judged".to_owned() } else { listing.summary() },
    );
    Ok(if listing.is_empty() { Verdict::Fine } else { Verdict::Differs })
}

/// What a backup holds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) rooms: u64,
    pub(crate) events: u64,
}

/// Writes where each log of the copy ends, judges the copy, and brings its outbox in line with its logs.
async fn settle(stores: &Stores, folder: &Path, listing: &mut Listing, unjudged: bool) -> anyhow::Result<Counts> {
    let (logs, rooms) = stores.both()?;
    let mut heads = manifest::Heads::create(folder)?;
    let mut counts = Counts::default();
    // As many as were decided while the copy was made.
    let mut settled = Vec::new();
    let mut walk = Walk::begin(stores).await;
    while let Some(mut walked) = walk.next().await? {
        if let Some(log) = &walked.log {
            heads.add(log)?;
            counts.rooms += 1;
            counts.events += log.head_seq;
        }
        let log = walked.log.as_ref();
        let place = |row: &AuditedDecision| {
            let decided = log.and_then(|log| log.decided.get(&row.version))?;
            (decided.event_id == row.event_id).then_some(decided.seq)
        };
        settled.extend(walked.room.iter_mut().flat_map(|room| room.settle_outbox(place)));
        for difference in if unjudged { Vec::new() } else { walked.differences(stores, 0).await? } {
            listing.add(difference)?;
        }
    }
    heads.end()?;
    // The walk has ended, and with it what it read from.
    drop(walk);
    rooms.settle_outbox(&settled).await?;
    if !unjudged {
        for damage in logs.judge_store().await? {
            listing.add(Difference::of_log(&damage))?;
        }
        for found in rooms.judge_database().await? {
            listing.add(Difference::of_database(found))?;
        }
    }
    Ok(counts)
}
