//! Copying the files.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use loquat_runtime::SettingError;
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};

use crate::data::{self, LOCK, RESTORING};

/// What must be there, in the order in which it is copied. Others come behind the second.
const FIRST: [&str; 2] = ["messages", "rooms"];
const LAST: &str = "users";

/// How long a statement waits for a lock that somebody else holds.
const BUSY: Duration = Duration::from_secs(30);

/// The files of a folder of data.
#[derive(Debug)]
pub(super) struct Sources {
    folder: PathBuf,
    /// Databases, by their names without `.sqlite`, in the order in which they are copied.
    databases: Vec<String>,
    /// Other files, by their names.
    others: Vec<String>,
}

impl Sources {
    /// Finds what there is.
    ///
    /// # Errors
    ///
    /// Names the setting where the folder lacks a store.
    pub(super) fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let (mut databases, mut others) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().into_string();
            let name =
                name.map_err(|name| SettingError::new(data::SETTING, format!("{} is no name", name.display())))?;
            // Folders are what restores moved aside.
            if !entry.file_type()?.is_file() || is_passing(&name) {
                continue;
            }
            match name.strip_suffix(".sqlite") {
                Some(database) => databases.push(database.to_owned()),
                None => others.push(name),
            }
        }
        if let Some(lacking) = FIRST.iter().chain([&LAST]).find(|name| !databases.iter().any(|there| there == *name)) {
            let problem = format!("{} holds no {lacking}.sqlite", folder.display());
            return Err(SettingError::new(data::SETTING, problem).into());
        }
        databases.sort_by_key(|name| {
            let first = FIRST.iter().position(|first| first == name);
            (first.unwrap_or(FIRST.len()), name == LAST, name.clone())
        });
        others.sort();
        Ok(Self { folder: folder.to_owned(), databases, others })
    }

    pub(super) async fn copy_into(&self, target: &Path) -> anyhow::Result<()> {
        for name in &self.databases {
            copy_database(&self.folder, target, name)
                .await
                .with_context(|| format!("{name}.sqlite cannot be copied"))?;
        }
        for name in &self.others {
            copy_file(&self.folder.join(name), &target.join(name))
                .with_context(|| format!("{name} cannot be copied"))?;
        }
        Ok(())
    }
}

/// What comes and goes with a process, or with SQLite's own work on a database.
fn is_passing(name: &str) -> bool {
    let ends = ["-wal", "-shm", "-journal"];
    matches!(name, LOCK | RESTORING) || ends.iter().any(|end| name.ends_with(&format!(".sqlite{end}")))
}

async fn copy_database(from: &Path, to: &Path, name: &str) -> anyhow::Result<()> {
    let source = connect(from, name, Access::Read).await?;
    let copy = to.join(format!("{name}.sqlite"));
    let copy = copy.to_str().context("the backup's name must be UTF-8")?;
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO $1", [copy.into()]);
    source.execute_raw(statement).await?;
    source.close().await?;

    let copied = connect(to, name, Access::Write).await?;
    let query = Statement::from_string(DbBackend::Sqlite, "PRAGMA quick_check(1)");
    let told = copied.query_one_raw(query).await?.map(|row| row.try_get_by_index::<String>(0)).transpose()?;
    copied.close().await?;
    match told.as_deref() {
        Some("ok") => Ok(()),
        told => bail!("the copy is damaged: {}", told.unwrap_or("it does not say how")),
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// Connects to a database that is there.
pub(crate) async fn connect(folder: &Path, name: &str, access: Access) -> anyhow::Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(data::sqlite_url(folder, name)?.reveal());
    // Without sqlx's upkeep of idle connections, which may turn for ever (https://github.com/launchbadge/sqlx/issues/3645).
    options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    options.max_connections(1).sqlx_logging(false).map_sqlx_sqlite_opts(move |sqlite| {
        sqlite.create_if_missing(false).read_only(access == Access::Read).busy_timeout(BUSY)
    });
    Ok(Database::connect(options).await?)
}

/// Copies a file as it is. Of lines that are still being written the last one may not be whole: it is left out.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    if from.extension().is_some_and(|end| end == "jsonl") {
        let mut lines = fs::read(from)?;
        lines.truncate(lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1));
        return fs::write(to, lines);
    }
    fs::copy(from, to).map(drop)
}
