//! Faults of the disk.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, bail};
use rand::rngs::SmallRng;
use tokio::process::Command;

use super::inflict::{Begin, Inflicted, hold};
use crate::fleet::Unit;

/// How large the file system is that the data lies on. It takes as much of the real one as is written.
const VOLUME: &str = "24G";

/// A file system of our own, of bounded size, mounted for the embedded data: a file with ext4 in it where that can be, so that
/// `fdatasync` costs what it costs; else a tmpfs.
#[derive(Debug)]
pub(crate) struct Volume {
    place: PathBuf,
    is_in_memory: bool,
}

impl Volume {
    /// Mounts the volume of a run, made anew or as it was left.
    ///
    /// # Errors
    ///
    /// Where nothing can be mounted here.
    pub(crate) async fn mount(place: &Path, image: &Path) -> anyhow::Result<Self> {
        tokio::fs::create_dir_all(place).await?;
        let (place_text, image_text) = (place.to_string_lossy(), image.to_string_lossy());
        if !image.exists() {
            run("truncate", &["-s", VOLUME, &image_text]).await?;
            run("mkfs.ext4", &["-q", "-F", "-m", "0", &image_text]).await?;
        }
        let options = "loop,noatime";
        let is_in_memory = match run("mount", &["-o", options, &image_text, &place_text]).await {
            Ok(()) => false,
            Err(_) => {
                run("mount", &["-t", "tmpfs", "-o", "size=2g", "none", &place_text]).await?;
                true
            }
        };
        Ok(Self { place: place.to_owned(), is_in_memory })
    }

    /// The volume of a run that is gone.
    pub(crate) fn left_at(place: &Path) -> Self {
        Self { place: place.to_owned(), is_in_memory: false }
    }

    /// Whether something is mounted there.
    pub(crate) async fn is_mounted(place: &Path) -> bool {
        run("mountpoint", &["-q", &place.to_string_lossy()]).await.is_ok()
    }

    async fn fill(&self) -> anyhow::Result<()> {
        let place = self.place.to_string_lossy();
        if self.is_in_memory {
            // A ballast would take memory: the limit comes down to what is used instead.
            let used = available(&self.place, "used").await?;
            return run("mount", &["-o", &format!("remount,size={}k", used + 64), &place]).await;
        }
        // Others write meanwhile: what was free may not be any more.
        let mut tried = Ok(());
        for spare in [64, 256, 1_024, 4_096] {
            let left = available(&self.place, "avail").await?.saturating_sub(spare);
            tried = run("fallocate", &["-l", &format!("{left}KiB"), &self.ballast().to_string_lossy()]).await;
            if tried.is_ok() {
                break;
            }
            self.free().await?;
        }
        tried
    }

    async fn free(&self) -> anyhow::Result<()> {
        if self.is_in_memory {
            return run("mount", &["-o", "remount,size=2g", &self.place.to_string_lossy()]).await;
        }
        match tokio::fs::remove_file(self.ballast()).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn ballast(&self) -> PathBuf {
        self.place.join("ballast")
    }

    /// Takes the file system away; its file stays.
    ///
    /// # Errors
    ///
    /// Where something still uses it.
    pub(crate) async fn unmount(&self) -> anyhow::Result<()> {
        run("umount", &[&self.place.to_string_lossy()]).await
    }
}

/// There is no room left for a while.
pub(super) async fn fill(volume: &Volume, random: &mut SmallRng, begin: Begin<'_>) -> anyhow::Result<Inflicted> {
    begin(&volume.place.to_string_lossy());
    volume.fill().await?;
    hold(random, 2_000..5_000).await;
    volume.free().await?;
    Ok(Inflicted::on(if volume.is_in_memory { "tmpfs" } else { "ext4" }))
}

/// Writes cannot be made durable for a while; then the process is killed, to be asked for what it acknowledged.
pub(super) async fn fail_syncs(unit: &Unit, random: &mut SmallRng, begin: Begin<'_>) -> anyhow::Result<Inflicted> {
    begin(&unit.name);
    let process = unit.process_id().await.context("it does not run")?.to_string();
    let words = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-p", &process];
    let mut tracer = Command::new("strace")
        .args(words)
        .args(["-e", "inject=fdatasync,fsync:error=EIO:when=3+2"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    hold(random, 1_500..3_000).await;
    if let Some(status) = tracer.try_wait()? {
        bail!("strace ended by itself: {status}");
    }
    tracer.kill().await?;
    unit.kill().await?;
    unit.start().await?;
    Ok(Inflicted::on(&unit.name))
}

/// Says whether system calls can be made to fail here.
pub(crate) async fn has_strace() -> bool {
    run("strace", &["-qq", "-o", "/dev/null", "true"]).await.is_ok()
}

/// Says whether a binary reads how its clock is shifted: only those of a test build do.
///
/// # Errors
///
/// Where there is no such binary.
pub(crate) async fn reads_clock_shift(binary: &Path) -> anyhow::Result<bool> {
    let bytes = tokio::fs::read(binary).await.with_context(|| binary.display().to_string())?;
    Ok(bytes.windows(b"LOQUAT_CLOCK_SHIFT_FILE".len()).any(|window| window == b"LOQUAT_CLOCK_SHIFT_FILE"))
}

async fn available(place: &Path, column: &str) -> anyhow::Result<u64> {
    let output = Command::new("df").args([&format!("--output={column}"), "-k"]).arg(place).output().await?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().nth(1).and_then(|line| line.trim().parse().ok()).context("df says nothing")
}

async fn run(program: &str, words: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(program).args(words).stdin(Stdio::null()).output().await.context(program.to_owned())?;
    if !output.status.success() {
        bail!("{program} {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
