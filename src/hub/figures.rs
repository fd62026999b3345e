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
use super::archive::{Archive, CallsAndNotes, Day, Error, Others, Shop, Span, Status};
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
    /// Which rules of time zones count, and whence.
    pub rules: String,
    /// Each shop's day, by the shop's name.
    pub shops: Vec<ShopDay>,
}

/// One shop on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct ShopDay {
    /// The shop's name.
    pub name: String,
    /// The shop's IANA time zone, as it was entered.
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

/// Counts the day that is asked for, or each shop's today, at this time in milliseconds since 1970
/// UTC, by these rules of time zones.
///
/// # Errors
/// When the archive fails.
pub async fn overview<A: Archive>(
    archive: &A,
    asked: Option<NaiveDate>,
    rules: &Rules,
    now_ms: i64,
) -> Result<Overview, Error> {
    let statuses = archive.kiosks().await?;
    let places: Vec<Place> = archive
        .shops()
        .await?
        .into_iter()
        .map(|shop| Place::of(shop, asked, rules, now_ms))
        .collect();
    let spans: Vec<Span> = places.iter().map(Place::day).collect();
    let days = archive.days(spans.clone()).await?;
    let told = archive.calls_and_notes(spans, NOTES_MAX).await?;
    // Nobody still waits on a day that is over: its span is empty.
    let lately: Vec<Span> = places.iter().map(|place| place.lately(now_ms)).collect();
    let lately = archive.calls_and_notes(lately, 0).await?;
    let shops = places
        .into_iter()
        .zip(days)
        .zip(told.into_iter().zip(lately))
        .map(|((place, day), (told, lately))| place.figures(&day, told, &lately, &statuses, now_ms))
        .collect();
    let conflicts = archive.conflicts().await?;
    let today = moment::local(now_ms, &Zone::utc()).0;
    Ok(Overview { asked, today, conflicts, shops, rules: rules.to_string() })
}

/// A shop, and the day that is counted for it.
struct Place {
    shop: Shop,
    zone: Option<Zone>,
    date: NaiveDate,
    from_ms: i64,
    to_ms: i64,
    is_today: bool,
}

impl Place {
    fn of(shop: Shop, asked: Option<NaiveDate>, rules: &Rules, now_ms: i64) -> Self {
        let zone = rules.zone(&shop.zone);
        let by = zone.clone().unwrap_or_else(Zone::utc);
        let today = moment::local(now_ms, &by).0;
        let date = asked.unwrap_or(today);
        let (from_ms, to_ms) = moment::day_bounds(date, &by);
        Self { shop, zone, date, from_ms, to_ms, is_today: date == today }
    }

    fn day(&self) -> Span {
        Span { shop: self.shop.id.clone(), from_ms: self.from_ms, to_ms: self.to_ms }
    }

    /// The time in which somebody may still be waiting.
    fn lately(&self, now_ms: i64) -> Span {
        let from_ms = if self.is_today { now_ms - WAIT_MAX_MS + 1 } else { self.to_ms };
        Span { shop: self.shop.id.clone(), from_ms, to_ms: self.to_ms }
    }

    fn figures(
        self,
        day: &Day,
        told: CallsAndNotes,
        lately: &CallsAndNotes,
        statuses: &[Status],
        now_ms: i64,
    ) -> ShopDay {
        let by = self.zone.clone().unwrap_or_else(Zone::utc);
        let own = statuses.iter().filter(|status| status.kiosk.shop == self.shop.id);
        ShopDay {
            scores: scores::of_day(day),
            others: day.others,
            left_out: LeftOut::of(day),
            waiting: calls_and_notes::waiting(lately, &by),
            calls_and_notes: CallsFigures::of(told, &by),
            kiosks: own.map(|status| KioskFigures::of(status, &self.shop.zone, now_ms)).collect(),
            name: self.shop.name,
            zone: self.shop.zone,
            date: self.date,
            is_zone_unknown: self.zone.is_none(),
        }
    }
}
