//! Sums up a day, or a range of days, for the shop manager.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{Datelike as _, Days, NaiveDate};

use super::count::Count;
use crate::digits;
use crate::escape::chain;
use crate::feedback::misuse::Silence;
use crate::feedback::moment::{self, Timeline};
use crate::feedback::survey::{Question, faces_of};
use crate::feedback::tally::score::Against;
use crate::feedback::tally::{self, Almanac, Counts, HIDDEN_BELOW, Tally};
use crate::feedback::zone::Zone;
use crate::kiosk::desk::counts::error::{DAYS_MAX, Unanswerable};
use crate::kiosk::desk::counts::shop::Shop;
use crate::kiosk::desk::sheets::shown;
use crate::kiosk::former::FormerPlace;
use crate::kiosk::journal::{Books, JournalSource, Unreadable};
use crate::wire::local::{Against as Compared, Beside, Day, Hour, Line, Said, Summary};

/// How many weeks back the same weekday is compared.
const WEEKS: u64 = 4;

/// Sums up the days of a range, both ends included; today by the shop's clocks when none is named,
/// and one day when only the first is. The wall clock stands at `now_ms`. Unless it is to be exact,
/// it shows what the desk shows: see [`shown::hide`].
///
/// # Errors
/// When a date is invalid, the range has no days or more than [`DAYS_MAX`], or the journal cannot
/// be read.
pub fn summary(
    source: &JournalSource,
    shop: &Shop,
    from: Option<&str>,
    to: Option<&str>,
    is_exact: bool,
    now_ms: i64,
) -> Result<Summary, Unanswerable> {
    let today = moment::local(now_ms, &shop.zone).0;
    let range = range(today, from, to)?;
    let (books, timeline) = source.books()?;
    let mut count = Count::new(timeline, shop.zone.clone());
    count.go_on(|after| source.page(after))?;
    Ok(show(&count, &books, shop, &range, today, is_exact))
}

/// Sums up a range for whoever asks: exactly, or as the desk shows it.
pub(in crate::kiosk::desk) fn show(
    count: &Count,
    books: &Books,
    shop: &Shop,
    range: &RangeInclusive<NaiveDate>,
    today: NaiveDate,
    is_exact: bool,
) -> Summary {
    let live = (!is_exact).then_some(today);
    let mut summary = sum_up(count, books, shop, range, live);
    if !is_exact {
        shown::hide(&mut summary);
    }
    summary
}

/// As [`summary`], with the journals of former places and trials too, each by the clocks of its own
/// place. One that cannot be read is named among the notices.
///
/// # Errors
/// See [`summary`].
pub fn summary_of_all(
    source: Option<&JournalSource>,
    former: &[FormerPlace],
    shop: &Shop,
    days: (Option<&str>, Option<&str>),
    is_exact: bool,
    now_ms: i64,
) -> Result<Summary, Unanswerable> {
    let today = moment::local(now_ms, &shop.zone).0;
    let range = range(today, days.0, days.1)?;
    let mut count = Count::new(Timeline::default(), shop.zone.clone());
    let mut all = Books::default();
    let mut unread = Vec::new();
    for place in former {
        let zone = place.zone_or(&shop.zone);
        // What was counted before a page that cannot be read would be half of it.
        let before = count.clone();
        match place.source().and_then(|source| count_on(&mut count, source, zone)) {
            Ok(books) => {
                all.waiting += if place.is_owed() { books.waiting } else { 0 };
                all.set_aside += books.set_aside;
                all.lost += books.lost;
            }
            Err(Unreadable::Gone(gone)) => return Err(gone.into()),
            Err(error) => {
                count = before;
                let (whose, why) = (place.former.whose(), chain(&error));
                unread.push(format!(
                    "The journal of {whose} cannot be read, and is left out: {why}."
                ));
            }
        }
    }
    if let Some(source) = source {
        let books = count_on(&mut count, source, shop.zone.clone())?;
        all.waiting += books.waiting;
        all.set_aside += books.set_aside;
        all.lost += books.lost;
    }
    let mut summary = show(&count, &all, shop, &range, today, is_exact);
    summary.notices.extend(unread);
    Ok(summary)
}

/// Goes on counting with another journal, by the clocks of its place; returns its books.
fn count_on(count: &mut Count, source: &JournalSource, zone: Zone) -> Result<Books, Unreadable> {
    let books = source.books_now()?;
    let (_, timeline) = source.books()?;
    count.turn_to(timeline, zone);
    count.go_on(|after| source.page(after))?;
    Ok(books)
}

/// Reads a date as a person writes it.
///
/// # Errors
/// [`Unanswerable::Date`] names the invalid text.
pub fn date(text: &str) -> Result<NaiveDate, Unanswerable> {
    digits::plain(text.trim()).parse().map_err(|_| Unanswerable::Date(text.to_owned()))
}

/// The days of a range, from the texts of its first and last day.
pub(in crate::kiosk::desk) fn range(
    today: NaiveDate,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<RangeInclusive<NaiveDate>, Unanswerable> {
    let to = to.map(date).transpose()?;
    let from = from.map(date).transpose()?.or(to).unwrap_or(today);
    let to = to.unwrap_or(from);
    let days = u64::try_from((to - from).num_days()).ok();
    if days.is_none_or(|days| days >= DAYS_MAX) {
        return Err(Unanswerable::Range { from, to });
    }
    Ok(from..=to)
}

/// The tally of a range, with all that a sheet shows beside it. Of the day `live` there are only
/// the numbers that may be shown while it goes on.
pub(in crate::kiosk::desk) fn sum_up(
    count: &Count,
    books: &Books,
    shop: &Shop,
    range: &RangeInclusive<NaiveDate>,
    live: Option<NaiveDate>,
) -> Summary {
    let almanac = count.almanac();
    let tally = &count.join(range.clone(), live);
    let (first, last) = (*range.start(), *range.end());
    let lines = lines(tally, shop);
    let only = if let [line] = &lines[..] { Some(line) } else { None };
    let recommendations = tally.recommendations();
    let is_one_day = first == last;
    Summary {
        date: first.to_string(),
        until: (!is_one_day).then(|| last.to_string()),
        zone: shop.zone.title().to_owned(),
        n: tally.lines().total(),
        happy_index: only.and_then(|line| line.happy_index),
        happy_index_interval: only.and_then(|line| line.happy_index_interval),
        csat: only.and_then(|line| line.csat),
        csat_interval: only.and_then(|line| line.csat_interval),
        lines,
        hours: hours(tally),
        reasons: said(almanac, tally, shop),
        nps: recommendations.nps(),
        nps_interval: recommendations.nps_interval(),
        nps_n: recommendations.total(),
        compared: if is_one_day { compared(almanac, tally, first) } else { None },
        beside: if is_one_day { beside(count, shop, first, live) } else { Vec::new() },
        days: if is_one_day { Vec::new() } else { days(count, range, shop, live) },
        hidden: false,
        shop: shop.on(last).0.to_owned(),
        touchpoint: shop.on(last).1.to_owned(),
        replaced: tally.replaced(),
        misuse: tally.misuse().iter().map(|(reason, &n)| (reason.name().to_owned(), n)).collect(),
        uncertain: tally.bounded() + tally.unknown(),
        bounded: tally.bounded(),
        late: tally.late(),
        waiting: books.waiting,
        set_aside: books.set_aside,
        lost: books.lost,
        notices: notices(count.silence(), books, shop),
    }
}

/// The lines of a tally; if there are none, the line of the present question, without ratings.
fn lines(tally: &Tally, shop: &Shop) -> Vec<Line> {
    let lines: Vec<Line> =
        tally.lines().each().map(|(line, counts)| score_line(line, counts, shop)).collect();
    if !lines.is_empty() {
        return lines;
    }
    let Question { id, version, scale, .. } = shop.survey.question(None, "");
    let line = tally::Line { question: id.clone(), version: *version, scale: *scale };
    vec![score_line(&line, &Counts::none(*scale), shop)]
}

/// The counts and scores of a line, with its texts if the shop still asks it in this wording.
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
        happy_index_interval: counts.happy_index_interval(),
        csat: counts.csat(),
        csat_interval: counts.csat_interval(),
        words: texts.map(|texts| texts.faces.clone()).unwrap_or_default(),
    }
}

/// The hours that have ratings; those with too few show only that.
fn hours(tally: &Tally) -> Vec<Hour> {
    let hours = (0..).zip(tally.hours()).filter(|(_, hour)| hour.total > 0);
    let shown = hours.map(|(hour, counted)| {
        let is_shown = !counted.is_hidden();
        let shown = |count: u32| is_shown.then_some(count);
        let (n, happy) = (shown(counted.total), shown(counted.happy));
        Hour { hour, n, happy, unhappy: shown(counted.unhappy) }
    });
    shown.collect()
}

/// What shoppers said, the most frequent first, apart for happy and unhappy ones.
fn said(almanac: &Almanac, tally: &Tally, shop: &Shop) -> Vec<Said> {
    /// How often one reason was given, by the pictures of the faces and by the hours.
    #[derive(Default)]
    struct Given {
        by_face: [u32; 5],
        by_hour: [u32; 24],
    }
    let mut given = BTreeMap::<(bool, &str), Given>::new();
    for (cause, times) in tally.causes() {
        let reason = almanac.reason(cause.reason);
        let given = given.entry((cause.score.is_happy(), reason)).or_default();
        let picture = faces_of(cause.score.scale()).get(usize::from(cause.score.value() - 1));
        let face = picture.and_then(|&face| given.by_face.get_mut(usize::from(face)));
        let hour = given.by_hour.get_mut(usize::from(cause.hour));
        face.into_iter().chain(hour).for_each(|count| *count += times);
    }
    let n = |given: &Given| given.by_face.iter().sum::<u32>();
    let whole = |is_happy: bool| -> u32 {
        given.iter().filter(|((happy, _), _)| *happy == is_happy).map(|(_, given)| n(given)).sum()
    };
    let wholes = (whole(true), whole(false));
    let mut said: Vec<Said> = given
        .iter()
        .map(|(&(is_happy, reason), given)| {
            let (n, whole) = (n(given), if is_happy { wholes.0 } else { wholes.1 });
            let peak = (0..).zip(given.by_hour).max_by_key(|&(hour, n)| (n, Reverse(hour)));
            Said {
                reason: reason.to_owned(),
                words: shop.survey.reason(reason, &shop.language).map(str::to_owned),
                is_happy,
                n,
                share: f64::from(n) * 100.0 / f64::from(whole.max(1)),
                share_interval: tally::wilson(n, whole),
                by_face: given.by_face.to_vec(),
                peak_hour: peak.filter(|&(_, n)| n >= HIDDEN_BELOW).map(|(hour, _)| hour),
            }
        })
        .collect();
    said.sort_by(|one, other| other.n.cmp(&one.n).then_with(|| one.reason.cmp(&other.reason)));
    said
}

/// How the day's main line compares with the same weekday of the weeks before.
fn compared(almanac: &Almanac, tally: &Tally, day: NaiveDate) -> Option<Compared> {
    let (line, counts) = tally.lines().each().max_by_key(|(_, counts)| counts.total())?;
    let weeks = (1..=WEEKS).filter_map(|week| day.checked_sub_days(Days::new(7 * week)));
    let mut before = Counts::none(line.scale);
    let mut days = Vec::new();
    for day in weeks {
        if let Some(counts) = almanac.day(day).and_then(|tally| tally.lines().of(line)) {
            before.join(counts);
            days.push(day.to_string());
        }
    }
    let Against { difference, interval, verdict } = counts.against(&before)?;
    let csat = before.csat();
    let verdict = verdict.name().to_owned();
    Some(Compared { days, n: before.total(), csat, difference, interval, verdict })
}

/// The days and weeks to hold a day against: the day before, the same day a week before, and its
/// week against the week before, both up to the last day that is over.
pub(in crate::kiosk::desk) fn beside(
    count: &Count,
    shop: &Shop,
    day: NaiveDate,
    live: Option<NaiveDate>,
) -> Vec<Beside> {
    let mains = |tally: &Tally| {
        let mains = tally.lines().each().max_by_key(|(_, counts)| counts.total());
        mains.map(|(line, _)| line.clone())
    };
    let asked = || {
        let Question { id, version, scale, .. } = shop.survey.question(None, "");
        tally::Line { question: id.clone(), version: *version, scale: *scale }
    };
    let line = count.day(day, live).and_then(mains).unwrap_or_else(asked);
    let back = |days: u64| day.checked_sub_days(Days::new(days));
    let into_week = u64::from(day.weekday().num_days_from_monday());
    let over = u64::from(live == Some(day));
    let ranges = [
        (if over > 0 { "yesterday" } else { "day before" }, back(1), back(1)),
        ("week before", back(7), back(7)),
        ("this week", back(into_week), back(over)),
        ("last week", back(into_week + 7), back(over + 7)),
    ];
    let beside = ranges.into_iter().filter_map(|(which, from, until)| {
        // On a Monday, this week has no day that is over.
        let (from, until) = (from?, until?.max(from?));
        let is_over = into_week >= over || !which.ends_with(" week");
        let tally = if is_over { count.join(from..=until, live) } else { Tally::default() };
        let counts = tally.lines().of(&line);
        let n = counts.map_or(0, Counts::total);
        let is_hidden = 0 < n && n < HIDDEN_BELOW;
        Some(Beside {
            which: which.to_owned(),
            from: from.to_string(),
            until: until.to_string(),
            n: (!is_hidden).then_some(n),
            happy_index: counts.filter(|_| !is_hidden).and_then(Counts::happy_index),
        })
    });
    beside.collect()
}

/// Each day of a range, whether it has ratings or not.
fn days(
    count: &Count,
    range: &RangeInclusive<NaiveDate>,
    shop: &Shop,
    live: Option<NaiveDate>,
) -> Vec<Day> {
    let notes: Vec<(NaiveDate, &str)> = count
        .notes()
        .iter()
        .map(|note| (moment::local(note.utc_ms, &shop.zone).0, note.noted.text()))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let day = |day: NaiveDate| {
        let tally = count.day(day, live);
        let each = tally.into_iter().flat_map(|tally| tally.lines().each());
        Day {
            date: day.to_string(),
            n: tally.map_or(0, |tally| tally.lines().total()),
            lines: each.map(|(line, counts)| score_line(line, counts, shop)).collect(),
            late: tally.map_or(0, Tally::late),
            notes: notes
                .iter()
                .filter(|(of, _)| *of == day)
                .map(|(_, text)| (*text).to_owned())
                .collect(),
            hidden: false,
        }
    };
    range.start().iter_days().take_while(|date| date <= range.end()).map(day).collect()
}

/// What somebody in the shop should look at, in sentences.
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
