//! What can be asked for.

use std::path::PathBuf;

use anyhow::bail;

use super::own_folder;
use crate::{
    faults::FaultKind,
    fleet::{Shape, Store},
    report::Wish,
};

/// Breaks Loquat in every way it knows while clients use it, and judges whether the promises were kept.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "loquat-faults")]
pub(crate) struct Options {
    /// How many sends are to be acknowledged.
    #[arg(long, default_value_t = 20_000)]
    ops: u64,
    /// How many faults are to be inflicted.
    #[arg(long, default_value_t = 20)]
    faults: u64,
    /// From what everything random comes. Without it, another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// One process, or separate ones on real backends.
    #[arg(long, value_enum, default_value = "embedded")]
    shape: Shape,
    /// Where the room log is kept: `sqlite` embedded; `postgres` or `mongodb` distributed.
    #[arg(long, value_enum)]
    store: Option<Store>,
    /// How many people there are.
    #[arg(long, default_value_t = 40)]
    people: usize,
    /// How many rooms there are, the hot one included.
    #[arg(long, default_value_t = 24)]
    rooms: usize,
    /// How many of a hundred messages go to the hot room.
    #[arg(long, default_value_t = 30)]
    hot_share: u32,
    /// How many clients work at once, each with one call under way.
    #[arg(long, default_value_t = 128)]
    workers: u32,
    /// How many clients listen.
    #[arg(long, default_value_t = 24)]
    readers: u32,
    /// How many seconds the run should take, the checks at its end aside: sends are spread over the time that faults take.
    #[arg(long, default_value_t = 150)]
    seconds: u64,
    /// How many sends a segment has at most. Each has people and rooms of its own, a history and a verdict.
    #[arg(long, default_value_t = 500_000)]
    pub(super) segment: u64,
    /// Only these kinds of faults, separated by commas: whole names, or their beginnings such as `kill` or `link-drop`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Goes on with a run that was stopped by SIGINT or SIGTERM: with its people, rooms and history, to one verdict.
    #[arg(long)]
    pub(super) resume: bool,
    /// Runs nothing, and judges a history that is there.
    #[arg(long, value_name = "HISTORY")]
    pub(super) judge: Option<PathBuf>,
    /// Where the report, the histories and the data lie.
    #[arg(long, default_value = "target/faults")]
    pub(super) folder: PathBuf,
    /// Where the binaries under test are. Without it, beside this one.
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// The command that runs backends.
    #[arg(long, default_value = "deploy/backends")]
    pub(super) backends: PathBuf,
    /// Puts the embedded data on the disk as it is, not on a file system of its own: the disk cannot be full then.
    #[arg(long)]
    pub(super) plain_disk: bool,
    /// Leaves the backends' data when the run is over.
    #[arg(long)]
    pub(super) keep: bool,
}

impl Options {
    /// What the run is to be.
    ///
    /// # Errors
    ///
    /// Where shape and store do not go together.
    pub(super) fn wish(&self) -> anyhow::Result<Wish> {
        let store = match (self.shape, self.store) {
            (Shape::Embedded, None | Some(Store::Sqlite)) => Store::Sqlite,
            (Shape::Distributed, None) => Store::Postgres,
            (Shape::Distributed, Some(store @ (Store::Postgres | Store::Mongodb))) => store,
            (shape, store) => bail!("{shape:?} does not run on {store:?}"),
        };
        if self.people < 8 || self.rooms < 2 || self.workers < 64 {
            bail!("a run needs 8 people, 2 rooms and 64 workers at least");
        }
        Ok(Wish {
            seed: self.seed.unwrap_or_else(rand::random),
            shape: self.shape,
            store,
            ops: self.ops,
            faults: self.faults,
            people: self.people,
            rooms: self.rooms,
            hot_share: self.hot_share,
            workers: self.workers,
            readers: self.readers,
            seconds: self.seconds,
        })
    }

    /// Where the binaries under test are.
    ///
    /// # Errors
    ///
    /// Where that is not known.
    pub(super) fn binaries(&self) -> anyhow::Result<PathBuf> {
        self.binaries.clone().map_or_else(own_folder, Ok)
    }

    /// Of the possible kinds the ones that were asked for.
    ///
    /// # Errors
    ///
    /// Where none is left.
    pub(super) fn kinds(&self, possible: Vec<FaultKind>) -> anyhow::Result<Vec<FaultKind>> {
        if self.only.is_empty() {
            return Ok(possible);
        }
        let is_wanted = |kind: &FaultKind| self.only.iter().any(|word| kind.name().starts_with(word));
        let names: Vec<_> = possible.iter().map(|kind| kind.name()).collect();
        let kinds: Vec<_> = possible.into_iter().filter(is_wanted).collect();
        if kinds.is_empty() {
            bail!("no kind of fault is called {:?}; possible are {names:?}", self.only);
        }
        Ok(kinds)
    }
}
