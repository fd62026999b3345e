//! The figures of shops that pages show, as plain values: each number with the ratings behind it.
//!
//! A figure is computed here once and drawn elsewhere. The number of calls to the archive is fixed,
//! however many shops there are.

pub mod calls_and_notes;
pub mod kiosks;
pub mod scores;

use chrono::NaiveDate;

use self::calls_and_notes::{CallsFigures, WAIT_MAX_MS, Waiting};
use self::kiosks::KioskFigures;
use self::scores::{LeftOut, ScoreFigures};
use super::archive::{
    Archive, CallsAndNotes, Day, Error, KioskThen, Others, Past, Shop, ShopDate, ShopThen, Span,
    Status,
};
use super::rules::history;
use crate::feedback::moment;
use crate::feedback::zone::Zone;
use crate::zones::Rules;

/// How many notes of a day are shown at most; the export has all.
const NOTES_MAX: usize = 20;

/// All shops on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// The day that was asked for; without one each shop shows its own today.
    pub asked: Option<NaiveDate>,
    /// Today, by UTC.
    pub today: NaiveDate,
    /// How many events came twice with different content.
    pub conflicts: u64,
    /// When a recount last found numbers that are not what the events count, in milliseconds since
    /// 1970 UTC; none if all is well, as far as is known.
    pub differing_ms: Option<i64>,
    /// Which rules of time zones count, and whence.
    pub rules: String,
    /// Each shop's day, by the shop's name.
    pub shops: Vec<ShopDay>,
    /// How many shops are closed and have nothing to say of the day.
    pub over: usize,
}

/// One shop on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct ShopDay {
    /// The shop's name on that day.
    pub name: String,
    /// Its name now, if that is another one.
    pub name_now: Option<String>,
    /// From which day on it is closed, if it is on this day.
    pub closed_on: Option<String>,
    /// The shop's IANA time zone on that day, as it was entered.
    pub zone: String,
    /// Whether that zone is unknown, so that its days and times are those of UTC.
    pub is_zone_unknown: bool,
    /// The day, by the shop's clocks.
    pub date: NaiveDate,
    /// The scores: one set for each question, wording and scale; one without ratings if none came.
    pub scores: Vec<ScoreFigures>,
    /// Ratings of questions that have no scores of their own.
    pub others: Others,
    /// What the scores leave out.
    pub left_out: LeftOut,
    /// Shoppers who wait for somebody now.
    pub waiting: Vec<Waiting>,
    /// Calls and notes of the day.
    pub calls_and_notes: CallsFigures,
    /// The shop's kiosks.
    pub kiosks: Vec<KioskFigures>,
}

impl ShopDay {
    /// Whether there is nothing to say of a shop that is closed.
    fn is_over(&self) -> bool {
        let Self { scores, others, left_out, kiosks, calls_and_notes, closed_on, .. } = self;
        let ratings = scores.iter().map(|scores| scores.ratings).sum::<u32>() + others.ratings;
        let is_quiet = ratings == 0
            && *left_out == LeftOut::default()
            && *calls_and_notes == CallsFigures::default();
        closed_on.is_some() && is_quiet && kiosks.iter().all(|kiosk| kiosk.waiting == 0)
    }
}

/// Counts the day that is asked for, or each shop's today, at this time in milliseconds since 1970
/// UTC, by these rules of time zones.
///
/// # Errors
/// When the archive fails.
pub async fn overview(
    archive: &Archive,
    asked: Option<NaiveDate>,
    rules: &Rules,
    now_ms: i64,
) -> Result<Overview, Error> {
    let statuses = archive.kiosks().await?;
    let past = archive.past().await?;
    let shops = archive.shops().await?.into_iter();
    let places: Vec<Place> =
        shops.map(|shop| Place::of(shop, &past, asked, rules, now_ms)).collect();
    let spans: Vec<Span> = places.iter().map(Place::day).collect();
    let days = archive.days(places.iter().map(Place::date).collect()).await?;
    let told = archive.calls_and_notes(spans, NOTES_MAX).await?;
    // Nobody still waits on a day that is over: its span is empty.
    let lately: Vec<Span> = places.iter().map(|place| place.lately(now_ms)).collect();
    let lately = archive.calls_and_notes(lately, 0).await?;
    let (over, shops): (Vec<ShopDay>, _) = places
        .into_iter()
        .zip(days)
        .zip(told.into_iter().zip(lately))
        .map(|((place, day), (told, lately))| {
            place.figures(&day, told, &lately, (&statuses, &past), now_ms)
        })
        .partition(ShopDay::is_over);
    let conflicts = archive.conflicts().await?;
    let differing_ms = archive.differing().await?;
    let today = moment::local(now_ms, &Zone::utc()).0;
    let (over, rules) = (over.len(), rules.to_string());
    Ok(Overview { asked, today, conflicts, differing_ms, shops, over, rules })
}

/// A shop, and the day that is counted for it.
struct Place {
    shop: Shop,
    then: ShopThen,
    closed_on: Option<String>,
    zone: Option<Zone>,
    date: NaiveDate,
    from_ms: i64,
    to_ms: i64,
    is_today: bool,
}

impl Place {
    fn of(shop: Shop, past: &Past, asked: Option<NaiveDate>, rules: &Rules, now_ms: i64) -> Self {
        let zone_of = |name: &str| rules.zone(name).unwrap_or_else(Zone::utc);
        let today = moment::local(now_ms, &zone_of(&shop.zone)).0;
        let date = asked.unwrap_or(today);
        let thens = past.shops.get(&shop.id).map(Vec::as_slice).unwrap_or_default();
        let zones: Vec<(i64, Zone)> =
            thens.iter().map(|(from_ms, then)| (*from_ms, zone_of(&then.zone))).collect();
        let (from_ms, to_ms) = history::day_bounds(&zones, date);
        let now = || {
            let Shop { name, zone, group, .. } = shop.clone();
            ShopThen { name, zone, group, hours: None }
        };
        let then = history::at(thens, to_ms - 1).cloned().unwrap_or_else(now);
        let closed_on = past.closed_on(&shop.id, date).cloned();
        let zone = rules.zone(&then.zone);
        Self { shop, then, closed_on, zone, date, from_ms, to_ms, is_today: date == today }
    }

    fn date(&self) -> ShopDate {
        ShopDate { shop: self.shop.id.clone(), date: self.date }
    }

    fn day(&self) -> Span {
        Span { shop: self.shop.id.clone(), from_ms: self.from_ms, to_ms: self.to_ms }
    }

    /// The time in which somebody may still be waiting.
    fn lately(&self, now_ms: i64) -> Span {
        let from_ms = if self.is_today { now_ms - WAIT_MAX_MS + 1 } else { self.to_ms };
        Span { shop: self.shop.id.clone(), from_ms, to_ms: self.to_ms }
    }

    /// Where a kiosk stood in this shop on this day, by the last of its stays here.
    fn stood<'a>(&self, stays: &'a [(i64, KioskThen)]) -> Option<&'a KioskThen> {
        let ends = stays.iter().skip(1).map(|(from_ms, _)| *from_ms).chain([i64::MAX]);
        let on_the_day = stays.iter().zip(ends).filter(|((from_ms, then), to_ms)| {
            then.shop == self.shop.id && *from_ms < self.to_ms && *to_ms > self.from_ms
        });
        on_the_day.last().map(|((_, then), _)| then)
    }

    fn figures(
        self,
        day: &Day,
        told: CallsAndNotes,
        lately: &CallsAndNotes,
        (statuses, past): (&[Status], &Past),
        now_ms: i64,
    ) -> ShopDay {
        let by = self.zone.clone().unwrap_or_else(Zone::utc);
        let own = statuses.iter().filter_map(|status| {
            let stays = past.kiosks.get(&status.kiosk.id)?;
            let then = self.stood(stays)?;
            let is_over = status.is_retired(self.from_ms);
            (!is_over).then(|| KioskFigures::of(status, &then.touchpoint, &self.shop, now_ms))
        });
        ShopDay {
            scores: scores::of_day(day),
            others: day.others,
            left_out: LeftOut::of(day),
            waiting: calls_and_notes::waiting(lately, &by),
            calls_and_notes: CallsFigures::of(told, &by),
            kiosks: own.collect(),
            name_now: Some(self.shop.name).filter(|now| *now != self.then.name),
            name: self.then.name,
            closed_on: self.closed_on,
            zone: self.then.zone,
            date: self.date,
            is_zone_unknown: self.zone.is_none(),
        }
    }
}
