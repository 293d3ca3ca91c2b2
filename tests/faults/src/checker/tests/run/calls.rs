//! Calls: made, decided some time later, answered some time after that, or never.

use super::{super::house::Command, Driver, Pending};
use crate::history::{Action, Answer, Around, Entry, Failure, Id, Invoke, Op, Outcome, Room, User};

const EMOJIS: [&str; 3] = ["👍", "❤️", "🎉"];

impl Driver {
    pub(super) fn invoke(&mut self) {
        let command = match self.dice.below(12) {
            0..2 if !self.asked.is_empty() => self.dice.pick(&self.asked).cloned().expect("just checked"),
            2 if !self.asked.is_empty() => {
                let command = self.dice.pick(&self.asked).cloned().expect("just checked");
                Command { action: Action::Send { text: format!("{}:0", self.next_op) }, ..command }
            }
            _ => self.fresh(),
        };
        if !command.request.is_empty() {
            self.asked.push(command.clone());
        }
        let op = Op(self.next_op);
        self.next_op += 1;
        self.say(Entry::Invoke(Invoke {
            op,
            client: command.user.0,
            user: command.user,
            room: command.room,
            via: 0,
            request: command.request.clone(),
            action: command.action.clone(),
        }));
        self.pending.push(Pending { op, command, decision: None, is_given_up: false });
    }

    pub(super) fn fresh(&mut self) -> Command {
        let user = User(self.dice.below(self.users as usize) as u32);
        let mut room = Room(self.dice.below(self.rooms.len()) as u32);
        let text = format!("{}:1", self.next_op);
        let emoji = (*self.dice.pick(&EMOJIS).expect("not empty")).to_owned();
        let kind = self.dice.below(40);
        let mut message = Id(7);
        if let Some(known) = self.dice.pick(&self.messages[self.messages.len().saturating_sub(12)..])
            && (10..33).contains(&kind)
        {
            (room, message) = *known;
        }
        let is_owner = self.rooms[room.0 as usize].owner == user;
        let is_out = !self.rooms[room.0 as usize].members.contains(&user);
        let action = match kind {
            10..14 => Action::Edit { message, text },
            14..16 => Action::Delete { message },
            16..20 => Action::React { message, emoji },
            20..22 => Action::Unreact { message, emoji },
            22..24 => Action::Pin { message },
            24..25 => Action::Unpin { message },
            25..28 => Action::Get { message },
            28..29 => Action::Pins,
            29..33 => Action::Page { around: self.around(room) },
            33..35 => Action::Join,
            _ if is_out && self.dice.chance(50) => Action::Join,
            35..36 if !is_owner => Action::Leave,
            36..38 => Action::Remove { target: User(self.dice.below(self.users as usize) as u32) },
            38..39 => Action::Update { topic: text },
            _ => Action::Send { text },
        };
        let needs_request = !matches!(
            action,
            Action::Join
                | Action::Leave
                | Action::Remove { .. }
                | Action::Update { .. }
                | Action::Page { .. }
                | Action::Pins
                | Action::Get { .. }
        );
        let request = if needs_request { format!("request-{}", self.next_op) } else { String::new() };
        Command { user, room, request, action }
    }

    pub(super) fn around(&mut self, room: Room) -> Around {
        let seq = self.dice.below(self.rooms[room.0 as usize].log.len()) as u64;
        match self.dice.below(4) {
            0 => Around::Newest,
            1 => Around::Before(seq + 1),
            2 => Around::After(seq),
            _ => Around::Seq(seq),
        }
    }

    pub(super) fn decide(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let index = self.dice.below(self.pending.len());
        self.decide_one(index);
        if self.pending[index].is_given_up {
            self.pending.swap_remove(index);
        }
    }

    pub(super) fn decide_one(&mut self, index: usize) {
        let epoch = self.epoch();
        let pending = &mut self.pending[index];
        if pending.decision.is_none() {
            let room = &mut self.rooms[pending.command.room.0 as usize];
            let before = room.messages.len();
            pending.decision = Some(room.decide(&pending.command, &epoch, &mut self.sources));
            if room.messages.len() > before {
                let sent = room.log.last().expect("a message was logged").event;
                self.messages.push((pending.command.room, sent));
            }
        }
    }

    pub(super) fn answer(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let index = self.dice.below(self.pending.len());
        let is_lost = self.fault.is_some() && self.dice.chance(30);
        self.answer_one(index, is_lost);
    }

    pub(super) fn answer_one(&mut self, index: usize, is_lost: bool) {
        let op = self.pending[index].op;
        if self.pending[index].is_given_up {
            return;
        }
        if is_lost {
            self.pending[index].is_given_up = true;
            if self.pending[index].decision.is_some() {
                self.pending.swap_remove(index);
            }
            let (code, reason) = ("UNAVAILABLE".to_owned(), String::new());
            self.say(Entry::Fail(Failure { op, code, reason, outcome: Outcome::Unknown }));
            return;
        }
        let Some(decision) = self.pending[index].decision.take() else { return };
        self.pending.swap_remove(index);
        self.say(match decision {
            Ok(reply) => Entry::Ok(Answer { op, reply }),
            Err((code, reason)) => {
                let (code, reason) = (code.to_owned(), reason.to_owned());
                Entry::Fail(Failure { op, code, reason, outcome: Outcome::Refused })
            }
        });
    }
}
