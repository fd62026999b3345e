//! Arrivals: what becomes of the events of a run that a kiosk sends, by what is stored of it.
//!
//! An event is known by its number in its run, once and for ever. The same number with the same
//! content is the same event; with other content it is a conflict, and the first one stays. What
//! was deleted stays deleted, whatever it is sent as.

use std::collections::{BTreeMap, BTreeSet};

use crate::feedback::event::Stretches;

/// Tells the same content from other content.
pub type Digest = [u8; 16];

/// So far apart numbers may be to be looked up together.
const APART_MAX: u32 = 64;

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is stored.
    New,
    /// It is stored already, or was, and was deleted.
    Known,
    /// Another one has its number.
    Conflict,
}

/// What becomes of each of these events, in the order in which they came, by the digests that are
/// stored and the numbers that were deleted.
#[must_use]
pub fn fates(
    events: impl IntoIterator<Item = (u32, Digest)>,
    stored: &BTreeMap<u32, Digest>,
    gone: &Stretches,
) -> Vec<Fate> {
    let mut new = BTreeMap::<u32, Digest>::new();
    let fate = |(n, digest): (u32, Digest)| {
        if gone.contains(n) {
            return Fate::Known;
        }
        match stored.get(&n).or_else(|| new.get(&n)) {
            Some(first) if *first == digest => Fate::Known,
            Some(_) => Fate::Conflict,
            None => {
                new.insert(n, digest);
                Fate::New
            }
        }
    };
    events.into_iter().map(fate).collect()
}

/// The stretches in which these numbers are looked up: few, and with little between them that
/// nobody has asked for.
#[must_use]
pub fn stretches_around(numbers: &BTreeSet<u32>) -> Vec<(u32, u32)> {
    let mut stretches = Vec::<(u32, u32)>::new();
    for &n in numbers {
        match stretches.last_mut() {
            Some((_, last)) if n - *last <= APART_MAX => *last = n,
            _ => stretches.push((n, n)),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Digest = [1; 16];
    const B: Digest = [2; 16];

    fn of(events: &[(u32, Digest)]) -> Vec<Fate> {
        let stored = BTreeMap::from([(1, A), (5, A)]);
        fates(events.iter().copied(), &stored, &Stretches::of(vec![(5, 6)]))
    }

    #[test]
    fn the_first_of_a_number_stays() {
        use Fate::{Conflict, Known, New};
        assert_eq!(of(&[(1, A), (1, B), (2, B)]), [Known, Conflict, New]);
        assert_eq!(of(&[(2, A), (2, B), (2, A)]), [New, Conflict, Known], "in one delivery");
    }

    #[test]
    fn what_was_deleted_stays_deleted_whatever_it_says() {
        assert_eq!(of(&[(5, A), (6, A), (6, B)]), [Fate::Known; 3]);
    }

    #[test]
    fn numbers_that_are_far_apart_are_looked_up_apart() {
        let around = |numbers: &[u32]| stretches_around(&numbers.iter().copied().collect());
        assert_eq!(around(&[]), []);
        assert_eq!(around(&[7, 9, 8, 70]), [(7, 70)]);
        assert_eq!(around(&[1, 66, u32::MAX]), [(1, 1), (66, 66), (u32::MAX, u32::MAX)]);
    }
}
