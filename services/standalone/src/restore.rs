//! Putting a backup into a folder of data.
//!
//! The backup is first made ready inside the folder, in a folder of its own, then what was there is moved aside into
//! another, and the files are moved to their places. Nothing is deleted. Between the first and the last move a file says that a
//! restore is under way, so that nobody serves from a folder that is half of one and half of the other.
//!
//! What is told of the time that is lost:
//!
//! - The logs begin another life, so that every cursor from before is told to begin anew, also one whose place is there again
//!   with another event.
//! - Lists of rooms begin a life of their own whenever their store is opened, so there is nothing to do for them here.
//! - Everybody is signed out: sessions that have ended since would hold again, and so would refresh tokens that were spent since
//!   ([`loquat_users::sign_everybody_out`]).

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use clap::Args;
use loquat_ids::{Clock as _, Epoch, IdSource as _, RandomIds, SystemClock};
use loquat_messages::audit::LogAudit;
use loquat_rooms::store::audit::RoomAudit;
use loquat_runtime::{SettingError, Verdict};
use sea_orm::ConnectionTrait as _;

use crate::{
    backup::{Access, Manifest, connect, hash, unpack},
    data::{self, DataFolder, LOCK, RESTORING},
};

/// How the folders begin that hold what was moved aside, and what is made ready.
const ASIDE: &str = "before-restore-";
const READY: &str = ".restoring-";

/// The settings of `loquat restore`.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Settings {
    /// Folder of the embedded stores. It is made where there is none.
    #[arg(long, env = "LOQUAT_DATA_DIR", default_value = "./data", value_name = "FOLDER")]
    pub data_dir: PathBuf,

    /// The backup: the folder or the .tar file that `loquat backup` made.
    #[arg(long, value_name = "PATH")]
    pub from: PathBuf,

    /// Move what is in the folder of data aside, into `before-restore-…` within it. Nothing is deleted.
    #[arg(long)]
    pub force: bool,
}

pub(crate) async fn run(settings: &Settings) -> anyhow::Result<Verdict> {
    let from = settings.from.canonicalize().map_err(|error| wrong_backup(&settings.from, &error))?;
    let data = DataFolder::take(&settings.data_dir)?;
    let there = entries(data.path())?;
    if !there.is_empty() && !settings.force {
        let problem = format!("{} is not empty: --force moves what is in it aside", data.path().display());
        return Err(SettingError::new(data::SETTING, problem).into());
    }
    ensure!(!from.starts_with(data.path()) || from != data.path(), "a backup is not put into itself");

    let ready = Ready::make(data.path())?;
    let manifest = if from.is_dir() { copy_in(&from, &ready.0)? } else { unpack_in(&from, &ready.0)? };
    let epoch = renew(&ready.0).await?;
    let aside = put_in_place(&data, &ready, &there)?;
    eprintln!(
        "{}: restored to {}, with {} rooms and {} events; epoch {} became {epoch}; everybody signs in again",
        data.path().display(),
        manifest.begin_time,
        manifest.rooms,
        manifest.events,
        manifest.epoch,
    );
    if let Some(aside) = aside {
        eprintln!("what was there is in {}", aside.display());
    }
    Ok(Verdict::Fine)
}

fn wrong_backup(path: &Path, problem: &dyn std::fmt::Display) -> SettingError {
    SettingError::new("--from", format!("{}: {problem}", path.display()))
}

/// What is in a folder of data, its lock and what earlier restores moved aside left out.
fn entries(folder: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<io::Result<Vec<String>>>()?;
    // ext4 makes one at the root of each file system.
    Ok(names.into_iter().filter(|name| name != LOCK && name != "lost+found" && !name.starts_with(ASIDE)).collect())
}

/// A folder within the folder of data in which a backup is made ready. Dropped, it takes what is left of it along.
#[derive(Debug)]
struct Ready(PathBuf);

impl Ready {
    fn make(data: &Path) -> io::Result<Self> {
        let folder = data.join(format!("{READY}{}", RandomIds.fresh().simple()));
        data::make_private(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                eprintln!("warning: {} is left: {error}", self.0.display());
            }
            _ => {}
        }
    }
}

fn copy_in(from: &Path, to: &Path) -> anyhow::Result<Manifest> {
    let manifest = Manifest::read(from).map_err(|error| wrong_backup(from, &format!("{error:#}")))?;
    for entry in &manifest.files {
        fs::copy(from.join(&entry.name), to.join(&entry.name))
            .map_err(|error| wrong_backup(from, &format!("{}: {error}", entry.name)))?;
    }
    judged(manifest, from, to)
}

fn unpack_in(from: &Path, to: &Path) -> anyhow::Result<Manifest> {
    unpack(from, to).map_err(|error| wrong_backup(from, &format!("{error:#}")))?;
    let manifest = Manifest::read(to).map_err(|error| wrong_backup(from, &format!("{error:#}")))?;
    judged(manifest, from, to)
}

/// Compares what was copied with what the manifest says, and leaves only what belongs into a folder of data.
fn judged(manifest: Manifest, from: &Path, copied: &Path) -> anyhow::Result<Manifest> {
    for entry in &manifest.files {
        let mut file = File::open(copied.join(&entry.name))
            .map_err(|error| wrong_backup(from, &format!("{}: {error}", entry.name)))?;
        if hash(&mut file)? != (entry.bytes, entry.sha256.clone()) {
            return Err(wrong_backup(from, &format!("{} is not what it was when it was backed up", entry.name)).into());
        }
    }
    for name in entries(copied)? {
        if !manifest.data_files().any(|entry| entry.name == name) {
            fs::remove_file(copied.join(name))?;
        }
    }
    Ok(manifest)
}

/// Makes of the past what may be served from now on.
async fn renew(folder: &Path) -> anyhow::Result<Epoch> {
    // Both say where they are newer than this program, before anything is moved.
    let rooms = RoomAudit::open(data::sqlite_url(folder, "rooms")?.reveal()).await.context("rooms")?;
    rooms.close().await?;
    let logs = LogAudit::open(data::sqlite_url(folder, "messages")?.reveal()).await.context("messages")?;
    let epoch: Epoch = RandomIds.fresh().to_string().parse().context("a fresh epoch")?;
    logs.begin_epoch(&epoch).await.context("the life of the logs")?;
    logs.close().await?;
    loquat_users::sign_everybody_out(&data::sqlite_url(folder, "users")?).await?;
    for name in entries(folder)? {
        if let Some(database) = name.strip_suffix(".sqlite") {
            // A service that is the first to open a file changes its journal, and others wait for that in vain.
            let db = connect(folder, database, Access::Write).await?;
            db.execute_unprepared("PRAGMA journal_mode = WAL").await?;
            db.close().await?;
        }
    }
    for name in entries(folder)? {
        File::open(folder.join(name))?.sync_all()?;
    }
    data::sync_folder(folder)?;
    Ok(epoch)
}

/// Moves what was there aside, and what is ready to its place. Returns where the old is.
fn put_in_place(data: &DataFolder, ready: &Ready, there: &[String]) -> anyhow::Result<Option<PathBuf>> {
    let folder = data.path();
    let mark = folder.join(RESTORING);
    File::create(&mark)?.sync_all()?;
    data::sync_folder(folder)?;
    let aside = if there.is_empty() { None } else { Some(move_aside(folder, there)?) };
    for name in entries(&ready.0)? {
        fs::rename(ready.0.join(&name), folder.join(&name)).with_context(|| format!("{name} cannot be moved"))?;
    }
    data::sync_folder(folder)?;
    fs::remove_file(&mark)?;
    data::sync_folder(folder)?;
    Ok(aside)
}

fn move_aside(folder: &Path, there: &[String]) -> anyhow::Result<PathBuf> {
    let seconds = SystemClock.now().as_seconds();
    let aside = folder.join(format!("{ASIDE}{seconds}-{}", RandomIds.fresh().simple()));
    data::make_private(&aside)?;
    for name in there.iter().filter(|name| *name != RESTORING) {
        fs::rename(folder.join(name), aside.join(name)).with_context(|| format!("{name} cannot be moved aside"))?;
    }
    data::sync_folder(&aside)?;
    Ok(aside)
}
