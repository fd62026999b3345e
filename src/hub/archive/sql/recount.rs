//! The statements that count all events of a kiosk anew, to prove or to mend its tallies.
//!
//! Events are read in pages, and all of them in one state of the archive: what is kept in memory
//! are the cells.

use std::collections::{BTreeMap, BTreeSet};

use super::clocks::listed;
use super::tallied::{BEFORE_ALL, facts_after};
use super::tallies::{self, Cells, Reasons, cell, columns};
use super::upkeep;
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::tallies::{LineWords, Recounted, TallyOf, Wrong};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, values};
use crate::hub::rules::tallying::{Cell, Differences, ReasonShare};

/// So many events are in memory at once.
const PAGE: u32 = 2_000;

/// So many wrong numbers of a kiosk are named at most.
const WRONG_MAX: usize = 1_000;

/// Under which key the archive notes when a recount last found tallies that differ.
const DIFFERS: &str = "tally_differs";

impl Archive {
    /// Counts all events of a kiosk, in one state of the archive, and compares what is tallied.
    ///
    /// # Errors
    /// When there is no such kiosk, or the archive fails.
    pub async fn recount(&self, kiosk: String) -> Result<Recounted, Error> {
        self.read_slowly("recount a kiosk", move |tx| {
            Box::pin(async move {
                let number = number(tx, &kiosk).await?;
                Both::read(tx, number).await?.recounted(tx, kiosk).await
            })
        })
        .await
    }

    /// Counts all events of a kiosk and sets its tallies to that, while nothing of it arrives;
    /// returns what was wrong.
    ///
    /// # Errors
    /// When there is no such kiosk, or the archive fails.
    pub async fn mend(&self, kiosk: String) -> Result<Recounted, Error> {
        self.write_slowly("mend the tallies of a kiosk", move |tx| {
            Box::pin(async move {
                let number = number(tx, &kiosk).await?;
                tx.lock("select kiosk from book where kiosk = $1", &values![number]).await?;
                let both = Both::read(tx, number).await?;
                both.mend(tx, number).await?;
                both.recounted(tx, kiosk).await
            })
        })
        .await
    }

    /// Every kiosk: its number, in their order, and its short name.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn kiosk_numbers(&self) -> Result<Vec<(i64, String)>, Error> {
        self.read("read the numbers of kiosks", |tx| {
            Box::pin(async move {
                let rows = tx.rows("select no, id from kiosk order by no", &[]).await?;
                rows.iter().map(|row| Ok((row.get("no")?, row.get("id")?))).collect()
            })
        })
        .await
    }

    /// Notes when a recount found that tallies differ, in milliseconds since 1970 UTC; none once
    /// they were mended, or a recount of all has found nothing.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn note_differing(&self, at_ms: Option<i64>) -> Result<(), Error> {
        self.write("note what a recount has found", move |tx| {
            Box::pin(async move {
                match at_ms {
                    Some(at_ms) => upkeep::note(tx, DIFFERS, at_ms).await,
                    None => tx
                        .execute("delete from meta where key = $1", &values![DIFFERS])
                        .await
                        .map(drop),
                }
            })
        })
        .await
    }

    /// When a recount last found tallies that differ, in milliseconds since 1970 UTC; none if all
    /// is well, as far as is known.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn differing(&self) -> Result<Option<i64>, Error> {
        self.read("read what a recount has found", |tx| {
            Box::pin(async move { upkeep::noted(tx, DIFFERS).await })
        })
        .await
    }
}

async fn number(tx: &mut dyn Tx, kiosk: &str) -> Result<i64, Failure> {
    let row = tx.row("select no from kiosk where id = $1", &values![kiosk]).await?;
    row.ok_or_else(|| Failure::Content(format!("there is no kiosk {kiosk}")))?.get("no")
}

/// What is tallied and what is counted.
#[derive(Default)]
struct Both {
    events: u64,
    hours: [Cells; 2],
    days: [Cells; 2],
    reasons: [Reasons; 2],
}

impl Both {
    async fn read(tx: &mut dyn Tx, kiosk: i64) -> Result<Self, Failure> {
        let mut counted = Differences::default();
        let (mut events, mut after) = (0, BEFORE_ALL);
        loop {
            let facts = facts_after(tx, kiosk, after, PAGE).await?;
            let Some((last, _)) = facts.last() else {
                break;
            };
            after = *last;
            events += u64::try_from(facts.len()).unwrap_or(u64::MAX);
            facts.iter().for_each(|(_, fact)| counted.put_fact(fact));
        }
        Ok(Self {
            events,
            hours: [cells(tx, kiosk, "tally", "hour").await?, counted.hours().clone()],
            days: [cells(tx, kiosk, "tally_day", "day").await?, counted.days()],
            reasons: [reasons(tx, kiosk).await?, counted.reasons().clone()],
        })
    }

    /// Sets the tallies to what is counted.
    async fn mend(&self, tx: &mut dyn Tx, kiosk: i64) -> Result<(), Failure> {
        tallies::add_hours(tx, kiosk, &missing(&self.hours)).await?;
        tallies::add_days(tx, kiosk, &missing(&self.days)).await?;
        let [tallied, counted] = &self.reasons;
        let mut reasons = counted.clone();
        for (share, times) in tallied {
            *reasons.entry(*share).or_default() -= times;
        }
        reasons.retain(|_, times| *times != 0);
        tallies::add_reasons(tx, kiosk, &reasons).await
    }

    async fn recounted(&self, tx: &mut dyn Tx, kiosk: String) -> Result<Recounted, Failure> {
        let mut wrong = self.wrong();
        wrong.truncate(WRONG_MAX);
        let lines = lines(tx, &wrong.iter().map(|wrong| wrong.line).collect()).await?;
        let choices = choices(tx, &wrong.iter().filter_map(Found::choice).collect()).await?;
        let named = wrong.into_iter().map(|wrong| Wrong {
            of: wrong.of,
            line: lines.get(&wrong.line).cloned(),
            what: wrong.what.name(&choices),
            tallied: wrong.tallied,
            counted: wrong.counted,
        });
        Ok(Recounted {
            kiosk,
            events: self.events,
            tallied: total(&self.hours[0]),
            counted: total(&self.hours[1]),
            wrong: named.collect(),
        })
    }

    fn wrong(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for ([tallied, counted], of) in [
            (&self.hours, TallyOf::Hour as fn(i32) -> TallyOf),
            (&self.days, TallyOf::Day as fn(i32) -> TallyOf),
        ] {
            for &(when, line) in all(tallied, counted) {
                let [tallied, counted] = [tallied, counted]
                    .map(|cells| cells.get(&(when, line)).copied().unwrap_or_default());
                let numbers = Cell::NAMES.into_iter().zip(tallied.0).zip(counted.0);
                for ((name, tallied), counted) in numbers.filter(|((_, one), two)| one != two) {
                    let what = What::Number(name);
                    found.push(Found { of: of(when), line, what, tallied, counted });
                }
            }
        }
        let [tallied, counted] = &self.reasons;
        for share in all(tallied, counted) {
            let [tallied, counted] =
                [tallied, counted].map(|times| times.get(share).copied().unwrap_or_default());
            if tallied != counted {
                let (of, line) = (TallyOf::Hour(share.hour), share.line);
                let what = What::Choice { face: share.face, choice: share.choice };
                found.push(Found { of, line, what, tallied, counted });
            }
        }
        found
    }
}

/// A wrong number, before its line has words.
struct Found {
    of: TallyOf,
    line: i64,
    what: What,
    tallied: i64,
    counted: i64,
}

enum What {
    Number(&'static str),
    Choice { face: u8, choice: i64 },
}

impl Found {
    const fn choice(&self) -> Option<i64> {
        match self.what {
            What::Number(_) => None,
            What::Choice { choice, .. } => Some(choice),
        }
    }
}

impl What {
    fn name(&self, choices: &BTreeMap<i64, String>) -> String {
        match self {
            Self::Number(name) => (*name).to_owned(),
            Self::Choice { face, choice } => {
                let unnamed = || format!("choice {choice}");
                let choice = choices.get(choice).cloned().unwrap_or_else(unnamed);
                format!("{choice} after face {face}")
            }
        }
    }
}

fn all<'a, K: Ord, V>(one: &'a BTreeMap<K, V>, other: &'a BTreeMap<K, V>) -> BTreeSet<&'a K> {
    one.keys().chain(other.keys()).collect()
}

/// What has to be added to the tallied cells to make them the counted ones.
fn missing([tallied, counted]: &[Cells; 2]) -> Cells {
    let mut missing = counted.clone();
    for (at, cell) in tallied {
        missing.entry(*at).or_default().add(cell, -1);
    }
    missing.retain(|_, cell| !cell.is_zero());
    missing
}

fn total(cells: &Cells) -> Cell {
    let mut total = Cell::default();
    cells.values().for_each(|cell| total.add(cell, 1));
    total
}

async fn cells(tx: &mut dyn Tx, kiosk: i64, table: &str, when: &str) -> Result<Cells, Failure> {
    let columns = columns(table);
    let sql = format!("select {when} as at_time, line, {columns} from {table} where kiosk = $1");
    let rows = tx.rows(&sql, &values![kiosk]).await?;
    let cell = |row| Ok(((Row::get(row, "at_time")?, Row::get(row, "line")?), cell(row)?));
    rows.iter().map(cell).collect()
}

async fn reasons(tx: &mut dyn Tx, kiosk: i64) -> Result<Reasons, Failure> {
    let sql = "select hour, line, face, choice, times from tally_reason where kiosk = $1";
    let rows = tx.rows(sql, &values![kiosk]).await?;
    let reason = |row: &Row| {
        let (hour, line) = (row.get("hour")?, row.get("line")?);
        let (face, choice) = (row.get("face")?, row.get("choice")?);
        Ok((ReasonShare { hour, line, face, choice }, row.get("times")?))
    };
    rows.iter().map(reason).collect()
}

async fn lines(
    tx: &mut dyn Tx,
    numbers: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, LineWords>, Failure> {
    let numbers = listed(numbers.iter().copied());
    if numbers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = format!("select no, question, version, scale from line where no in ({numbers})");
    let rows = tx.rows_once(&sql, &[]).await?;
    let words = |row: &Row| {
        let line = (row.get("question")?, row.get("version")?, row.get("scale")?);
        Ok((row.get("no")?, line))
    };
    rows.iter().map(words).collect()
}

async fn choices(
    tx: &mut dyn Tx,
    numbers: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, String>, Failure> {
    let numbers = listed(numbers.iter().copied());
    if numbers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = format!("select no, follow_up, answer from choice where no in ({numbers})");
    let rows = tx.rows_once(&sql, &[]).await?;
    let words = |row: &Row| {
        let (follow_up, answer): (String, String) = (row.get("follow_up")?, row.get("answer")?);
        Ok((row.get("no")?, format!("{follow_up} {answer}")))
    };
    rows.iter().map(words).collect()
}
