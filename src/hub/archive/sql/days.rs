//! The statements that count days of shops: so many queries, however many shops there are.
//!
//! Each kiosk that was in a shop for a whole day is read from the tallies of days, and one that was
//! moved on that day from the tallies of hours.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use chrono::{DateTime, NaiveDate};

use super::calls_and_notes;
use super::clocks::{self, listed};
use super::counted::{Counted, Meaning};
use super::tallies::columns;
use crate::feedback::zone::Zone;
use crate::hub::archive::Archive;
use crate::hub::archive::calls_and_notes::CallsAndNotes;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::tallies::{Day, ShopDate, Span};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Value, Written as _};
use crate::hub::archive::zones::ShopZones;
use crate::hub::rules::cells::{self, Stay};
use crate::hub::rules::history::History;

impl Archive {
    /// Counts the ratings of each of these dates of shops, in their order.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub async fn days(&self, dates: Vec<ShopDate>) -> Result<Vec<Day>, Error> {
        let zones = self.1.clone();
        self.read_page("count days", move |tx| {
            Box::pin(async move { count(tx, &dates, &zones).await })
        })
        .await
    }

    /// The calls and notes of each of these spans, in their order, with at most so many notes each.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub async fn calls_and_notes(
        &self,
        spans: Vec<Span>,
        notes_max: usize,
    ) -> Result<Vec<CallsAndNotes>, Error> {
        self.read_page("read calls and notes", move |tx| {
            Box::pin(async move { calls_and_notes::of_spans(tx, &spans, notes_max).await })
        })
        .await
    }
}

/// Up to so many shops are looked up by name; of more, all are read.
const NAMED_MAX: usize = 40;

/// Up to so many days or hours are named, where others lie between them.
const APART_MAX: usize = 256;

/// The ratings of each of these dates of shops, in their order.
pub(super) async fn count(
    tx: &mut dyn Tx,
    dates: &[ShopDate],
    shop_zones: &ShopZones,
) -> Result<Vec<Day>, Failure> {
    let names = dates.iter().map(|date| &date.shop).collect();
    let wanted = Wanted::of(dates, &shops(tx, names).await?);
    let stood = Stood::read(tx, &wanted.shops.keys().copied().collect(), shop_zones).await?;
    let parts = wanted.parts(&stood);
    let mut counted = of_days(tx, &parts).await?;
    counted.extend(of_hours(tx, &parts).await?);
    let meaning = Meaning::read(tx, &counted).await?;
    Ok(meaning.put_together(counted, dates.len()))
}

/// What is asked for: of each shop, by its number, the days with their places in the answer.
#[derive(Default)]
struct Wanted {
    shops: BTreeMap<i64, Vec<(i32, usize)>>,
}

/// A part of a kiosk's tallies that belongs to a day of a shop.
struct Part {
    kiosk: i64,
    /// The day, counted from 1970.
    day: i32,
    /// Its hours, counted from 1970: all of the day or some.
    hours: Range<i32>,
    /// Its place in the answer.
    at: usize,
}

impl Part {
    fn is_whole(&self) -> bool {
        self.hours == cells::of_day(self.day)
    }
}

impl Wanted {
    fn of(dates: &[ShopDate], numbers: &BTreeMap<String, i64>) -> Self {
        let mut wanted = Self::default();
        for (at, ShopDate { shop, date }) in dates.iter().enumerate() {
            if let Some(shop) = numbers.get(shop) {
                wanted.shops.entry(*shop).or_default().push((day_number(*date), at));
            }
        }
        wanted
    }

    fn parts(&self, stood: &Stood) -> Vec<Part> {
        let mut parts = Vec::new();
        for (kiosk, shop, range) in stood.ranges() {
            for &(day, at) in self.shops.get(&shop).into_iter().flatten() {
                let hours = cells::both(&cells::of_day(day), &range);
                if !hours.is_empty() {
                    parts.push(Part { kiosk, day, hours, at });
                }
            }
        }
        parts
    }
}

/// Where each kiosk stood that was ever in some shops.
pub(super) struct Stood {
    stays: BTreeMap<i64, Vec<Stay>>,
    zones: BTreeMap<i64, History<Zone>>,
}

impl Stood {
    pub(super) async fn read(
        tx: &mut dyn Tx,
        shops: &BTreeSet<i64>,
        shop_zones: &ShopZones,
    ) -> Result<Self, Failure> {
        let stays = clocks::stays_of_shops(tx, shops).await?;
        // Of a kiosk that was never moved every hour is its shop's, whatever the clocks show.
        let moved = stays.values().filter(|stays| stays.len() > 1).flatten();
        let zones = clocks::zones(tx, &moved.map(|stay| stay.shop).collect(), shop_zones).await?;
        Ok(Self { stays, zones })
    }

    /// The hours of each kiosk that are a shop's, counted from 1970, by the kiosk.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (i64, i64, Range<i32>)> {
        self.stays.iter().flat_map(|(&kiosk, stays)| {
            let ranges = cells::hours(stays, |shop| self.zones.get(&shop));
            stays.iter().zip(ranges).map(move |(stay, range)| (kiosk, stay.shop, range))
        })
    }
}

/// The day of a date, counted from 1970.
pub(super) fn day_number(date: NaiveDate) -> i32 {
    let days = (date - DateTime::UNIX_EPOCH.date_naive()).num_days();
    i32::try_from(days).unwrap_or(if days < 0 { i32::MIN / 24 } else { i32::MAX / 24 })
}

/// The numbers of shops by their short names.
pub(super) async fn shops(
    tx: &mut dyn Tx,
    names: BTreeSet<&String>,
) -> Result<BTreeMap<String, i64>, Failure> {
    let mut sql = "select no, id from shop".to_owned();
    let mut values = Vec::new();
    if names.len() <= NAMED_MAX {
        let places: Vec<String> = (1..=names.len()).map(|place| format!("${place}")).collect();
        if places.is_empty() {
            return Ok(BTreeMap::new());
        }
        sql = format!("{sql} where id in ({})", places.join(", "));
        values = names.into_iter().map(|name| name.value()).collect::<Vec<Value>>();
    }
    let rows = tx.rows(&sql, &values).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("no")?))).collect()
}

/// The condition that a column is one of these numbers, or near them: where there are few, they are
/// named, so that nothing between them is read.
fn among(column: &str, numbers: &BTreeSet<i32>) -> Option<String> {
    let (first, last) = (*numbers.first()?, *numbers.last()?);
    let in_a_row = i64::from(last) - i64::from(first) + 1;
    if i64::try_from(numbers.len()) == Ok(in_a_row) || numbers.len() > APART_MAX {
        return Some(format!("{column} between {first} and {last}"));
    }
    Some(format!("{column} in ({})", listed(numbers.iter().map(|number| i64::from(*number)))))
}

/// The condition that a column is in one of these ranges, or near them.
fn within<'a>(
    column: &str,
    ranges: impl Iterator<Item = &'a Range<i32>> + Clone,
) -> Option<String> {
    let few = |range: &Range<i32>| range.len() <= APART_MAX;
    if ranges.clone().all(few) {
        return among(column, &ranges.flat_map(Range::clone).collect());
    }
    let first = ranges.clone().map(|range| range.start).min()?;
    let end = ranges.map(|range| range.end).max()?;
    Some(format!("{column} >= {first} and {column} < {end}"))
}

/// The cells of whole days.
async fn of_days(tx: &mut dyn Tx, parts: &[Part]) -> Result<Vec<Counted>, Failure> {
    let mut places = HashMap::<(i64, i64), Vec<usize>>::new();
    let (mut kiosks, mut days) = (BTreeSet::new(), BTreeSet::new());
    for part in parts.iter().filter(|part| part.is_whole()) {
        places.entry((part.kiosk, part.day.into())).or_default().push(part.at);
        kiosks.insert(part.kiosk);
        days.insert(part.day);
    }
    let Some(when) = among("day", &days) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "select kiosk, day, line, {} from tally_day where kiosk in ({}) and {when}",
        columns("tally_day"),
        listed(kiosks)
    );
    let mut counted = Vec::new();
    for row in tx.numbers(&sql).await?.rows() {
        let [kiosk, day, line, numbers @ ..] = row else { continue };
        for &at in places.get(&(*kiosk, *day)).into_iter().flatten() {
            counted.push(Counted::new(at, *kiosk, *line, numbers));
        }
    }
    Ok(counted)
}

/// The cells of those hours of days that kiosks were in a shop.
async fn of_hours(tx: &mut dyn Tx, parts: &[Part]) -> Result<Vec<Counted>, Failure> {
    let moved = parts.iter().filter(|part| !part.is_whole()).map(|part| {
        let Part { kiosk, ref hours, at, .. } = *part;
        Piece { kiosk, range: hours.clone(), at }
    });
    let cells = cells_apart(tx, ("tally", "hour"), moved.collect()).await?;
    Ok(cells.into_iter().map(|(_, counted)| counted).collect())
}

/// Days or hours of a kiosk, counted from 1970, and their place in the answer.
pub(super) struct Piece {
    pub(super) kiosk: i64,
    pub(super) range: Range<i32>,
    pub(super) at: usize,
}

/// The cells of these pieces, one by one, each with its day or hour.
pub(super) async fn cells_apart(
    tx: &mut dyn Tx,
    (table, when): (&str, &str),
    pieces: Vec<Piece>,
) -> Result<Vec<(i64, Counted)>, Failure> {
    let Some(is_when) = within(when, pieces.iter().map(|piece| &piece.range)) else {
        return Ok(Vec::new());
    };
    let mut of_kiosks = BTreeMap::<i64, Vec<(Range<i64>, usize)>>::new();
    for Piece { kiosk, range, at } in pieces {
        let range = i64::from(range.start)..i64::from(range.end);
        of_kiosks.entry(kiosk).or_default().push((range, at));
    }
    let sql = format!(
        "select kiosk, line, {when}, {} from {table} where kiosk in ({}) and {is_when}",
        columns(table),
        listed(of_kiosks.keys().copied())
    );
    let mut cells = Vec::new();
    for row in tx.numbers(&sql).await?.rows() {
        let [kiosk, line, when, numbers @ ..] = row else { continue };
        let pieces = of_kiosks.get(kiosk).into_iter().flatten();
        for (_, at) in pieces.filter(|(range, _)| range.contains(when)) {
            cells.push((*when, Counted::new(*at, *kiosk, *line, numbers)));
        }
    }
    Ok(cells)
}
