//! What is done to the system.

use crate::fleet::{Backend, Fleet, LinkKind, Shape};

mod backends;
mod disk;
mod inflict;
mod links;
mod processes;
mod restores;

pub(crate) use disk::{Volume, has_strace, reads_clock_shift};
pub(crate) use inflict::{Inflicted, Tools, inflict};
pub(crate) use restores::makes_backups;

/// A process of which service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Service {
    /// All in one.
    Standalone,
    /// `users`.
    Users,
    /// `rooms`.
    Rooms,
    /// `messages`.
    Messages,
    /// `presence`.
    Presence,
    /// `gateway`.
    Gateway,
}

impl Service {
    const DISTRIBUTED: [Self; 5] = [Self::Messages, Self::Gateway, Self::Rooms, Self::Users, Self::Presence];

    /// What it is called in a fleet.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Users => "users",
            Self::Rooms => "rooms",
            Self::Messages => "messages",
            Self::Presence => "presence",
            Self::Gateway => "gateway",
        }
    }
}

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkFault {
    /// Everything comes late.
    Delay,
    /// Nothing passes.
    Drop,
    /// Connections are reset.
    Reset,
    /// The server's side is gone and the client is not told.
    HalfOpen,
    /// Nothing passes in one direction.
    OneWay,
    /// Little passes.
    Bandwidth,
}

impl LinkFault {
    const ALL: [Self; 6] = [Self::Drop, Self::Reset, Self::OneWay, Self::HalfOpen, Self::Delay, Self::Bandwidth];

    const fn name(self) -> &'static str {
        match self {
            Self::Delay => "delay",
            Self::Drop => "drop",
            Self::Reset => "reset",
            Self::HalfOpen => "half-open",
            Self::OneWay => "one-way",
            Self::Bandwidth => "bandwidth",
        }
    }
}

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// SIGKILL, and started again.
    Kill(Service),
    /// SIGSTOP, and SIGCONT.
    Pause(Service),
    /// SIGTERM to one process after the other, each started again before the next.
    RollingRestart,
    /// Everything is killed at once, backends included, and started again.
    ColdRestart,
    /// A link is bad.
    Link(LinkFault, LinkKind),
    /// A backend is killed, and started again.
    BackendKilled(Backend),
    /// The bus's stream is deleted.
    BusStreamDeleted,
    /// The bus loses one in a hundred messages about rooms.
    BusMessagesDropped,
    /// Redis forgets everything.
    RedisFlushed,
    /// There is no room left for the data.
    DiskFull,
    /// Writes cannot be made durable.
    FsyncFails,
    /// A process's clock is wrong.
    ClockShifted,
    /// A backup, made while everybody goes on, is restored.
    BackupRestored,
    /// A copy of the data folder is put back in its place.
    OldFolder,
    /// Both messages nodes are made to write the same rooms.
    DoubleOwnership,
}

impl FaultKind {
    /// What it is called in histories and reports.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Kill(service) => format!("kill-{}", service.name()),
            Self::Pause(service) => format!("pause-{}", service.name()),
            Self::RollingRestart => "rolling-restart".into(),
            Self::ColdRestart => "cold-restart".into(),
            Self::Link(fault, link) => format!("link-{}-{}", fault.name(), link.name()),
            Self::BackendKilled(backend) => format!("backend-kill-{}", backend.name()),
            Self::BusStreamDeleted => "bus-stream-deleted".into(),
            Self::BusMessagesDropped => "bus-messages-dropped".into(),
            Self::RedisFlushed => "redis-flushed".into(),
            Self::DiskFull => "disk-full".into(),
            Self::FsyncFails => "fsync-fails".into(),
            Self::ClockShifted => "clock-shifted".into(),
            Self::BackupRestored => "backup-restored".into(),
            Self::OldFolder => "old-folder".into(),
            Self::DoubleOwnership => "double-ownership".into(),
        }
    }

    /// Whether it tells only while as much goes on as can.
    pub(crate) const fn wants_a_rush(self) -> bool {
        matches!(self, Self::DoubleOwnership | Self::BusMessagesDropped)
    }

    /// The kinds that a fleet can be given, the most telling first.
    pub(crate) fn possible(fleet: &Fleet, tools: &Tools) -> Vec<Self> {
        let mut kinds = match fleet.plan.shape {
            Shape::Embedded => Self::embedded(tools),
            Shape::Distributed => Self::distributed(fleet),
        };
        if tools.can_shift_clocks {
            kinds.push(Self::ClockShifted);
        }
        kinds
    }

    fn embedded(tools: &Tools) -> Vec<Self> {
        let mut kinds = vec![Self::Kill(Service::Standalone)];
        kinds.extend(LinkFault::ALL.map(|fault| Self::Link(fault, LinkKind::ClientGateway)));
        kinds.extend([Self::Pause(Service::Standalone), Self::RollingRestart]);
        kinds.push(Self::OldFolder);
        kinds.extend(tools.has_backups.then_some(Self::BackupRestored));
        kinds.extend(tools.volume.is_some().then_some(Self::DiskFull));
        kinds.extend(tools.has_strace.then_some(Self::FsyncFails));
        kinds
    }

    fn distributed(fleet: &Fleet) -> Vec<Self> {
        let log = fleet.log_backend();
        let mut kinds = vec![
            Self::Kill(Service::Messages),
            Self::DoubleOwnership,
            Self::BusMessagesDropped,
            Self::Kill(Service::Gateway),
            Self::BackendKilled(log),
            Self::BackendKilled(Backend::Nats),
            Self::Link(LinkFault::Drop, LinkKind::Service),
            Self::Link(LinkFault::OneWay, log.link()),
            Self::Kill(Service::Rooms),
            Self::BusStreamDeleted,
            Self::RollingRestart,
            Self::RedisFlushed,
            Self::Pause(Service::Messages),
            Self::ColdRestart,
        ];
        let links = LinkKind::ALL.into_iter().filter(|kind| fleet.links.of(*kind).next().is_some());
        let rest = Service::DISTRIBUTED
            .iter()
            .flat_map(|service| [Self::Kill(*service), Self::Pause(*service)])
            .chain([Self::BackendKilled(Backend::Redis), Self::BackendKilled(Backend::Postgres)])
            .chain(links.flat_map(|link| LinkFault::ALL.map(|fault| Self::Link(fault, link))));
        for kind in rest {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    }
}
