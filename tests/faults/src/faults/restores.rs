//! Putting the embedded stores back to an earlier moment.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use loquat_faults::history::{BackupId, Entry, Restored};
use rand::rngs::SmallRng;
use tokio::{fs, process::Command, time::timeout};

use super::inflict::{Begin, Inflicted, hold};
use crate::{
    fleet::Fleet,
    workload::{World, begin_anew},
};

/// How long a backup, a restore or a copy may take.
const DEADLINE: Duration = Duration::from_secs(120);

/// A backup is made while everybody goes on, and restored some time later.
pub(super) async fn from_backup(
    fleet: &Fleet,
    world: &World,
    random: &mut SmallRng,
    begin: Begin<'_>,
) -> anyhow::Result<Inflicted> {
    begin("loquat backup, loquat restore");
    let place = empty_place(fleet, "backup").await?;
    let backup = world.journal.begin_backup();
    let data = fleet.data_folder();
    let program = fleet.plan.binary("loquat")?;
    run(Command::new(&program).arg("backup").arg("--data-dir").arg(&data).arg("--to").arg(&place)).await?;
    world.journal.note(Entry::BackupEnded { backup });
    hold(random, 1_500..4_000).await;
    put_back(fleet, world, backup, async || {
        let mut restore = Command::new(&program);
        run(restore.arg("restore").arg("--data-dir").arg(&data).arg("--from").arg(&place).arg("--force")).await?;
        // What it moved aside is not needed.
        remove_all(&data, |name| name.starts_with("before-restore-")).await
    })
    .await?;
    Ok(Inflicted::on("loquat backup, loquat restore"))
}

/// The data folder is copied while nothing runs, and put back some time later.
pub(super) async fn from_old_folder(
    fleet: &Fleet,
    world: &World,
    random: &mut SmallRng,
    begin: Begin<'_>,
) -> anyhow::Result<Inflicted> {
    begin("the data folder");
    let place = empty_place(fleet, "old-folder").await?;
    let data = fleet.data_folder();
    for unit in fleet.units() {
        unit.kill().await?;
    }
    let backup = world.journal.begin_backup();
    copy_all(&data, &place).await?;
    world.journal.note(Entry::BackupEnded { backup });
    fleet.start_missing().await?;
    hold(random, 1_500..4_000).await;
    put_back(fleet, world, backup, async || {
        remove_all(&data, |_| true).await?;
        copy_all(&place, &data).await
    })
    .await?;
    Ok(Inflicted::on("the data folder"))
}

/// Lets everybody be still, ends everything, puts the stores back, and lets everybody go on.
async fn put_back(
    fleet: &Fleet,
    world: &World,
    backup: BackupId,
    restore: impl AsyncFnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    world.switches.be_still().await;
    let done = async {
        for unit in fleet.units() {
            unit.kill().await?;
        }
        restore().await?;
        world.journal.note(Entry::Restored(Restored { backup }));
        fleet.start_missing().await?;
        begin_anew(world).await
    };
    let done = done.await;
    world.switches.go_on();
    done
}

async fn empty_place(fleet: &Fleet, name: &str) -> anyhow::Result<PathBuf> {
    let place = fleet.plan.folder.join(name);
    if place.exists() {
        fs::remove_dir_all(&place).await?;
    }
    Ok(place)
}

async fn copy_all(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).await?;
    run(Command::new("cp").arg("-a").arg(from.join(".")).arg(to)).await
}

async fn remove_all(folder: &Path, is_to_go: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    let mut entries = fs::read_dir(folder).await?;
    while let Some(entry) = entries.next_entry().await? {
        // ext4 has a folder of its own in its root.
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == "lost+found" || !is_to_go(&name) {
            continue;
        }
        if entry.file_type().await?.is_dir() {
            fs::remove_dir_all(entry.path()).await?;
        } else {
            fs::remove_file(entry.path()).await?;
        }
    }
    Ok(())
}

/// Says whether a binary makes backups.
pub(crate) async fn makes_backups(binary: &Path) -> bool {
    run(Command::new(binary).args(["backup", "--help"])).await.is_ok()
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(DEADLINE, command.output()).await.context("it does not end")??;
    if !output.status.success() {
        bail!("{:?}: {}", command.as_std(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
