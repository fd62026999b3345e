//! The journal's books: how many events were taken and what became of them, in all and by run.

use crate::feedback::event::gaps;
use crate::feedback::rating::RunId;

/// The books: `taken = settled + set aside + waiting + lost`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Events taken since the journal was made.
    pub taken: u64,
    /// Of these, confirmed by the hub.
    pub settled: u64,
    /// Of these, kept but not counted at the hub.
    pub set_aside: u64,
    /// Of these, still to be delivered.
    pub waiting: u64,
    /// Of these, lost by the card and reported.
    pub lost: u64,
    /// Anchors that were not sent to the hub yet.
    pub untold: u64,
}

/// What the books say of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunBooks {
    /// The run.
    pub run: RunId,
    /// The highest number given out in it.
    pub taken: u32,
    /// The number up to which every event is settled, set aside or lost.
    pub settled: u32,
    /// Numbers set aside, in rising order, each with its reason.
    pub set_aside: Vec<(u32, String)>,
    /// Numbers that were set aside and are to be sent again, in rising order.
    pub again: Vec<u32>,
    /// Ranges that are lost, in rising order.
    pub lost: Vec<(u32, u32)>,
}

impl RunBooks {
    /// The numbers up to `taken` that should wait but are missing from the stretches present.
    #[must_use]
    pub fn missing(&self, taken: u32, present: &[(u32, u32)]) -> Vec<(u32, u32)> {
        let elsewhere = self.set_aside.iter().map(|(n, _)| (*n, *n)).chain(self.lost.clone());
        let mut known: Vec<(u32, u32)> = present.iter().copied().chain(elsewhere).collect();
        known.sort_unstable();
        let passed = self.again.iter().filter(|n| **n <= self.settled);
        let mut missing: Vec<_> = passed.flat_map(|n| gaps(*n, *n, &known)).collect();
        missing.extend(gaps(self.settled.saturating_add(1), taken, &known));
        missing
    }
}

/// Everything that `verify` checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Every run, oldest first.
    pub runs: Vec<RunBooks>,
    /// The names of the quarantined files beside the journal.
    pub bad_files: Vec<String>,
    /// Whether one of them is still being salvaged.
    pub is_salvaging: bool,
}
