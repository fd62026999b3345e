//! The figures of shops that pages show, as plain values: each number with the ratings behind it.
//!
//! A figure is computed here once and drawn elsewhere. The number of calls to the archive is fixed,
//! however many shops there are.

pub mod calls_and_notes;
pub mod kiosks;
pub mod scores;

use chrono::NaiveDate;
use chrono_tz::Tz;

use self::calls_and_notes::{CallsFigures, WAIT_MAX_MS, Waiting};
use self::kiosks::KioskFigures;
use self::scores::{LeftOut, ScoreFigures};
use super::archive::{Archive, CallsAndNotes, Day, Error, Others, Shop, Span, Status};
use crate::feedback::moment;

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
/// UTC.
///
/// # Errors
/// When the archive fails.
pub async fn overview<A: Archive>(
    archive: &A,
    asked: Option<NaiveDate>,
    now_ms: i64,
) -> Result<Overview, Error> {
    let statuses = archive.kiosks().await?;
    let places: Vec<Place> =
        archive.shops().await?.into_iter().map(|shop| Place::of(shop, asked, now_ms)).collect();
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
    Ok(Overview { asked, today: moment::local(now_ms, Tz::UTC).0, conflicts, shops })
}

/// A shop, and the day that is counted for it.
struct Place {
    shop: Shop,
    zone: Tz,
    date: NaiveDate,
    from_ms: i64,
    to_ms: i64,
    is_today: bool,
}

impl Place {
    fn of(shop: Shop, asked: Option<NaiveDate>, now_ms: i64) -> Self {
        let zone = shop.zone.parse().unwrap_or(Tz::UTC);
        let today = moment::local(now_ms, zone).0;
        let date = asked.unwrap_or(today);
        let (from_ms, to_ms) = moment::day_bounds(date, zone);
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
        let own = statuses.iter().filter(|status| status.kiosk.shop == self.shop.id);
        ShopDay {
            scores: scores::of_day(day),
            others: day.others,
            left_out: LeftOut::of(day),
            waiting: calls_and_notes::waiting(lately, self.zone),
            calls_and_notes: CallsFigures::of(told, self.zone),
            kiosks: own.map(|status| KioskFigures::of(status, now_ms)).collect(),
            name: self.shop.name,
            zone: self.shop.zone,
            date: self.date,
        }
    }
}
