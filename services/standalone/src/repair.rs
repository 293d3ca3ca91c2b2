//! Rebuilding from the logs what can be rebuilt from them.

use clap::Args;
use loquat_runtime::Verdict;

use crate::{
    data::{self, DataFolder},
    stores::{Places, Stores},
    verify::{Difference, Listing, Quiet, Walk, Walked, judge},
};

/// The settings of `loquat repair`.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Settings {
    /// The stores.
    #[command(flatten)]
    pub places: Places,

    /// List what is left as JSON, an object a line.
    #[arg(long)]
    pub json: bool,
}

pub(crate) async fn run(settings: &Settings) -> anyhow::Result<Verdict> {
    let is_embedded = settings.places.are_embedded();
    // Whoever serves from the folder would write beside us.
    let _held = if is_embedded { Some(DataFolder::take(&data::existing(&settings.places.data_dir)?)?) } else { None };
    let stores = settings.places.open().await?;
    mend(&stores).await?;
    let mut listing = Listing::to_standard_output(settings.json);
    let seen = judge(&stores, &mut listing, if is_embedded { Quiet::Yes } else { Quiet::No }).await?;
    eprintln!("{seen}; {}", listing.summary());
    Ok(if listing.is_empty() { Verdict::Fine } else { Verdict::Differs })
}

/// Mends what can be mended: of each room first its log, then what rooms has of it. Says what, a line each.
async fn mend(stores: &Stores) -> anyhow::Result<()> {
    if let Some(logs) = &stores.logs {
        let damages = logs.judge_store().await?;
        logs.mend_store(&damages).await?;
        tell(damages.iter().map(Difference::of_log));
    }
    let mut walk = Walk::begin(stores).await;
    while let Some(walked) = walk.next().await? {
        mend_room(stores, &walked).await?;
    }
    Ok(())
}

async fn mend_room(stores: &Stores, walked: &Walked) -> anyhow::Result<()> {
    if let (Some(logs), Some(log)) = (&stores.logs, &walked.log) {
        logs.mend_log(log).await?;
        tell(log.damages.iter().map(Difference::of_log));
    }
    let comparison = walked.compared(stores);
    let Some(rooms) = stores.rooms.as_ref().filter(|_| comparison.is_repairable()) else { return Ok(()) };
    match comparison.rebuilt(walked.log.as_ref()) {
        Ok(wanted) => rooms.rebuild(walked.id, wanted.as_ref()).await?,
        Err(error) => {
            eprintln!("room {} cannot be rebuilt: {error:#}", walked.id);
            return Ok(());
        }
    }
    tell(comparison.differences);
    Ok(())
}

fn tell(differences: impl IntoIterator<Item = Difference>) {
    for difference in differences.into_iter().filter(|difference| difference.is_repairable) {
        eprintln!("mended {difference}");
    }
}
