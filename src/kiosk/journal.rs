//! The durable book of everything a kiosk was told: a rating is safe once [`Journal::append`]
//! returns.
//!
//! One SQLite file in WAL mode with `synchronous = FULL` on one connection that nobody else may
//! open, because a shop's answer to a hung kiosk is to pull the plug. A rating costs one commit and
//! one flush. Pages of 1024 bytes measured best for the bytes that reach the card.
//!
//! Invariants: no event is deleted before the hub's receipt has named it; nothing is updated in
//! place but the mark up to which a run is settled; an append that failed, or may have, closes the
//! run, so that its numbers are never handed out again; and every number that was handed out is
//! settled, waiting, set aside, or reported as lost.
//!
//! A card damages what it likes. Each row carries a checksum (`row`), the numbers reached are
//! kept outside of the database too (`high_water`), a file that cannot be trusted is put beside a fresh
//! one (`repair`), and whatever is whole in it is carried over a piece at a time while ratings go
//! on (`salvage`, `chores`).

mod batch;
mod books;
mod books_sql;
mod chores;
mod error;
mod opening;
mod rescue;
mod reserve;
mod row;
mod schema;
mod source;
mod thread;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

pub use self::batch::{ArchiveSeen, Batch, BatchRun, Settlement};
pub use self::books::{Books, Ledger, RunBooks};
use self::chores::Chores;
pub use self::error::Error;
use self::error::sort;
use self::rescue::high_water::{self, Mark};
use self::rescue::repair;
pub use self::row::{Entry, Kept, State};
pub use self::schema::SCHEMA_VERSION;
pub use self::source::{JournalSource, Unreadable};
pub use self::thread::{Gone, Home, JournalThread, Outcome};
use crate::feedback::event::Event;
use crate::feedback::moment::{self, Anchor, Reading, Timeline};
use crate::feedback::rating::{BootId, RatingId, RunId, Wording};

/// The file's name in the data folder.
pub const FILE: &str = "journal.sqlite";

/// How many settled events at most are deleted in one go when they are older than they are kept
/// for, so that no press waits long behind it.
const PRUNED_MAX: usize = 5_000;

/// How many of the newest rows are looked at to find out how far the last run had come.
const LAST_ROWS: usize = 64;

/// Refuses a folder that keeps nothing: an overlay, a RAM disk, another machine's disk.
///
/// # Errors
/// [`Error::Volatile`] says what the folder is on; [`Error::Folder`] that it cannot be made.
pub fn refuse_volatile(folder: &Path) -> Result<(), Error> {
    let folder = folder.to_owned();
    if let Err(source) = std::fs::create_dir_all(&folder) {
        return Err(Error::Folder { folder, source });
    }
    match reserve::unsafe_ground(&folder) {
        Some(kind) => Err(Error::Volatile { folder, kind }),
        None => Ok(()),
    }
}

/// How large the journal may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes that the database may have.
    pub bytes_max: u64,
}

impl Default for Limits {
    /// A gigabyte: ten million ratings.
    fn default() -> Self {
        Self { bytes_max: 1024 * 1024 * 1024 }
    }
}

/// The journal file, open, and the run that writes in it.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    folder: PathBuf,
    run: Option<Run>,
    /// No event before this row waits.
    unsent_row: i64,
    /// No row after this one is used.
    last_row: i64,
    /// The number of the damaged journal that this one follows on, or 0.
    after_bad: i64,
    books: Books,
    timeline: Timeline,
    question: Option<(Wording, i64)>,
    mark: Mark,
    chores: Chores,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    key: i64,
    id: RunId,
    boot_key: i64,
    boot: BootId,
    taken: u32,
}

impl Journal {
    /// Begins a run, so that ratings can be appended.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(&mut self, run: RunId, boot: BootId) -> Result<(), Error> {
        let begun = books_sql::begin(&mut self.connection, run, boot, self.after_bad);
        let failed = |source| self.sort_full(sort(&self.folder, "begin a run in", source));
        let run = begun.map_err(failed)?;
        self.run = Some(run);
        self.timeline.see(boot);
        self.write_mark();
        Ok(())
    }

    /// Writes the high-water mark. Without it a loss may go unnoticed, but no rating waits for it.
    fn write_mark(&mut self) {
        let written = books_sql::reached(&self.connection, self.run.as_ref())
            .map_err(std::io::Error::other)
            .and_then(|runs| self.mark.write(&self.folder, &runs));
        if let Err(error) = written {
            tracing::warn!(%error, "the high-water mark could not be written");
        }
    }

    /// Ends well: what the mark does not know yet is written into it.
    pub fn close(mut self) {
        let known = self.mark.runs.first().map(|newest| (newest.run, newest.taken));
        if self.run.is_some_and(|run| known != Some((run.id, run.taken))) {
            self.write_mark();
        }
    }

    /// Writes an event and returns it with its number once it is durable on the card.
    ///
    /// # Errors
    /// After any error the journal must be opened anew: whether the event is on the card is not
    /// known, and only a new run can be sure not to hand out its number again.
    pub fn append(&mut self, event: Event, reading: Reading) -> Result<Entry, Error> {
        let Some(run) = self.run else {
            let sentence = "a run must be begun before an event can be kept".to_owned();
            let source = rusqlite::Error::InvalidParameterName(sentence);
            return Err(sort(&self.folder, "append to", source));
        };
        let id = RatingId { run: run.id, n: run.taken + 1 };
        let entry = Entry { id, reading, event };
        if let Err(source) = self.insert(&run, &entry) {
            return Err(self.sort_full(sort(&self.folder, "append to", source)));
        }
        self.took(run, id.n);
        Ok(entry)
    }

    fn took(&mut self, run: Run, n: u32) {
        self.run = Some(Run { taken: n, ..run });
        self.last_row += 1;
        self.books.taken += 1;
        self.books.waiting += 1;
        if n.is_multiple_of(high_water::EVERY) {
            self.write_mark();
            reserve::lay_down(&self.folder);
        }
    }

    fn insert(&mut self, run: &Run, entry: &Entry) -> rusqlite::Result<()> {
        let question = entry.event.question();
        let question = question.map(|question| self.question_key(question)).transpose()?;
        // A row that is taken already means that the newest rows cannot be seen, and a rating that
        // is not written is not to be thanked for.
        match row::insert(&self.connection, self.last_row + 1, run.key, question, entry)? {
            true => Ok(()),
            false => Err(rusqlite::Error::QueryReturnedNoRows),
        }
    }

    /// The question's key; a commit of its own only the first time a question is asked.
    fn question_key(&mut self, question: &Wording) -> rusqlite::Result<i64> {
        if let Some((_, key)) = self.question.as_ref().filter(|(known, _)| known == question) {
            return Ok(*key);
        }
        let key = books_sql::add_question(&self.connection, question, None, self.after_bad)?;
        self.question = Some((question.clone(), key));
        Ok(key)
    }

    /// The identity that the next event gets, once a run has begun.
    #[must_use]
    pub fn next_id(&self) -> Option<RatingId> {
        self.run.map(|run| RatingId { run: run.id, n: run.taken + 1 })
    }

    /// The event with this identity, if it is one of the newest.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn newest_of(&self, id: RatingId) -> Result<Option<Entry>, Error> {
        let limit = i64::try_from(LAST_ROWS).unwrap_or(i64::MAX);
        let rest = "where event.row > ? order by event.row desc limit ?";
        let newest = row::select(&self.connection, rest, -1, limit)
            .map_err(|source| sort(&self.folder, "read", source))?;
        Ok(newest.into_iter().filter_map(|kept| kept.entry.ok()).find(|entry| entry.id == id))
    }

    /// Keeps what is known of this boot's time, if it tells something new.
    ///
    /// # Errors
    /// When the commit fails.
    pub fn tie(&mut self, anchor: Anchor) -> Result<(), Error> {
        let Some(run) = self.run else {
            return Ok(());
        };
        if !moment::is_worth_keeping(&anchor, self.timeline.of(run.boot)) {
            return Ok(());
        }
        let add =
            |connection: &mut Connection| books_sql::add_anchor(connection, run.boot_key, &anchor);
        schema::unflushed(&mut self.connection, add)
            .map_err(|source| sort(&self.folder, "keep the time in", source))?;
        self.timeline.add(run.boot, anchor);
        self.books.untold += 1;
        Ok(())
    }

    /// The events after a row, oldest first, up to a number of them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn page(&self, after: i64, rows_max: usize) -> Result<Vec<Kept>, Error> {
        self.rows("where event.row > ? order by event.row limit ?", after, rows_max)
    }

    /// As [`Journal::page`], but only those that wait.
    fn waiting_page(&self, after: i64, rows_max: usize) -> Result<Vec<Kept>, Error> {
        let waits = row::WAITS;
        let rest = format!("where event.row > ? and ({waits}) order by event.row limit ?");
        self.rows(&rest, after, rows_max)
    }

    fn rows(&self, rest: &str, after: i64, rows_max: usize) -> Result<Vec<Kept>, Error> {
        let limit = i64::try_from(rows_max).unwrap_or(i64::MAX);
        let rows = row::select(&self.connection, rest, after, limit)
            .map_err(|source| sort(&self.folder, "read", source))?;
        let mut last = after;
        for kept in &rows {
            if kept.row <= last {
                let what = "has rows out of their order".to_owned();
                return Err(Error::Damaged { folder: self.folder.clone(), what });
            }
            last = kept.row;
        }
        Ok(rows)
    }

    /// Deletes settled events that were taken before a time, oldest first; returns how many.
    ///
    /// Rows lie in the order in which they were taken, so an event of unknown age is as old as the
    /// next one whose time is known. What was set aside stays, and so does the newest row.
    ///
    /// # Errors
    /// When the commit fails; then nothing of it has happened.
    pub fn prune(&mut self, before_utc_ms: i64) -> Result<usize, Error> {
        let is_old = |kept: &&Kept| match &kept.entry {
            Ok(entry) => {
                let moment = self.timeline.date(kept.boot, entry.reading);
                moment.quality == moment::Quality::Exact && moment.utc_ms < before_utc_ms
            }
            Err(_) => false,
        };
        let page = self.oldest_to_let_go()?;
        let is_done = |kept: &&Kept| kept.state != State::Waiting;
        let Some(last) = page.iter().take_while(is_done).filter(is_old).last() else {
            return Ok(0);
        };
        self.let_go(last.row)
    }

    /// Deletes the oldest settled events whatever their age, to make room; returns how many.
    ///
    /// # Errors
    /// When the commit fails; then nothing of it has happened.
    pub fn make_room(&mut self) -> Result<usize, Error> {
        let page = self.oldest_to_let_go()?;
        let is_done = |kept: &&Kept| kept.state != State::Waiting;
        let Some(last) = page.iter().take_while(is_done).last() else {
            return Ok(0);
        };
        self.let_go(last.row)
    }

    /// The oldest rows but those that are set aside, which stay whatever their age.
    fn oldest_to_let_go(&self) -> Result<Vec<Kept>, Error> {
        let rest = "where event.row > ? and (set_aside.n is null or set_aside.is_again = 1) \
                    order by event.row limit ?";
        self.rows(rest, 0, PRUNED_MAX)
    }

    fn let_go(&mut self, last: i64) -> Result<usize, Error> {
        let sql = "delete from event where row <= ? and row < (select max(row) from event) \
                   and not exists (select 1 from set_aside \
                   where set_aside.run = event.run and set_aside.n = event.n)";
        self.connection.execute(sql, [last]).map_err(|source| sort(&self.folder, "prune", source))
    }

    /// How the books stand.
    #[must_use]
    pub const fn books(&self) -> Books {
        self.books
    }

    /// What the books say of everything.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn ledger(&self) -> Result<Ledger, Error> {
        let (runs, bad_files) = (self.run_books()?, repair::list(&self.folder));
        Ok(Ledger { runs, bad_files, is_salvaging: self.is_salvaging() })
    }

    fn run_books(&self) -> Result<Vec<RunBooks>, Error> {
        let read = || -> rusqlite::Result<Vec<RunBooks>> {
            let sql = "select run, n, reason from set_aside where is_again = 0";
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut reasons = std::collections::BTreeMap::<(i64, u32), String>::new();
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
        read().map_err(|source| sort(&self.folder, "read", source))
    }

    /// The run that writes, once begun, and the boot that it lives in.
    #[must_use]
    pub fn run(&self) -> Option<(RunId, BootId)> {
        self.run.map(|run| (run.id, run.boot))
    }

    /// What is known of the time of all boots.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    fn taken_in(&self, run: RunId) -> Result<u32, Error> {
        if let Some(present) = self.run.filter(|present| present.id == run) {
            return Ok(present.taken);
        }
        let row = books_sql::run_of(&self.connection, run);
        let row = row.map_err(|source| sort(&self.folder, "read", source))?;
        Ok(row.map_or(0, |row| row.taken))
    }

    fn read_books(&mut self) -> Result<(), Error> {
        self.books = books_sql::books(&self.connection, self.run.as_ref())
            .map_err(|source| sort(&self.folder, "read", source))?;
        Ok(())
    }

    /// Tells a full card from a journal that is as large as it may be.
    fn sort_full(&self, error: Error) -> Error {
        match error {
            Error::Full(folder) if schema::is_at_limit(&self.connection).unwrap_or(false) => {
                Error::AtLimit(folder)
            }
            other => other,
        }
    }
}
