//! The first reading of a history: what was asked and answered, and what stands where.

use super::{
    commands::Commands,
    interning::{Interner, Map},
    lives::{LifeNo, Lives},
    logs::{Conflict, Logs},
    violation::{Findings, ViolationKind as Kind},
};
use crate::history::{
    Action, CursorOpen, Entry, HistoryError, Invoke, Item, Mark, Outcome, Place, Record, Reply, Room, RoomDeclared,
    Run, Source, StreamId, User,
};

/// No log is as long: an item beyond is not believed.
const LONGEST_LOG: u64 = 100_000_000;

/// What the first reading found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) run: Option<Run>,
    pub(super) rooms: Vec<Option<RoomDeclared>>,
    pub(super) ids: Interner,
    pub(super) commands: Commands,
    pub(super) lives: Lives,
    pub(super) logs: Logs,
    /// When each join of a person was invoked and answered, in the order of invocation.
    pub(super) joins: Map<(Room, User), Vec<(u64, u64)>>,
    /// Up to where each room's log was read to its end, after the last command. 0 where it was not.
    pub(super) read_through: Vec<u32>,
    /// When the last fault was over.
    pub(super) faults_stopped: Option<u64>,
    /// When all had arrived. What comes later is not judged.
    pub(super) settled: Option<u64>,
}

impl Survey {
    /// Returns what is known of a room from its declaration.
    pub(super) fn room(&self, room: Room) -> Option<&RoomDeclared> {
        self.rooms.get(room.0 as usize).and_then(Option::as_ref)
    }

    /// Returns a number from the run's settings.
    pub(super) fn setting(&self, name: &str) -> Option<u64> {
        self.run.as_ref()?.settings.get(name)?.parse().ok()
    }
}

/// Reads a history for the first time.
pub(super) fn survey(history: &(impl Source + ?Sized), findings: &mut Findings) -> Result<Survey, HistoryError> {
    let mut survey = Survey::default();
    survey.logs.begin_life(None);
    let mut surveyor =
        Surveyor { survey, findings, streams: Map::default(), last_command: Vec::new(), joins_open: Map::default() };
    let mut before = 0;
    for (index, record) in history.records()?.enumerate() {
        let record = record?;
        let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
        if record.at < before {
            surveyor.findings.add(Kind::HistoryBroken, None, &[line], || "time falls".to_owned());
        }
        before = record.at;
        surveyor.take(&record, line);
        if surveyor.survey.settled.is_some() {
            break;
        }
    }
    let Surveyor { mut survey, findings, .. } = surveyor;
    survey.commands.conclude();
    if survey.settled.is_none() {
        findings.add(Kind::HistoryBroken, None, &[], || "the history does not come to `settled`".to_owned());
    }
    if survey.run.as_ref().is_none_or(|run| run.format != Run::FORMAT) {
        findings.add(Kind::HistoryBroken, None, &[], || "the history has no header of this format".to_owned());
    }
    Ok(survey)
}

struct Surveyor<'a> {
    survey: Survey,
    findings: &'a mut Findings,
    streams: Map<StreamId, Stream>,
    /// When the last command was invoked in each room.
    last_command: Vec<u64>,
    /// Joins that are not answered: where in the list of joins.
    joins_open: Map<u32, (Room, User, usize)>,
}

struct Stream {
    life: LifeNo,
    /// The rooms that it reads from the beginning: since when, and up to where.
    from_beginning: Map<Room, (u64, u32)>,
}

impl Surveyor<'_> {
    fn take(&mut self, record: &Record, line: u32) {
        let at = record.at;
        let when = (at, line);
        let life = self.survey.lives.current();
        match &record.is {
            Entry::Run(run) => self.survey.run = Some(run.clone()),
            Entry::Room(room) => {
                let index = room.room.0 as usize;
                if self.survey.rooms.len() <= index {
                    self.survey.rooms.resize(index + 1, None);
                    self.survey.read_through.resize(index + 1, 0);
                    self.last_command.resize(index + 1, 0);
                }
                self.survey.rooms[index] = Some(room.clone());
            }
            Entry::Invoke(invoke) => self.invoke(invoke, when, life),
            Entry::Ok(answer) => {
                self.note_join_answered(answer.op.0, at);
                let survey = &mut self.survey;
                match &answer.reply {
                    Reply::Written(written) => {
                        survey.commands.written(answer.op.0, written, &mut survey.ids, when, life);
                    }
                    Reply::Done => survey.commands.done(answer.op.0, when, life),
                    Reply::Page { .. } | Reply::Message(_) => {}
                }
            }
            Entry::Fail(failure) => {
                if failure.outcome != Outcome::Unknown {
                    self.note_join_answered(failure.op.0, at);
                }
                self.survey.commands.failed(failure.op.0, failure.outcome, when, life);
            }
            Entry::Open(open) => {
                let mut stream = Stream { life, from_beginning: Map::default() };
                if !open.is_slow {
                    stream.watch(&open.rooms, at);
                }
                self.streams.insert(open.stream, stream);
            }
            Entry::Watch(watch) => {
                if let Some(stream) = self.streams.get_mut(&watch.stream) {
                    stream.from_beginning.retain(|room, _| !watch.drop.contains(room));
                    stream.watch(&watch.add, at);
                }
            }
            Entry::Item(item) => self.item(item, when),
            Entry::Hidden(hidden) => {
                if let Some(stream) = self.streams.get_mut(&hidden.stream) {
                    stream.reach(hidden.room, hidden.from, hidden.to);
                }
            }
            Entry::Reset(reset) => {
                if let Some(stream) = self.streams.get_mut(&reset.stream) {
                    stream.from_beginning.remove(&reset.room);
                    let life = stream.life;
                    self.place(life, reset.room, &reset.cursor, line);
                }
            }
            Entry::Head(head) => {
                if let Some(stream) = self.streams.get(&head.stream) {
                    let life = stream.life;
                    self.place(life, head.room, &head.place, line);
                }
            }
            Entry::Closed(closed) => {
                if let Some(stream) = self.streams.get_mut(&closed.stream) {
                    stream.from_beginning.remove(&closed.room);
                }
            }
            Entry::End(end) => {
                self.streams.remove(&end.stream);
            }
            Entry::BackupBegun(begun) => self.survey.lives.backup_begins(begun.backup, at),
            Entry::Restored(restored) => match self.survey.lives.restore(restored.backup) {
                Some(life) => self.survey.logs.begin_life(self.survey.lives.get(life).parent),
                None => {
                    self.findings
                        .add(Kind::HistoryBroken, None, &[line], || "a restore of an unknown backup".to_owned());
                }
            },
            Entry::Mark(Mark::FaultsStopped) => self.survey.faults_stopped = Some(at),
            Entry::Mark(Mark::Settled) => self.settle(at),
            Entry::User(_)
            | Entry::BackupEnded { .. }
            | Entry::FaultBegin(_)
            | Entry::FaultEnd(_)
            | Entry::PresenceTruth(_)
            | Entry::PresenceSeen(_)
            | Entry::Tally(_) => {}
        }
    }

    fn invoke(&mut self, invoke: &Invoke, (at, line): (u64, u32), life: LifeNo) {
        if self.survey.room(invoke.room).is_none() {
            self.findings.add(Kind::HistoryBroken, Some(invoke.room), &[line], || "an undeclared room".to_owned());
        }
        if !matches!(invoke.action, Action::Page { .. } | Action::Get { .. } | Action::Pins)
            && let Some(last) = self.last_command.get_mut(invoke.room.0 as usize)
        {
            *last = at;
        }
        if invoke.action == Action::Join {
            let joins = self.survey.joins.entry((invoke.room, invoke.user)).or_default();
            self.joins_open.insert(invoke.op.0, (invoke.room, invoke.user, joins.len()));
            joins.push((at, u64::MAX));
        }
        self.survey.commands.invoke(invoke, &mut self.survey.ids, (at, line), life);
    }

    fn note_join_answered(&mut self, op: u32, at: u64) {
        if let Some((room, user, index)) = self.joins_open.remove(&op)
            && let Some(joins) = self.survey.joins.get_mut(&(room, user))
        {
            joins[index].1 = at;
        }
    }

    fn item(&mut self, item: &Item, (at, line): (u64, u32)) {
        let room = Some(item.room);
        if self.survey.room(item.room).is_none() || item.seq == 0 || item.seq > LONGEST_LOG {
            self.findings.add(Kind::HistoryBroken, room, &[line], || "an item of no room or no place".to_owned());
            return;
        }
        let Some(stream) = self.streams.get_mut(&item.stream) else {
            self.findings.add(Kind::HistoryBroken, room, &[line], || "an item of no open stream".to_owned());
            return;
        };
        let life = stream.life;
        stream.reach(item.room, item.seq, item.seq);
        self.epoch(life, item.room, &item.epoch, line);
        let survey = &mut self.survey;
        for conflict in survey.logs.observe(life, item, &mut survey.ids, (at, line)) {
            match conflict {
                Conflict::Differs(what, other) => self.findings.add(Kind::Disagreement, room, &[other, line], || {
                    format!("{what} at {} differs between two observers", item.seq)
                }),
                Conflict::Moved(seq, other) => self.findings.add(Kind::Doubled, room, &[other, line], || {
                    format!("the event {} stands at {seq} and at {}", item.event, item.seq)
                }),
            }
        }
    }

    fn epoch(&mut self, life: LifeNo, room: Room, epoch: &str, line: u32) {
        if !self.survey.lives.note_epoch(life, epoch) {
            self.findings
                .add(Kind::Disagreement, Some(room), &[line], || format!("a second epoch, {epoch}, of one log"));
        }
    }

    fn place(&mut self, life: LifeNo, room: Room, place: &Place, line: u32) {
        self.epoch(life, room, &place.epoch, line);
        if let Some(event) = place.event
            && (1..=LONGEST_LOG).contains(&place.seq)
        {
            let id = self.survey.ids.intern(event);
            self.survey.logs.claim(life, room, u32::try_from(place.seq).expect("checked above"), id);
        }
    }

    fn settle(&mut self, at: u64) {
        self.survey.settled = Some(at);
        let life = self.survey.lives.current();
        for stream in self.streams.values().filter(|stream| stream.life == life) {
            for (room, (since, through)) in &stream.from_beginning {
                let index = room.0 as usize;
                if let Some(last) = self.last_command.get(index)
                    && since >= last
                {
                    let read = &mut self.survey.read_through[index];
                    *read = (*read).max(*through);
                }
            }
        }
    }
}

impl Stream {
    fn watch(&mut self, cursors: &[CursorOpen], at: u64) {
        for cursor in cursors {
            if cursor.after.as_ref().is_some_and(|place| place.seq == 0) {
                self.from_beginning.insert(cursor.room, (at, 0));
            }
        }
    }

    fn reach(&mut self, room: Room, from: u64, to: u64) {
        if let Some((_, through)) = self.from_beginning.get_mut(&room)
            && from == u64::from(*through) + 1
        {
            *through = u32::try_from(to).unwrap_or(*through);
        }
    }
}
