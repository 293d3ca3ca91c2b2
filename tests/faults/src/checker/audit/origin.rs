//! Where each event came from: which command asked for it, and since when.
//!
//! Sends carry their `request_id` and edits their text, which is unlike any other; so their command is known. Other events say
//! only what they do: they belong to a group of commands that do the same, and there may be no more of them than of those.

use super::{
    super::{
        commands::{Command, CommandKind, group},
        interning::{Map, NONE},
        logs::Event,
        survey::Survey,
        violation::{Findings, ViolationKind as Kind},
    },
    Placed,
};
use crate::history::{ChangeKind, User};

/// Where an event came from.
#[derive(Debug, Clone, Copy)]
pub(in crate::checker) struct Origin {
    /// The command. [`NONE`] where it is not known which.
    pub(in crate::checker) command: u32,
    /// What it has in common with the commands that may have made it. 0 where the command is known by itself.
    pub(super) group: u64,
    /// It was not asked for before this.
    pub(in crate::checker) asked: u64,
    /// The line of that. 0 where there is none.
    pub(in crate::checker) line: u32,
}

impl Origin {
    const UNKNOWN: Self = Self { command: NONE, group: 0, asked: 0, line: 0 };

    fn command(index: u32, command: &Command) -> Self {
        Self { command: index, group: 0, asked: command.invoked, line: command.line }
    }
}

/// Commands that do the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// How many of them may stand in a log.
    pub(super) possible: u32,
    asked: u64,
    line: u32,
}

/// Returns the groups of commands whose events do not say by which of them they were made.
pub(super) fn groups(survey: &Survey) -> Map<u64, Group> {
    let mut groups: Map<u64, Group> = Map::default();
    for command in &survey.commands.commands {
        if matches!(command.kind, CommandKind::Send | CommandKind::Edit) {
            continue;
        }
        let fresh = Group { possible: 0, asked: command.invoked, line: command.line };
        let group = groups.entry(command.group()).or_insert(fresh);
        group.possible += u32::from(command.is_possible);
        if command.invoked < group.asked {
            (group.asked, group.line) = (command.invoked, command.line);
        }
    }
    groups
}

/// Finds out where each event came from, and reports those that nobody asked for.
pub(super) fn origins(survey: &Survey, placed: &Placed, findings: &mut Findings) -> Vec<Origin> {
    let groups = groups(survey);
    let sent = sent_messages(survey);
    let search = Search { survey, placed, groups: &groups, sent: &sent };
    let mut origins = Vec::with_capacity(survey.logs.events.len());
    for (index, event) in (0..).zip(&survey.logs.events) {
        let found = search.origin(index, event);
        let origin = found.unwrap_or_else(|(kind, line, what)| {
            findings.add(kind, Some(event.room), &[line, event.line], || format!("{event}: {what}"));
            Origin::UNKNOWN
        });
        if event.first_seen < origin.asked {
            findings.add(Kind::Phantom, Some(event.room), &[origin.line, event.line], || {
                format!("{event} was seen before anybody had asked for it")
            });
        }
        origins.push(origin);
    }
    origins
}

/// Returns which command sent each message, where an answer said so.
fn sent_messages(survey: &Survey) -> Map<u32, u32> {
    let commands = &survey.commands;
    let placed = commands.attempts.iter().filter(|attempt| attempt.is_placed());
    let sends = placed.filter(|attempt| commands.commands[attempt.command as usize].kind == CommandKind::Send);
    sends.map(|attempt| (attempt.message, attempt.command)).collect()
}

struct Search<'a> {
    survey: &'a Survey,
    placed: &'a Placed,
    groups: &'a Map<u64, Group>,
    sent: &'a Map<u32, u32>,
}

/// What is wrong with an event, and the line of what was asked for instead.
type Wrong = (Kind, u32, &'static str);

impl Search<'_> {
    fn origin(&self, index: u32, event: &Event) -> Result<Origin, Wrong> {
        match event.kind {
            ChangeKind::Created => self.created(index, event),
            ChangeKind::Sent => self.sent(event),
            ChangeKind::Edited => self.edited(index, event),
            ChangeKind::Memberships => self.memberships(index, event),
            ChangeKind::Deleted => self.one_of(index, event, (CommandKind::Delete, event.message, 0)),
            ChangeKind::Reacted if event.is_set => {
                self.one_of(index, event, (CommandKind::React, event.message, event.text))
            }
            ChangeKind::Reacted => self.one_of(index, event, (CommandKind::Unreact, event.message, event.text)),
            ChangeKind::Pinned if event.is_set => self.one_of(index, event, (CommandKind::Pin, event.message, 0)),
            ChangeKind::Pinned => self.one_of(index, event, (CommandKind::Unpin, event.message, 0)),
            ChangeKind::Updated => self.one_of(index, event, (CommandKind::Update, NONE, event.text)),
        }
    }

    /// Returns the commands that were answered with an event's place, in a life in which the event stands there.
    fn answered_with(&self, index: u32, event: &Event) -> impl Iterator<Item = (u32, &Command)> {
        let (survey, room, seq) = (self.survey, event.room, event.seq);
        self.placed.at(room.0, seq).filter_map(move |attempt| {
            let attempt = &survey.commands.attempts[attempt as usize];
            let is_here = survey.logs.at(attempt.life_answered, room, seq) == index;
            is_here.then(|| (attempt.command, &survey.commands.commands[attempt.command as usize]))
        })
    }

    fn created(&self, index: u32, event: &Event) -> Result<Origin, Wrong> {
        if event.seq != 1 {
            return Err((Kind::Phantom, 0, "a room begins at 1"));
        }
        let declared = self.survey.room(event.room).map(|room| room.members.clone());
        let seen = self.survey.logs.memberships.get(&index);
        let mut seen: Vec<User> = seen.into_iter().flatten().map(|membership| membership.user).collect();
        let mut declared = declared.unwrap_or_default();
        seen.sort_unstable();
        declared.sort_unstable();
        if seen != declared {
            return Err((Kind::Altered, 0, "the room began with others than were asked for"));
        }
        Ok(Origin::UNKNOWN)
    }

    fn sent(&self, event: &Event) -> Result<Origin, Wrong> {
        let commands = &self.survey.commands;
        if event.content == 0 {
            let known = self.sent.get(&event.id);
            return Ok(
                known.map_or(Origin::UNKNOWN, |index| Origin::command(*index, &commands.commands[*index as usize]))
            );
        }
        let Some(first) = commands.under_key(event.room, event.actor, event.request) else {
            return Err((Kind::Phantom, 0, "nobody sent this message"));
        };
        for index in commands.chain(first) {
            let command = &commands.commands[index as usize];
            if command.kind == CommandKind::Send && command.text == event.text {
                return Ok(Origin::command(index, command));
            }
        }
        Err((Kind::Altered, commands.commands[first as usize].line, "the message is not the one that was sent"))
    }

    fn edited(&self, index: u32, event: &Event) -> Result<Origin, Wrong> {
        let commands = &self.survey.commands;
        let is_it = |command: &Command| {
            (command.kind, command.room, command.user.0) == (CommandKind::Edit, event.room, event.actor)
                && (command.message == event.message || event.message == NONE)
        };
        if event.content != 0
            && let Some(known) = commands.with_text(event.text)
            && is_it(&commands.commands[known as usize])
        {
            return Ok(Origin::command(known, &commands.commands[known as usize]));
        }
        if let Some((known, command)) = self.answered_with(index, event).find(|(_, command)| is_it(command)) {
            return match event.content {
                0 => Ok(Origin::command(known, command)),
                _ => Err((Kind::Altered, command.line, "the text is not the one that was given")),
            };
        }
        match event.content {
            0 => Ok(Origin::UNKNOWN),
            _ => Err((Kind::Phantom, 0, "nobody made this edit")),
        }
    }

    /// An event that some command asked for which does the same.
    fn one_of(&self, index: u32, event: &Event, what: (CommandKind, u32, u64)) -> Result<Origin, Wrong> {
        let (kind, message, text) = what;
        let key = group(event.room, event.actor, kind, message, text);
        let Some(group) = self.groups.get(&key) else { return Err((Kind::Phantom, 0, "nobody asked for it")) };
        let answered =
            self.answered_with(index, event).find(|(_, command)| command.kind == kind && command.group() == key);
        Ok(match answered {
            Some((known, command)) => Origin { group: key, ..Origin::command(known, command) },
            None => Origin { command: NONE, group: key, asked: group.asked, line: group.line },
        })
    }

    fn memberships(&self, index: u32, event: &Event) -> Result<Origin, Wrong> {
        let changes = self.survey.logs.memberships.get(&index);
        let mut origin = Origin::UNKNOWN;
        for change in changes.into_iter().flatten() {
            let User(user) = change.user;
            let one = match (change.is_member, user == event.actor) {
                (true, _) => self.one_of(index, event, (CommandKind::Join, NONE, 0))?,
                (false, true) => self.one_of(index, event, (CommandKind::Leave, NONE, 0))?,
                (false, false) => self.one_of(index, event, (CommandKind::Remove, NONE, u64::from(user)))?,
            };
            if change.is_member && user != event.actor {
                return Err((Kind::Phantom, 0, "nobody joined for this person"));
            }
            origin = one;
        }
        Ok(origin)
    }
}
