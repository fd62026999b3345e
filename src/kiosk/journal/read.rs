//! What the journal holds, read back: its events, page by page, and its books.

use std::collections::BTreeMap;

use super::append::Journal;
use super::books::{Audit, Books, RunBooks};
use super::books_sql;
use super::error::{Error, classify};
use super::rescue::repair;
use super::row::{self, Entry, Kept};
use crate::feedback::moment::Timeline;
use crate::feedback::rating::{RatingId, RunId};

impl Journal {
    /// The events after a row, oldest first, up to a number of them, without those that were let
    /// go of.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn page(&self, after: i64, rows_max: usize) -> Result<Vec<Kept>, Error> {
        let is_there = row::gone::IS_THERE;
        let rest = format!("where event.row > ? and {is_there} order by event.row limit ?");
        self.rows(&rest, after, rows_max)
    }

    /// As [`Journal::page`], but only those that wait.
    pub(super) fn waiting_page(&self, after: i64, rows_max: usize) -> Result<Vec<Kept>, Error> {
        let waits = row::WAITS;
        let rest = format!("where event.row > ? and ({waits}) order by event.row limit ?");
        self.rows(&rest, after, rows_max)
    }

    pub(super) fn rows(&self, rest: &str, after: i64, rows_max: usize) -> Result<Vec<Kept>, Error> {
        let limit = i64::try_from(rows_max).unwrap_or(i64::MAX);
        let rows = row::select(&self.connection, rest, after, limit)
            .map_err(|source| classify(&self.folder, "read", source))?;
        let mut last = after;
        for kept in &rows {
            if kept.row <= last {
                let what = "has rows in the wrong order".to_owned();
                return Err(Error::Damaged { folder: self.folder.clone(), what });
            }
            last = kept.row;
        }
        Ok(rows)
    }

    /// The event with this identity, if it is one of the newest.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn newest_of(&self, id: RatingId) -> Result<Option<Entry>, Error> {
        let limit = i64::try_from(books_sql::LAST_ROWS).unwrap_or(i64::MAX);
        let rest = "where event.row > ? order by event.row desc limit ?";
        let newest = row::select(&self.connection, rest, -1, limit)
            .map_err(|source| classify(&self.folder, "read", source))?;
        Ok(newest.into_iter().filter_map(|kept| kept.entry.ok()).find(|entry| entry.id == id))
    }

    /// How the books stand.
    #[must_use]
    pub const fn books(&self) -> Books {
        self.books
    }

    /// The books of every run, and the state of damaged files.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn audit(&self) -> Result<Audit, Error> {
        let runs = self.run_books()?;
        let bad_files = repair::list(&self.folder);
        Ok(Audit { runs, bad_files, is_salvaging: self.is_salvaging() })
    }

    pub(super) fn run_books(&self) -> Result<Vec<RunBooks>, Error> {
        let read = || -> rusqlite::Result<Vec<RunBooks>> {
            let sql = "select run, n, reason from set_aside where is_again = 0";
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut reasons = BTreeMap::<(i64, u32), String>::new();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                reasons.insert((row.get(0)?, row.get(1)?), row.get(2)?);
            }
            let runs = books_sql::runs(&self.connection)?.into_iter().map(|run| {
                let aside = books_sql::aside_of(&self.connection, run.key)?;
                let present = self.run.filter(|present| present.key == run.key);
                let of_run = reasons.range((run.key, 0)..=(run.key, u32::MAX));
                Ok(RunBooks {
                    run: run.run,
                    taken: present.map_or(run.taken, |present| present.taken),
                    settled: run.settled,
                    set_aside: of_run.map(|((_, n), why)| (*n, why.clone())).collect(),
                    again: aside.iter().filter(|(_, again)| *again).map(|(n, _)| *n).collect(),
                    lost: books_sql::lost_of(&self.connection, run.key)?,
                })
            });
            runs.collect()
        };
        read().map_err(|source| classify(&self.folder, "read", source))
    }

    /// What is known of the time of all boots.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    pub(super) fn taken_in(&self, run: RunId) -> Result<u32, Error> {
        if let Some(present) = self.run.filter(|present| present.id == run) {
            return Ok(present.taken);
        }
        let row = books_sql::run_of(&self.connection, run);
        let row = row.map_err(|source| classify(&self.folder, "read", source))?;
        Ok(row.map_or(0, |row| row.taken))
    }

    pub(super) fn read_books(&mut self) -> Result<(), Error> {
        self.books = books_sql::books(&self.connection, self.run.as_ref())
            .map_err(|source| classify(&self.folder, "read", source))?;
        Ok(())
    }
}
