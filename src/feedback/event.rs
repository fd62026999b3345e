//! Events: everything that a journal keeps, from a rating to the report of a loss.
//!
//! A loss is an event like any other. It has a number of its own, waits for the hub, is settled by
//! a receipt and is counted once, so that a damaged card cannot hide what it cost.

pub mod fields;

use crate::feedback::answer::Answered;
use crate::feedback::call::Called;
use crate::feedback::named::named;
use crate::feedback::note::Noted;
use crate::feedback::rating::{Rated, RunId, Wording};

named! {
    /// What kind of event it is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Kind {
        /// A rating.
        Rated = "rated",
        /// The outcome of a follow-up.
        Answered = "answered",
        /// A note of the shop manager.
        Noted = "noted",
        /// A shopper's call for somebody, or what became of it.
        Called = "called",
        /// What a card lost.
        Lost = "lost",
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A press that was kept.
    Rated(Rated),
    /// What came of a follow-up.
    Answered(Answered),
    /// What the shop manager wrote down.
    Noted(Noted),
    /// A shopper asked for somebody, or what became of that.
    Called(Called),
    /// Earlier events that the card has lost.
    Lost(Loss),
}

impl Event {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Rated(_) => Kind::Rated,
            Self::Answered(_) => Kind::Answered,
            Self::Noted(_) => Kind::Noted,
            Self::Called(_) => Kind::Called,
            Self::Lost(_) => Kind::Lost,
        }
    }

    /// The wording of the question that it belongs to.
    #[must_use]
    pub const fn question(&self) -> Option<&Wording> {
        match self {
            Self::Rated(rated) => Some(&rated.question),
            Self::Answered(answered) => Some(&answered.question),
            Self::Noted(_) | Self::Called(_) | Self::Lost(_) => None,
        }
    }

    /// The rating, if it is one.
    #[must_use]
    pub const fn rated(&self) -> Option<&Rated> {
        if let Self::Rated(rated) = self { Some(rated) } else { None }
    }

    /// The same event for another run, without the numbers that it names, which mean nothing there.
    #[must_use]
    pub fn elsewhere(self) -> Self {
        match self {
            Self::Rated(rated) => Self::Rated(Rated { replaces: None, ..rated }),
            Self::Answered(answered) => Self::Answered(Answered { to: None, ..answered }),
            other @ (Self::Noted(_) | Self::Called(_) | Self::Lost(_)) => other,
        }
    }
}

/// What was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// These numbers of a run, both ends included.
    Range {
        /// The run that had taken them.
        run: RunId,
        /// The first, 1 or more.
        first: u32,
        /// The last, not below the first.
        last: u32,
    },
    /// A journal was damaged, and nothing is left that tells how many events it held.
    Unknown,
}

impl Loss {
    /// How many events are known to be lost; none when nobody knows.
    #[must_use]
    pub fn count(self) -> u32 {
        match self {
            Self::Range { first, last, .. } => last.saturating_sub(first).saturating_add(1),
            Self::Unknown => 0,
        }
    }
}

/// Numbers, kept as the stretches that they make up: a million in a row take no more room than one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stretches(Vec<(u32, u32)>);

impl Stretches {
    /// The numbers in these ranges, first and last of each included, in whatever order they come
    /// and however they overlap; a range that runs backwards has none.
    #[must_use]
    pub fn of(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.retain(|(first, last)| first <= last);
        ranges.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::new();
        for (first, last) in ranges {
            match joined.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => joined.push((first, last)),
            }
        }
        Self(joined)
    }

    /// The numbers that are in others too.
    #[must_use]
    pub fn within(&self, others: &Self) -> Self {
        let (mut mine, mut theirs) = (self.0.iter().peekable(), others.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(&&(from, to)), Some(&&(begin, end))) = (mine.peek(), theirs.peek()) {
            let (first, last) = (from.max(begin), to.min(end));
            if first <= last {
                both.push((first, last));
            }
            // Whichever ends first can meet no other.
            if to <= end {
                mine.next()
            } else {
                theirs.next()
            };
        }
        Self(both)
    }

    /// Adds a number, in whatever order they come.
    pub fn add(&mut self, n: u32) {
        let at = self.0.partition_point(|&(first, _)| first <= n);
        let joins_after = self.0.get(at).is_some_and(|&(first, _)| n + 1 == first);
        let before = at.checked_sub(1).and_then(|before| self.0.get_mut(before));
        match before {
            Some((_, last)) if n <= *last => {}
            Some((_, last)) if *last + 1 == n => {
                *last = n;
                if joins_after {
                    let (_, end) = self.0.remove(at);
                    if let Some((_, last)) = self.0.get_mut(at - 1) {
                        *last = end;
                    }
                }
            }
            _ if joins_after => {
                if let Some((first, _)) = self.0.get_mut(at) {
                    *first = n;
                }
            }
            _ => self.0.insert(at, (n, n)),
        }
    }

    /// Whether a number is among them.
    #[must_use]
    pub fn contains(&self, n: u32) -> bool {
        let at = self.0.partition_point(|&(first, _)| first <= n);
        at.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|&(_, last)| n <= last)
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// First and last of each stretch, both included, in rising order.
    #[must_use]
    pub fn list(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// The highest.
    #[must_use]
    pub fn highest(&self) -> Option<u32> {
        self.0.last().map(|&(_, last)| last)
    }
}

/// The stretches that numbers in rising order make up, first and last both included.
#[must_use]
pub fn stretches(numbers: impl IntoIterator<Item = u32>) -> Vec<(u32, u32)> {
    let mut stretches: Vec<(u32, u32)> = Vec::new();
    for n in numbers {
        match stretches.last_mut() {
            Some((_, last)) if n <= last.saturating_add(1) => *last = n.max(*last),
            _ => stretches.push((n, n)),
        }
    }
    stretches
}

/// The part of `first..=last` that is in none of the stretches, which must be in rising order.
#[must_use]
pub fn gaps(first: u32, last: u32, present: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut gaps = Vec::new();
    let mut next = u64::from(first);
    for &(from, to) in present {
        if u64::from(from) > next && next <= u64::from(last) {
            let end = u64::from(from - 1).min(u64::from(last));
            gaps.push((clamp(next), clamp(end)));
        }
        next = next.max(u64::from(to) + 1);
    }
    if next <= u64::from(last) {
        gaps.push((clamp(next), last));
    }
    gaps
}

fn clamp(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_number_there_is_takes_no_more_room_than_one() {
        let all = Stretches::of(vec![(5, 1), (0, u32::MAX), (u32::MAX, u32::MAX), (7, 9)]);
        assert_eq!(all.list(), [(0, u32::MAX)]);
        assert_eq!(all.within(&Stretches::of(vec![(3, 4)])).list(), [(3, 4)]);
    }

    #[test]
    fn a_loss_counts_both_its_ends() {
        let run = RunId([1; 16]);
        assert_eq!(Loss::Range { run, first: 3, last: 3 }.count(), 1);
        assert_eq!(Loss::Range { run, first: 1, last: 9 }.count(), 9);
        assert_eq!(Loss::Unknown.count(), 0);
    }

    proptest! {
        #[test]
        fn ranges_are_joined_and_met_as_their_numbers_are(
            one in prop::collection::vec((0u32..40, 0u32..40), 0..12),
            other in prop::collection::vec((0u32..40, 0u32..40), 0..12),
        ) {
            let is_in = |ranges: &[(u32, u32)], n| ranges.iter().any(|(a, b)| *a <= n && n <= *b);
            let (ours, theirs) = (Stretches::of(one.clone()), Stretches::of(other.clone()));
            let both = ours.within(&theirs);
            for n in 0..41 {
                prop_assert_eq!(ours.contains(n), is_in(&one, n));
                prop_assert_eq!(both.contains(n), is_in(&one, n) && is_in(&other, n));
            }
            for pair in ours.list().windows(2).chain(both.list().windows(2)) {
                prop_assert!(pair[0].1 < pair[1].0);
            }
        }

        #[test]
        fn stretches_are_the_same_in_whatever_order_their_numbers_come(
            numbers in prop::collection::vec(0u32..40, 0..60)
        ) {
            let mut added = Stretches::default();
            numbers.iter().for_each(|n| added.add(*n));
            let sorted: std::collections::BTreeSet<u32> = numbers.iter().copied().collect();
            prop_assert_eq!(added.list(), stretches(sorted.iter().copied()));
            prop_assert_eq!(added.count(), sorted.len() as u64);
            prop_assert_eq!(added.highest(), sorted.last().copied());
            for n in 0..41 {
                prop_assert_eq!(added.contains(n), sorted.contains(&n));
            }
        }

        #[test]
        fn stretches_and_gaps_cover_every_number_once(
            numbers in prop::collection::btree_set(1u32..40, 0..40),
            first in 1u32..20,
            more in 0u32..30,
        ) {
            let last = first + more;
            let present = stretches(numbers.iter().copied());
            let gaps = gaps(first, last, &present);
            let within = |list: &[(u32, u32)], n| list.iter().any(|&(a, b)| a <= n && n <= b);
            for n in 1..60 {
                prop_assert_eq!(within(&present, n), numbers.contains(&n));
                let is_missing = n >= first && n <= last && !numbers.contains(&n);
                prop_assert_eq!(within(&gaps, n), is_missing);
            }
        }
    }
}
