//! Opens the journal, however the last run ended: a sound file is used again, and a damaged one is
//! quarantined before anything is written into it.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::append::Journal;
use super::books::Books;
use super::chores::Chores;
use super::error::{Error, classify, classify_io};
use super::folder::{FILE, Limits, is_there};
use super::rescue::high_water::{self, Mark, Reached};
use super::rescue::own::Own;
use super::rescue::{repair, salvage};
use super::schema::SCHEMA_VERSION;
use super::{books_sql, reserve, row, schema};
use crate::feedback::moment::Timeline;

/// SQLite before this version can corrupt a WAL file that two connections checkpoint.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// Opens the journal in a folder; none where nothing of one is there, and then nothing is made.
///
/// # Errors
/// As for [`Journal::open`], and when nobody can tell whether one is there.
pub fn open_there(folder: &Path, limits: Limits) -> Result<Option<Journal>, Error> {
    if is_there(folder)? { Journal::open(folder, limits).map(Some) } else { Ok(None) }
}

/// How often it is tried to open what another process has open, and the pause before each.
const TRIES: u32 = 250;
const PAUSE: Duration = Duration::from_millis(20);

/// Opens by `open` what another process may have open: a command that only reads lets go of it
/// soon, and no kiosk ends for that.
///
/// # Errors
/// What `open` says; [`Error::InUse`] only when it still says so after 5 s.
pub fn once_free<T>(mut open: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut opened = open();
    for tried in 0..TRIES {
        let Err(error @ Error::InUse(_)) = &opened else { break };
        if tried == 0 {
            tracing::info!(%error, "waiting for it");
        }
        std::thread::sleep(PAUSE);
        opened = open();
    }
    opened
}

impl Journal {
    /// Opens the journal in a folder and creates what is missing; see [`Journal::begin`].
    ///
    /// A damaged journal is quarantined and replaced by a fresh one; [`Journal::chore`] copies the
    /// events that are whole from the old one.
    ///
    /// # Errors
    /// [`Error::Newer`] leaves the file untouched. [`Error::InUse`] when another process holds it.
    /// The others say what is wrong with the folder or the card.
    pub fn open(folder: &Path, limits: Limits) -> Result<Self, Error> {
        let at_folder = |source| Error::Folder { folder: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(at_folder)?;
        let newer = schema::newer_in_header(&folder.join(FILE)).map_err(at_folder)?;
        schema::refuse_newer(folder, newer)?;
        assert!(
            rusqlite::version_number() >= SQLITE_VERSION_MIN,
            "this program was linked with an SQLite that can corrupt its journal"
        );
        repair::finish(folder).map_err(|source| classify_io(folder, source))?;
        match Self::open_sound(folder, limits) {
            Err(error @ Error::Damaged { .. }) => {
                let number = Self::quarantine(folder, &error)?;
                tracing::error!(number, "a fresh journal replaces the damaged one");
                Self::open_sound(folder, limits)
            }
            opened => opened,
        }
    }

    /// Renames the files of a damaged journal, which nobody may have open, to `*.bad-N`; returns N.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn quarantine(folder: &Path, error: &Error) -> Result<i64, Error> {
        let error = error as &dyn std::error::Error;
        tracing::error!(error, "the journal is damaged; the file is kept as {FILE}.bad-N");
        repair::quarantine(folder).map_err(|source| classify_io(folder, source))
    }

    fn open_sound(folder: &Path, limits: Limits) -> Result<Self, Error> {
        let damaged =
            |what: &str| Error::Damaged { folder: folder.to_owned(), what: what.to_owned() };
        let looked = repair::look(folder).map_err(|source| classify_io(folder, source))?;
        if let Some(what) = looked {
            return Err(damaged(what));
        }
        let failed = |action| move |source| classify(folder, action, source);
        let mut connection = Connection::open(folder.join(FILE)).map_err(failed("open"))?;
        // Whoever can wait for another process does so outside: see [`once_free`].
        connection.busy_timeout(Duration::ZERO).map_err(failed("open"))?;
        // Nothing may be written into the file before it is known to be sound, and a WAL that
        // SQLite takes for shorter than it was must not be copied into it.
        let keep_wal = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        connection.set_db_config(keep_wal, true).map_err(failed("open"))?;
        schema::prepare(&connection).map_err(failed("open"))?;
        let (version, newer) = schema::version(&connection).map_err(failed("open"))?;
        schema::refuse_newer(folder, newer)?;
        if !(0..=SCHEMA_VERSION).contains(&version) {
            return Err(damaged("has an invalid schema version"));
        }
        let bad = repair::all(folder).map_err(|source| classify_io(folder, source))?;
        let mark = Mark::read(&folder.join(high_water::FILE));
        let mut in_wal = Vec::new();
        if version == SCHEMA_VERSION {
            in_wal = salvage::unseen(folder, &connection).map_err(failed("read"))?;
            let salvaged = books_sql::meta(&connection, "salvaged").map_err(failed("read"))?;
            let is_whole = bad.last().is_none_or(|bad| salvaged >= Some(bad.number));
            let shorter =
                is_shorter(&connection, mark.as_ref(), is_whole).map_err(failed("read"))?;
            if shorter {
                return Err(damaged("has fewer events than its high-water mark records"));
            }
            let runs = books_sql::runs(&connection).map_err(failed("read"))?;
            if runs.iter().any(|run| !run.is_sound) {
                return Err(damaged("has a damaged record of how far a run is settled"));
            }
            if !is_whole {
                // What was being carried over when the power was cut is carried over again.
                let after_bad =
                    books_sql::meta(&connection, "after_bad").map_err(failed("read"))?;
                let old_keys = ..=after_bad.unwrap_or(0) * books_sql::KEYS_APART;
                in_wal.retain(|found| !old_keys.contains(&found.run_key));
            }
            if in_wal.len() > 1 {
                return Err(damaged("has events in its WAL that SQLite cannot see"));
            }
        }
        let after_bad = bad.last().map_or(0, |bad| bad.number);
        schema::migrate(&mut connection, version, after_bad).map_err(failed("migrate"))?;
        schema::limit(&connection, limits.bytes_max).map_err(failed("open"))?;
        connection.set_db_config(keep_wal, false).map_err(failed("open"))?;
        let mut journal = Self {
            connection,
            folder: folder.to_owned(),
            run: None,
            unsent_row: 0,
            last_row: 0,
            after_bad: 0,
            books: Books::default(),
            timeline: Timeline::default(),
            question: None,
            mark: mark.unwrap_or_default(),
            chores: Chores::default(),
            own: Own::of(folder),
        };
        // A power cut during a commit can leave one whole event in the WAL without its commit.
        journal.take_in(&in_wal).map_err(failed("complete"))?;
        journal.read_state().map_err(failed("read"))?;
        journal.retry_newer()?;
        journal.chores = Chores::at_open(&journal.connection, bad, journal.unsent_row)
            .map_err(failed("read"))?;
        reserve::lay_down(folder);
        Ok(journal)
    }

    /// Closes the books of the last run and reads all books.
    fn read_state(&mut self) -> rusqlite::Result<()> {
        let Self { connection, .. } = self;
        self.after_bad = books_sql::meta(connection, "after_bad")?.unwrap_or(0);
        if books_sql::drop_unsound_losses(connection)? > 0 {
            tracing::error!(
                "a record of lost events is damaged; the journal looks for the gap again"
            );
        }
        if let Some((run, taken)) = books_sql::last_taken(connection)?
            && taken > run.taken
        {
            books_sql::write_run(connection, &books_sql::RunRow { taken, ..run })?;
        }
        self.last_row = self.after_bad * books_sql::ROWS_APART;
        let sql = "select coalesce(max(row), 0) from event";
        let highest = connection.query_row(sql, [], |row| row.get(0))?;
        self.last_row = self.last_row.max(highest);
        self.unsent_row = books_sql::meta(connection, "unsent_row")?.unwrap_or(0);
        self.timeline = books_sql::timeline(connection)?;
        self.books = books_sql::books(connection, None)?;
        Ok(())
    }

    /// Adds events that were found whole in the WAL and belong to known runs, as the newest
    /// rows: their own row number is not part of what their checksum covers.
    fn take_in(&mut self, found: &[salvage::Found]) -> rusqlite::Result<()> {
        for salvage::Found { question_key, entry, .. } in found {
            let sql = "select coalesce(max(row), 0) + 1 from event";
            let row = self.connection.query_row(sql, [], |row| row.get(0))?;
            let sql = "select 1 from question where id is ?";
            let has_question = match question_key {
                Some(key) => self.connection.prepare_cached(sql)?.exists([key])?,
                None => true,
            };
            if let Some(run) = books_sql::run_of(&self.connection, entry.id.run)?
                && has_question
            {
                row::insert(&self.connection, row, run.key, *question_key, entry)?;
                tracing::info!(run = %run.run, n = entry.id.n, "the last event was recovered");
            }
        }
        Ok(())
    }
}

/// Whether runs that the mark knows are missing, or were further than the journal says.
///
/// While a damaged journal is still being salvaged, only the runs since then can be compared with
/// the mark.
fn is_shorter(
    connection: &Connection,
    mark: Option<&Mark>,
    is_whole: bool,
) -> rusqlite::Result<bool> {
    let Some(mark) = mark else {
        return Ok(false);
    };
    let last = books_sql::last_taken(connection)?;
    for Reached { run, taken, .. } in &mark.runs {
        let known = match &last {
            Some((last, taken)) if last.run == *run => Some(*taken),
            _ => books_sql::run_of(connection, *run)?.map(|row| row.taken),
        };
        if known.map_or(is_whole, |known| known < *taken) {
            return Ok(true);
        }
    }
    Ok(false)
}
