//! Judging one log, event by event, without a store.

use std::collections::{BTreeMap, BTreeSet};

use loquat_ids::{EventId, RoomId, Timestamp, UserId};

use super::{
    damage::{LogDamage, LogFault},
    row::Row,
};
use crate::model::{Change, Membership, MembershipChange, Role, Room, RoomKind};

/// How many damages of one log are told one by one.
const LISTED_DAMAGES: usize = 200;

/// A log as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedLog {
    /// The room.
    pub room: RoomId,
    /// The place of the last event.
    pub head_seq: u64,
    /// The id of the last event.
    pub head_event: EventId,
    /// The version of the room that the last decided change led to. 0 where there is none.
    pub version: u64,
    /// The room's settings by then. Nothing where no event tells them.
    pub settings: Option<LoggedSettings>,
    /// Who is in the room by then.
    pub members: BTreeMap<UserId, LoggedMember>,
    /// Who was in it and is no longer.
    pub former_members: BTreeSet<UserId>,
    /// What the rooms service decided, by the version that it led to.
    pub decided: BTreeMap<u64, DecidedChange>,
    /// What is wrong with it.
    pub damages: Vec<LogDamage>,
}

/// A change that the rooms service decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecidedChange {
    /// The event.
    pub event_id: EventId,
    /// Its place.
    pub seq: u64,
}

/// A room's settings, as its log has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedSettings {
    /// The kind.
    pub kind: LoggedKind,
    /// The name. Empty for a direct room.
    pub name: String,
    /// The topic.
    pub topic: String,
    /// When the room was made.
    pub create_time: Timestamp,
    /// The two of a direct room.
    pub direct_users: Vec<UserId>,
}

/// A kind of room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedKind {
    /// Listed and open to everybody.
    Public,
    /// Known to its members alone.
    Private,
    /// Between two people.
    Direct,
}

/// A member, as the log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoggedMember {
    /// What the person is to the room.
    pub role: LoggedRole,
    /// When the person came.
    pub join_time: Timestamp,
    /// The version of the room at which the person came.
    pub since_version: u64,
}

/// What a member is to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedRole {
    /// The owner.
    Owner,
    /// Somebody who may read and send.
    Member,
}

/// Takes the events of one room in the order of their places.
#[derive(Debug)]
pub(super) struct LogJudge {
    log: AuditedLog,
    previous: Option<(i64, i64)>,
    unlisted: u64,
    /// Whether something has become of a message.
    has_changes: bool,
}

impl LogJudge {
    pub(super) fn new(room: RoomId) -> Self {
        let log = AuditedLog {
            room,
            head_seq: 0,
            head_event: EventId::from_uuid(uuid::Uuid::nil()),
            version: 0,
            settings: None,
            members: BTreeMap::new(),
            former_members: BTreeSet::new(),
            decided: BTreeMap::new(),
            damages: Vec::new(),
        };
        Self { log, previous: None, unlisted: 0, has_changes: false }
    }

    pub(super) const fn room(&self) -> RoomId {
        self.log.room
    }

    pub(super) fn take(&mut self, row: &Row) {
        self.judge_place(row);
        self.previous = Some((row.seq, row.create_time));
        (self.log.head_seq, self.log.head_event) = (place(row.seq), row.event_id);
        let change = match &row.change {
            Ok(change) => change,
            Err(why) => return self.damaged(row, LogFault::Unreadable(why.clone())),
        };
        self.has_changes |= change.message().is_some() || matches!(change, Change::Blanked { .. });
        let expected = change.class().to_stored();
        if row.class != expected {
            self.damaged(row, LogFault::ClassDiffers { found: row.class, expected });
        }
        // A room begins at 1, and nowhere else.
        if matches!(change, Change::RoomCreated { .. }) != (row.seq == 1) {
            self.damaged(row, LogFault::BeginsWrongly);
        }
        if let Some(version) = change.version() {
            self.decide(row, version.0, change);
        }
    }

    /// Returns where the log ends, and whether something in it has become of a message.
    pub(super) const fn changes(&self) -> (u64, bool) {
        (self.log.head_seq, self.has_changes)
    }

    /// Adds what is wrong with what is made of the log.
    pub(super) fn add(&mut self, damages: Vec<LogDamage>) {
        for damage in damages {
            self.list(damage);
        }
    }

    pub(super) fn finish(mut self) -> AuditedLog {
        if self.unlisted > 0 {
            let fault = LogFault::More(self.unlisted);
            self.log.damages.push(LogDamage { room: Some(self.log.room), seq: None, fault });
        }
        self.log
    }

    /// Judges the place and the time against those of the event ahead.
    fn judge_place(&mut self, row: &Row) {
        let (seq, time) = self.previous.unwrap_or((0, i64::MIN));
        if row.seq == seq {
            self.damaged(row, LogFault::PlaceTwice);
        } else if row.seq != seq.saturating_add(1) {
            let hole = LogFault::Hole { through: place(row.seq.saturating_sub(1)) };
            self.damaged_at(place(seq.saturating_add(1)), hole);
        }
        if row.create_time < time {
            self.damaged(row, LogFault::TimeFalls);
        }
    }

    fn decide(&mut self, row: &Row, version: u64, change: &Change) {
        let after = self.log.version;
        if version != after.saturating_add(1) {
            self.damaged(row, LogFault::VersionSkipped { after, found: version });
        }
        self.log.version = version;
        self.log.decided.insert(version, DecidedChange { event_id: row.event_id, seq: place(row.seq) });
        let told = match change {
            Change::RoomCreated { room, memberships } => {
                self.log.settings = Some(settings(room));
                memberships.iter().for_each(|membership| self.enter(membership, version));
                Some(room.member_count)
            }
            Change::RoomUpdated { room } => {
                self.log.settings = Some(settings(room));
                Some(room.member_count)
            }
            Change::MembershipsChanged { changes, member_count, .. } => {
                let time = Timestamp::from_micros(row.create_time);
                changes.iter().for_each(|change| self.move_person(change, time, version));
                Some(*member_count)
            }
            _ => None,
        };
        let counted = self.log.members.len() as u64;
        if let Some(told) = told.map(u64::from).filter(|told| *told != counted) {
            self.damaged(row, LogFault::MemberCountDiffers { told, counted });
        }
    }

    fn enter(&mut self, membership: &Membership, since_version: u64) {
        let member = LoggedMember { role: role(membership.role), join_time: membership.join_time, since_version };
        self.log.members.insert(membership.user, member);
    }

    fn move_person(&mut self, change: &MembershipChange, join_time: Timestamp, since_version: u64) {
        match change.role {
            Some(new) => {
                self.log.former_members.remove(&change.user);
                let member = LoggedMember { role: role(new), join_time, since_version };
                // Another role is no other coming.
                self.log.members.entry(change.user).and_modify(|known| known.role = role(new)).or_insert(member);
            }
            None => {
                self.log.members.remove(&change.user);
                self.log.former_members.insert(change.user);
            }
        }
    }

    fn damaged(&mut self, row: &Row, fault: LogFault) {
        self.damaged_at(place(row.seq), fault);
    }

    fn damaged_at(&mut self, seq: u64, fault: LogFault) {
        self.list(LogDamage { room: Some(self.log.room), seq: Some(seq), fault });
    }

    fn list(&mut self, damage: LogDamage) {
        if self.log.damages.len() < LISTED_DAMAGES {
            self.log.damages.push(damage);
        } else {
            self.unlisted += 1;
        }
    }
}

fn place(seq: i64) -> u64 {
    seq.try_into().unwrap_or(0)
}

fn settings(room: &Room) -> LoggedSettings {
    LoggedSettings {
        kind: match room.kind {
            RoomKind::Public => LoggedKind::Public,
            RoomKind::Private => LoggedKind::Private,
            RoomKind::Direct => LoggedKind::Direct,
        },
        name: room.name.clone(),
        topic: room.topic.clone(),
        create_time: room.create_time,
        direct_users: room.direct_users.clone(),
    }
}

const fn role(role: Role) -> LoggedRole {
    match role {
        Role::Owner => LoggedRole::Owner,
        Role::Member => LoggedRole::Member,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::{ALICE, BOB, created, event_id, moved, room, sent};

    fn row(seq: i64, change: Change) -> Row {
        Row {
            room: room(1),
            seq,
            event_id: event_id(u128::try_from(seq).expect("a place")),
            actor: Some(ALICE),
            class: change.class().to_stored(),
            create_time: seq,
            change: Ok(change),
        }
    }

    fn judged(rows: &[Row]) -> AuditedLog {
        let mut judge = LogJudge::new(room(1));
        rows.iter().for_each(|row| judge.take(row));
        judge.finish()
    }

    fn faults(rows: &[Row]) -> Vec<(Option<u64>, &'static str)> {
        judged(rows).damages.iter().map(|damage| (damage.seq, damage.fault.name())).collect()
    }

    fn counting(count: u32, change: Change) -> Change {
        let Change::MembershipsChanged { version, changes, .. } = change else { panic!("people move") };
        Change::MembershipsChanged { version, changes, member_count: count }
    }

    fn good() -> Vec<Row> {
        vec![
            row(1, created(&[ALICE])),
            row(2, sent("request-1", "hello")),
            row(3, counting(2, moved(2, BOB, Some(Role::Member)))),
            row(4, sent("request-2", "hello")),
            row(5, counting(1, moved(3, BOB, None))),
        ]
    }

    #[test]
    fn a_good_log_has_no_damage_and_tells_the_room() {
        let log = judged(&good());
        assert_eq!(log.damages, []);
        assert_eq!((log.head_seq, log.head_event, log.version), (5, event_id(5), 3));
        assert_eq!(log.members.keys().collect::<Vec<_>>(), [&ALICE]);
        assert_eq!(log.members[&ALICE].role, LoggedRole::Owner);
        assert_eq!(log.former_members, BTreeSet::from([BOB]));
        assert_eq!(log.decided[&2], DecidedChange { event_id: event_id(3), seq: 3 });
        assert_eq!(log.settings.expect("settings").name, "Kitchen");
    }

    #[test]
    fn each_damage_is_found_where_it_is() {
        let mut rows = good();
        rows.remove(3);
        assert_eq!(faults(&rows), [(Some(4), "log_hole")]);
        let mut rows = good();
        rows.insert(2, row(2, sent("request-3", "again")));
        assert_eq!(faults(&rows), [(Some(2), "log_place_twice")]);
        let mut rows = good();
        rows[3].create_time = 1;
        assert_eq!(faults(&rows), [(Some(4), "log_time_falls")]);
        let mut rows = good();
        rows[1].class = 1;
        assert_eq!(faults(&rows), [(Some(2), "log_class_differs")]);
        let mut rows = good();
        rows[1].change = Err("no JSON".to_owned());
        assert_eq!(faults(&rows), [(Some(2), "log_unreadable")]);
        let mut rows = good();
        rows.remove(0);
        assert_eq!(
            faults(&rows)[..2],
            [(Some(1), "log_hole"), (Some(3), "log_version_skipped")],
            "{:?}",
            faults(&rows)
        );
        let mut rows = good();
        rows[0] = row(1, sent("request-4", "first"));
        assert_eq!(faults(&rows)[0], (Some(1), "log_begins_wrongly"));
        let mut rows = good();
        rows[4] = row(5, counting(2, moved(3, BOB, None)));
        assert_eq!(faults(&rows), [(Some(5), "log_member_count_differs")]);
    }

    #[test]
    fn a_log_of_nothing_but_damage_is_told_in_bounds() {
        let rows: Vec<_> = (0..1_000).map(|index| row(2 * index + 10, sent("request-1", "hello"))).collect();
        let log = judged(&rows);
        assert_eq!(log.damages.len(), LISTED_DAMAGES + 1);
        assert_eq!(log.damages[LISTED_DAMAGES].fault, LogFault::More(800));
    }
}
