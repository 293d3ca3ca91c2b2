//! Finding what other nodes committed, one of which may have died before it told.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{head_board::HeadBoard, ports::RoomLogStore};

/// Scans the store every so often, until the process ends, and posts what it finds.
pub(crate) async fn scan_heads(
    store: Arc<dyn RoomLogStore>,
    heads: Arc<HeadBoard>,
    every: Duration,
    stop: CancellationToken,
) {
    let mut since = None;
    let mut is_away = false;
    while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        let found = store.changed_heads(since).await;
        if let Err(error) = &found
            && !is_away
        {
            tracing::warn!(%error, "changed heads could not be read");
        }
        is_away = found.is_err();
        let Ok(found) = found else { continue };
        found.heads.into_iter().for_each(|(room, head)| heads.post(room, head));
        since = Some(found.next);
    }
}
