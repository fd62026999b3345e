//! What the journal does when nobody presses: checks what waits, carries over what a damaged
//! journal still had, offers everything again to a hub that went back in time.
//!
//! All of it is done a piece at a time, so that a press never waits behind more than one of them,
//! and all of it can be begun anew after a power cut.

mod check;
mod losses;
mod next;
mod offer;
mod salvage;

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::books_sql;
use super::rescue::repair::Bad;
use super::rescue::salvage::Salvage;
use crate::feedback::event::Stretches;
use crate::feedback::rating::RunId;

/// How many rows are looked at in one go.
const ROWS_AT_ONCE: usize = 1_000;

/// What is still to be done.
#[derive(Debug, Default)]
pub(super) struct Chores {
    pub(super) salvage: Option<Box<Salvage>>,
    pub(super) check: Option<Check>,
    pub(super) offer: Option<Offer>,
    pub(super) wants_check: bool,
    pub(super) was_checked_again: bool,
}

/// Looks whether every number that should wait is there, and whole.
#[derive(Debug, Default)]
pub(super) struct Check {
    pub(super) next_row: i64,
    /// Whether it began with the first row of all, and not with the first that should wait.
    pub(super) is_whole: bool,
    /// How many rows that should wait are not whole.
    pub(super) damaged: u64,
    /// How far each run had come when the check began.
    pub(super) taken: BTreeMap<RunId, u32>,
    pub(super) seen: BTreeMap<RunId, Stretches>,
}

/// Finds what is still held of each run.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) next_row: i64,
    pub(super) epoch: i64,
    pub(super) stored: Option<i64>,
    pub(super) held: BTreeMap<RunId, Stretches>,
}

impl Chores {
    /// What is to be done with a journal that has just been opened.
    pub(super) fn at_open(
        connection: &Connection,
        mut bad: Vec<Bad>,
        unsent_row: i64,
    ) -> rusqlite::Result<Self> {
        let salvaged = books_sql::meta(connection, "salvaged")?.unwrap_or(0);
        bad.retain(|bad| bad.number > salvaged);
        let salvage = (!bad.is_empty()).then(|| Box::new(Salvage::new(&bad)));
        let check = Check { next_row: unsent_row, ..Check::default() };
        Ok(Self { salvage, check: Some(check), ..Self::default() })
    }

    /// Has everything checked once more, unless that was done and found what it could.
    pub(super) const fn check_again(&mut self) {
        self.wants_check = !self.was_checked_again;
    }

    /// Begins to offer everything again; false when that is under way already.
    pub(super) fn offer_again(&mut self, epoch: i64, stored: Option<i64>) -> bool {
        let is_new = self.offer.as_ref().is_none_or(|offer| offer.epoch != epoch);
        if is_new {
            self.offer = Some(Offer { next_row: 0, epoch, stored, held: BTreeMap::new() });
        }
        is_new
    }
}
