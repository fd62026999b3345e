//! Every event of some days, a row each, for a table.

use chrono_tz::Tz;

use crate::feedback::event::{Event, Loss};
use crate::feedback::misuse::Reason;
use crate::feedback::moment::{self, Moment, rfc3339};
use crate::kiosk::desk::counts::count::JudgeAgain;
use crate::kiosk::desk::counts::error::Unanswerable;
use crate::kiosk::desk::counts::summary::date;
use crate::kiosk::journal::{Entry, JournalSource, Kept};
use crate::wire::delivery::{ANSWERED, CALLED, LOST, NOTED, RATED};
use crate::wire::desk::Exported;

/// Hands every event of the days asked for to `take`, oldest first; all of them when no days are.
///
/// # Errors
/// When a date is invalid, the journal cannot be read, or `take` fails.
pub fn export(
    source: &JournalSource,
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
