//! What `verify` answers: the terms of the books, run by run, and whether they hold.

use serde::{Deserialize, Serialize};

/// Whether the books hold: `taken = settled + waiting + set aside + lost`, in every run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Whether everything below is as it should be.
    pub holds: bool,
    /// All runs together.
    pub total: Sums,
    /// Each run that does not hold or is not settled to its end, and the newest ones.
    pub runs: Vec<RunSums>,
    /// How many runs there are.
    pub runs_in_all: u64,
    /// How many rows were read, and their checksums compared.
    pub rows: u64,
    /// What is set aside, and why.
    pub set_aside: Vec<SetAside>,
    /// The journals of places where the board was before, oldest first.
    #[serde(default)]
    pub former: Vec<FormerSums>,
    /// Damaged journals that were put beside the present one.
    pub bad_files: Vec<String>,
    /// How many journals were lost whose number of events nobody knows.
    pub unknown_losses: u64,
    /// What is wrong, in sentences.
    pub complaints: Vec<String>,
}

/// The terms of the equation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Events taken.
    pub taken: u64,
    /// Of these, confirmed by the hub.
    pub settled: u64,
    /// Of these, still to be delivered.
    pub waiting: u64,
    /// Of these, kept and not to be delivered.
    pub set_aside: u64,
    /// Of these, lost by the card and reported.
    pub lost: u64,
}

impl Sums {
    /// Whether every event that was taken is in exactly one of the other terms.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.taken == self.settled + self.waiting + self.set_aside + self.lost
    }
}

/// The terms of a journal that was left when the board was enrolled for another place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerSums {
    /// The kiosk's name at the head office of that place; none for a trial, or where its record
    /// cannot be read.
    #[serde(default)]
    pub kiosk: Option<String>,
    /// The hub's address there; empty where there was no network to it.
    #[serde(default)]
    pub hub: Option<String>,
    /// The terms that every journal has. What waits here is still to be delivered to that place.
    #[serde(flatten)]
    pub sums: Sums,
    /// Of the events taken, those that somebody gave up when the board left.
    #[serde(default)]
    pub given_up: u64,
    /// Of the events taken, those taken as a trial, before any enrolment.
    #[serde(default)]
    pub trial: u64,
    /// Why its journal, or the record of whose it is, cannot be read, as a sentence; none if it
    /// can. The terms are not known then, or not whose they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

impl FormerSums {
    /// Whether every event that was taken is in exactly one of the other terms.
    #[must_use]
    pub const fn holds(&self) -> bool {
        let Sums { taken, settled, waiting, set_aside, lost } = self.sums;
        taken == settled + waiting + set_aside + lost + self.given_up + self.trial
    }
}

/// The terms of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSums {
    /// The run, 32 hexadecimal digits.
    pub run: String,
    /// Its terms.
    #[serde(flatten)]
    pub sums: Sums,
}

/// An event that is set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// The run, 32 hexadecimal digits.
    pub run: String,
    /// Its number in the run.
    pub n: u32,
    /// Why, in words.
    pub reason: String,
}
