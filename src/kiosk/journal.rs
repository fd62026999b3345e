//! The durable book of everything a kiosk was told: a rating is safe once [`Journal::append`]
//! returns.
//!
//! One SQLite file in WAL mode with `synchronous = FULL` on one connection that nobody else may
//! open, because a shop's answer to a hung kiosk is to pull the plug. A rating costs one commit and
//! one flush. Pages of 1024 bytes measured best for the bytes that reach the card.
//!
//! Invariants: no event is deleted before the hub's receipt has named it; nothing is updated in
//! place but the mark up to which a run is settled; an append that failed, or may have, closes the
//! run, so that its numbers are never handed out again.

mod keeper;
mod ledger;
mod row;
mod schema;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};

pub use self::keeper::{Answer, Gone, Keeper};
pub use self::row::{Entry, Kept, State};
pub use self::schema::SCHEMA_VERSION;
use crate::feedback::moment::{self, Anchor, Reading, Timeline};
use crate::feedback::rating::{BootId, Question, Rated, RatingId, RunId};

/// The file's name in the data folder.
pub const FILE: &str = "journal.sqlite";

/// SQLite before this version can corrupt a WAL file that two connections checkpoint.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// How many settled events at most are deleted in one go when they are older than they are kept
/// for, so that no press waits long behind it.
const PRUNED_MAX: usize = 5_000;

/// What keeps the journal from doing its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no room left on the card.
    #[error("journal is full: free some room in {}", .0.display())]
    Full(PathBuf),
    /// The folder or the file cannot be written.
    #[error("journal cannot be written in {}: is the card or the folder read-only?", .0.display())]
    ReadOnly(PathBuf),
    /// Another process has the journal open.
    #[error("journal in {} is in use: is another smilepost-kiosk running?", .0.display())]
    InUse(PathBuf),
    /// The journal was written by a newer program.
    #[error(
        "journal in {} has schema {found}, and this program knows up to {SCHEMA_VERSION}: it was \
         left untouched; install the newer smilepost-kiosk again", .folder.display()
    )]
    Newer {
        /// Where the journal is.
        folder: PathBuf,
        /// The schema it has.
        found: i32,
    },
    /// The data folder is not one, or cannot be made.
    #[error("data folder {} cannot be used", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a journal, or is damaged.
    #[error("cannot {action} journal in {}", .folder.display())]
    Sqlite {
        /// The step that failed.
        action: &'static str,
        /// Where the journal is.
        folder: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
}

/// How the books stand: `taken = settled + set aside + waiting`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Events taken since the journal was made.
    pub taken: u64,
    /// Of these, confirmed by the hub.
    pub settled: u64,
    /// Of these, kept but not to be counted at the hub.
    pub set_aside: u64,
    /// Of these, still to be delivered.
    pub waiting: u64,
    /// Anchors that the hub has not been told of.
    pub untold: u64,
}

/// What goes into a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
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
}

/// The journal file, open, and the run that writes in it.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    folder: PathBuf,
    run: Option<Run>,
    /// No event before this row waits.
    unsent_row: i64,
    books: Books,
    timeline: Timeline,
    question: Option<(Question, i64)>,
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
    /// Opens the journal in a folder, making both if need be; see [`Journal::begin`].
    ///
    /// # Errors
    /// [`Error::Newer`] leaves the file untouched. [`Error::InUse`] when another process holds it.
    /// The others say what is wrong with the folder, the card or the file.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let at_folder = |source| Error::Folder { folder: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(at_folder)?;
        let file = folder.join(FILE);
        schema::refuse_newer(folder, schema::version_in_header(&file).map_err(at_folder)?)?;
        assert!(
            rusqlite::version_number() >= SQLITE_VERSION_MIN,
            "this program was linked with an SQLite that can corrupt its journal"
        );
        let failed = |action| move |source| sort(folder, action, source);
        let mut connection = Connection::open(&file).map_err(failed("open"))?;
        schema::prepare(&connection).map_err(failed("open"))?;
        let version = schema::user_version(&connection).map_err(failed("open"))?;
        schema::refuse_newer(folder, version)?;
        schema::migrate(&mut connection, version).map_err(failed("migrate"))?;
        ledger::close_books(&connection).map_err(failed("close the last run in"))?;
        let books = ledger::books(&connection, None).map_err(failed("read"))?;
        let timeline = ledger::timeline(&connection).map_err(failed("read"))?;
        let unsent_row = connection
            .query_row("select value from meta where key = 'unsent_row'", [], |row| row.get(0))
            .optional()
            .map_err(failed("read"))?
            .unwrap_or(0);
        let folder = folder.to_owned();
        Ok(Self { connection, folder, run: None, unsent_row, books, timeline, question: None })
    }

    /// Begins a run, so that ratings can be appended.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(&mut self, run: RunId, boot: BootId) -> Result<(), Error> {
        let failed = |source| sort(&self.folder, "begin a run in", source);
        let run = ledger::begin(&mut self.connection, run, boot).map_err(failed)?;
        self.run = Some(run);
        Ok(())
    }

    /// Writes a rating and returns it with its number once it is durable on the card.
    ///
    /// # Errors
    /// After any error the journal must be opened anew: whether the rating is on the card is not
    /// known, and only a new run can be sure not to hand out its number again.
    pub fn append(&mut self, rated: Rated, reading: Reading) -> Result<Entry, Error> {
        let Some(run) = self.run else {
            let sentence = "a run must be begun before a rating can be kept".to_owned();
            let source = rusqlite::Error::InvalidParameterName(sentence);
            return Err(sort(&self.folder, "append to", source));
        };
        let id = RatingId { run: run.id, n: run.taken + 1 };
        let entry = Entry { id, reading, rated };
        self.insert(&run, &entry).map_err(|source| sort(&self.folder, "append to", source))?;
        self.run = Some(Run { taken: id.n, ..run });
        self.books.taken += 1;
        self.books.waiting += 1;
        Ok(entry)
    }

    fn insert(&mut self, run: &Run, entry: &Entry) -> rusqlite::Result<()> {
        let Entry { id, reading, rated } = entry;
        let question = self.question_key(&rated.question)?;
        let sql = "insert into event (run, n, boot_ms, wall_ms, score, scale, input, question, \
                   misuse, misuse_rule, replaces, crc) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        self.connection.prepare_cached(sql)?.execute(params![
            run.key,
            id.n,
            i64::try_from(reading.boot_ms).unwrap_or(i64::MAX),
            reading.wall_ms,
            rated.score.value(),
            rated.score.scale().faces(),
            row::input_number(rated.input),
            question,
            rated.misuse.map(|misuse| misuse.reason.name()),
            rated.misuse.map(|misuse| misuse.rule),
            rated.replaces,
            row::checksum(entry),
        ])?;
        Ok(())
    }

    /// The question's key; a commit of its own only the first time a question is asked.
    fn question_key(&mut self, question: &Question) -> rusqlite::Result<i64> {
        if let Some((_, key)) = self.question.as_ref().filter(|(known, _)| known == question) {
            return Ok(*key);
        }
        let sql = "insert into question (name, version, language) values (?, ?, ?) \
                   on conflict do nothing";
        let words = params![question.id, question.version, question.language];
        self.connection.execute(sql, words)?;
        let sql = "select id from question where name = ? and version = ? and language = ?";
        let key = self.connection.query_row(sql, words, |row| row.get(0))?;
        self.question = Some((question.clone(), key));
        Ok(key)
    }

    /// The oldest events that wait, up to a number of them.
    ///
    /// A damaged row is set aside on the way, durably, since it must never be sent as the truth.
    ///
    /// # Errors
    /// When the file cannot be read, or a damaged row not be set aside.
    pub fn batch(&mut self, events_max: usize) -> Result<Batch, Error> {
        let (mut runs, mut damaged) = (Vec::<BatchRun>::new(), Vec::new());
        for kept in self.page(self.unsent_row - 1, events_max, true)? {
            let entry = match kept.entry {
                Ok(entry) => entry,
                Err(id) => {
                    damaged.push((id, "damaged on the card".to_owned()));
                    continue;
                }
            };
            match runs.last_mut().filter(|run| run.run == entry.id.run) {
                Some(run) => run.entries.push(entry),
                None => runs.push(BatchRun {
                    run: entry.id.run,
                    boot: kept.boot,
                    taken: self.taken_in(entry.id.run)?,
                    entries: vec![entry],
                }),
            }
        }
        if !damaged.is_empty() {
            let settlement = Settlement { set_aside: damaged, ..Settlement::default() };
            self.settle(&settlement)?;
        }
        let anchors = ledger::untold(&self.connection);
        let anchors = anchors.map_err(|source| sort(&self.folder, "read", source))?;
        Ok(Batch { runs, anchors, books: self.books })
    }

    /// Marks what a receipt settled, in one commit; none if there is nothing to mark.
    ///
    /// # Errors
    /// When the commit fails; then nothing of it has happened, and the events go out again.
    pub fn settle(&mut self, settlement: &Settlement) -> Result<(), Error> {
        let Self { connection, run, unsent_row, timeline, .. } = self;
        let anchor = settlement.anchor.and_then(|new| {
            let run = run.filter(|run| moment::is_worth_keeping(&new, timeline.of(run.boot)))?;
            Some((run, new))
        });
        let Settlement { settled, set_aside, told, .. } = settlement;
        if settled.is_empty() && set_aside.is_empty() && told.is_empty() && anchor.is_none() {
            // An idle kiosk hears from the hub every few minutes, and that must not wear the card.
            return Ok(());
        }
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            for (id, reason) in set_aside {
                let sql = "insert into set_aside (run, n, reason) \
                           select id, ?, ? from run where uuid = ? on conflict do nothing";
                transaction.execute(sql, params![id.n, reason, id.run.0])?;
            }
            let done = settled.iter().chain(set_aside.iter().map(|(id, _)| id));
            ledger::advance(&transaction, done)?;
            let next = ledger::next_unsent(&transaction, *unsent_row)?;
            let sql = "insert into meta (key, value) values ('unsent_row', ?) \
                       on conflict do update set value = excluded.value";
            transaction.execute(sql, [next])?;
            for key in told {
                transaction.execute("update anchor set is_told = 1 where id = ?", [key])?;
            }
            if let Some((run, anchor)) = &anchor {
                ledger::add_anchor(&transaction, run.boot_key, anchor)?;
            }
            transaction.commit()?;
            Ok(next)
        };
        let failed = |source| sort(&self.folder, "settle events in", source);
        *unsent_row = write(connection).map_err(failed)?;
        if let Some((run, anchor)) = anchor {
            timeline.add(run.boot, anchor);
        }
        self.books = ledger::books(connection, run.as_ref()).map_err(failed)?;
        Ok(())
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
        ledger::add_anchor(&self.connection, run.boot_key, &anchor)
            .map_err(|source| sort(&self.folder, "keep the time in", source))?;
        self.timeline.add(run.boot, anchor);
        self.books.untold += 1;
        Ok(())
    }

    /// The events after a row, oldest first, up to a number of them; or only those that wait.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn page(&self, after: i64, rows_max: usize, is_waiting: bool) -> Result<Vec<Kept>, Error> {
        let (columns, sources) = (row::COLUMNS, row::SOURCES);
        let only =
            if is_waiting { "and event.n > run.settled_n and set_aside.n is null" } else { "" };
        let sql = format!(
            "select {columns} from {sources} where event.row > ? {only} order by event.row limit ?"
        );
        let read = || -> rusqlite::Result<Vec<Kept>> {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let limit = i64::try_from(rows_max).unwrap_or(i64::MAX);
            statement.query_map(params![after, limit], row::read)?.collect()
        };
        read().map_err(|source| sort(&self.folder, "read", source))
    }

    /// Deletes settled events that were taken before a time, oldest first; returns how many.
    ///
    /// Rows lie in the order in which they were taken, so an event of unknown age is as old as the
    /// next one whose time is known. What was set aside stays, and so does the newest row: without
    /// it SQLite would begin to count rows anew.
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
        let page = self.page(0, PRUNED_MAX, false)?;
        let done = page.iter().take_while(|kept| kept.state != State::Waiting);
        let Some(last) = done.filter(is_old).last().map(|kept| kept.row) else {
            return Ok(0);
        };
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
        self.connection
            .query_row("select taken from run where uuid = ?", [run.0], |row| row.get(0))
            .map_err(|source| sort(&self.folder, "read", source))
    }
}

/// Tells the errors that a person can cure from the others.
fn sort(folder: &Path, action: &'static str, source: rusqlite::Error) -> Error {
    let folder = folder.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::Full(folder),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            Error::ReadOnly(folder)
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::InUse(folder),
        // On a read-only card SQLite may only say that it could not lock.
        Some(ErrorCode::SystemIoFailure) if is_read_only(&folder) => Error::ReadOnly(folder),
        _ => Error::Sqlite { action, folder, source },
    }
}

/// Whether nothing can be written into a folder, tried with a file of no bytes.
fn is_read_only(folder: &Path) -> bool {
    let file = folder.join("is-writable");
    let tried = std::fs::write(&file, "").and_then(|()| std::fs::remove_file(&file));
    tried.is_err_and(|error| error.kind() == std::io::ErrorKind::ReadOnlyFilesystem)
}
