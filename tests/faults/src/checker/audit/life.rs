//! The logs of one life against the calls.

use super::{
    super::{
        commands::{Attempt, Command, CommandKind},
        counts::Counts,
        interning::{Map, NONE},
        lives::LifeNo,
        logs::{Event, RoomView},
        survey::Survey,
        violation::{Findings, ViolationKind as Kind},
    },
    Audit, Origin, Placed,
    origin::groups,
};
use crate::history::{ChangeKind, Room};

/// Judges the logs of a life. Of the last life the whole is known; so only there something can be missing.
pub(super) fn audit(
    survey: &Survey,
    placed: &Placed,
    life: LifeNo,
    audit: &mut Audit,
    findings: &mut Findings,
    counts: &mut Counts,
) {
    let views = survey.logs.view(life, survey.rooms.len());
    let is_last = life == survey.lives.current();
    let standing = vec![NONE; survey.commands.commands.len()];
    let Audit { origins, acknowledged } = audit;
    let mut auditor = Auditor { survey, origins, acknowledged, placed, life, views: &views, findings, standing };
    for (room, view) in (0..).map(Room).zip(&views) {
        auditor.in_order(view);
        if is_last {
            auditor.whole(room, view);
            counts.events += view.len() as u64;
            counts.longest_log = counts.longest_log.max(view.len() as u64);
        }
    }
    auditor.once();
    auditor.answers(is_last);
    if is_last {
        counts.unknown_but_done = auditor.unknown_but_done();
    }
}

struct Auditor<'a> {
    survey: &'a Survey,
    origins: &'a [Origin],
    acknowledged: &'a mut [u64],
    placed: &'a Placed,
    life: LifeNo,
    views: &'a [RoomView],
    findings: &'a mut Findings,
    /// The event of each command in this life. [`NONE`] where none is known.
    standing: Vec<u32>,
}

impl Auditor<'_> {
    fn event(&self, index: u32) -> Option<&Event> {
        self.survey.logs.events.get(index as usize)
    }

    /// Nothing stands before what was known before it was asked for, and time does not fall.
    fn in_order(&mut self, view: &RoomView) {
        // From the end to the beginning: the earliest that anything behind was known, and the line of that.
        let mut known = (u64::MAX, 0);
        let mut next: Option<&Event> = None;
        for index in view.iter().rev() {
            let Some(event) = self.survey.logs.events.get(*index as usize) else { continue };
            let (room, origin) = (event.room, self.origins[*index as usize]);
            if known.0 < origin.asked {
                self.findings.add(Kind::OrderInverted, Some(room), &[origin.line, known.1, event.line], || {
                    format!("{event} stands before what was known before it was asked for")
                });
            }
            if let Some(next) = next
                && next.create_time < event.create_time
            {
                self.findings.add(Kind::TimeFell, Some(room), &[event.line, next.line], || {
                    format!("{next} is earlier than {event}")
                });
            }
            next = Some(event);
            known = known.min(self.known_since(*index, event));
        }
    }

    /// Returns when an event was first acknowledged or seen, and the line of that.
    fn known_since(&self, index: u32, event: &Event) -> (u64, u32) {
        let mut known = (event.first_seen, event.line);
        for attempt in self.placed.at(event.room.0, event.seq) {
            let attempt = &self.survey.commands.attempts[attempt as usize];
            let command = &self.survey.commands.commands[attempt.command as usize];
            if attempt.answered < known.0
                && self.survey.lives.reaches((attempt.life_answered, attempt.answered), self.life)
                && self.origins[index as usize].command == attempt.command
                && is_of(event, attempt, command)
            {
                known = (attempt.answered, attempt.line_answered);
            }
        }
        known
    }

    /// The last log is dense, and somebody read it to its end.
    fn whole(&mut self, room: Room, view: &RoomView) {
        for (seq, _) in (1_u32..).zip(view).filter(|(_, index)| **index == NONE) {
            let near = view[seq as usize..].iter().find_map(|index| self.event(*index)).map_or(0, |event| event.line);
            self.findings.add(Kind::Hole, Some(room), &[near], || format!("nothing stands at {seq}"));
        }
        let read = self.survey.read_through.get(room.0 as usize).copied().unwrap_or(0);
        if read == 0 && self.survey.settled.is_some() && self.survey.room(room).is_some() {
            self.findings.add(Kind::HistoryBroken, Some(room), &[], || {
                "nobody read the log from its beginning to its end after the last command".to_owned()
            });
        } else if read > 0 {
            for index in view.iter().skip(read as usize) {
                let Some(event) = self.survey.logs.events.get(*index as usize) else { continue };
                self.findings.add(Kind::Lost, Some(room), &[event.line], || {
                    format!("{event} was seen, and the log ends at {read}")
                });
            }
        }
    }

    /// Each command stands there once, and none that was refused.
    fn once(&mut self) {
        let mut groups = groups(self.survey);
        let mut met: Map<u64, u32> = Map::default();
        for index in self.views.iter().flatten().copied().filter(|index| *index != NONE) {
            let event = &self.survey.logs.events[index as usize];
            let origin = self.origins[index as usize];
            if let Some(command) = self.survey.commands.commands.get(origin.command as usize) {
                let before = std::mem::replace(&mut self.standing[origin.command as usize], index);
                if let Some(before) = self.survey.logs.events.get(before as usize) {
                    self.findings.add(
                        Kind::Doubled,
                        Some(event.room),
                        &[command.line, before.line, event.line],
                        || format!("one command is {before} and {event}"),
                    );
                    continue;
                }
                if !command.is_possible {
                    self.refused_but_done(event, command.line);
                    continue;
                }
            }
            if let Some(group) = groups.get_mut(&origin.group) {
                let first = *met.entry(origin.group).or_insert(event.line);
                if group.possible == 0 && first == event.line {
                    self.refused_but_done(event, origin.line);
                } else if group.possible == 0 {
                    self.findings.add(Kind::Doubled, Some(event.room), &[origin.line, first, event.line], || {
                        format!("{event} was not asked for as often as it happened")
                    });
                }
                group.possible = group.possible.saturating_sub(1);
            }
        }
    }

    fn refused_but_done(&mut self, event: &Event, asked: u32) {
        self.findings.add(Kind::RefusedButDone, Some(event.room), &[asked, event.line], || {
            format!("{event}, and every call that asked for it was refused")
        });
    }

    /// What was answered stands where the answer said.
    fn answers(&mut self, is_last: bool) {
        let survey = self.survey;
        for attempt in survey.commands.attempts.iter().filter(|attempt| attempt.is_placed()) {
            let command = &survey.commands.commands[attempt.command as usize];
            let is_here = attempt.life_answered == self.life;
            let is_due =
                is_here || (is_last && survey.lives.reaches((attempt.life_answered, attempt.answered), self.life));
            if !is_due {
                continue;
            }
            let view = self.views.get(command.room.0 as usize);
            let index = view.and_then(|view| view.get(attempt.seq as usize - 1)).copied().unwrap_or(NONE);
            let event = survey.logs.events.get(index as usize);
            if event.is_none() && !is_last {
                continue;
            }
            match event {
                Some(event) if self.is_not_of_another(index, attempt) && is_of(event, attempt, command) => {
                    let acknowledged = &mut self.acknowledged[index as usize];
                    *acknowledged = (*acknowledged).min(attempt.answered);
                    self.times_agree(event, attempt, command);
                }
                _ => self.not_there(attempt, command),
            }
        }
    }

    fn is_not_of_another(&self, event: u32, attempt: &Attempt) -> bool {
        let command = self.origins[event as usize].command;
        command == NONE || command == attempt.command
    }

    fn times_agree(&mut self, event: &Event, attempt: &Attempt, command: &Command) {
        if command.kind == CommandKind::Send && attempt.create_time.is_some_and(|time| time != event.create_time) {
            self.findings.add(Kind::AnswerDiffers, Some(event.room), &[attempt.line_answered, event.line], || {
                format!("the answer says another create_time than {event}")
            });
        }
    }

    fn not_there(&mut self, attempt: &Attempt, command: &Command) {
        let room = Some(command.room);
        let lines = [attempt.line_invoked, attempt.line_answered];
        let Some(event) = self.event(self.standing[attempt.command as usize]) else {
            self.findings.add(Kind::Lost, room, &lines, || {
                format!("a {:?} acknowledged at {} is not in the log", command.kind, attempt.seq)
            });
            return;
        };
        let (line, what) = (event.line, format!("a {:?} answered with {} is {event}", command.kind, attempt.seq));
        self.findings.add(Kind::AnswerDiffers, room, &[lines[1], line], || what);
    }

    fn unknown_but_done(&self) -> u64 {
        let mut answered = vec![false; self.standing.len()];
        for attempt in self.survey.commands.attempts.iter().filter(|attempt| attempt.is_placed()) {
            answered[attempt.command as usize] = true;
        }
        self.standing.iter().zip(answered).filter(|(event, answered)| **event != NONE && !answered).count() as u64
    }
}

/// Tells whether an event may be what an attempt was answered with.
fn is_of(event: &Event, attempt: &Attempt, command: &Command) -> bool {
    let (kind, is_set) = command.kind.makes();
    let message = if command.kind == CommandKind::Send { attempt.message } else { command.message };
    event.kind == kind
        && event.is_set == is_set
        && event.actor == command.user.0
        && (event.message == message || event.message == NONE)
        && (kind != ChangeKind::Reacted || event.text == command.text)
}
