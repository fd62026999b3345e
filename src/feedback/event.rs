//! What a journal holds: what a shopper said, or the word that something was lost.
//!
//! A loss is an event like any other. It has a number of its own, waits for the hub, is settled by
//! a receipt and is counted once, so that a damaged card cannot hide what it cost.

use crate::feedback::rating::{Rated, RunId};

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A press that was kept.
    Rated(Rated),
    /// Earlier events that the card has lost.
    Lost(Loss),
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
    /// How many events are known to be lost; none of an unknown number.
    #[must_use]
    pub fn count(self) -> u32 {
        match self {
            Self::Range { first, last, .. } => last.saturating_sub(first).saturating_add(1),
            Self::Unknown => 0,
        }
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

/// What of `first..=last` is in none of the stretches, which must be in rising order.
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
    fn a_loss_counts_both_its_ends() {
        let run = RunId([1; 16]);
        assert_eq!(Loss::Range { run, first: 3, last: 3 }.count(), 1);
        assert_eq!(Loss::Range { run, first: 1, last: 9 }.count(), 9);
        assert_eq!(Loss::Unknown.count(), 0);
    }

    proptest! {
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
