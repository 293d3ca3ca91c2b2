//! The second reading of a history: each answer, each word of a stream, judged by the logs as it comes.

mod calls;
mod faults;
mod presence;
mod reads;
mod refusals;
mod resets;
mod rooms;
mod streams;

use super::{
    audit::Audit,
    counts::Counts,
    fold::Fold,
    lives::LifeNo,
    survey::Survey,
    violation::{Findings, ViolationKind as Kind},
};
use crate::history::{Entry, HistoryError, Mark, Record, Room, Source};

/// Reads a history for the second time.
pub(super) fn judge(
    history: &(impl Source + ?Sized),
    survey: &Survey,
    audit: &Audit,
    findings: &mut Findings,
    counts: &mut Counts,
) -> Result<(), HistoryError> {
    let fold = Fold::of(survey, audit, 0, findings);
    let mut judge = Judge {
        scene: Scene { survey, audit, fold, findings, counts, life: 0, at: 0, line: 0 },
        calls: calls::Calls::default(),
        rooms: rooms::Rooms::default(),
        streams: streams::Streams::default(),
        presence: presence::Watchers::default(),
        faults: faults::Faults::default(),
    };
    for (index, record) in history.records()?.enumerate() {
        let record = record?;
        judge.scene.line = u32::try_from(index + 1).unwrap_or(u32::MAX);
        judge.scene.at = record.at;
        judge.take(&record);
        if matches!(record.is, Entry::Mark(Mark::Settled)) {
            break;
        }
    }
    let Scene { line, at, .. } = judge.scene;
    (judge.scene.counts.records, judge.scene.counts.seconds) = (line.into(), at / 1_000_000);
    Ok(())
}

/// What everything is judged by.
struct Scene<'a> {
    survey: &'a Survey,
    audit: &'a Audit,
    /// The logs of the life that goes on.
    fold: Fold,
    findings: &'a mut Findings,
    counts: &'a mut Counts,
    life: LifeNo,
    at: u64,
    line: u32,
}

impl Scene<'_> {
    /// Reports something that the present record shows, together with earlier ones.
    fn report(&mut self, kind: Kind, room: Option<Room>, earlier: &[u32], what: impl FnOnce() -> String) {
        let mut lines = [0; 4];
        let count = earlier.len().min(3);
        lines[..count].copy_from_slice(&earlier[..count]);
        lines[count] = self.line;
        self.findings.add(kind, room, &lines[..=count], what);
    }
}

struct Judge<'a> {
    scene: Scene<'a>,
    calls: calls::Calls,
    rooms: rooms::Rooms,
    streams: streams::Streams,
    presence: presence::Watchers,
    faults: faults::Faults,
}

impl Judge<'_> {
    fn take(&mut self, record: &Record) {
        let Self { scene, calls, rooms, streams, presence, faults } = self;
        match &record.is {
            Entry::Run(_) | Entry::User(_) | Entry::BackupBegun(_) | Entry::BackupEnded { .. } => {}
            Entry::Room(room) => rooms.declare(scene, room),
            Entry::Invoke(invoke) => {
                calls.invoke(scene, rooms, invoke);
                rooms.invoke(scene, invoke);
                faults.call();
            }
            Entry::Ok(answer) => {
                faults.answer();
                if let Some(call) = calls.close(scene, answer.op) {
                    calls::answered(scene, rooms, &call, &answer.reply);
                }
            }
            Entry::Fail(failure) => {
                faults.answer();
                if let Some(call) = calls.close(scene, failure.op) {
                    refusals::failed(scene, rooms, &call, failure);
                }
            }
            Entry::Open(open) => streams.open(scene, rooms, open),
            Entry::Watch(watch) => streams.watch(scene, watch),
            Entry::Item(item) => streams.item(scene, item),
            Entry::Hidden(hidden) => streams.hidden(scene, hidden),
            Entry::Reset(reset) => streams.reset(scene, faults, reset),
            Entry::Closed(closed) => streams.closed(scene, rooms, closed),
            Entry::Head(head) => streams.head(scene, head),
            Entry::End(end) => {
                streams.end(scene, end);
                presence.end(end.stream);
            }
            Entry::FaultBegin(fault) => faults.begin(fault),
            Entry::FaultEnd(fault) => faults.end(scene, fault.fault),
            Entry::Restored(_) => {
                scene.life += 1;
                scene.fold = Fold::of(scene.survey, scene.audit, scene.life, scene.findings);
                rooms.restored();
            }
            Entry::PresenceTruth(truth) => presence.truth(scene, truth),
            Entry::PresenceSeen(seen) => presence.seen(scene, seen),
            Entry::Mark(Mark::FaultsStopped) => {}
            Entry::Mark(Mark::Settled) => {
                streams.settled(scene);
                rooms.settled(scene);
                presence.settled(scene);
                faults.settled(scene);
            }
            Entry::Tally(tally) => *scene.counts.tallies.entry(tally.name.clone()).or_default() += tally.count,
        }
    }
}
