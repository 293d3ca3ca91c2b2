//! Who is subscribed to what.

use std::{collections::HashMap, sync::Arc};

use crate::{News, Pattern, Subject, mailbox::Mailbox};

/// The live subscribers. Telling news costs those who hear it and the wide patterns, not all subscribers.
#[derive(Debug, Default)]
pub(super) struct Live {
    exact: HashMap<Subject, Vec<(u64, Arc<Mailbox>)>>,
    wide: Vec<(u64, Pattern, Arc<Mailbox>)>,
    last_seat: u64,
}

/// Where a subscriber sits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    number: u64,
    only_subject: Option<Subject>,
}

impl Live {
    pub(super) fn enter(&mut self, pattern: Pattern, mailbox: Arc<Mailbox>) -> Seat {
        self.last_seat += 1;
        let number = self.last_seat;
        let only_subject = pattern.only_subject();
        match only_subject {
            Some(subject) => self.exact.entry(subject).or_default().push((number, mailbox)),
            None => self.wide.push((number, pattern, mailbox)),
        }
        Seat { number, only_subject }
    }

    pub(super) fn leave(&mut self, seat: Seat) {
        let Some(subject) = seat.only_subject else {
            self.wide.retain(|(number, _, _)| *number != seat.number);
            return;
        };
        if let Some(seats) = self.exact.get_mut(&subject) {
            seats.retain(|(number, _)| *number != seat.number);
            if seats.is_empty() {
                self.exact.remove(&subject);
            }
        }
    }

    pub(super) fn tell(&self, news: &News) {
        for (_, mailbox) in self.exact.get(&news.subject).into_iter().flatten() {
            mailbox.push(news.clone());
        }
        for (_, pattern, mailbox) in &self.wide {
            if pattern.matches(news.subject) {
                mailbox.push(news.clone());
            }
        }
    }

    pub(super) fn close(&self) {
        self.exact.values().flatten().for_each(|(_, mailbox)| mailbox.close());
        self.wide.iter().for_each(|(_, _, mailbox)| mailbox.close());
    }
}
