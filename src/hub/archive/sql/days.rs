//! The statements that count days of shops: so many queries, however many shops there are.
//!
//! Each kiosk that was in a shop for a whole day is read from the tallies of days, and one that was
//! moved on that day from the tallies of hours. Lines come in the order of their numbers: that in
//! which they were first heard of here, so that a page has them in the same order every day.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use chrono::{DateTime, NaiveDate};

use super::calls_and_notes;
use super::clocks::{self, listed};
use super::tallies::{cell, columns};
use crate::feedback::rating::Scale;
use crate::feedback::tally::Line;
use crate::feedback::zone::Zone;
use crate::hub::archive::Archive;
use crate::hub::archive::calls_and_notes::CallsAndNotes;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::tallies::{Day, Others, ShopDate, Span};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Value, Written as _, values};
use crate::hub::archive::zones::ShopZones;
use crate::hub::rules::cells::{self, Stay};
use crate::hub::rules::history::History;
use crate::hub::rules::lines::{Asked, Rest, Sheet};
use crate::hub::rules::tallying::Cell;

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

/// The ratings of each of these dates of shops, in their order.
pub(super) async fn count(
    tx: &mut dyn Tx,
    dates: &[ShopDate],
    shop_zones: &ShopZones,
) -> Result<Vec<Day>, Failure> {
    let wanted = Wanted::of(dates, &shops(tx, dates).await?);
    let stays = clocks::stays_of_shops(tx, &wanted.shops.keys().copied().collect()).await?;
    // Of a kiosk that was never moved every hour is its shop's, whatever the clocks show.
    let moved = stays.values().filter(|stays| stays.len() > 1).flatten();
    let zones = clocks::zones(tx, &moved.map(|stay| stay.shop).collect(), shop_zones).await?;
    let parts = wanted.parts(&stays, &zones);
    let mut counted = of_days(tx, &parts).await?;
    counted.extend(of_hours(tx, &parts).await?);
    // The order in which the lines of a day are listed.
    counted.sort_by_key(|counted| (counted.at, counted.line, counted.kiosk));
    let lines = lines(tx, &counted).await?;
    let published = Published::read(tx, &counted).await?;
    Ok(summed(dates.len(), &counted, &lines, &published))
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

/// A cell that belongs to a day of a shop.
struct Counted {
    at: usize,
    kiosk: i64,
    line: i64,
    cell: Cell,
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

    fn parts(
        &self,
        stays: &BTreeMap<i64, Vec<Stay>>,
        zones: &BTreeMap<i64, History<Zone>>,
    ) -> Vec<Part> {
        let mut parts = Vec::new();
        for (&kiosk, stays) in stays {
            let ranges = cells::hours(stays, |shop| zones.get(&shop));
            for (stay, range) in stays.iter().zip(ranges) {
                for &(day, at) in self.shops.get(&stay.shop).into_iter().flatten() {
                    let hours = cells::both(&cells::of_day(day), &range);
                    if !hours.is_empty() {
                        parts.push(Part { kiosk, day, hours, at });
                    }
                }
            }
        }
        parts
    }
}

fn day_number(date: NaiveDate) -> i32 {
    let days = (date - DateTime::UNIX_EPOCH.date_naive()).num_days();
    i32::try_from(days).unwrap_or(if days < 0 { i32::MIN / 24 } else { i32::MAX / 24 })
}

/// The numbers of shops by their short names.
async fn shops(tx: &mut dyn Tx, dates: &[ShopDate]) -> Result<BTreeMap<String, i64>, Failure> {
    let names: BTreeSet<&String> = dates.iter().map(|date| &date.shop).collect();
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

/// The cells of whole days.
async fn of_days(tx: &mut dyn Tx, parts: &[Part]) -> Result<Vec<Counted>, Failure> {
    let whole: Vec<&Part> = parts.iter().filter(|part| part.is_whole()).collect();
    let mut places = BTreeMap::<(i64, i32), Vec<usize>>::new();
    for part in &whole {
        places.entry((part.kiosk, part.day)).or_default().push(part.at);
    }
    let days = whole.iter().map(|part| part.day);
    let Some((first, last)) = days.clone().min().zip(days.max()) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "select kiosk, day, line, {} from tally_day where kiosk in ({}) \
         and day between $1 and $2",
        columns("tally_day"),
        listed(whole.iter().map(|part| part.kiosk))
    );
    let mut counted = Vec::new();
    for row in tx.rows_once(&sql, &values![first, last]).await? {
        let (kiosk, line) = (row.get("kiosk")?, row.get("line")?);
        for &at in places.get(&(kiosk, row.get("day")?)).into_iter().flatten() {
            counted.push(Counted { at, kiosk, line, cell: cell(&row)? });
        }
    }
    Ok(counted)
}

/// The cells of those hours of days that kiosks were in a shop.
async fn of_hours(tx: &mut dyn Tx, parts: &[Part]) -> Result<Vec<Counted>, Failure> {
    let moved: Vec<&Part> = parts.iter().filter(|part| !part.is_whole()).collect();
    let mut of_kiosks = BTreeMap::<i64, Vec<&Part>>::new();
    for part in &moved {
        of_kiosks.entry(part.kiosk).or_default().push(part);
    }
    let first = moved.iter().map(|part| part.hours.start).min();
    let last = moved.iter().map(|part| part.hours.end - 1).max();
    let Some((first, last)) = first.zip(last) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "select kiosk, hour, line, {} from tally where kiosk in ({}) and hour between $1 and $2",
        columns("tally"),
        listed(of_kiosks.keys().copied())
    );
    let mut counted = Vec::new();
    for row in tx.rows_once(&sql, &values![first, last]).await? {
        let (kiosk, line, hour) = (row.get("kiosk")?, row.get("line")?, row.get::<i32>("hour")?);
        let parts = of_kiosks.get(&kiosk).into_iter().flatten();
        for part in parts.filter(|part| part.hours.contains(&hour)) {
            counted.push(Counted { at: part.at, kiosk, line, cell: cell(&row)? });
        }
    }
    Ok(counted)
}

/// What the numbers of lines stand for; one on a scale that this version does not know has no
/// scores.
async fn lines(tx: &mut dyn Tx, counted: &[Counted]) -> Result<BTreeMap<i64, Line>, Failure> {
    let mut lines = BTreeMap::new();
    let numbers = listed(counted.iter().map(|counted| counted.line));
    if numbers.is_empty() {
        return Ok(lines);
    }
    let sql = format!("select no, question, version, scale from line where no in ({numbers})");
    for row in tx.rows_once(&sql, &[]).await? {
        if let Some(scale) = Scale::with_faces(row.get("scale")?) {
            let (question, version) = (row.get("question")?, row.get("version")?);
            lines.insert(row.get("no")?, Line { question, version, scale });
        }
    }
    Ok(lines)
}

/// The lines that head office has published, by what each kiosk was given.
#[derive(Default)]
struct Published {
    /// The publications that each kiosk was given; one that was never given any is not named.
    given: BTreeMap<i64, Vec<i64>>,
    /// The lines of each set of publications that a kiosk has been given.
    lines: BTreeMap<Vec<i64>, BTreeSet<Line>>,
}

impl Published {
    async fn read(tx: &mut dyn Tx, counted: &[Counted]) -> Result<Self, Failure> {
        let mut published = Self::default();
        let kiosks = listed(counted.iter().map(|counted| counted.kiosk));
        if kiosks.is_empty() {
            return Ok(published);
        }
        let sql = format!(
            "select kiosk, publication from given where kiosk in ({kiosks}) \
             order by kiosk, publication"
        );
        for row in tx.rows_once(&sql, &[]).await? {
            published.given.entry(row.get("kiosk")?).or_default().push(row.get("publication")?);
        }
        let publications = listed(published.given.values().flatten().copied());
        if publications.is_empty() {
            return Ok(published);
        }
        let sql = format!(
            "select publication, question, version, scale from published \
             where publication in ({publications})"
        );
        let mut of_publications = BTreeMap::<i64, Vec<Line>>::new();
        for row in tx.rows_once(&sql, &[]).await? {
            if let Some(scale) = Scale::with_faces(row.get("scale")?) {
                let (question, version) = (row.get("question")?, row.get("version")?);
                let lines = of_publications.entry(row.get("publication")?).or_default();
                lines.push(Line { question, version, scale });
            }
        }
        for given in published.given.values() {
            if !published.lines.contains_key(given) {
                let each = given.iter().filter_map(|number| of_publications.get(number));
                published.lines.insert(given.clone(), each.flatten().cloned().collect());
            }
        }
        Ok(published)
    }

    fn of(&self, kiosk: i64) -> Option<&BTreeSet<Line>> {
        self.lines.get(self.given.get(&kiosk)?)
    }
}

fn summed(
    days: usize,
    counted: &[Counted],
    lines: &BTreeMap<i64, Line>,
    published: &Published,
) -> Vec<Day> {
    let mut days = vec![(Day::default(), Sheet::default()); days];
    let mut asked = BTreeMap::<(i64, Option<&Vec<i64>>), Asked>::new();
    for Counted { at, kiosk, line, cell } in counted {
        let Some((day, sheet)) = days.get_mut(*at) else {
            continue;
        };
        day.misuse += whole(cell.misuse());
        day.replaced += whole(cell.replaced());
        day.unread += whole(cell.unread());
        day.bounded += whole(cell.bounded());
        day.uncertain += whole(cell.bounded()) + whole(cell.unknown());
        let number = *line;
        let Some(line) = lines.get(line) else {
            continue;
        };
        let whose = (number, published.given.get(kiosk));
        let asked = asked.entry(whose).or_insert_with(|| Asked::of(line, published.of(*kiosk)));
        for (score, times) in line.scale.scores().zip(cell.faces()) {
            if times > 0 {
                sheet.add(*asked, line.clone(), score, whole(times));
            }
        }
    }
    let finished = days.into_iter().map(|(day, sheet)| {
        let (lines, Rest { questions, ratings }) = sheet.finish();
        Day { lines, others: Others { questions, ratings }, ..day }
    });
    finished.collect()
}

/// A count; one that is less than nothing is wrong, and a recount finds it.
fn whole(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}
