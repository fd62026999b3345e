//! What leaves the journal for the hub, and what comes back of it.

use super::books::Books;
use super::row::Entry;
use crate::feedback::moment::Anchor;
use crate::feedback::rating::{BootId, RatingId, RunId};

/// What goes into a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The run that is alive.
    pub live: Option<RunId>,
    /// By the last receipt, the name by which the hub knows this kiosk, and how many of its events
    /// the hub held.
    pub known: Option<(u32, u64)>,
    /// The oldest events that wait, by run, in the order of the journal.
    pub runs: Vec<BatchRun>,
    /// The anchors that the hub has not been told of, each with its key in the journal.
    pub anchors: Vec<(i64, BootId, Anchor)>,
    /// How the books stand.
    pub books: Books,
}

/// One run's part of a [`Batch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRun {
    /// The run.
    pub run: RunId,
    /// The boot it lived in.
    pub boot: BootId,
    /// The highest number given out in it.
    pub taken: u32,
    /// The events, in the order of their numbers.
    pub entries: Vec<Entry>,
}

impl Batch {
    /// How many events it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| run.entries.len()).sum()
    }

    /// Whether there is no event in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a receipt said of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    /// What the hub has stored.
    pub settled: Vec<RatingId>,
    /// What it, or the kiosk, could not use, and why.
    pub set_aside: Vec<(RatingId, String)>,
    /// The keys of the anchors that it has been told of.
    pub told: Vec<i64>,
    /// What the hub's answer tells of the time.
    pub anchor: Option<Anchor>,
    /// Which archive answered.
    pub archive: Option<ArchiveSeen>,
}

/// What a receipt tells of the archive at the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveSeen {
    /// The name by which it knows this kiosk; another one has other counts.
    pub kiosk: u32,
    /// Its epoch.
    pub epoch: u64,
    /// How many events of this kiosk it held before the delivery, and after it, if it tells.
    pub stored: Option<(u64, u64)>,
}
