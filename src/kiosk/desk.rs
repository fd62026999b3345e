//! What the shop manager sees: the shop's day, and everything in the journal as a file.
//!
//! The journal has one owner, so a running kiosk is asked over its socket ([`socket`]), and the
//! file is opened only when none runs. Either way the journal is read a page at a time, so that no
//! press waits behind a summary.

pub mod socket;
mod text;

use chrono::{DateTime, NaiveDate, SecondsFormat};
use chrono_tz::Tz;

pub use self::text::render;
use crate::clock;
use crate::feedback::moment::{self, Moment, Quality, Timeline};
use crate::feedback::survey::Survey;
use crate::feedback::tally::{Seen, Tally};
use crate::kiosk::journal::{Books, Entry, Error, Gone, Journal, Keeper, Kept};
use crate::wire::delivery::RATED;
use crate::wire::desk::{Exported, Faces, Hour, Summary};

/// How many rows are read in one go.
const ROWS_MAX: usize = 500;

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum Unanswerable {
    /// The date is none.
    #[error("{0:?} is not a date such as 2026-11-20")]
    Date(String),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] Error),
    /// The kiosk is ending.
    #[error(transparent)]
    Gone(#[from] Gone),
}

/// The journal to read: the running kiosk's, by way of its thread, or the file itself.
#[derive(Debug)]
pub enum Source {
    /// The running kiosk's.
    Running(Keeper),
    /// The file, opened for this.
    File(Box<Journal>),
}

impl Source {
    fn page(&self, after: i64) -> Result<Vec<Kept>, Unanswerable> {
        Ok(match self {
            Self::Running(keeper) => keeper.page(after, ROWS_MAX)??,
            Self::File(journal) => journal.page(after, ROWS_MAX, false)?,
        })
    }

    fn books(&self) -> Result<(Books, Timeline), Unanswerable> {
        Ok(match self {
            Self::Running(keeper) => keeper.books()?,
            Self::File(journal) => (journal.books(), journal.timeline().clone()),
        })
    }

    /// Hands every row to `take`, oldest first, with the time it is dated to.
    fn each(
        &self,
        timeline: &Timeline,
        mut take: impl FnMut(&Kept, &Entry, Moment) -> Result<(), Unanswerable>,
    ) -> Result<(), Unanswerable> {
        let mut after = 0;
        loop {
            let page = self.page(after)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.row;
            for kept in &page {
                match &kept.entry {
                    Ok(entry) => take(kept, entry, timeline.date(kept.boot, entry.reading))?,
                    Err(id) => {
                        let (run, n) = (id.run, id.n);
                        tracing::warn!(%run, n, "a row of the journal is damaged; it is left out");
                    }
                }
            }
        }
    }
}

/// The shop as the desk needs to know it.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Its time zone, which decides where a day ends.
    pub zone: Tz,
    /// What it asks, for the words of the faces.
    pub survey: Survey,
    /// The language of those words.
    pub language: String,
}

/// Reads a date as a person writes it.
///
/// # Errors
/// [`Unanswerable::Date`] names what is not one.
pub fn date(text: &str) -> Result<NaiveDate, Unanswerable> {
    text.parse().map_err(|_| Unanswerable::Date(text.to_owned()))
}

/// Sums up a day of the shop; today by the shop's clocks when `date` is none.
///
/// # Errors
/// When the date is none, or the journal cannot be read.
pub fn summary(source: &Source, shop: &Shop, day: Option<&str>) -> Result<Summary, Unanswerable> {
    let (books, timeline) = source.books()?;
    let day = match day {
        Some(text) => date(text)?,
        None => moment::local(clock::wall_ms(), shop.zone).0,
    };
    let mut tally = Tally::default();
    source.each(&timeline, |_, entry, moment| {
        let (local_day, hour) = moment::local(moment.utc_ms, shop.zone);
        if local_day == day {
            tally.take(Seen {
                id: entry.id,
                score: entry.rated.score,
                misuse: entry.rated.misuse.map(|misuse| misuse.reason),
                replaces: entry.rated.replaces,
                hour,
                is_uncertain: moment.quality == Quality::Unknown,
            });
        }
        Ok(())
    })?;
    Ok(sum_up(&tally, &books, shop, day))
}

fn sum_up(tally: &Tally, books: &Books, shop: &Shop, day: NaiveDate) -> Summary {
    let counts = tally.day();
    let words = |scale| {
        let texts = shop.survey.texts(&shop.language).filter(|_| shop.survey.scale() == scale);
        texts.map(|texts| texts.faces.clone()).unwrap_or_default()
    };
    let mut scales: Vec<_> = counts.by_scale().collect();
    if scales.is_empty() {
        let scale = shop.survey.scale();
        scales.push((scale, vec![0; usize::from(scale.faces())]));
    }
    let hours = (0..).zip(tally.hours()).filter(|(_, counts)| counts.total() > 0);
    Summary {
        date: day.to_string(),
        zone: shop.zone.name().to_owned(),
        n: counts.total(),
        happy_index: counts.happy_index(),
        csat: counts.csat(),
        csat_interval: counts.csat_interval(),
        faces: scales
            .into_iter()
            .map(|(scale, counts)| Faces { scale: scale.faces(), counts, words: words(scale) })
            .collect(),
        hours: hours
            .map(|(hour, counts)| Hour { hour, n: counts.total(), happy: counts.happy() })
            .collect(),
        replaced: tally.replaced(),
        misuse: tally.misuse().iter().map(|(reason, &n)| (reason.name().to_owned(), n)).collect(),
        uncertain: tally.uncertain(),
        waiting: books.waiting,
        set_aside: books.set_aside,
    }
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
    source.each(&timeline, |kept, entry, moment| {
        let (day, _) = moment::local(moment.utc_ms, zone);
        if from.is_some_and(|from| day < from) || to.is_some_and(|to| day > to) {
            return Ok(());
        }
        take(exported(kept, entry, moment))
    })
}

fn exported(kept: &Kept, entry: &Entry, moment: Moment) -> Exported {
    let rated = &entry.rated;
    let utc = DateTime::from_timestamp_millis(moment.utc_ms).unwrap_or_default();
    Exported {
        run: entry.id.run.to_string(),
        n: entry.id.n,
        kind: RATED.to_owned(),
        utc: utc.to_rfc3339_opts(SecondsFormat::Millis, true),
        quality: moment.quality.name().to_owned(),
        score: rated.score.value(),
        scale: rated.score.scale().faces(),
        input: rated.input.name().to_owned(),
        question: rated.question.id.clone(),
        question_version: rated.question.version,
        language: rated.question.language.clone(),
        misuse: rated.misuse.map(|misuse| misuse.reason.name().to_owned()),
        replaces: rated.replaces,
        state: kept.state.name().to_owned(),
    }
}
