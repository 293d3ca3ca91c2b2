//! Waiting for facts.

use std::{fmt::Display, future::Future, time::Duration};

use tokio::time::{Instant, sleep};

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(15);

/// Looks until what is looked for is so, and returns it.
///
/// # Panics
///
/// Where it is not so in time; says what was looked for and what was seen last.
pub async fn eventually<T, E: Display, F>(what: &str, within: Duration, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, E>>,
{
    let by = Instant::now() + within;
    loop {
        match look().await {
            Ok(fact) => return fact,
            Err(seen) if Instant::now() >= by => panic!("not within {within:?}: {what}; last seen: {seen}"),
            Err(_) => sleep(INTERVAL).await,
        }
    }
}
