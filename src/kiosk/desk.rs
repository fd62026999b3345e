//! What the shop manager sees: the shop's day, and everything in the journal as a file.
//!
//! The journal has one owner, so a running kiosk is asked over its socket ([`socket`]), and the
//! file is opened only when none runs. Either way the journal is read a page at a time, so that no
//! press waits behind a summary.

pub mod clerk;
mod count;
pub mod paper;
pub mod phone;
pub mod sheet;
pub mod shown;
pub mod socket;
pub mod stick;
mod summary;
mod text;
mod verify;
pub mod words;

use std::cell::RefCell;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;

pub use self::clerk::{Clerk, Desk};
pub use self::count::Count;
use self::count::JudgeAgain;
pub use self::summary::{DAYS_MAX, rows, summary};
pub use self::text::{render, render_verified};
pub use self::verify::verify;
use crate::clock;
use crate::feedback::event::{Event, Loss};
use crate::feedback::misuse::Reason;
use crate::feedback::moment::{self, Anchor, Moment, Source as TimeSource, Timeline, rfc3339};
use crate::feedback::survey::Survey;
use crate::kiosk::journal::{
    Batch, Books, Entry, Error, Gone, Journal, JournalThread, Kept, Ledger, Settlement,
};
use crate::wire::delivery::{ANSWERED, CALLED, LOST, NOTED, RATED};
use crate::wire::desk::Exported;

/// How many rows are read in one go.
const ROWS_MAX: usize = 500;

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum Unanswerable {
    /// The date is none.
    #[error("{0:?} is not a date such as 2026-11-20")]
    Date(String),
    /// The time is none.
    #[error("{0:?} is not a time such as 2026-11-22T17:05 or 2026-11-22T17:05:30+02:00")]
    Time(String),
    /// The time cannot be right.
    #[error("{0} lies before this program was made, or decades after: is it a slip of the pen?")]
    Impossible(String),
    /// The day has not begun.
    #[error("{0} is still to come")]
    ToCome(NaiveDate),
    /// There are no such days, or too many.
    #[error("{from} to {to} is no range of 1 to {DAYS_MAX} days")]
    Range {
        /// The first.
        from: NaiveDate,
        /// The last.
        to: NaiveDate,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] Error),
    /// The kiosk is ending.
    #[error(transparent)]
    Gone(#[from] Gone),
    /// Too many wait already.
    #[error("the desk is busy; try again in a moment")]
    Busy,
    /// The stick cannot be written.
    #[error("the stick cannot be written: {0}")]
    Stick(String),
    /// The answer cannot be written.
    #[error("cannot write the answer")]
    Write(#[from] std::io::Error),
    /// The time belongs to a boot that is being lived.
    #[error("no kiosk is running: start smilepost-kiosk, then tell it the time")]
    NotRunning,
}

/// The journal to read: the running kiosk's, by way of its thread, or the file itself.
#[derive(Debug)]
pub enum Source {
    /// The running kiosk's.
    Running(JournalThread),
    /// The file, opened for this.
    File(Box<RefCell<Journal>>),
}

impl From<Journal> for Source {
    fn from(journal: Journal) -> Self {
        Self::File(Box::new(RefCell::new(journal)))
    }
}

impl Source {
    fn page(&self, after: i64) -> Result<Vec<Kept>, Unanswerable> {
        self.rows(after, ROWS_MAX)
    }

    fn rows(&self, after: i64, rows_max: usize) -> Result<Vec<Kept>, Unanswerable> {
        Ok(match self {
            Self::Running(keeper) => keeper.page(after, rows_max)??,
            Self::File(journal) => journal.borrow().page(after, rows_max)?,
        })
    }

    fn books(&self) -> Result<(Books, Timeline), Unanswerable> {
        Ok(match self {
            Self::Running(keeper) => keeper.books()?,
            Self::File(journal) => {
                let journal = journal.borrow();
                (journal.books(), journal.timeline().clone())
            }
        })
    }

    /// What goes into a delivery; see [`Journal::batch`].
    fn batch(&self, events_max: usize) -> Result<Batch, Unanswerable> {
        Ok(match self {
            Self::Running(keeper) => keeper.batch_now(events_max)??,
            Self::File(journal) => journal.borrow_mut().batch(events_max)?,
        })
    }

    /// Marks what a receipt settled; see [`Journal::settle`].
    fn settle(&self, settlement: Settlement) -> Result<(), Unanswerable> {
        match self {
            Self::Running(keeper) => keeper.settle_now(settlement)?.map(drop)?,
            Self::File(journal) => journal.borrow_mut().settle(&settlement)?,
        }
        Ok(())
    }

    fn ledger(&self) -> Result<Ledger, Unanswerable> {
        Ok(match self {
            Self::Running(keeper) => keeper.ledger()??,
            Self::File(journal) => journal.borrow().ledger()?,
        })
    }

    /// Hands every whole row to `take`, oldest first, with the time it is dated to.
    fn each(
        &self,
        timeline: &Timeline,
        mut take: impl FnMut(&Kept, &Entry, Moment) -> Result<(), Unanswerable>,
    ) -> Result<(), Unanswerable> {
        self.each_row(|kept| match &kept.entry {
            Ok(entry) => take(kept, entry, timeline.date(kept.boot, entry.reading)),
            Err(id) => {
                let (run, n) = (id.run, id.n);
                tracing::warn!(%run, n, "a row of the journal is damaged; it is left out");
                Ok(())
            }
        })
    }

    /// Hands every row to `take`, oldest first.
    fn each_row(
        &self,
        mut take: impl FnMut(&Kept) -> Result<(), Unanswerable>,
    ) -> Result<(), Unanswerable> {
        let mut after = 0;
        loop {
            let page = self.page(after)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.row;
            page.iter().try_for_each(&mut take)?;
        }
    }
}

/// The shop as the desk needs to know it.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Its time zone, which decides where a day ends.
    pub zone: Tz,
    /// Its name, for the head of a page.
    pub name: String,
    /// What it asks, for the words of the faces.
    pub survey: Survey,
    /// The language of those words.
    pub language: String,
}

/// Where a desk finds what is not in the journal.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The data folder, with the PIN and the enrolment.
    pub data_dir: PathBuf,
    /// Under which folder USB sticks are mounted.
    pub sticks: PathBuf,
    /// The program and its version, as the hub gets to see it.
    pub app: String,
}

/// Reads a date as a person writes it.
///
/// # Errors
/// [`Unanswerable::Date`] names what is not one.
pub fn date(text: &str) -> Result<NaiveDate, Unanswerable> {
    text.parse().map_err(|_| Unanswerable::Date(text.to_owned()))
}

/// Reads a time as a person writes it, by the clocks of a zone or with its own offset, into
/// milliseconds since 1970 UTC.
///
/// # Errors
/// [`Unanswerable::Time`] names what is none.
pub fn instant(text: &str, zone: Tz) -> Result<i64, Unanswerable> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.timestamp_millis());
    }
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let instant = local.and_then(|local| local.and_local_timezone(zone).earliest());
    let instant = instant.ok_or_else(|| Unanswerable::Time(text.to_owned()))?;
    Ok(instant.timestamp_millis())
}

/// Lets what is set aside wait again; returns how much it was.
///
/// # Errors
/// When the journal cannot be written.
pub fn retry(source: &Source) -> Result<u64, Unanswerable> {
    Ok(match source {
        Source::Running(keeper) => keeper.retry()??,
        Source::File(journal) => journal.borrow_mut().retry()?,
    })
}

/// Notes what a person says the time is, in milliseconds since 1970 UTC.
///
/// # Errors
/// When no kiosk runs, since nothing could be dated by it.
pub fn set_clock(source: &Source, utc_ms: i64, error_ms: u32) -> Result<(), Unanswerable> {
    let Source::Running(keeper) = source else {
        return Err(Unanswerable::NotRunning);
    };
    if !clock::is_possible(utc_ms) {
        return Err(Unanswerable::Impossible(rfc3339(utc_ms)));
    }
    let (boot_ms, source) = (clock::boot_ms(), TimeSource::Operator);
    Ok(keeper.tie(Anchor { boot_ms, utc_ms, error_ms, source })?)
}

/// Hands every event of the days asked for to `take`, oldest first; all of them when no days are.
///
/// # Errors
/// When a date is none, the journal cannot be read, or `take` fails.
pub fn export(
    source: &Source,
    zone: Tz,
    (from, to): (Option<&str>, Option<&str>),
    mut take: impl FnMut(Exported) -> Result<(), Unanswerable>,
) -> Result<(), Unanswerable> {
    let from = from.map(date).transpose()?;
    let to = to.map(date).transpose()?;
    let (_, timeline) = source.books()?;
    let mut judge = JudgeAgain::default();
    source.each(&timeline, |kept, entry, moment| {
        let misuse = match &entry.event {
            Event::Rated(rated) => judge.judge(entry, rated),
            Event::Answered(_) | Event::Noted(_) | Event::Called(_) | Event::Lost(_) => None,
        };
        let (day, _) = moment::local(moment.utc_ms, zone);
        if from.is_some_and(|from| day < from) || to.is_some_and(|to| day > to) {
            return Ok(());
        }
        take(exported(kept, entry, moment, misuse))
    })
}

fn exported(kept: &Kept, entry: &Entry, moment: Moment, misuse: Option<Reason>) -> Exported {
    let (mut rated, mut answered, mut noted, mut called, mut range) =
        (None, None, None, None, None);
    let kind = match &entry.event {
        Event::Rated(of) => {
            rated = Some(of);
            RATED
        }
        Event::Answered(of) => {
            answered = Some(of);
            ANSWERED
        }
        Event::Noted(of) => {
            noted = Some(of);
            NOTED
        }
        Event::Called(of) => {
            called = Some(of);
            CALLED
        }
        Event::Lost(loss) => {
            if let Loss::Range { run, first, last } = loss {
                range = Some((run, *first, *last));
            }
            LOST
        }
    };
    let question = entry.event.question();
    let bounds = moment.quality.bounds();
    Exported {
        run: entry.id.run.to_string(),
        n: entry.id.n,
        kind: kind.to_owned(),
        utc: rfc3339(moment.utc_ms),
        quality: moment.quality.name().to_owned(),
        score: rated.map(|rated| rated.score.value()),
        scale: rated.map(|rated| rated.score.scale().faces()),
        input: rated.map(|rated| rated.input.name().to_owned()),
        question: question.map(|question| question.id.clone()),
        question_version: question.map(|question| question.version),
        language: question.map(|question| question.language.clone()),
        misuse: misuse.map(|reason| reason.name().to_owned()),
        replaces: rated.and_then(|rated| rated.replaces),
        state: kept.state.name().to_owned(),
        earliest: bounds.map(|(earliest, _)| rfc3339(earliest)),
        latest: bounds.map(|(_, latest)| rfc3339(latest)),
        lost_run: range.map(|(run, ..)| run.to_string()),
        lost_first: range.map(|(_, first, _)| first),
        lost_last: range.map(|(.., last)| last),
        to: answered.and_then(|answered| answered.to),
        follow_up: answered.map(|answered| answered.answer.follow_up().name().to_owned()),
        outcome: answered.map(|answered| answered.answer.outcome().to_owned()),
        answer: answered.and_then(|answered| answered.answer.text()),
        about: noted.map(|noted| noted.about().name().to_owned()),
        note: noted.map(|noted| noted.text().to_owned()),
        step: called.map(|called| called.name().to_owned()),
    }
}
