//! The gateway's one lease with the presence service, for all its streams.

use std::{
    collections::HashSet,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use loquat_ids::GatewayId;
use loquat_runtime::Frame;
use tokio::sync::Notify;

use crate::ports::{Device, Leases};

/// How often the lease is renewed while nothing changes. It holds three times as long.
const INTERVAL: Duration = Duration::from_secs(3);
/// For how long changes are gathered before they are told.
const GATHER: Duration = Duration::from_millis(50);
/// How many devices one call tells of.
const MAX_DEVICES: usize = 5_000;

/// The devices of this gateway, and what the presence service has not been told yet. Clones share them.
#[derive(Clone, Default)]
pub struct Lease(Arc<Shared>);

#[derive(Default)]
struct Shared {
    devices: Mutex<Devices>,
    changed: Notify,
}

#[derive(Default)]
struct Devices {
    all: HashSet<Device>,
    /// Connected and gone since the last call. A device that did both between two calls is in neither.
    came: HashSet<Device>,
    went: HashSet<Device>,
}

impl Lease {
    pub(crate) fn connected(&self, device: Device) {
        let mut devices = self.devices();
        devices.all.insert(device.clone());
        if !devices.went.remove(&device) {
            devices.came.insert(device);
        }
        drop(devices);
        self.0.changed.notify_one();
    }

    pub(crate) fn disconnected(&self, device: Device) {
        let mut devices = self.devices();
        devices.all.remove(&device);
        if !devices.came.remove(&device) {
            devices.went.insert(device);
        }
        drop(devices);
        self.0.changed.notify_one();
    }

    /// Keeps the lease until the process ends; then gives all devices up.
    pub async fn keep(self, gateway: GatewayId, leases: Arc<dyn Leases>, frame: Frame) {
        let mut is_complete = true;
        while !frame.stop.is_cancelled() {
            is_complete = self.tell(gateway, leases.as_ref(), is_complete).await;
            let has_more = self.devices().has_news();
            if !has_more {
                tokio::select! {
                    () = frame.stop.cancelled() => {}
                    () = self.0.changed.notified() => {}
                    () = tokio::time::sleep(INTERVAL) => {}
                }
            }
            frame.stop.run_until_cancelled(tokio::time::sleep(GATHER)).await;
        }
        if leases.renew(gateway, true, Vec::new(), Vec::new()).await.is_err() {
            tracing::debug!("the lease lapses by itself");
        }
    }

    /// Tells of what changed; returns whether the next call must tell everything.
    async fn tell(&self, gateway: GatewayId, leases: &dyn Leases, is_complete: bool) -> bool {
        let (came, went) = self.devices().take(is_complete);
        match leases.renew(gateway, is_complete, came, went).await {
            Ok(wants_complete) => wants_complete,
            Err(error) => {
                tracing::debug!(%error, "the lease could not be renewed");
                true
            }
        }
    }

    fn devices(&self) -> MutexGuard<'_, Devices> {
        self.0.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Devices {
    fn has_news(&self) -> bool {
        !self.came.is_empty() || !self.went.is_empty()
    }

    fn take(&mut self, is_complete: bool) -> (Vec<Device>, Vec<Device>) {
        if is_complete {
            self.went.clear();
            let first: Vec<Device> = self.all.iter().take(MAX_DEVICES).cloned().collect();
            self.came = self.all.iter().skip(MAX_DEVICES).cloned().collect();
            return (first, Vec::new());
        }
        (take_some(&mut self.came), take_some(&mut self.went))
    }
}

fn take_some(devices: &mut HashSet<Device>) -> Vec<Device> {
    if devices.len() <= MAX_DEVICES {
        return mem::take(devices).into_iter().collect();
    }
    let some: Vec<Device> = devices.iter().take(MAX_DEVICES).cloned().collect();
    for device in &some {
        devices.remove(device);
    }
    some
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use loquat_ids::{IdSource as _, SequentialIds, UserId};
    use tokio::sync::mpsc;

    use super::*;
    use crate::ports::ReadError;

    struct Told {
        calls: mpsc::Sender<(bool, usize, usize)>,
        wants_complete: bool,
    }

    #[async_trait]
    impl Leases for Told {
        async fn renew(
            &self,
            _: GatewayId,
            is_complete: bool,
            connected: Vec<Device>,
            disconnected: Vec<Device>,
        ) -> Result<bool, ReadError> {
            self.calls.send((is_complete, connected.len(), disconnected.len())).await.expect("the test listens");
            Ok(self.wants_complete)
        }
    }

    fn device(ids: &SequentialIds) -> Device {
        Device { user: UserId::from_uuid(ids.fresh()), stream: ids.fresh().to_string().parse().expect("a stream id") }
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_call_tells_everything_and_the_next_what_changed() {
        let (ids, frame, lease) = (SequentialIds::default(), Frame::real(), Lease::default());
        let gateway = GatewayId::from_uuid(ids.fresh());
        let (sender, mut calls) = mpsc::channel(1);
        let here = device(&ids);
        lease.connected(here.clone());
        frame.tasks.spawn(lease.clone().keep(
            gateway,
            Arc::new(Told { calls: sender, wants_complete: false }),
            frame.clone(),
        ));
        assert_eq!(calls.recv().await, Some((true, 1, 0)));
        lease.connected(device(&ids));
        lease.disconnected(here);
        let mut told = (0, 0);
        while told != (1, 1) {
            let (is_complete, came, went) = calls.recv().await.expect("a call");
            assert!(!is_complete);
            told = (told.0 + came, told.1 + went);
        }
        frame.stop.cancel();
        while let Some(call) = calls.recv().await {
            if call.0 {
                assert_eq!(call, (true, 0, 0));
                return;
            }
        }
    }

    #[test]
    fn more_devices_than_a_call_takes_go_with_the_next() {
        let (ids, mut devices) = (SequentialIds::default(), Devices::default());
        devices.all = (0..7_000).map(|_| device(&ids)).collect();
        assert_eq!(devices.take(true).0.len(), 5_000);
        assert!(devices.has_news());
        assert_eq!(devices.take(false).0.len(), 2_000);
    }
}
