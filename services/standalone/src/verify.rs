//! Judging the stores: each log by itself, and what the rooms service has against the logs.
//!
//! Both are read in the order of rooms and side by side, so that memory grows with the people of a room and not with what is
//! stored. The logs are read as of a moment before the rooms': what rooms has decided since is in its outbox. Where the two
//! differ while processes write, the room is read again, alone: a difference that goes away was none.

mod comparing;
mod difference;
mod walking;

use clap::Args;
use loquat_runtime::Verdict;

pub(crate) use comparing::{Comparison, compare};
pub(crate) use difference::{Difference, Listing};
pub(crate) use walking::{Walk, Walked};

use crate::stores::{Places, Stores};

/// How often a room that differs is looked at again, and how many rooms are: where more differ, it is not for a change under way.
const MORE_LOOKS: usize = 2;
const LOOKED_AT_AGAIN: usize = 50;

/// The settings of `loquat verify`.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Settings {
    /// The stores.
    #[command(flatten)]
    pub places: Places,

    /// List the differences as JSON, an object a line.
    #[arg(long)]
    pub json: bool,
}

pub(crate) async fn run(settings: &Settings) -> anyhow::Result<Verdict> {
    let stores = settings.places.open().await?;
    let mut listing = Listing::to_standard_output(settings.json);
    let seen = judge(&stores, &mut listing, Quiet::No).await?;
    eprintln!("{seen}; {}", listing.summary());
    Ok(if listing.is_empty() { Verdict::Fine } else { Verdict::Differs })
}

/// How much was judged.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) rooms: u64,
    pub(crate) events: u64,
}

impl std::fmt::Display for Seen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} rooms, {} events", self.rooms, self.events)
    }
}

/// Whether nobody writes to the stores, so that what is seen once is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quiet {
    Yes,
    No,
}

/// Judges the stores and lists what is wrong.
pub(crate) async fn judge(stores: &Stores, listing: &mut Listing, quiet: Quiet) -> anyhow::Result<Seen> {
    if let Some(logs) = &stores.logs {
        for damage in logs.judge_store().await? {
            listing.add(Difference::of_log(&damage))?;
        }
    }
    if let Some(rooms) = &stores.rooms {
        for found in rooms.judge_database().await? {
            listing.add(Difference::of_database(found))?;
        }
    }
    let mut walk = Walk::begin(stores).await;
    let mut seen = Seen::default();
    let mut differing = 0;
    while let Some(walked) = walk.next().await? {
        seen.rooms += 1;
        seen.events += walked.log.as_ref().map_or(0, |log| log.head_seq);
        let is_final = quiet == Quiet::Yes || differing >= LOOKED_AT_AGAIN;
        let differences = walked.differences(stores, if is_final { 0 } else { MORE_LOOKS }).await?;
        differing += usize::from(!differences.is_empty());
        for difference in differences {
            listing.add(difference)?;
        }
    }
    Ok(seen)
}
