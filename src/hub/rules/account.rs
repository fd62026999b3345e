//! The account of a kiosk: what became of everything that it has taken, by the hub's own count.
//!
//! Of each run `taken = stored + deleted + set aside + lost + missing`. A number counts once, for
//! the first of these that is true of it. What was deleted had been stored, and is never missing.

use crate::feedback::event::{gaps, stretches};

/// What the archive holds of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The highest number that is known to have been assigned.
    pub taken: u32,
    /// The numbers of the stored events, rising.
    pub stored: Vec<u32>,
    /// First and last of each stretch that was stored and deleted, rising.
    pub gone: Vec<(u32, u32)>,
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
    /// Numbers that were stored and deleted.
    pub deleted: Vec<(u32, u32)>,
    /// Numbers that were refused.
    pub set_aside: Vec<(u32, u32)>,
    /// Numbers that the kiosk reported as lost and that did not arrive.
    pub lost: Vec<(u32, u32)>,
    /// Numbers of which the hub knows nothing.
    pub missing: Vec<(u32, u32)>,
}

impl RunAccount {
    /// Accounts for a run by its count alone: so many events are stored, and this is the highest
    /// number among them. None where its numbers have to be read.
    #[must_use]
    pub fn whole(taken: u32, stored: u64, highest: u32) -> Option<Self> {
        let is_whole = stored == u64::from(taken) && highest == taken;
        is_whole.then(|| Self { taken, stored, ..Self::default() })
    }

    /// Accounts for a run.
    #[must_use]
    pub fn of(run: Run) -> Self {
        let Run { taken, stored: numbers, gone, refused, lost } = run;
        let stored = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
        let absent = gaps(1, taken, &stretches(numbers));
        let deleted = within(&absent, &gone);
        let absent = without(&absent, &deleted);
        let set_aside = within(&absent, &stretches(refused));
        let absent = without(&absent, &set_aside);
        let lost = within(&absent, &lost);
        let missing = without(&absent, &lost);
        Self { taken, stored, deleted, set_aside, lost, missing }
    }

    /// Whether everything that was taken is stored.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let Self { taken: _, stored: _, deleted, set_aside, lost, missing } = self;
        [deleted, set_aside, lost, missing].into_iter().all(Vec::is_empty)
    }
}

/// What became of all runs of a kiosk together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Events taken.
    pub taken: u64,
    /// Of these, stored.
    pub stored: u64,
    /// Of these, stored and deleted.
    pub deleted: u64,
    /// Of these, refused.
    pub set_aside: u64,
    /// Of these, lost by the kiosk's card.
    pub lost: u64,
    /// Of these, none of that.
    pub missing: u64,
}

impl Account {
    /// Adds a run.
    pub fn add(&mut self, run: &RunAccount) {
        self.taken += u64::from(run.taken);
        self.stored += run.stored;
        self.deleted += count(&run.deleted);
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
        let known = self.stored + self.deleted + self.set_aside + self.lost + self.missing;
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
            gone: vec![(6, 7), (11, 11)],
            refused: vec![3, 4, 11],
            lost: vec![(1, 5), (9, 9)],
        })
    }

    #[test]
    fn a_number_counts_once_as_stored_then_deleted_then_refused_then_lost_then_missing() {
        let expected = RunAccount {
            taken: 12,
            stored: 4,
            deleted: vec![(7, 7), (11, 11)],
            set_aside: vec![(4, 4)],
            lost: vec![(5, 5), (9, 9)],
            missing: vec![(8, 8), (10, 10), (12, 12)],
        };
        assert_eq!(run(), expected);
        assert!(!run().is_whole());
        assert!(RunAccount::of(Run { taken: 2, stored: vec![1, 2], ..Run::default() }).is_whole());
    }

    #[test]
    fn a_run_is_whole_where_its_count_reaches_its_highest_number() {
        let whole = RunAccount { taken: 3, stored: 3, ..RunAccount::default() };
        assert_eq!(RunAccount::whole(3, 3, 3), Some(whole));
        assert_eq!(RunAccount::whole(0, 0, 0), Some(RunAccount::default()));
        assert_eq!(RunAccount::whole(3, 2, 3), None, "one is not there");
        assert_eq!(RunAccount::whole(3, 3, 4), None, "one is not there, and one nobody took");
    }

    #[test]
    fn an_account_holds_while_the_kiosk_explains_what_is_missing() {
        let mut account = Account::default();
        account.add(&run());
        let Account { taken, stored, deleted, set_aside, lost, missing } = account;
        assert_eq!((taken, stored, deleted, set_aside, lost, missing), (12, 4, 2, 1, 2, 3));
        assert!(account.holds(3, 1, 0));
        assert!(!account.holds(2, 1, 0), "one event is nowhere");
        assert!(account.holds(2, 2, 0), "it is set aside at the kiosk");
        assert!(!account.holds(2, 2, 1), "what is set aside there is the conflict");
        assert!(!Account { taken: 13, ..account }.holds(9, 9, 0), "the equation is broken");
    }
}
