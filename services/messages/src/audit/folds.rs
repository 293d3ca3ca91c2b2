//! What has become of messages, made again from a log and compared with what is kept of it.
//!
//! A room may have more changed messages than memory is for. So they are gone through window by window, each a stretch of
//! messages with all that has become of them, and a room is read once for each window: once, where it is not a giant.

use std::collections::{BTreeMap, BTreeSet};

use loquat_ids::RoomId;

use super::{LogDamage, LogFault, Row};
use crate::model::{Change, ChangeKind, MessageFold, Seq};

/// How far a room is folded, and whether anything is kept of its messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct FoldFacts {
    pub(super) folded_to: Seq,
    pub(super) has_folds: bool,
}

/// What a store keeps of a message.
#[derive(Debug)]
pub(super) struct KeptFold {
    pub(super) message: Seq,
    pub(super) as_of: Seq,
    pub(super) fold: Result<MessageFold, String>,
}

/// What the log makes of a message.
#[derive(Debug, Default)]
struct MadeFold {
    fold: MessageFold,
    /// The first change that what is kept lacks, although the room is folded so far.
    lacking: Option<Seq>,
    deletion: Option<Seq>,
    /// Edits by whether they are erased.
    whole_edits: Vec<Seq>,
    erased_edits: Vec<Seq>,
}

/// A stretch of a room's messages.
#[derive(Debug)]
pub(super) struct FoldWindow {
    room: RoomId,
    /// Where it begins: right after this message.
    after: Seq,
    /// Where it ends: with this message. It draws in when there is more than there is room for.
    through: Seq,
    limit: usize,
    /// Whether to make of messages all that has become of them, rather than as much as is kept.
    is_whole: bool,
    folded_to: Seq,
    head: Seq,
    kept: BTreeMap<Seq, KeptFold>,
    made: BTreeMap<Seq, MadeFold>,
    /// Of the messages of which something is kept those that are there, and of all those that are erased.
    there: BTreeSet<Seq>,
    erased: BTreeSet<Seq>,
}

impl FoldWindow {
    /// How many messages a window holds at most.
    pub(super) const LIMIT: i64 = 20_000;

    pub(super) fn to_judge(room: RoomId) -> Self {
        Self::from(room, Seq::ZERO, false)
    }

    pub(super) fn to_rebuild(room: RoomId) -> Self {
        Self::from(room, Seq::ZERO, true)
    }

    fn from(room: RoomId, after: Seq, is_whole: bool) -> Self {
        Self {
            room,
            after,
            through: Seq::new(u64::MAX),
            limit: usize::try_from(Self::LIMIT).unwrap_or(usize::MAX),
            is_whole,
            folded_to: Seq::ZERO,
            head: Seq::ZERO,
            kept: BTreeMap::new(),
            made: BTreeMap::new(),
            there: BTreeSet::new(),
            erased: BTreeSet::new(),
        }
    }

    pub(super) const fn after(&self) -> Seq {
        self.after
    }

    pub(super) const fn through(&self) -> Seq {
        self.through
    }

    /// Returns where the log ended when it was read.
    pub(super) const fn head(&self) -> Seq {
        self.head
    }

    /// Takes how far the room is folded and what is kept of the messages from the window's beginning on: at most
    /// [`Self::LIMIT`], in order; of several of one message the last counts.
    pub(super) fn begin(&mut self, folded_to: Seq, kept: Vec<KeptFold>) {
        self.folded_to = folded_to;
        let is_all = kept.len() < self.limit;
        for fold in kept {
            self.kept.insert(fold.message, fold);
        }
        // Of the last one there may be more, where it is not the only one.
        match self.kept.last_key_value().map(|(last, _)| *last) {
            Some(last) if !is_all && self.kept.len() > 1 => self.end_before(last),
            Some(last) if !is_all => self.through = last,
            _ => {}
        }
    }

    /// Takes the next event of the room.
    pub(super) fn take(&mut self, row: &Row) {
        self.head = Seq::from_stored(row.seq);
        let Some(event) = row.event() else { return };
        if event.change.kind() == ChangeKind::MessageSent && self.holds(event.seq) {
            if self.kept.contains_key(&event.seq) {
                self.there.insert(event.seq);
            }
            if matches!(event.change, Change::Blanked { .. }) {
                self.erased.insert(event.seq);
            }
        }
        let is_pin = matches!(event.change, Change::PinChanged { .. });
        let Some(message) = event.change.message().filter(|message| !is_pin && self.holds(message.seq)) else { return };
        let as_of = match self.kept.get(&message.seq) {
            _ if self.is_whole => Seq::new(u64::MAX),
            Some(kept) => kept.as_of,
            None => Seq::ZERO,
        };
        let made = self.made.entry(message.seq).or_default();
        if matches!(event.change, Change::MessageDeleted { .. }) {
            made.deletion.get_or_insert(event.seq);
        }
        match event.change {
            Change::MessageEdited { .. } => made.whole_edits.push(event.seq),
            Change::Blanked { .. } => made.erased_edits.push(event.seq),
            _ => {}
        }
        if event.seq <= as_of {
            // What cannot be is left out, as it is by whoever folds.
            drop(made.fold.apply(&event));
        } else if event.seq <= self.folded_to {
            made.lacking.get_or_insert(event.seq);
        }
        if self.made.len() > self.limit
            && let Some((last, _)) = self.made.pop_last()
        {
            self.end_before(last);
        }
    }

    /// Judges how far the room is folded, against where its log ended at the same moment.
    pub(super) fn beyond_head(&self) -> Vec<LogDamage> {
        let fault = LogFault::FoldedBeyondHead { folded_to: self.folded_to.get(), head: self.head.get() };
        let damage = LogDamage { room: Some(self.room), seq: None, fault };
        if self.folded_to > self.head { vec![damage] } else { Vec::new() }
    }

    /// Returns what is wrong with what is kept.
    pub(super) fn damages(&self) -> Vec<LogDamage> {
        let mut damages = Vec::new();
        let mut add = |seq: Seq, fault| damages.push(LogDamage { room: Some(self.room), seq: Some(seq.get()), fault });
        let folded_to = self.folded_to.get();
        for (message, kept) in &self.kept {
            // Where its changes are there and it is not, the log itself has a hole.
            if !self.there.contains(message) && !self.made.contains_key(message) {
                add(*message, LogFault::FoldWithoutMessage);
                continue;
            }
            match (&kept.fold, self.made.get(message)) {
                (Err(why), _) => add(*message, LogFault::FoldUnreadable(why.clone())),
                (Ok(fold), Some(made)) if is_same(fold, kept.as_of, &made.fold) => {
                    if let Some(change) = made.lacking {
                        add(*message, LogFault::FoldBehind { change: change.get(), folded_to });
                    }
                }
                (Ok(_), _) => add(*message, LogFault::FoldDiffers),
            }
        }
        for (message, made) in &self.made {
            if made.lacking.is_some() && !self.kept.contains_key(message) {
                add(*message, LogFault::FoldMissing { folded_to });
            }
        }
        for (seq, deletion) in self.to_erase().filter(|(_, deletion)| *deletion <= self.folded_to) {
            add(seq, LogFault::BlankMissing { deletion: deletion.get() });
        }
        let is_deleted = |message: &Seq| self.made.get(message).is_some_and(|made| made.deletion.is_some());
        for message in self.erased.iter().filter(|message| !is_deleted(message)) {
            add(*message, LogFault::BlankWithoutDeletion);
        }
        for edit in self.made.values().filter(|made| made.deletion.is_none()).flat_map(|made| &made.erased_edits) {
            add(*edit, LogFault::BlankWithoutDeletion);
        }
        damages
    }

    /// Returns what has become of the window's messages.
    pub(super) fn made(&self) -> impl Iterator<Item = (Seq, &MessageFold)> {
        self.made.iter().filter(|(_, made)| made.fold.as_of > Seq::ZERO).map(|(message, made)| (*message, &made.fold))
    }

    /// Returns what a deleted message said and says still, each with the place of the deletion.
    fn to_erase(&self) -> impl Iterator<Item = (Seq, Seq)> {
        self.made.iter().flat_map(|(message, made)| {
            let sent = (!self.erased.contains(message)).then_some(*message);
            let said = sent.into_iter().chain(made.whole_edits.iter().copied());
            made.deletion.into_iter().flat_map(move |deletion| said.clone().map(move |seq| (seq, deletion)))
        })
    }

    /// Returns the places of what is to be erased.
    pub(super) fn erasures(&self) -> impl Iterator<Item = Seq> {
        self.to_erase().map(|(seq, _)| seq)
    }

    /// Returns the window after this one. Nothing after the last.
    pub(super) fn next(&self) -> Option<Self> {
        (self.through < Seq::new(u64::MAX))
            .then(|| Self { limit: self.limit, ..Self::from(self.room, self.through, self.is_whole) })
    }

    fn holds(&self, message: Seq) -> bool {
        self.after < message && message <= self.through
    }

    fn end_before(&mut self, message: Seq) {
        self.through = message.previous();
        drop(self.kept.split_off(&message));
        drop(self.made.split_off(&message));
        drop(self.there.split_off(&message));
        drop(self.erased.split_off(&message));
    }
}

/// Compares what is kept, whose place stands beside it, with what the log makes of the message.
fn is_same(kept: &MessageFold, as_of: Seq, made: &MessageFold) -> bool {
    MessageFold { as_of, ..kept.clone() } == *made
}

#[cfg(test)]
mod tests {
    use loquat_ids::Timestamp;

    use super::*;
    use crate::model::{
        RoomEvent,
        fixture::{ALICE, BOB, blanked, changed, created, deleted, edited, pinned, reacted, room, send_event},
    };

    fn row(event: &RoomEvent) -> Row {
        Row {
            room: event.room,
            seq: event.seq.to_stored(),
            event_id: event.event_id,
            actor: event.actor,
            class: event.change.class().to_stored(),
            create_time: Timestamp::as_micros(event.create_time),
            change: Ok(event.change.clone()),
        }
    }

    /// Messages at 2, 3 and 4 with all that may become of one.
    fn log() -> Vec<Row> {
        let at = |seq, actor, change| row(&changed(room(1), seq, actor, change));
        let erased = Change::Blanked { was: ChangeKind::MessageSent, message: None };
        vec![
            at(1, ALICE, created(&[ALICE, BOB])),
            row(&send_event(2, ALICE, "two")),
            at(3, ALICE, erased),
            row(&send_event(4, ALICE, "four")),
            at(5, ALICE, edited(2, 1, "two, edited")),
            at(6, BOB, reacted(2, "👍", true)),
            at(7, ALICE, blanked(3)),
            at(8, ALICE, pinned(4, true)),
            at(9, ALICE, deleted(3, false)),
            at(10, BOB, reacted(4, "🎉", true)),
        ]
    }

    fn window(log: &[Row], folded_to: u64, kept: Vec<KeptFold>, is_whole: bool) -> FoldWindow {
        let mut window = FoldWindow::from(room(1), Seq::ZERO, is_whole);
        window.begin(Seq::new(folded_to), kept);
        log.iter().for_each(|row| window.take(row));
        window
    }

    /// What would be kept at the log's end.
    fn kept(log: &[Row]) -> Vec<KeptFold> {
        let whole = window(log, 0, Vec::new(), true);
        whole.made().map(|(message, fold)| KeptFold { message, as_of: fold.as_of, fold: Ok(fold.clone()) }).collect()
    }

    fn told(window: &FoldWindow) -> Vec<(u64, &'static str)> {
        window.damages().iter().map(|damage| (damage.seq.unwrap_or(0), damage.fault.name())).collect()
    }

    #[test]
    fn what_is_kept_as_the_log_says_has_no_damage_however_far_it_goes() {
        let log = log();
        assert_eq!(told(&window(&log, 10, kept(&log), false)), []);
        // Folded to 6 only: of the message at 2 all is kept, of the others nothing yet.
        let earlier: Vec<_> = kept(&log).into_iter().filter(|kept| kept.message == Seq::new(2)).collect();
        assert_eq!(told(&window(&log, 6, earlier, false)), []);
        assert_eq!(told(&window(&log, 0, Vec::new(), false)), []);
    }

    #[test]
    fn each_damage_is_found() {
        let log = log();
        let without = |message| kept(&log).into_iter().filter(|kept| kept.message != Seq::new(message)).collect();
        assert_eq!(told(&window(&log, 10, without(4), false)), [(4, "fold_missing")]);
        let mut behind = kept(&log);
        behind[0].as_of = Seq::new(5);
        if let Ok(fold) = &mut behind[0].fold {
            fold.reactions.clear();
        }
        assert_eq!(told(&window(&log, 10, behind, false)), [(2, "fold_behind")]);
        let mut other = kept(&log);
        if let Ok(fold) = &mut other[0].fold {
            fold.reactions.clear();
        }
        assert_eq!(told(&window(&log, 10, other, false)), [(2, "fold_differs")]);
        let mut garbled = kept(&log);
        garbled[2].fold = Err("no JSON".to_owned());
        assert_eq!(told(&window(&log, 10, garbled, false)), [(4, "fold_unreadable")]);
        let mut orphan = kept(&log);
        orphan.push(KeptFold { message: Seq::new(6), as_of: Seq::new(7), fold: Ok(MessageFold::default()) });
        assert_eq!(told(&window(&log, 10, orphan, false)), [(6, "fold_without_message")]);
        let beyond = window(&log, 11, kept(&log), false).beyond_head();
        assert_eq!(beyond[0].fault, LogFault::FoldedBeyondHead { folded_to: 11, head: 10 });
    }

    #[test]
    fn what_is_deleted_is_erased_and_nothing_else_is() {
        let mut still = log();
        still[2] = row(&send_event(3, ALICE, "still here"));
        still[6] = row(&changed(room(1), 7, ALICE, edited(3, 1, "and here")));
        let folds = kept(&still);
        assert_eq!(told(&window(&still, 10, folds, false)), [(3, "blank_missing"), (7, "blank_missing")]);
        let rebuilt = window(&still, 0, Vec::new(), true);
        assert_eq!(rebuilt.erasures().collect::<Vec<_>>(), [Seq::new(3), Seq::new(7)]);
        // Folded no further than before the deletion nothing has to be erased yet.
        assert_eq!(
            told(&window(&still, 8, vec![], false)).iter().filter(|(_, name)| *name == "blank_missing").count(),
            0
        );

        let mut lost = log();
        lost[8] = row(&changed(room(1), 9, BOB, reacted(3, "👍", true)));
        let folds = kept(&lost);
        assert_eq!(
            told(&window(&lost, 10, folds, false)),
            [(3, "blank_without_deletion"), (7, "blank_without_deletion")]
        );
    }

    #[test]
    fn windows_of_any_size_find_the_same() {
        let log = log();
        for limit in 1..5 {
            let mut all = kept(&log);
            all.remove(2);
            let mut found = Vec::new();
            let mut next = Some(FoldWindow { limit, ..FoldWindow::to_judge(room(1)) });
            while let Some(mut window) = next {
                let of_window: Vec<_> = all
                    .iter()
                    .filter(|kept| kept.message > window.after())
                    .take(limit)
                    .map(|kept| KeptFold { message: kept.message, as_of: kept.as_of, fold: kept.fold.clone() })
                    .collect();
                window.begin(Seq::new(10), of_window);
                log.iter().for_each(|row| window.take(row));
                found.extend(told(&window));
                next = window.next();
            }
            assert_eq!(found, [(4, "fold_missing")], "{limit}");
        }
    }
}
