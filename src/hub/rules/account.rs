//! The account of a kiosk: what became of everything that it has taken, by the hub's own count.
//!
//! Of each run `taken = stored + set aside + lost + missing`. A number counts once, for the first
//! of these that is true of it.

use crate::feedback::event::{gaps, stretches};

/// What the archive holds of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The highest number that is known to have been assigned.
    pub taken: u32,
    /// The numbers of the stored events, rising.
    pub stored: Vec<u32>,
    /// The numbers of events that were refused, rising.
    pub refused: Vec<u32>,
    /// First and last of each stretch that the kiosk reported as lost, rising.
    pub lost: Vec<(u32, u32)>,
}

/// What became of one run; stretches are first and last, rising.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunAccount {
    /// The highest number that is known to have been assigned.
    pub taken: u32,
    /// How many events are stored.
    pub stored: u64,
    /// Numbers that were refused.
    pub set_aside: Vec<(u32, u32)>,
    /// Numbers that the kiosk reported as lost and that did not arrive.
    pub lost: Vec<(u32, u32)>,
    /// Numbers of which the hub knows nothing.
    pub missing: Vec<(u32, u32)>,
}

impl RunAccount {
    /// Accounts for a run.
    #[must_use]
    pub fn of(run: Run) -> Self {
        let Run { taken, stored: numbers, refused, lost } = run;
        let stored = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
        let absent = gaps(1, taken, &stretches(numbers));
        let set_aside = within(&absent, &stretches(refused));
        let absent = without(&absent, &set_aside);
        let lost = within(&absent, &lost);
        let missing = without(&absent, &lost);
        Self { taken, stored, set_aside, lost, missing }
    }

    /// Whether everything that was taken is stored.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.set_aside.is_empty() && self.lost.is_empty() && self.missing.is_empty()
    }
}

/// What became of all runs of a kiosk together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Events taken.
    pub taken: u64,
    /// Of these, stored.
    pub stored: u64,
    /// Of these, refused.
    pub set_aside: u64,
    /// Of these, lost by the kiosk's card.
    pub lost: u64,
    /// Of these, neither stored nor refused nor lost.
    pub missing: u64,
}

impl Account {
    /// Adds a run.
    pub fn add(&mut self, run: &RunAccount) {
        self.taken += u64::from(run.taken);
        self.stored += run.stored;
        self.set_aside += count(&run.set_aside);
        self.lost += count(&run.lost);
        self.missing += count(&run.missing);
    }

    /// Whether the equation holds, and no more is missing than the kiosk says that it still keeps:
    /// what waits there, and what is set aside there without being named here.
    ///
    /// `waiting` includes what was given up there. `conflicts` is how many numbers of this kiosk
    /// stand for another event here. They are set aside at the kiosk, and their numbers are not
    /// missing here.
    #[must_use]
    pub const fn holds(&self, waiting: u64, set_aside: u64, conflicts: u64) -> bool {
        let known = self.stored + self.set_aside + self.lost + self.missing;
        let named_here = self.set_aside + conflicts;
        let explained = waiting + set_aside.saturating_sub(named_here);
        self.taken == known && self.missing <= explained
    }
}

fn count(ranges: &[(u32, u32)]) -> u64 {
    ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
}

/// The parts of these ranges that are in the others too; all in rising order.
fn within(ranges: &[(u32, u32)], others: &[(u32, u32)]) -> Vec<(u32, u32)> {
    without(ranges, &without(ranges, others))
}

/// The parts of these ranges that are not in the others; all in rising order.
fn without(ranges: &[(u32, u32)], others: &[(u32, u32)]) -> Vec<(u32, u32)> {
    ranges.iter().flat_map(|&(first, last)| gaps(first, last, others)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_split_where_others_lie_in_them() {
        let ranges = [(1, 10), (20, 30)];
        assert_eq!(within(&ranges, &[(5, 22), (30, 40)]), [(5, 10), (20, 22), (30, 30)]);
        assert_eq!(without(&ranges, &[(5, 22), (30, 40)]), [(1, 4), (23, 29)]);
        assert_eq!(without(&ranges, &[]), ranges);
        assert_eq!(within(&ranges, &[]), []);
    }

    fn run() -> RunAccount {
        RunAccount::of(Run {
            taken: 12,
            stored: vec![1, 2, 3, 6],
            refused: vec![3, 4],
            lost: vec![(1, 5), (9, 9)],
        })
    }

    #[test]
    fn a_number_counts_once_as_stored_then_refused_then_lost_then_missing() {
        let expected = RunAccount {
            taken: 12,
            stored: 4,
            set_aside: vec![(4, 4)],
            lost: vec![(5, 5), (9, 9)],
            missing: vec![(7, 8), (10, 12)],
        };
        assert_eq!(run(), expected);
        assert!(!run().is_whole());
        assert!(RunAccount::of(Run { taken: 2, stored: vec![1, 2], ..Run::default() }).is_whole());
    }

    #[test]
    fn an_account_holds_while_the_kiosk_explains_what_is_missing() {
        let mut account = Account::default();
        account.add(&run());
        let Account { taken, stored, set_aside, lost, missing } = account;
        assert_eq!((taken, stored, set_aside, lost, missing), (12, 4, 1, 2, 5));
        assert!(account.holds(5, 1, 0));
        assert!(!account.holds(4, 1, 0), "one event is nowhere");
        assert!(account.holds(4, 2, 0), "it is set aside at the kiosk");
        assert!(!account.holds(4, 2, 1), "what is set aside there is the conflict");
        assert!(!Account { taken: 13, ..account }.holds(9, 9, 0), "the equation is broken");
    }
}
