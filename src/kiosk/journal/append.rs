//! The open journal, and what is written into it as it happens.

use std::path::PathBuf;

use rusqlite::Connection;

use super::books::Books;
use super::books_sql::{self, Run};
use super::chores::Chores;
use super::error::{Error, classify};
use super::rescue::high_water::{self, Mark};
use super::rescue::own::{self, Own};
use super::row::{self, Entry};
use super::{reserve, schema};
use crate::feedback::event::Event;
use crate::feedback::moment::{self, Anchor, Reading, Timeline};
use crate::feedback::rating::{BootId, RatingId, RunId, Wording};

/// The journal file, open, and the run that writes in it.
#[derive(Debug)]
pub struct Journal {
    pub(super) connection: Connection,
    pub(super) folder: PathBuf,
    pub(super) run: Option<Run>,
    /// All events before this row are done with.
    pub(super) unsent_row: i64,
    /// The last row in use.
    pub(super) last_row: i64,
    /// The number of the damaged journal that this one replaced, or 0.
    pub(super) after_bad: i64,
    pub(super) books: Books,
    pub(super) timeline: Timeline,
    pub(super) question: Option<(Wording, i64)>,
    pub(super) mark: Mark,
    pub(super) chores: Chores,
    /// After the connection, since it has to outlive that.
    pub(super) own: Option<Own>,
}

impl Journal {
    /// Whether the journal's name still leads to the file that is open.
    pub(super) fn is_in_place(&self) -> bool {
        self.own.as_ref().is_none_or(|own| own.is_in(&self.folder))
    }

    /// Copies everything into a new file, since another has the journal's name.
    pub(super) fn save(&self) -> Result<(), Error> {
        own::save(&self.connection, &self.folder).map_err(|source| {
            match classify(&self.folder, "copy", source) {
                damaged @ Error::Damaged { .. } => damaged,
                other => Error::Replaced { folder: self.folder.clone(), source: Box::new(other) },
            }
        })
    }

    /// Begins a run, which events need.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(&mut self, run: RunId, boot: BootId) -> Result<(), Error> {
        let begun = books_sql::begin(&mut self.connection, run, boot, self.after_bad);
        let failed = |source| self.classify_full(classify(&self.folder, "begin a run in", source));
        let run = begun.map_err(failed)?;
        self.run = Some(run);
        self.timeline.see(boot);
        self.write_mark();
        Ok(())
    }

    /// Writes the high-water mark. Without it a loss may go unnoticed, but no rating waits for it.
    pub(super) fn write_mark(&mut self) {
        let written = books_sql::reached(&self.connection, self.run.as_ref())
            .map_err(std::io::Error::other)
            .and_then(|runs| self.mark.write(&self.folder, &runs));
        if let Err(error) = written {
            tracing::warn!(%error, "cannot write the high-water mark");
        }
    }

    /// Closes the journal and brings the high-water mark up to date.
    pub fn close(mut self) {
        let known = self.mark.runs.first().map(|newest| (newest.run, newest.taken));
        if self.run.is_some_and(|run| known != Some((run.id, run.taken))) {
            self.write_mark();
        }
    }

    /// Writes an event and returns it with its number once it is durable on the card.
    ///
    /// # Errors
    /// After any error the journal must be reopened: it is not known whether the event is on the
    /// card, and only a new run is sure not to hand out its number again.
    pub fn append(&mut self, event: Event, reading: Reading) -> Result<Entry, Error> {
        let Some(run) = self.run else {
            let sentence = "begin a run before appending an event".to_owned();
            let source = rusqlite::Error::InvalidParameterName(sentence);
            return Err(classify(&self.folder, "append to", source));
        };
        let id = RatingId { run: run.id, n: run.taken + 1 };
        let entry = Entry { id, reading, event };
        if let Err(source) = self.insert(&run, &entry) {
            return Err(self.classify_full(classify(&self.folder, "append to", source)));
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
        // A row that is in use means that the newest rows cannot be seen; a rating that is not
        // written must not be thanked for.
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

    /// Keeps an anchor of this boot's time, if it tells something new.
    ///
    /// # Errors
    /// When the commit fails.
    pub fn add_anchor(&mut self, anchor: Anchor) -> Result<(), Error> {
        let Some(run) = self.run else {
            return Ok(());
        };
        if !moment::is_worth_keeping(&anchor, self.timeline.of(run.boot)) {
            return Ok(());
        }
        let add =
            |connection: &mut Connection| books_sql::add_anchor(connection, run.boot_key, &anchor);
        schema::unflushed(&mut self.connection, add)
            .map_err(|source| classify(&self.folder, "keep the time in", source))?;
        self.timeline.add(run.boot, anchor);
        self.books.untold += 1;
        Ok(())
    }

    /// The run that writes, once begun, and the boot that it lives in.
    #[must_use]
    pub fn run(&self) -> Option<(RunId, BootId)> {
        self.run.map(|run| (run.id, run.boot))
    }

    /// Tells a full card from a journal that has reached its largest size.
    fn classify_full(&self, error: Error) -> Error {
        match error {
            Error::Full(folder) if schema::is_at_limit(&self.connection).unwrap_or(false) => {
                Error::AtLimit(folder)
            }
            other => other,
        }
    }
}
