//! The chores that the journal does between presses: it salvages a damaged journal, checks what
//! waits, lets go of what head office has deleted, and offers everything again to a hub that was
//! restored from a backup.
//!
//! Each chore is done in small pieces, so that a press never waits behind more than one of them,
//! and each can start again after a power cut.

mod check;
mod let_go;
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

/// How many rows are read in one go.
const ROWS_AT_ONCE: usize = 1_000;

/// The chores that are not done yet.
#[derive(Debug, Default)]
pub(super) struct Chores {
    pub(super) salvage: Option<Box<Salvage>>,
    pub(super) check: Option<Check>,
    pub(super) let_go: Option<LettingGo>,
    pub(super) offer: Option<Offer>,
    /// Whether the WAL may still have what was let go of.
    pub(super) wants_wipe: bool,
    pub(super) wants_check: bool,
    pub(super) was_checked_again: bool,
}

/// The check that every number that should wait is present and whole.
#[derive(Debug, Default)]
pub(super) struct Check {
    pub(super) next_row: i64,
    /// Whether it covers the whole journal, not only the rows from the first that should wait.
    pub(super) is_whole: bool,
    /// How many rows that should wait are damaged.
    pub(super) damaged: u64,
    /// How far each run had come when the check began.
    pub(super) taken: BTreeMap<RunId, u32>,
    pub(super) seen: BTreeMap<RunId, Stretches>,
}

/// Events that head office has deleted, of which the journal lets go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetGo {
    /// The number of the newest of these deletions, from 1 on.
    pub upto: u64,
    /// The events, by their runs.
    pub events: BTreeMap<RunId, Stretches>,
}

/// The search for the rows of what is to be let go of.
#[derive(Debug, Default)]
pub(super) struct LettingGo {
    pub(super) asked: LetGo,
    /// The last row that was looked at.
    pub(super) after: i64,
    /// How many of these events were let go of, now or before.
    pub(super) gone: u64,
    /// Whether one of them waits for head office, and so has to stay for now.
    pub(super) is_any_waiting: bool,
}

/// The search for the events that are still held, run by run.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) next_row: i64,
    pub(super) epoch: i64,
    pub(super) stored: Option<i64>,
    pub(super) held: BTreeMap<RunId, Stretches>,
}

impl Chores {
    /// The chores of a journal that was just opened.
    pub(super) fn at_open(
        connection: &Connection,
        mut bad: Vec<Bad>,
        unsent_row: i64,
    ) -> rusqlite::Result<Self> {
        let salvaged = books_sql::meta(connection, "salvaged")?.unwrap_or(0);
        bad.retain(|bad| bad.number > salvaged);
        let salvage = (!bad.is_empty()).then(|| Box::new(Salvage::new(&bad)));
        let check = Check { next_row: unsent_row, ..Check::default() };
        // A power cut may have come between letting go and wiping.
        let gone = books_sql::meta(connection, books_sql::GONE)?;
        let wants_wipe = gone.is_some_and(|upto| upto != 0);
        Ok(Self { salvage, check: Some(check), wants_wipe, ..Self::default() })
    }

    /// Asks for another check, unless one was done already since the last loss.
    pub(super) const fn check_again(&mut self) {
        self.wants_check = !self.was_checked_again;
    }

    /// Begins to offer everything again; returns false when that is under way already.
    pub(super) fn offer_again(&mut self, epoch: i64, stored: Option<i64>) -> bool {
        let is_new = self.offer.as_ref().is_none_or(|offer| offer.epoch != epoch);
        if is_new {
            self.offer = Some(Offer { next_row: 0, epoch, stored, held: BTreeMap::new() });
        }
        is_new
    }
}
