//! What a room must be, by its log and what is on the way into it.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use loquat_ids::{EventId, RoomId, Timestamp, UserId};
use loquat_messages::audit::{AuditedLog, LoggedKind, LoggedRole, LoggedSettings};
use loquat_rooms::{
    model::{
        Change, DirectPair, Membership, MembershipChange, Role, Room, RoomForm, RoomKind, RoomName, RoomTopic,
        RoomVersion,
    },
    store::audit::{AuditedDecision, RebuiltRoom},
};

/// A room as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedRoom {
    pub(crate) id: RoomId,
    pub(crate) version: u64,
    pub(crate) settings: WantedSettings,
    pub(crate) members: BTreeMap<UserId, WantedMember>,
    /// What is on the way into the log: the events, by version, without a hole after the log's.
    pub(crate) pending: BTreeMap<u64, EventId>,
}

/// What a room is called and is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedSettings {
    pub(crate) kind: RoomKind,
    pub(crate) name: String,
    pub(crate) topic: String,
    pub(crate) create_time: Timestamp,
    pub(crate) direct_users: Vec<UserId>,
}

/// A member as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WantedMember {
    pub(crate) role: Role,
    pub(crate) join_time: Timestamp,
}

impl WantedRoom {
    /// Nothing where neither the log nor the outbox begins with the room.
    pub(super) fn of(id: RoomId, log: Option<&AuditedLog>, outbox: &[AuditedDecision]) -> Option<Self> {
        let mut version = log.map_or(0, |log| log.version);
        let mut settings = log.and_then(|log| log.settings.as_ref()).map(of_log);
        let logged = log.into_iter().flat_map(|log| &log.members);
        let mut members: BTreeMap<UserId, WantedMember> = logged
            .map(|(user, member)| (*user, WantedMember { role: role(member.role), join_time: member.join_time }))
            .collect();
        let mut pending = BTreeMap::new();
        for row in outbox {
            let (true, Ok(change)) = (row.version == version + 1, &row.change) else { continue };
            apply(change, &mut settings, &mut members);
            version = row.version;
            pending.insert(version, row.event_id);
        }
        Some(Self { id, version, settings: settings?, members, pending })
    }

    pub(super) fn has_settings_of(&self, stored: &Room) -> bool {
        self.settings == of_rooms(stored)
    }

    /// Returns the room as the store of rooms takes it.
    pub(super) fn rebuilt(&self, log: Option<&AuditedLog>) -> anyhow::Result<RebuiltRoom> {
        let logged = log.into_iter().flat_map(|log| log.decided.values());
        let mut outbox: BTreeMap<EventId, Option<u64>> =
            logged.map(|decided| (decided.event_id, Some(decided.seq))).collect();
        outbox.extend(self.pending.values().map(|event| (*event, None)));
        let members = self.members.iter().map(|(user, member)| Membership {
            room_id: self.id,
            user_id: *user,
            role: member.role,
            join_time: member.join_time,
        });
        let room = Room {
            id: self.id,
            form: self.settings.form()?,
            create_time: self.settings.create_time,
            version: RoomVersion(self.version),
            member_count: u32::try_from(self.members.len())?,
        };
        Ok(RebuiltRoom { room, members: members.collect(), outbox })
    }
}

impl WantedSettings {
    fn form(&self) -> anyhow::Result<RoomForm> {
        if self.kind == RoomKind::Direct {
            let [one, other] = self.direct_users[..] else { bail!("a direct room is of two people") };
            return DirectPair::of(one, other).map(RoomForm::Direct).context("a direct room is of two people");
        }
        Ok(RoomForm::Named {
            is_public: self.kind == RoomKind::Public,
            name: RoomName::parse(&self.name).context("the room's name")?,
            topic: RoomTopic::parse(&self.topic).context("the room's topic")?,
        })
    }
}

fn apply(change: &Change, settings: &mut Option<WantedSettings>, members: &mut BTreeMap<UserId, WantedMember>) {
    match change {
        Change::RoomCreated { room, memberships } => {
            *settings = Some(of_rooms(room));
            for new in memberships {
                members.insert(new.user_id, WantedMember { role: new.role, join_time: new.join_time });
            }
        }
        Change::RoomUpdated { room } => *settings = Some(of_rooms(room)),
        Change::MembershipsChanged { changes, .. } => {
            for change in changes {
                match change {
                    MembershipChange::Joined(new) => {
                        members.insert(new.user_id, WantedMember { role: new.role, join_time: new.join_time });
                    }
                    MembershipChange::Left(user) => {
                        members.remove(user);
                    }
                }
            }
        }
    }
}

fn of_log(settings: &LoggedSettings) -> WantedSettings {
    let mut direct_users = settings.direct_users.clone();
    direct_users.sort_unstable();
    WantedSettings {
        kind: match settings.kind {
            LoggedKind::Public => RoomKind::Public,
            LoggedKind::Private => RoomKind::Private,
            LoggedKind::Direct => RoomKind::Direct,
        },
        name: settings.name.clone(),
        topic: settings.topic.clone(),
        create_time: settings.create_time,
        direct_users,
    }
}

fn of_rooms(room: &Room) -> WantedSettings {
    WantedSettings {
        kind: room.kind(),
        name: room.name().to_owned(),
        topic: room.topic().to_owned(),
        create_time: room.create_time,
        direct_users: room.direct_pair().map(|pair| pair.users().to_vec()).unwrap_or_default(),
    }
}

const fn role(role: LoggedRole) -> Role {
    match role {
        LoggedRole::Owner => Role::Owner,
        LoggedRole::Member => Role::Member,
    }
}
