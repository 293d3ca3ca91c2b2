//! Faults, backups and restores.

use super::{Backup, Driver};
use crate::history::{
    BackupBegun, BackupId, EndReason, Entry, Failure, FaultBegin, FaultEnd, FaultId, Mark, Outcome, Restored,
};

impl Driver {
    pub(super) fn fault(&mut self) {
        if let Some(fault) = self.fault.take() {
            self.say(Entry::FaultEnd(FaultEnd { fault }));
        } else if !self.are_faults_over {
            let fault = FaultId(self.next_fault);
            self.next_fault += 1;
            self.fault = Some(fault);
            let (kind, target) = ("kill".to_owned(), "messages-0".to_owned());
            self.say(Entry::FaultBegin(FaultBegin { fault, kind, target }));
        }
    }

    pub(super) fn stop_faults(&mut self) {
        if self.fault.is_some() {
            self.fault();
        }
        self.are_faults_over = true;
        self.say(Entry::Mark(Mark::FaultsStopped));
    }

    pub(super) fn backup_or_restore(&mut self) {
        if self.are_faults_over {
            return;
        }
        let open = self.backups.iter().position(|backup| !backup.is_complete);
        match open {
            Some(index) if self.backups[index].rooms.is_none() => self.backups[index].rooms = Some(self.rooms.clone()),
            Some(index) => {
                self.backups[index].is_complete = true;
                let backup = self.backups[index].id;
                self.say(Entry::BackupEnded { backup });
            }
            None if self.backups.is_empty() || self.dice.chance(40) => {
                let id = BackupId(self.backups.len() as u32);
                self.backups.push(Backup { id, rooms: None, is_complete: false });
                self.say(Entry::BackupBegun(BackupBegun { backup: id }));
            }
            None => self.restore(),
        }
    }

    pub(super) fn restore(&mut self) {
        let index = self.dice.below(self.backups.len());
        let Backup { id, rooms: Some(rooms), .. } = self.backups[index].clone() else { return };
        while let Some(pending) = self.pending.pop() {
            if !pending.is_given_up {
                let (code, reason) = ("UNAVAILABLE".to_owned(), String::new());
                self.say(Entry::Fail(Failure { op: pending.op, code, reason, outcome: Outcome::Unknown }));
            }
        }
        while !self.readers.is_empty() {
            self.end(0, EndReason::Broken);
        }
        self.rooms = rooms;
        self.epoch += u32::from(self.dice.chance(60));
        self.say(Entry::Restored(Restored { backup: id }));
    }
}
