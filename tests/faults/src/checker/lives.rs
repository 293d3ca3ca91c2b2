//! The lives of the logs: from the run's beginning, or from a restore, to the next.

use super::interning::Map;
use crate::history::BackupId;

/// Which life, from 0.
pub(super) type LifeNo = u16;

/// One life of the logs.
#[derive(Debug, Clone)]
pub(super) struct Life {
    /// In which life the backup was made that this one began from. Nothing for the first.
    pub(super) parent: Option<LifeNo>,
    /// When that backup began: what was acknowledged before is inherited.
    backup_begun: u64,
    /// The epoch that its cursors name, once one was seen.
    pub(super) epoch: Option<String>,
}

/// All lives, and the backups that lead from one to another.
#[derive(Debug)]
pub(super) struct Lives {
    lives: Vec<Life>,
    backups: Map<BackupId, (LifeNo, u64)>,
}

impl Default for Lives {
    fn default() -> Self {
        Self { lives: vec![Life { parent: None, backup_begun: 0, epoch: None }], backups: Map::default() }
    }
}

impl Lives {
    /// Returns the life that goes on now: after a reading of the history, the last.
    pub(super) fn current(&self) -> LifeNo {
        LifeNo::try_from(self.lives.len() - 1).expect("fewer than 2^16 restores")
    }

    pub(super) fn get(&self, life: LifeNo) -> &Life {
        &self.lives[usize::from(life)]
    }

    /// Returns all lives, from the first to the last.
    pub(super) fn all(&self) -> std::ops::RangeInclusive<LifeNo> {
        0..=self.current()
    }

    pub(super) fn backup_begins(&mut self, backup: BackupId, at: u64) {
        let life = self.current();
        self.backups.insert(backup, (life, at));
    }

    /// Begins another life. Nothing where there is no such backup.
    pub(super) fn restore(&mut self, backup: BackupId) -> Option<LifeNo> {
        let (parent, backup_begun) = *self.backups.get(&backup)?;
        self.lives.push(Life { parent: Some(parent), backup_begun, epoch: None });
        Some(self.current())
    }

    /// Notes an epoch that was seen in a life. Tells whether it is the only one seen there.
    pub(super) fn note_epoch(&mut self, life: LifeNo, epoch: &str) -> bool {
        let known = &mut self.lives[usize::from(life)].epoch;
        match known {
            Some(known) => known == epoch,
            None => {
                *known = Some(epoch.to_owned());
                true
            }
        }
    }

    /// Tells whether what was acknowledged in a life, at a time, must be in the log of another.
    pub(super) fn reaches(&self, (life, at): (LifeNo, u64), mut other: LifeNo) -> bool {
        loop {
            if other == life {
                return true;
            }
            let step = self.get(other);
            match step.parent {
                Some(parent) if at < step.backup_begun => other = parent,
                _ => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_acknowledged_reaches_the_lives_that_its_backups_lead_to() {
        let mut lives = Lives::default();
        let (early, late) = (BackupId(0), BackupId(1));
        lives.backup_begins(early, 10);
        lives.backup_begins(late, 20);
        assert_eq!(lives.restore(late), Some(1));
        assert_eq!(lives.restore(early), Some(2));
        assert_eq!(lives.restore(BackupId(9)), None);
        assert!(lives.reaches((0, 5), 2), "the early backup has it");
        assert!(lives.reaches((0, 15), 1) && !lives.reaches((0, 15), 2), "only the late backup has it");
        assert!(!lives.reaches((1, 5), 2), "the second life left nothing behind");
        assert!(lives.reaches((2, 50), 2));
    }
}
