//! What the system says of a process.

use std::{fs, time::Duration};

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::{Instant, sleep};

/// How long a process is looked at to tell whether it rests.
const LOOK: Duration = Duration::from_millis(200);
/// How many ticks of 10 ms it may work in that time all the same.
const RESTING_TICKS: u64 = 3;

/// Reads how many bytes of memory a process has in hand (`VmRSS`).
///
/// # Errors
///
/// Where there is no such process.
pub fn resident_bytes(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a process has memory")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}

/// Counts the files that a process has open, connections among them.
///
/// # Errors
///
/// Where there is no such process.
pub fn open_files(process: u32) -> anyhow::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{process}/fd"))?.count())
}

/// Waits until a process has hardly anything to do; returns how long that took.
///
/// # Errors
///
/// Where it still works after a time, or is gone.
pub async fn come_to_rest(process: u32, within: Duration) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut before = worked_ticks(process)?;
    loop {
        sleep(LOOK).await;
        let now = worked_ticks(process)?;
        if now - before <= RESTING_TICKS {
            return Ok(began.elapsed());
        }
        before = now;
        anyhow::ensure!(began.elapsed() < within, "the process still works after {within:?}");
    }
}

/// Reads how many ticks a process has worked (`utime` and `stime`).
fn worked_ticks(process: u32) -> anyhow::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("the name ends with a bracket")?;
    let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(times.collect::<Result<Vec<_>, _>>()?.iter().sum())
}

/// Lets this process, and those that it starts, open as many files as it may.
///
/// # Errors
///
/// The system's.
pub fn widen_file_limit() -> anyhow::Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}
