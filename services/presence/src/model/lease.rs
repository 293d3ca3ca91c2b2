//! What a gateway tells of its devices.

use std::collections::BTreeMap;

use loquat_ids::{ConnectionId, GatewayId, UserId};

/// A connected device: one client stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Device {
    pub(crate) user: UserId,
    pub(crate) stream: ConnectionId,
}

/// A gateway keeps its lease and tells what changed.
#[derive(Debug, Clone)]
pub(crate) struct Renewal {
    pub(crate) gateway: GatewayId,
    /// Whether `connected` is all that the gateway has.
    pub(crate) is_complete: bool,
    pub(crate) connected: Vec<Device>,
    /// Applied after `connected`: a device in both came and went.
    pub(crate) disconnected: Vec<Device>,
}

/// What came of a renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Renewed {
    /// The lease holds. These users now show differently to others.
    Kept { changed: Vec<UserId> },
    /// There is no such lease: the next renewal must be complete.
    Unknown,
}

/// The devices of one user in a renewal.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DevicesOfUser<'a> {
    pub(crate) connected: Vec<&'a ConnectionId>,
    pub(crate) disconnected: Vec<&'a ConnectionId>,
}

impl Renewal {
    /// Returns the devices by user, in the order of their ids.
    pub(crate) fn by_user(&self) -> BTreeMap<UserId, DevicesOfUser<'_>> {
        let mut users = BTreeMap::<UserId, DevicesOfUser<'_>>::new();
        for device in &self.connected {
            users.entry(device.user).or_default().connected.push(&device.stream);
        }
        for device in &self.disconnected {
            users.entry(device.user).or_default().disconnected.push(&device.stream);
        }
        users
    }
}
