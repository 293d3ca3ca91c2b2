//! What a backup says of itself.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Write as _},
    path::Path,
};

use anyhow::{Context as _, ensure};
use loquat_ids::Timestamp;
use loquat_messages::audit::AuditedLog;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    Counts,
    copying::{Access, connect},
};

/// The name of the file.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Where each log ends: a line for each, of the room, the place and the id of its last event.
const HEADS: &str = "heads.tsv";
/// What this program writes and reads.
const FORMAT: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    /// The program's version.
    pub(crate) loquat: String,
    /// When copying began: what was acknowledged before is in it.
    pub(crate) begin_time: String,
    /// The life of its logs.
    pub(crate) epoch: String,
    pub(crate) rooms: u64,
    pub(crate) events: u64,
    pub(crate) files: Vec<Entry>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// The versions of its schema, of a database.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) schema: Vec<String>,
}

impl Manifest {
    pub(super) fn begin(begin_time: Timestamp, epoch: String, counts: Counts) -> Self {
        Self {
            format: FORMAT,
            loquat: env!("CARGO_PKG_VERSION").to_owned(),
            begin_time: loquat_rpc::proto_time(begin_time).to_string(),
            epoch,
            rooms: counts.rooms,
            events: counts.events,
            files: Vec::new(),
        }
    }

    /// Adds all files of a folder, and waits until they are on the disk.
    pub(super) async fn add_files(&mut self, folder: &Path) -> anyhow::Result<()> {
        let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names: Vec<String> = names.collect::<io::Result<_>>()?;
        names.sort();
        for name in names {
            let schema = match name.strip_suffix(".sqlite") {
                Some(database) => schema(folder, database).await?,
                None => Vec::new(),
            };
            let mut file = File::open(folder.join(&name))?;
            file.sync_all()?;
            let (bytes, sha256) = hash(&mut file)?;
            self.files.push(Entry { name, bytes, sha256, schema });
        }
        Ok(())
    }

    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let mut file = File::create_new(folder.join(MANIFEST))?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        Ok(())
    }

    /// Reads what a backup says of itself, and judges that it can be put back by this program.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(folder.join(MANIFEST)).context("it has no manifest: it is no whole backup")?;
        let manifest: Self = serde_json::from_str(&text).context("its manifest cannot be read")?;
        ensure!(
            manifest.format == FORMAT,
            "its format is {}, and this program reads {FORMAT}: use loquat {}",
            manifest.format,
            manifest.loquat
        );
        for entry in &manifest.files {
            let is_plain = Path::new(&entry.name).file_name().is_some_and(|name| name == entry.name.as_str());
            ensure!(
                is_plain && entry.name != MANIFEST,
                "its manifest names {:?}, which is no file of a backup",
                entry.name
            );
        }
        Ok(manifest)
    }

    /// Returns the files that belong into a folder of data.
    pub(crate) fn data_files(&self) -> impl Iterator<Item = &Entry> {
        self.files.iter().filter(|entry| entry.name != HEADS)
    }
}

/// Reads a file to its end, and returns its length and its hash.
pub(crate) fn hash(file: &mut impl Read) -> io::Result<(u64, String)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            let digest = hasher.finalize();
            return Ok((bytes, digest.iter().map(|byte| format!("{byte:02x}")).collect()));
        }
        bytes += read as u64;
        hasher.update(&buffer[..read]);
    }
}

/// Reads which migrations a database has.
async fn schema(folder: &Path, name: &str) -> anyhow::Result<Vec<String>> {
    let db = connect(folder, name, Access::Read).await?;
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%migrations' ORDER BY name";
    let mut versions = Vec::new();
    for table in db.query_all_raw(Statement::from_string(DbBackend::Sqlite, tables)).await? {
        let table: String = table.try_get_by_index(0)?;
        let query = format!("SELECT version FROM {table} ORDER BY version");
        for row in db.query_all_raw(Statement::from_string(DbBackend::Sqlite, query)).await? {
            versions.push(row.try_get_by_index::<String>(0)?);
        }
    }
    db.close().await?;
    Ok(versions)
}

/// Where the logs of a backup end, being written.
#[derive(Debug)]
pub(super) struct Heads(BufWriter<File>);

impl Heads {
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self(BufWriter::new(File::create_new(folder.join(HEADS))?)))
    }

    pub(super) fn add(&mut self, log: &AuditedLog) -> io::Result<()> {
        writeln!(self.0, "{}\t{}\t{}", log.room, log.head_seq, log.head_event)
    }

    pub(super) fn end(self) -> io::Result<()> {
        self.0.into_inner()?.sync_all()
    }
}
