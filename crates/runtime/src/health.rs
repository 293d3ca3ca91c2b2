//! Whether the process can do its work: `grpc.health.v1`.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use futures::{FutureExt as _, future::BoxFuture};
use tokio::time::timeout;
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::Frame;

const INTERVAL: Duration = Duration::from_secs(2);
const CHECK_DEADLINE: Duration = Duration::from_secs(2);

type Check = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// What must hold for the process to do its work. Clones share nothing: add checks, then hand it on.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Vec<(&'static str, Check)>,
}

impl fmt::Debug for Readiness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.checks.iter().map(|(name, _)| name)).finish()
    }
}

impl Readiness {
    /// Begins with nothing to hold.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds something that must hold. It is asked every 2 s, and may take as long; then it does not hold.
    #[must_use]
    pub fn check<F, Fut>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        self.checks.push((name, Arc::new(move || check().boxed())));
        self
    }

    /// Adds all that must hold for another part of the process.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.checks.extend(other.checks);
        self
    }

    /// Returns the names of what does not hold now.
    pub async fn failing(&self) -> Vec<&'static str> {
        let asked = self.checks.iter().map(|(name, check)| async move {
            let holds = timeout(CHECK_DEADLINE, check()).await.unwrap_or(false);
            (!holds).then_some(*name)
        });
        futures::future::join_all(asked).await.into_iter().flatten().collect()
    }

    /// Tells `grpc.health.v1` what is so, of the process as a whole and of each named service, until the process ends.
    pub(crate) async fn report(self, reporter: HealthReporter, services: Vec<String>, frame: Frame) {
        let mut was_ready = None;
        let package = services.first().and_then(|service| service.rsplit_once('.')).map_or("", |(package, _)| package);
        while !frame.stop.is_cancelled() {
            let failing = self.failing().await;
            let is_ready = failing.is_empty();
            if was_ready != Some(is_ready) {
                was_ready = Some(is_ready);
                tell(&reporter, &services, is_ready).await;
                if is_ready {
                    tracing::info!(package, "ready");
                } else {
                    tracing::info!(package, ?failing, "not ready");
                }
            }
            let wait = if is_ready { INTERVAL } else { INTERVAL / 10 };
            frame.stop.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
        tell(&reporter, &services, false).await;
    }
}

async fn tell(reporter: &HealthReporter, services: &[String], is_ready: bool) {
    let status = if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    for service in services.iter().map(String::as_str).chain([""]) {
        reporter.set_service_status(service, status).await;
    }
}
