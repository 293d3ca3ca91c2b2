//! The history of the run, in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use loquat_faults::history::{
    Entry, FaultBegin, FaultEnd, FaultId, Id, Invoke, Op, Open, Record, StreamId, User, Writer,
};

use crate::determinism::elapsed;

/// Everything that clients asked and were told, in the order in which it happened. There is one thread, so that there is one
/// order; the clocks of two hosts may differ by a step of the simulation, and no record is earlier than the one before it.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    records: Vec<Record>,
    ops: u32,
    streams: u32,
    faults: u32,
    users: HashMap<Id, User>,
}

impl Journal {
    pub(crate) fn note(&self, is: Entry) {
        let mut pages = self.pages();
        if let Entry::User(declared) = &is {
            pages.users.insert(declared.id, declared.user);
        }
        pages.write(is);
    }

    /// Writes a call down, under the next number.
    pub(crate) fn invoke(&self, invoke: impl FnOnce(Op) -> Invoke) -> Op {
        let mut pages = self.pages();
        let op = Op(pages.ops);
        pages.ops += 1;
        pages.write(Entry::Invoke(invoke(op)));
        op
    }

    /// Writes down that a stream is opened, under the next number.
    pub(crate) fn open(&self, open: impl FnOnce(StreamId) -> Open) -> StreamId {
        let mut pages = self.pages();
        let stream = StreamId(pages.streams);
        pages.streams += 1;
        pages.write(Entry::Open(open(stream)));
        stream
    }

    /// Writes down that a fault begins, under the next number.
    pub(crate) fn begin_fault(&self, kind: &str, target: String) -> FaultId {
        let mut pages = self.pages();
        let fault = FaultId(pages.faults);
        pages.faults += 1;
        pages.write(Entry::FaultBegin(FaultBegin { fault, kind: kind.to_owned(), target }));
        fault
    }

    /// Writes down that a fault is over.
    pub(crate) fn end_fault(&self, fault: FaultId) {
        self.note(Entry::FaultEnd(FaultEnd { fault }));
    }

    /// Returns the number of a person of the run.
    pub(crate) fn user(&self, id: &str) -> Option<User> {
        self.pages().users.get(&Id::parse(id)?).copied()
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        self.pages().records.clone()
    }

    /// Returns the history as it stands in files.
    pub(crate) fn text(&self) -> anyhow::Result<Vec<u8>> {
        let mut text = Vec::new();
        let mut writer = Writer::new(&mut text);
        for record in &self.pages().records {
            writer.write(record)?;
        }
        writer.flush()?;
        drop(writer);
        Ok(text)
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn write(&mut self, is: Entry) {
        let now = u64::try_from(elapsed().as_micros()).unwrap_or(u64::MAX);
        let at = self.records.last().map_or(now, |last| last.at.max(now));
        self.records.push(Record { at, is });
    }
}
