//! The statements that count ranges of days: so many queries, however many shops and days there
//! are.
//!
//! The engine sums the cells of each kiosk; what kiosks make up together is summed here. Whole days
//! are read from the tallies of days, and only of a kiosk that was moved within a day its hours.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::clocks::listed;
use super::counted::{Counted, Meaning};
use super::days::{Piece, Stood, cells_apart, day_number, shops};
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::ranges::{ShopDays, Week};
use crate::hub::archive::tallies::Day;
use crate::hub::archive::tx::{Sums, Tx};
use crate::hub::archive::zones::ShopZones;
use crate::hub::rules::cells;
use crate::hub::rules::hours::{WEEK, of_week, week_begins};
use crate::hub::rules::tallying::Cell;

/// So many different ranges of time are summed by a statement each; the cells of others, which
/// kiosks that were moved have, are read one by one.
const SUMMED_MAX: usize = 4;

impl Archive {
    /// Counts what is in each of these lists of days together, in their order. A day that a list
    /// names twice counts once.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub async fn ranges(&self, asked: Vec<Vec<ShopDays>>) -> Result<Vec<Day>, Error> {
        let zones = self.1.clone();
        self.read_page("count ranges of days", move |tx| {
            Box::pin(async move { ranges(tx, &asked, &zones).await })
        })
        .await
    }

    /// Counts what is in these days together, by the hours of the week. A day that is named twice
    /// counts once.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub async fn week(&self, asked: Vec<ShopDays>) -> Result<Week, Error> {
        let zones = self.1.clone();
        self.read_page("count the hours of the week", move |tx| {
            Box::pin(async move { week(tx, asked, &zones).await })
        })
        .await
    }
}

async fn ranges(
    tx: &mut dyn Tx,
    asked: &[Vec<ShopDays>],
    zones: &ShopZones,
) -> Result<Vec<Day>, Failure> {
    let (mut days, mut edges) = (Vec::new(), Vec::new());
    for Piece { kiosk, range, at } in pieces(tx, asked, zones).await? {
        let (whole, before, after) = cells::whole_days(&range);
        days.push(Piece { kiosk, range: whole, at });
        edges.extend([before, after].map(|range| Piece { kiosk, range, at }));
    }
    days.retain(|piece| !piece.range.is_empty());
    edges.retain(|piece| !piece.range.is_empty());
    let mut counted = cells_summed(tx, &Tally::of_days(), days).await?;
    let edges = cells_apart(tx, ("tally", "hour"), edges).await?;
    counted.extend(edges.into_iter().map(|(_, counted)| counted));
    Ok(Meaning::read(tx, &counted).await?.put_together(counted, asked.len()))
}

async fn week(tx: &mut dyn Tx, asked: Vec<ShopDays>, zones: &ShopZones) -> Result<Week, Failure> {
    let pieces = pieces(tx, &[asked], zones).await?;
    let first = pieces.iter().map(|piece| piece.range.start).min().unwrap_or_default();
    let counted = cells_summed(tx, &Tally::of_weeks_from(week_begins(first)), pieces).await?;
    let meaning = Meaning::read(tx, &counted).await?;
    let (all, hours) = meaning.put_apart(counted, WEEK);
    Ok(Week { all, hours })
}

/// The hours of kiosks that are in what is asked for.
async fn pieces(
    tx: &mut dyn Tx,
    asked: &[Vec<ShopDays>],
    zones: &ShopZones,
) -> Result<Vec<Piece>, Failure> {
    let names: BTreeSet<&String> = asked.iter().flatten().map(|days| &days.shop).collect();
    let numbers = shops(tx, names).await?;
    let mut wanted = BTreeMap::<i64, Vec<(Range<i32>, usize)>>::new();
    for (at, list) in asked.iter().enumerate() {
        for ShopDays { shop, first, last } in list {
            let hours =
                cells::of_day(day_number(*first)).start..cells::of_day(day_number(*last)).end;
            if let Some(shop) = numbers.get(shop) {
                wanted.entry(*shop).or_default().push((hours, at));
            }
        }
    }
    let stood = Stood::read(tx, &wanted.keys().copied().collect(), zones).await?;
    let mut found = BTreeMap::<(i64, usize), Vec<Range<i32>>>::new();
    for (kiosk, shop, stay) in stood.ranges() {
        for (hours, at) in wanted.get(&shop).into_iter().flatten() {
            found.entry((kiosk, *at)).or_default().push(cells::both(hours, &stay));
        }
    }
    let pieces = found.into_iter().flat_map(|((kiosk, at), ranges)| {
        cells::joined(ranges).into_iter().map(move |range| Piece { kiosk, range, at })
    });
    Ok(pieces.collect())
}

/// A table of tallies, and by what its cells are summed.
struct Tally {
    table: &'static str,
    when: &'static str,
    /// The hour from which the hours of weeks are counted, if cells are summed by them.
    weeks_from: Option<i32>,
}

impl Tally {
    const fn of_days() -> Self {
        Self { table: "tally_day", when: "day", weeks_from: None }
    }

    const fn of_weeks_from(hour: i32) -> Self {
        Self { table: "tally", when: "hour", weeks_from: Some(hour) }
    }

    /// The place in the answer of a cell of a piece.
    fn place(&self, at: usize, when: i64) -> usize {
        match self.weeks_from {
            None => at,
            Some(_) => of_week(i32::try_from(when).unwrap_or_default()),
        }
    }

    fn sums(&self, range: &Range<i32>, kiosks: impl Iterator<Item = i64>) -> Sums {
        let Self { table, when, weeks_from } = *self;
        let (first, last, kiosks) = (range.start, range.end - 1, listed(kiosks));
        let mut by = vec!["kiosk".to_owned(), "line".to_owned()];
        // The weeks begin before all hours, so that what is left over is never less than nothing.
        by.extend(weeks_from.map(|from| format!("({when} - ({from})) % {WEEK}")));
        Sums {
            by,
            of: Cell::NAMES.map(str::to_owned).to_vec(),
            from: format!(
                "{table} where kiosk in ({kiosks}) and {when} between {first} and {last}"
            ),
        }
    }
}

/// The cells of these pieces, summed by kiosk and line.
async fn cells_summed(
    tx: &mut dyn Tx,
    tally: &Tally,
    pieces: Vec<Piece>,
) -> Result<Vec<Counted>, Failure> {
    let mut ranges = BTreeMap::<(i32, i32), Vec<Piece>>::new();
    for piece in pieces {
        ranges.entry((piece.range.start, piece.range.end)).or_default().push(piece);
    }
    let mut ranges: Vec<Vec<Piece>> = ranges.into_values().collect();
    ranges.sort_by_key(|pieces| Reverse(pieces.len()));
    let apart = ranges.split_off(ranges.len().min(SUMMED_MAX)).into_iter().flatten().collect();
    let mut counted = Vec::new();
    for pieces in ranges {
        let Some(Piece { range, .. }) = pieces.first() else { continue };
        let sums = tally.sums(range, pieces.iter().map(|piece| piece.kiosk));
        let mut places = BTreeMap::<i64, Vec<usize>>::new();
        for piece in &pieces {
            places.entry(piece.kiosk).or_default().push(piece.at);
        }
        let by = sums.by.len();
        for row in tx.sums(&sums).await?.rows() {
            let ([kiosk, line, hour @ ..], numbers) = row.split_at(by) else { continue };
            for at in places.get(kiosk).into_iter().flatten() {
                let hour = hour.first().and_then(|hour| usize::try_from(*hour).ok());
                counted.push(Counted::new(hour.unwrap_or(*at), *kiosk, *line, numbers));
            }
        }
    }
    for (when, cell) in cells_apart(tx, (tally.table, tally.when), apart).await? {
        counted.push(Counted { at: tally.place(cell.at, when), ..cell });
    }
    Ok(counted)
}
