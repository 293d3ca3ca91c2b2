//! What `loquat` does beside serving.

use clap::Subcommand;
use loquat_runtime::{Tools, Verdict};

use crate::{backup, repair, restore, verify};

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Copies a folder of data, while a process serves from it or not.
    ///
    /// The copy is whole and consistent: everything that was acknowledged before the command began is in it. It is written
    /// beside its place and put there when it is complete.
    ///
    /// Exit code 0: it is there, and nothing is wrong in it. 1: it could not be made, or it is there and has in it what was wrong
    /// before. 64: it was asked wrongly.
    Backup(backup::Settings),
    /// Puts a backup into a folder of data, from which no process serves.
    ///
    /// The room logs begin another life, so that clients which saw more than the backup has begin anew, and everybody signs in
    /// again.
    ///
    /// Exit code 0: it is done. 1: it failed. 64: it was asked wrongly, or the backup is damaged.
    Restore(restore::Settings),
    /// Judges stores, while processes serve from them or not, and lists what is wrong, one a line.
    ///
    /// Judged are the log of each room (every place once, none missing, times and versions in order) and what the rooms
    /// service has of it (settings, members, lists, changes on their way into the log). Without a URL it judges the folder of
    /// data; with one, what the URLs name. Nothing is changed.
    ///
    /// Exit code 0: nothing is wrong. 1: something is, or it failed. 64: it was asked wrongly.
    Verify(verify::Settings),
    /// Rebuilds from the logs what can be rebuilt from them, and lists what cannot.
    ///
    /// Stop the processes before.
    ///
    /// Exit code 0: nothing is wrong any more. 1: something is, or it failed. 64: it was asked wrongly.
    Repair(repair::Settings),
}

impl Tools for Command {
    async fn run(self) -> anyhow::Result<Verdict> {
        match self {
            Self::Backup(settings) => backup::run(&settings).await,
            Self::Restore(settings) => restore::run(&settings).await,
            Self::Verify(settings) => verify::run(&settings).await,
            Self::Repair(settings) => repair::run(&settings).await,
        }
    }
}
