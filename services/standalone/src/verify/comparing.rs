//! What the rooms service has of a room, against the room's log.
//!
//! The log is the truth. A room must be what its log says, and beyond that what its outbox has on the way into the log.

mod wanted;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use loquat_ids::{RoomId, UserId};
use loquat_messages::audit::AuditedLog;
use loquat_rooms::store::audit::{AuditedDecision, AuditedRoom, RebuiltRoom};

use wanted::WantedRoom;

use super::Difference;

/// What came of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) differences: Vec<Difference>,
    /// What the room must be, where that is known.
    wanted: Option<WantedRoom>,
}

impl Comparison {
    /// Tells whether something is wrong that can be mended.
    pub(crate) fn is_repairable(&self) -> bool {
        self.differences.iter().any(|difference| difference.is_repairable)
    }

    /// Returns what rooms must have of a room of which something is repairable: nothing, where it is neither there nor in a log.
    ///
    /// # Errors
    ///
    /// Where the log says of the room what rooms refuses.
    pub(crate) fn rebuilt(&self, log: Option<&AuditedLog>) -> anyhow::Result<Option<RebuiltRoom>> {
        self.wanted.as_ref().map(|wanted| wanted.rebuilt(log)).transpose()
    }
}

/// Compares a room with its log.
pub(crate) fn compare(id: RoomId, log: Option<&AuditedLog>, room: Option<&AuditedRoom>) -> Comparison {
    let mut found = Found { room: id, differences: Vec::new() };
    let wanted = match (log, room) {
        (None, None) => None,
        (log, room) => found.judge(log, room),
    };
    Comparison { differences: found.differences, wanted }
}

struct Found {
    room: RoomId,
    differences: Vec<Difference>,
}

impl Found {
    fn judge(&mut self, log: Option<&AuditedLog>, room: Option<&AuditedRoom>) -> Option<WantedRoom> {
        let outbox = room.map_or(&[][..], |room| &room.outbox);
        let wanted = WantedRoom::of(self.room, log, outbox);
        if let Some(log) = log {
            self.outbox_against_log(log, outbox);
        }
        let stored = room.and_then(|room| room.room.as_ref());
        let Some(wanted) = wanted else {
            // Nobody knows what it must be, so that nothing of it can be mended.
            self.differences.iter_mut().for_each(|difference| difference.is_repairable = false);
            match (log, stored) {
                // Its settings are in no event that can be read: the log's own damages say why.
                (Some(_), None) => {
                    self.lost("log_without_room", "rooms has no such room, and its log does not begin with it")
                }
                (Some(_), Some(_)) => self.lost("log_without_room", "its log does not begin with the room"),
                (None, Some(_)) => {
                    self.lost("room_without_log", "its log is not there, and rooms has nothing on the way into it")
                }
                (None, None) => {
                    self.mendable("room_leftovers", "rooms has rows of a room that is neither there nor in a log")
                }
            }
            return None;
        };
        let Some(room) = room else {
            self.mendable("log_without_room", "rooms has no such room, and its log is there");
            return Some(wanted);
        };
        match stored {
            None => self.mendable("log_without_room", "rooms has no such room, and its log is there"),
            Some(Err(why)) => self.mendable("room_unreadable", &format!("the room cannot be read: {why}")),
            Some(Ok(stored)) => self.settings(stored, &wanted, room),
        }
        self.members(&wanted, room);
        self.lists(&wanted, room);
        Some(wanted)
    }

    /// What the outbox says is in the log must be there, and what it says is not must not.
    fn outbox_against_log(&mut self, log: &AuditedLog, outbox: &[AuditedDecision]) {
        for row in outbox {
            let (version, event) = (row.version, row.event_id);
            match (log.decided.get(&version), row.seq) {
                (Some(decided), _) if decided.event_id != event => self.mendable(
                    "outbox_event_differs",
                    &format!("the outbox has event {event} as version {version}, and the log {}", decided.event_id),
                ),
                (Some(decided), Some(seq)) if decided.seq != seq => self.mendable(
                    "outbox_place_differs",
                    &format!("version {version} is at {} in the log, and by the outbox at {seq}", decided.seq),
                ),
                (Some(decided), None) => self.mendable(
                    "outbox_row_in_log",
                    &format!("version {version} is on the way into the log, and at {} in it", decided.seq),
                ),
                (None, Some(seq)) => self.mendable(
                    "outbox_row_not_in_log",
                    &format!("version {version} is at {seq} in the log by the outbox, and not in it"),
                ),
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
    }

    fn settings(&mut self, stored: &loquat_rooms::model::Room, wanted: &WantedRoom, room: &AuditedRoom) {
        let version = stored.version.0;
        if version < wanted.version {
            let text = format!("rooms has version {version}, and the log is at {}", wanted.version);
            self.mendable("room_version_behind", &text);
        } else if version > wanted.version {
            let text = format!(
                "rooms has version {version}, and what led from {} there is neither in the log nor on the way into it",
                wanted.version
            );
            self.mendable("room_version_ahead", &text);
        }
        if !wanted.has_settings_of(stored) {
            self.mendable("room_settings_differ", "kind, name, topic or pair are not those of the log");
        }
        let (told, counted) = (stored.member_count as usize, room.members.len());
        if told != counted || told != wanted.members.len() {
            let text = format!(
                "rooms counts {told} members, has {counted} memberships, and the log says {}",
                wanted.members.len()
            );
            self.mendable("room_member_count_differs", &text);
        }
    }

    fn members(&mut self, wanted: &WantedRoom, room: &AuditedRoom) {
        let stored: BTreeMap<UserId, _> = room.members.iter().map(|member| (member.user, member.role)).collect();
        for (user, member) in &wanted.members {
            match stored.get(user) {
                None => self.of_user("membership_missing", *user, "a member by the log, and not in rooms"),
                Some(role) if *role != Some(member.role) => {
                    self.of_user("membership_role_differs", *user, "another role in rooms than by the log");
                }
                Some(_) => {}
            }
        }
        for user in stored.keys().filter(|user| !wanted.members.contains_key(user)) {
            self.of_user("membership_extra", *user, "a member in rooms, and not by the log");
        }
    }

    /// A person's list must have the room while the person is a member, and must not say so of anybody else.
    fn lists(&mut self, wanted: &WantedRoom, room: &AuditedRoom) {
        let listed: BTreeSet<UserId> =
            room.listed.iter().filter(|(_, is_member)| *is_member).map(|(user, _)| *user).collect();
        for user in wanted.members.keys().filter(|user| !listed.contains(user)) {
            self.of_user("list_lacks_room", *user, "a member whose list of rooms has not got the room");
        }
        for user in listed.iter().filter(|user| !wanted.members.contains_key(user)) {
            self.of_user("list_has_lost_room", *user, "no member, whose list of rooms has the room");
        }
    }

    fn mendable(&mut self, kind: &'static str, text: &str) {
        self.add(kind, None, text, true);
    }

    fn lost(&mut self, kind: &'static str, text: &str) {
        self.add(kind, None, text, false);
    }

    fn of_user(&mut self, kind: &'static str, user: UserId, text: &str) {
        self.add(kind, Some(user), text, true);
    }

    fn add(&mut self, kind: &'static str, user: Option<UserId>, text: &str, is_repairable: bool) {
        let difference =
            Difference { kind, room: Some(self.room), seq: None, user, text: text.to_owned(), is_repairable };
        self.differences.push(difference);
    }
}
