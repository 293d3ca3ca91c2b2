//! A run: a fleet, and segment after segment of workload and faults on it, each with a history and a verdict of its own.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use loquat_faults::{checker, history::HistoryFile};
use tokio::signal::unix::{SignalKind, signal};
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
use segment::Suspended;

/// What came of a run.
enum Ended {
    Good,
    Bad,
    /// Before its end, and nothing was wrong by then.
    Stopped,
}

/// Runs what was asked for, and says with the exit code whether all promises were kept: 0 if so, 1 if not, 2 where the harness
/// could not do its work, 3 where it was stopped before that was known.
pub(crate) fn run(options: Options) -> ExitCode {
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match executor.map_err(anyhow::Error::from).and_then(|executor| executor.block_on(run_all(&options))) {
        Ok(Ended::Good) => ExitCode::SUCCESS,
        Ok(Ended::Bad) => ExitCode::FAILURE,
        Ok(Ended::Stopped) => ExitCode::from(3),
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

    /// Where a segment is put away that is stopped.
    fn kept(&self, segment: usize) -> PathBuf {
        self.top.join(format!("stopped-{segment}.json"))
    }

    fn history(&self, segment: usize) -> PathBuf {
        self.top.join(format!("history-{segment}.jsonl"))
    }
}

async fn run_all(options: &Options) -> anyhow::Result<Ended> {
    if let Some(history) = &options.judge {
        return judge(history).await;
    }
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
        println!("stopped before the end: the same command with `--resume` goes on");
    }
    Ok(match (report.is_good(), report.is_complete()) {
        (false, _) => Ended::Bad,
        (true, true) => Ended::Good,
        (true, false) => Ended::Stopped,
    })
}

/// Judges a history that is there.
async fn judge(history: &Path) -> anyhow::Result<Ended> {
    let history = HistoryFile::at(history);
    let verdict = tokio::task::spawn_blocking(move || checker::check(&history)).await??;
    println!("{}", serde_json::to_string_pretty(&verdict.counts)?);
    for (kind, count) in &verdict.violation_counts {
        println!("VIOLATION {kind}: {count}");
    }
    for violation in &verdict.violations {
        println!("  {violation}");
    }
    Ok(if verdict.is_clean() { Ended::Good } else { Ended::Bad })
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
        let (history, kept) = (folders.history(number), folders.kept(number));
        let suspended = Suspended::read(&kept)?;
        // One that was neither put away nor came to its verdict.
        if history.exists() && suspended.is_none() {
            std::fs::remove_file(&history)?;
        }
        let part = report.next_part(options.segment);
        let setting = segment::Setting { number, part, history, kept: kept.clone(), kinds, fleet, tools, stop };
        let segment = segment::run(setting, &report.wish, suspended).await;
        let Some(segment) = segment.with_context(|| format!("segment {number}"))? else { break };
        if kept.exists() {
            std::fs::remove_file(kept)?;
        }
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
        } else if name == "report.json"
            || (name.starts_with("history-") && name.ends_with(".jsonl"))
            || (name.starts_with("stopped-") && name.ends_with(".json"))
        {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The first SIGINT or SIGTERM stops the run in good order; the second ends the harness.
async fn stop_on_signal(stop: CancellationToken) {
    signalled().await;
    println!("stopping, once the fault of the moment is over; the same signal again ends the harness at once");
    stop.cancel();
    signalled().await;
    std::process::exit(130);
}

async fn signalled() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            _ = terminated.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

/// The folder of the harness's own executable.
fn own_folder() -> anyhow::Result<PathBuf> {
    let executable = std::env::current_exe().context("where the harness is")?;
    let Some(folder) = executable.parent().map(Path::to_path_buf) else { bail!("an executable lies in a folder") };
    Ok(folder)
}
