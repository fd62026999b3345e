//! What the shop manager sees: the shop's day, and everything in the journal as a file.
//!
//! The journal has one owner, so a running kiosk is asked over its socket ([`socket`]), and the
//! file is opened only when none runs. Either way the journal is read a page at a time, so that no
//! press waits behind a summary.

pub mod socket;
mod text;
mod verify;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;

pub use self::text::{render, render_verified};
pub use self::verify::verify;
use crate::clock;
use crate::feedback::event::{Event, Loss};
use crate::feedback::misuse::{Judge, Reason, Silence};
use crate::feedback::moment::{self, Anchor, Moment, Source as TimeSource, Timeline, rfc3339};
use crate::feedback::rating::{Rated, RunId};
use crate::feedback::survey::{Question, Survey};
use crate::feedback::tally::{self, Counts, Seen, Tally};
use crate::kiosk::journal::{Books, Entry, Error, Gone, Journal, Keeper, Kept, Ledger};
use crate::wire::delivery::{ANSWERED, LOST, RATED};
use crate::wire::desk::{Exported, Hour, Line, Summary};

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
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] Error),
    /// The kiosk is ending.
    #[error(transparent)]
    Gone(#[from] Gone),
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
    Running(Keeper),
    /// The file, opened for this.
    File(Box<Journal>),
}

impl Source {
    fn page(&self, after: i64) -> Result<Vec<Kept>, Unanswerable> {
        Ok(match self {
            Self::Running(keeper) => keeper.page(after, ROWS_MAX)??,
            Self::File(journal) => journal.page(after, ROWS_MAX)?,
        })
    }

    fn books(&self) -> Result<(Books, Timeline), Unanswerable> {
        Ok(match self {
            Self::Running(keeper) => keeper.books()?,
            Self::File(journal) => (journal.books(), journal.timeline().clone()),
        })
    }

    fn ledger(&self) -> Result<Ledger, Unanswerable> {
        Ok(match self {
            Self::Running(keeper) => keeper.ledger()??,
            Self::File(journal) => journal.ledger()?,
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
    let (mut tally, mut silence) = (Tally::default(), Silence::default());
    let mut judge = JudgeAgain::default();
    source.each(&timeline, |_, entry, moment| {
        let Event::Rated(rated) = &entry.event else {
            return Ok(());
        };
        let misuse = judge.judge(entry, rated);
        silence.take(rated.score, rated.input);
        let (local_day, hour) = moment::local(moment.utc_ms, shop.zone);
        let (score, replaces, quality) = (rated.score, rated.replaces, moment.quality);
        let seen = Seen { id: entry.id, score, misuse, replaces, hour, quality };
        if local_day == day {
            tally.take(seen, &rated.question);
        } else {
            // Who presses a minute before midnight may correct it a minute after.
            tally.take_back(&seen);
        }
        Ok(())
    })?;
    let mut summary = sum_up(&tally, &books, shop, day);
    summary.notices = notices(&silence, &books, shop);
    Ok(summary)
}

/// Judges again what older rules have judged, from the presses of the same run.
#[derive(Default)]
struct JudgeAgain {
    run: Option<RunId>,
    judge: Judge,
}

impl JudgeAgain {
    fn judge(&mut self, entry: &Entry, rated: &Rated) -> Option<Reason> {
        if self.run.replace(entry.id.run) != Some(entry.id.run) {
            self.judge = Judge::default();
        }
        let Rated { verdict, score, input, .. } = *rated;
        self.judge.judge_again(verdict, score, input, entry.reading.boot_ms).misuse
    }
}

/// What somebody in the shop should look at.
fn notices(silence: &Silence, books: &Books, shop: &Shop) -> Vec<String> {
    let question = shop.survey.question(None, "");
    let words = question.texts(&shop.language).map(|texts| texts.faces.clone());
    let word = |value: u8| {
        let word = words.as_ref().and_then(|words| words.get(usize::from(value) - 1));
        word.map_or_else(|| value.to_string(), |word| format!("{value} ({word})"))
    };
    let mut notices: Vec<String> = silence
        .silent(question.scale.faces())
        .map(|(value, others)| {
            format!(
                "button {} was not pressed while the others were {others} times: check its wire",
                word(value)
            )
        })
        .collect();
    if books.lost > 0 {
        let (lost, s) = (books.lost, if books.lost == 1 { "" } else { "s" });
        notices.push(format!(
            "the card lost {lost} rating{s}: replace it, and see `smilepost-kiosk verify`"
        ));
    }
    notices
}

/// Lets what is set aside wait again; returns how much it was.
///
/// # Errors
/// When the journal cannot be written.
pub fn retry(source: &mut Source) -> Result<u64, Unanswerable> {
    Ok(match source {
        Source::Running(keeper) => keeper.retry()??,
        Source::File(journal) => journal.retry()?,
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

fn sum_up(tally: &Tally, books: &Books, shop: &Shop, day: NaiveDate) -> Summary {
    let mut lines: Vec<_> =
        tally.day().each().map(|(line, counts)| score_line(line, counts, shop)).collect();
    if lines.is_empty() {
        let Question { id, version, scale, .. } = shop.survey.question(None, "");
        let line = tally::Line { question: id.clone(), version: *version, scale: *scale };
        lines.push(score_line(&line, &Counts::none(*scale), shop));
    }
    let only = if let [line] = &lines[..] { Some(line) } else { None };
    let hours = (0..).zip(tally.hours()).filter(|(_, hour)| hour.total > 0);
    Summary {
        date: day.to_string(),
        zone: shop.zone.name().to_owned(),
        n: tally.day().total(),
        happy_index: only.and_then(|line| line.happy_index),
        csat: only.and_then(|line| line.csat),
        csat_interval: only.and_then(|line| line.csat_interval),
        lines,
        hours: hours
            .map(|(hour, counted)| Hour { hour, n: counted.total, happy: counted.happy })
            .collect(),
        replaced: tally.replaced(),
        misuse: tally.misuse().iter().map(|(reason, &n)| (reason.name().to_owned(), n)).collect(),
        uncertain: tally.bounded() + tally.unknown(),
        bounded: tally.bounded(),
        waiting: books.waiting,
        set_aside: books.set_aside,
        lost: books.lost,
        notices: Vec::new(),
    }
}

/// The counts and scores of a line, with its words where the shop still asks it so.
fn score_line(line: &tally::Line, counts: &Counts, shop: &Shop) -> Line {
    let is_it = |question: &&Question| {
        question.id == line.question
            && question.version == line.version
            && question.scale == line.scale
    };
    let asked = shop.survey.parts().questions.iter().find(is_it);
    let texts = asked.and_then(|question| question.texts(&shop.language));
    Line {
        question: line.question.clone(),
        version: line.version,
        text: texts.map(|texts| texts.question.clone()),
        scale: line.scale.faces(),
        counts: counts.faces().to_vec(),
        n: counts.total(),
        happy_index: counts.happy_index(),
        csat: counts.csat(),
        csat_interval: counts.csat_interval(),
        words: texts.map(|texts| texts.faces.clone()).unwrap_or_default(),
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
    let mut judge = JudgeAgain::default();
    source.each(&timeline, |kept, entry, moment| {
        let misuse = match &entry.event {
            Event::Rated(rated) => judge.judge(entry, rated),
            Event::Answered(_) | Event::Lost(_) => None,
        };
        let (day, _) = moment::local(moment.utc_ms, zone);
        if from.is_some_and(|from| day < from) || to.is_some_and(|to| day > to) {
            return Ok(());
        }
        take(exported(kept, entry, moment, misuse))
    })
}

fn exported(kept: &Kept, entry: &Entry, moment: Moment, misuse: Option<Reason>) -> Exported {
    let (kind, rated, answered, range) = match &entry.event {
        Event::Rated(rated) => (RATED, Some(rated), None, None),
        Event::Answered(answered) => (ANSWERED, None, Some(answered), None),
        Event::Lost(Loss::Range { run, first, last }) => {
            (LOST, None, None, Some((run, *first, *last)))
        }
        Event::Lost(Loss::Unknown) => (LOST, None, None, None),
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
    }
}
