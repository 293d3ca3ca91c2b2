//! A run: a fleet, and segment after segment of workload and faults on it, each with a history and a verdict of its own.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use tokio_util::sync::CancellationToken;

use crate::{
    faults::{FaultKind, Tools, Volume, has_strace, makes_backups, reads_clock_shift},
    fleet::{BackendSet, Fleet, FleetPlan, Shape},
    report::{Report, Wish},
};

mod driver;
mod options;
mod segment;

pub(crate) use options::Options;

/// Runs what was asked for, and says with the exit code whether all promises were kept.
pub(crate) fn run(options: Options) -> ExitCode {
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match executor.map_err(anyhow::Error::from).and_then(|executor| executor.block_on(run_all(&options))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("faults: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// The folders of a run.
#[derive(Debug)]
struct Folders {
    /// The report and the histories.
    top: PathBuf,
    /// What the fleet stands on and leaves: data, logs, certificates, backends.
    fleet: PathBuf,
}

impl Folders {
    fn of(options: &Options) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&options.folder)?;
        let top = options.folder.canonicalize()?;
        Ok(Self { fleet: top.join("fleet"), top })
    }

    fn report(&self) -> PathBuf {
        self.top.join("report.json")
    }

    fn data(&self) -> PathBuf {
        self.fleet.join("data")
    }

    fn image(&self) -> PathBuf {
        self.fleet.join("data.ext4")
    }

    fn history(&self, segment: usize) -> PathBuf {
        self.top.join(format!("history-{segment}.jsonl"))
    }
}

async fn run_all(options: &Options) -> anyhow::Result<bool> {
    let wish = options.wish()?;
    let folders = Folders::of(options)?;
    let mut report = if options.resume {
        Report::read(&folders.report())?.resumed(&wish)?
    } else {
        clean(options, &folders).await.context("removing what an earlier run left")?;
        Report::begin(wish)
    };
    println!("{}", report.wish);
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));

    let tools = tools(options, &report.wish, &folders).await?;
    let fleet = Fleet::start(FleetPlan {
        shape: report.wish.shape,
        store: report.wish.store,
        folder: folders.fleet.clone(),
        binaries: options.binaries()?,
        backends: options.backends.canonicalize().context("deploy/backends")?,
    })
    .await?;
    let kinds = options.kinds(FaultKind::possible(&fleet, &tools))?;
    let outcome = run_segments(options, &mut report, &folders, &fleet, &tools, &kinds, &stop).await;
    let is_to_go_on = !report.is_complete() && outcome.is_ok();
    tear_down(&fleet, &tools, is_to_go_on || options.keep).await?;
    outcome?;
    report.write(&folders.report())?;
    println!("{report}");
    if !report.is_complete() {
        println!("stopped before the end: `--resume` goes on");
    }
    Ok(report.is_good())
}

async fn run_segments(
    options: &Options,
    report: &mut Report,
    folders: &Folders,
    fleet: &Fleet,
    tools: &Tools,
    kinds: &[FaultKind],
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    while !report.is_complete() && !stop.is_cancelled() {
        let number = report.segments.len();
        let history = folders.history(number);
        // One that did not come to its verdict.
        if history.exists() {
            std::fs::remove_file(&history)?;
        }
        let part = report.next_part(options.segment);
        let segment =
            segment::run(segment::Setting { number, part, history, kinds, fleet, tools, stop }, &report.wish).await;
        let segment = segment.with_context(|| format!("segment {number}"))?;
        println!("{segment}");
        report.segments.push(segment);
        report.write(&folders.report())?;
    }
    Ok(())
}

async fn tools(options: &Options, wish: &Wish, folders: &Folders) -> anyhow::Result<Tools> {
    let mut volume = None;
    if wish.shape == Shape::Embedded && !options.plain_disk {
        match Volume::mount(&folders.data(), &folders.image()).await {
            Ok(mounted) => volume = Some(mounted),
            Err(error) => println!("no file system of its own for the data ({error:#}): the disk will not be full"),
        }
    }
    let program = if wish.shape == Shape::Embedded { "loquat" } else { "loquat-messages" };
    let binary = options.binaries()?.join(program);
    let (has_backups, can_shift_clocks) = (makes_backups(&binary).await, reads_clock_shift(&binary).await?);
    Ok(Tools { volume, has_strace: has_strace().await, has_backups, can_shift_clocks })
}

async fn tear_down(fleet: &Fleet, tools: &Tools, is_to_be_kept: bool) -> anyhow::Result<()> {
    fleet.stop().await?;
    if let Some(volume) = &tools.volume {
        volume.unmount().await?;
    }
    if let (Some(backends), false) = (&fleet.backends, is_to_be_kept) {
        backends.down().await?;
    }
    Ok(())
}

/// Removes what an earlier run left, whatever came of it.
async fn clean(options: &Options, folders: &Folders) -> anyhow::Result<()> {
    let backends = folders.fleet.join("backends");
    if backends.exists() {
        BackendSet::leave(&options.backends, &backends).await?;
    }
    if Volume::is_mounted(&folders.data()).await {
        Volume::left_at(&folders.data()).unmount().await?;
    }
    for entry in std::fs::read_dir(&folders.top)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == "fleet" {
            std::fs::remove_dir_all(entry.path())?;
        } else if name == "report.json" || (name.starts_with("history-") && name.ends_with(".jsonl")) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The first signal ends the segment in good order; the second ends the harness.
async fn stop_on_signal(stop: CancellationToken) {
    drop(tokio::signal::ctrl_c().await);
    println!("ending this segment; once more to end at once");
    stop.cancel();
    drop(tokio::signal::ctrl_c().await);
    std::process::exit(130);
}

/// The folder of the harness's own executable.
fn own_folder() -> anyhow::Result<PathBuf> {
    let executable = std::env::current_exe().context("where the harness is")?;
    let Some(folder) = executable.parent().map(Path::to_path_buf) else { bail!("an executable lies in a folder") };
    Ok(folder)
}
