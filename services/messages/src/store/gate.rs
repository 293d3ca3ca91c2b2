//! The way to a driver: with a deadline, a bound, and no future dropped on the way.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tracing::{Instrument as _, Span};

use crate::ports::StoreError;

/// How many operations a store has in hand at most, those included that nobody waits for any more.
const OPERATIONS: usize = 256;

/// Runs each operation of a driver as a task of its own and puts the deadline on its handle. So whoever asked may leave or
/// run out of time, and the driver's future still ends by itself: a dropped one can break its connection.
#[derive(Debug)]
pub(super) struct Gate {
    deadline: Duration,
    operations: Arc<Semaphore>,
}

impl Gate {
    pub(super) fn new(deadline: Duration) -> Self {
        Self { deadline, operations: Arc::new(Semaphore::new(OPERATIONS)) }
    }

    /// Runs an operation, whose outcome is not known where it does not answer in time.
    pub(super) async fn run<T, E>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let operations = Arc::clone(&self.operations);
        let span = span(operation);
        let in_time = async {
            let permit = operations.acquire_owned().await.map_err(unavailable)?;
            let work = async move {
                let outcome = work.await;
                drop(permit);
                outcome
            };
            tokio::spawn(work.instrument(span)).await.map_err(unavailable)?
        };
        tokio::time::timeout(self.deadline, in_time).await.map_err(unavailable)?
    }
}

/// Makes an operation part of the call that it is for. What is for no call, such as a scan, is no trace of its own.
fn span(operation: &'static str) -> Span {
    if Span::current().is_none() { Span::none() } else { tracing::info_span!("store", operation) }
}

fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(cause.into())
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn an_operation_that_nobody_waits_for_is_not_dropped() {
        let gate = Gate::new(Duration::from_millis(20));
        let (go_on, may_go_on) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let work = async move {
            drop(may_go_on.await);
            done.send(()).expect("the test waits");
            Ok::<_, StoreError>(())
        };
        assert!(matches!(gate.run("test", work).await, Err(StoreError::Unavailable(_))));
        go_on.send(()).expect("the operation still runs");
        is_done.await.expect("the operation ran to its end");
    }

    #[tokio::test]
    async fn a_panic_of_a_driver_is_an_unknown_outcome() {
        let gate = Gate::new(Duration::from_secs(5));
        let work = async { panic!("a driver's fault") };
        assert!(matches!(gate.run::<(), StoreError>("test", work).await, Err(StoreError::Unavailable(_))));
    }
}
