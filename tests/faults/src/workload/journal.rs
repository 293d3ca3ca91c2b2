//! Writing the history down while it happens.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use loquat_faults::history::{
    BackupBegun, BackupId, Entry, FaultBegin, FaultEnd, FaultId, HistoryError, Id, Invoke, Op, Open, Record, Room, Run,
    StreamId, User, UserDeclared, Writer,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// The history of a segment, written by all of its tasks. A history that cannot be written stops the run: see
/// [`Journal::flush`].
#[derive(Debug)]
pub(crate) struct Journal {
    begun: Instant,
    /// How long earlier processes had written it.
    before: Duration,
    pages: Mutex<Pages>,
}

#[derive(Debug)]
struct Pages {
    writer: Writer,
    ops: u32,
    streams: u32,
    faults: u32,
    backups: u32,
    rooms: u32,
    users: HashMap<Id, User>,
    error: Option<HistoryError>,
}

/// Where a history was put down, to be gone on with.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Bookmark {
    at_micros: u64,
    ops: u32,
    streams: u32,
    faults: u32,
    backups: u32,
    rooms: u32,
    /// In the order of their numbers.
    users: Vec<Id>,
}

impl Journal {
    /// Begins a history.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub(crate) fn begin(path: &Path, run: Run) -> Result<Self, HistoryError> {
        let journal = Self::go_on(path, Bookmark::default())?;
        journal.note(Entry::Run(run));
        Ok(journal)
    }

    /// Goes on with a history.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub(super) fn go_on(path: &Path, bookmark: Bookmark) -> Result<Self, HistoryError> {
        let Bookmark { at_micros, ops, streams, faults, backups, rooms, users } = bookmark;
        let users = users.into_iter().zip((0..).map(User)).collect();
        let pages = Pages { writer: Writer::append(path)?, ops, streams, faults, backups, rooms, users, error: None };
        let before = Duration::from_micros(at_micros);
        Ok(Self { begun: Instant::now(), before, pages: Mutex::new(pages) })
    }

    /// Says where the history stands.
    pub(super) fn bookmark(&self) -> Bookmark {
        let Pages { ops, streams, faults, backups, rooms, ref users, .. } = *self.pages();
        let mut users: Vec<_> = users.iter().map(|(id, user)| (*user, *id)).collect();
        users.sort_unstable();
        let users = users.into_iter().map(|(_, id)| id).collect();
        Bookmark { at_micros: self.now(), ops, streams, faults, backups, rooms, users }
    }

    /// Writes something down.
    pub(crate) fn note(&self, is: Entry) {
        self.write(&mut self.pages(), is);
    }

    /// Writes a call down, under the next number.
    pub(crate) fn invoke(&self, invoke: impl FnOnce(Op) -> Invoke) -> Op {
        let mut pages = self.pages();
        let op = Op(pages.ops);
        pages.ops += 1;
        self.write(&mut pages, Entry::Invoke(invoke(op)));
        op
    }

    /// Writes down that a stream is opened, under the next number.
    pub(crate) fn open(&self, open: impl FnOnce(StreamId) -> Open) -> StreamId {
        let mut pages = self.pages();
        let stream = StreamId(pages.streams);
        pages.streams += 1;
        self.write(&mut pages, Entry::Open(open(stream)));
        stream
    }

    /// Writes down that a fault begins.
    pub(crate) fn begin_fault(&self, kind: String, target: String) -> FaultId {
        let mut pages = self.pages();
        let fault = FaultId(pages.faults);
        pages.faults += 1;
        self.write(&mut pages, Entry::FaultBegin(FaultBegin { fault, kind, target }));
        fault
    }

    /// Writes down that a fault is over.
    pub(crate) fn end_fault(&self, fault: FaultId) {
        self.note(Entry::FaultEnd(FaultEnd { fault }));
    }

    /// Writes down that a backup begins, under the next number.
    pub(crate) fn begin_backup(&self) -> BackupId {
        let mut pages = self.pages();
        let backup = BackupId(pages.backups);
        pages.backups += 1;
        self.write(&mut pages, Entry::BackupBegun(BackupBegun { backup }));
        backup
    }

    /// Returns the number of a person, declared when it is first seen.
    pub(crate) fn user(&self, id: &str) -> Option<User> {
        let id = Id::parse(id)?;
        let mut pages = self.pages();
        if let Some(user) = pages.users.get(&id) {
            return Some(*user);
        }
        let user = User(u32::try_from(pages.users.len()).unwrap_or(u32::MAX));
        pages.users.insert(id, user);
        self.write(&mut pages, Entry::User(UserDeclared { user, id }));
        Some(user)
    }

    /// Returns the number for the next room.
    pub(crate) fn next_room(&self) -> Room {
        let mut pages = self.pages();
        pages.rooms += 1;
        Room(pages.rooms - 1)
    }

    /// Microseconds since the beginning.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from((self.before + self.begun.elapsed()).as_micros()).unwrap_or(u64::MAX)
    }

    /// Hands everything to the system.
    ///
    /// # Errors
    ///
    /// Where anything could not be written since the beginning.
    pub(crate) fn flush(&self) -> Result<(), HistoryError> {
        let mut pages = self.pages();
        match pages.error.take() {
            Some(error) => Err(error),
            None => pages.writer.flush(),
        }
    }

    fn write(&self, pages: &mut Pages, is: Entry) {
        if let Err(error) = pages.writer.write(&Record { at: self.now(), is }) {
            pages.error.get_or_insert(error);
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use loquat_faults::history::{HistoryFile, Mark, Source as _};

    use super::*;

    #[test]
    fn a_history_goes_on_where_it_was_put_down() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        let (shape, store) = (String::new(), String::new());
        let run = Run { format: Run::FORMAT, seed: 1, shape, store, settings: BTreeMap::new() };
        let (one, other) = ("01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058");
        let journal = Journal::begin(&path, run).unwrap();
        let users = [journal.user(other), journal.user(one)];
        let room = journal.next_room();
        journal.flush().unwrap();
        let bookmark = serde_json::to_string(&journal.bookmark()).unwrap();
        drop(journal);

        let journal = Journal::go_on(&path, serde_json::from_str(&bookmark).unwrap()).unwrap();
        assert_eq!([journal.user(other), journal.user(one)], users);
        assert_eq!(journal.next_room().0, room.0 + 1);
        journal.note(Entry::Mark(Mark::FaultsStopped));
        journal.flush().unwrap();
        let times: Vec<u64> = HistoryFile::at(&path).records().unwrap().map(|record| record.unwrap().at).collect();
        assert_eq!(times.len(), 4, "the header, two people, and the mark");
        assert!(times.is_sorted(), "{times:?}");
    }
}
