//! Waiting for what a setting names.

use std::{future::Future, pin::pin, time::Duration};

use tokio::time::timeout;

/// After how long the log says what is waited for.
const SOON: Duration = Duration::from_secs(1);

/// Waits for something outside of the process that a setting names, such as a database to be opened. Where it takes longer than
/// a second the log says so, by the setting's name, while it goes on waiting: how long is for `work` to bound.
pub async fn reaching<T>(setting: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    if let Ok(outcome) = timeout(SOON, &mut work).await {
        return outcome;
    }
    tracing::warn!("what {setting} names does not answer yet: still waiting for it");
    work.await
}
