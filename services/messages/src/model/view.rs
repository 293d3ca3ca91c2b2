//! What of a room's log a person may see.

use super::Seq;

/// Numbers of a log, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeqRange {
    pub(crate) from: Seq,
    pub(crate) to: Seq,
}

/// The part of a log that a person may see: everything from its beginning to a place, but for some ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// The head for a member, the own removal for one who was removed or left.
    pub(crate) through: Seq,
    /// In order. They do not touch each other.
    hidden: Vec<SeqRange>,
}

impl View {
    pub(crate) const fn new(through: Seq, hidden: Vec<SeqRange>) -> Self {
        Self { through, hidden }
    }

    /// Returns the whole of a log up to a place.
    pub(crate) const fn whole(through: Seq) -> Self {
        Self::new(through, Vec::new())
    }

    pub(crate) fn shows(&self, seq: Seq) -> bool {
        seq <= self.through && !self.hidden.iter().any(|range| range.from <= seq && seq <= range.to)
    }

    /// Returns from where on nothing is hidden.
    pub(crate) fn whole_from(&self) -> Seq {
        self.hidden.last().map_or(Seq::new(1), |range| range.to.next())
    }

    /// Returns the parts of a range that are shown, in order.
    pub(crate) fn shown_within(&self, within: SeqRange) -> Vec<SeqRange> {
        let mut shown = Vec::new();
        let mut from = within.from.max(Seq::new(1));
        let to = within.to.min(self.through);
        for hidden in self.hidden.iter().filter(|hidden| hidden.to >= within.from) {
            if from < hidden.from && from <= to {
                shown.push(SeqRange { from, to: hidden.from.previous().min(to) });
            }
            from = from.max(hidden.to.next());
        }
        if from <= to {
            shown.push(SeqRange { from, to });
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range((from, to): (u64, u64)) -> SeqRange {
        SeqRange { from: Seq::new(from), to: Seq::new(to) }
    }

    #[test]
    fn what_is_hidden_is_cut_out() {
        let view = View::new(Seq::new(30), vec![range((5, 9)), range((20, 24))]);
        let shown = |from, to| view.shown_within(range((from, to)));
        assert_eq!(shown(1, 100), [range((1, 4)), range((10, 19)), range((25, 30))]);
        assert_eq!(shown(6, 22), [range((10, 19))]);
        assert_eq!(shown(21, 24), []);
        assert_eq!(shown(25, 25), [range((25, 25))]);
        assert_eq!(shown(31, 40), []);
        assert_eq!(view.whole_from(), Seq::new(25));
        assert_eq!(View::whole(Seq::new(3)).whole_from(), Seq::new(1));
    }

    proptest! {
        #[test]
        fn shown_ranges_hold_exactly_what_is_shown(
            gaps in prop::collection::vec((2..5_u64, 1..5_u64), 0..5),
            (from, to) in (0..50_u64, 0..50_u64),
            through in 0..50_u64,
        ) {
            let mut hidden = Vec::new();
            let mut at = 1;
            for (gap, length) in gaps {
                hidden.push(range((at + gap, at + gap + length - 1)));
                at += gap + length;
            }
            let view = View::new(Seq::new(through), hidden);
            let shown = view.shown_within(range((from, to)));
            for seq in 1..60 {
                let is_in = shown.iter().any(|range| range.from.get() <= seq && seq <= range.to.get());
                let is_expected = from <= seq && seq <= to && view.shows(Seq::new(seq));
                prop_assert_eq!(is_in, is_expected, "{} of {:?}", seq, view);
            }
            prop_assert!(shown.iter().all(|range| range.from <= range.to));
            prop_assert!(shown.windows(2).all(|pair| pair[0].to < pair[1].from));
        }
    }
}
