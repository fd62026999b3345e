//! What was deleted, as ranges of numbers: written with each deletion, and told to the kiosk until
//! it says that it has let go of it too.

use std::collections::BTreeSet;

use crate::feedback::event::stretches;
use crate::feedback::rating::RunId;
use crate::hub::archive::error::Failure;
use crate::hub::archive::tx::{Filled, Stored, Tx};
use crate::hub::archive::value::{Row, Value, values};
use crate::hub::rules::keeping::{self, RANGES_MAX, Why};
use crate::wire::receipt::{GONE_RANGES_MAX, Gone, Settled};

const _: () = assert!(RANGES_MAX <= GONE_RANGES_MAX, "a kiosk hears no receipt with more");

const GONE: Filled = Filled {
    table: "gone",
    columns: &[
        ("kiosk", Stored::Int),
        ("run", Stored::Int),
        ("first_n", Stored::Int),
        ("last_n", Stored::Int),
        ("why", Stored::Small),
        ("seq", Stored::Int),
    ],
};

/// Deletes the rows of these events of a run, with what came in conflict with them, and writes
/// down that they are gone, by which change and why. Their kiosk is locked.
pub(super) async fn delete(
    tx: &mut dyn Tx,
    (kiosk, run): (i64, i64),
    numbers: &BTreeSet<u32>,
    (why, seq): (Why, i64),
) -> Result<(), Failure> {
    let stretch = |(first, last)| values![kiosk, run, first, last].to_vec();
    let rows: Vec<Vec<Value>> =
        stretches(numbers.iter().copied()).into_iter().map(stretch).collect();
    for table in ["event", "conflict"] {
        let sql =
            format!("delete from {table} where kiosk = $1 and run = $2 and n between $3 and $4");
        tx.execute_each(&sql, &rows).await?;
    }
    let mut known = Vec::new();
    for (first, last) in stretches(numbers.iter().copied()) {
        known.extend(beside(tx, (kiosk, run), (first, last), why).await?);
    }
    let (ranges, replaced) = keeping::joined(&known, numbers.iter().copied());
    let replaced: Vec<Vec<Value>> =
        replaced.into_iter().map(|(first, _)| values![kiosk, run, first].to_vec()).collect();
    let sql = "delete from gone where kiosk = $1 and run = $2 and first_n = $3";
    tx.execute_each(sql, &replaced).await?;
    let range = |(first, last)| values![kiosk, run, first, last, why.number(), seq].to_vec();
    tx.insert(&GONE, ranges.into_iter().map(range).collect()).await
}

/// The ranges that end just before a stretch or begin just after it.
async fn beside(
    tx: &mut dyn Tx,
    (kiosk, run): (i64, i64),
    (first, last): (u32, u32),
    why: Why,
) -> Result<Vec<(u32, u32)>, Failure> {
    let why = why.number();
    let sql = "select first_n, last_n from gone where kiosk = $1 and run = $2 and first_n < $3 \
               and why = $4 order by first_n desc limit 1";
    let mut rows = tx.rows(sql, &values![kiosk, run, first, why]).await?;
    let sql = "select first_n, last_n from gone where kiosk = $1 and run = $2 and first_n = $3 \
               and why = $4";
    let after = values![kiosk, run, last.saturating_add(1), why];
    rows.extend(tx.rows(sql, &after).await?);
    rows.iter().map(range).collect()
}

/// The ranges of a run that have numbers from `first` to `last`. Ranges are apart, so that only one
/// of those that begin before can reach that far: a long history costs nothing.
pub(super) async fn meeting(
    tx: &mut dyn Tx,
    (kiosk, run): (i64, i64),
    (first, last): (u32, u32),
) -> Result<Vec<(u32, u32)>, Failure> {
    let mut rows = tx.rows(BEFORE, &values![kiosk, run, first]).await?;
    rows.extend(tx.rows(WITHIN, &values![kiosk, run, first, last]).await?);
    rows.iter().map(range).collect()
}

/// The last range that begins before a number, and the ranges that begin in a stretch.
const BEFORE: &str = "select first_n, last_n from gone where kiosk = $1 and run = $2 \
     and first_n < $3 order by first_n desc limit 1";
const WITHIN: &str = "select first_n, last_n from gone where kiosk = $1 and run = $2 \
     and first_n between $3 and $4";

/// Asks ahead for what [`meeting`] asks.
pub(super) fn ask_ahead(tx: &mut dyn Tx, (kiosk, run): (i64, i64), (first, last): (u32, u32)) {
    tx.ask_ahead(BEFORE, values![kiosk, run, first].into());
    tx.ask_ahead(WITHIN, values![kiosk, run, first, last].into());
}

/// The newest change that deleted anything of a kiosk.
const NEWEST: &str = "select seq from gone where kiosk = $1 order by seq desc limit 1";

/// Asks ahead for what [`told`] asks first.
pub(super) fn ask_ahead_newest(tx: &mut dyn Tx, kiosk: i64) {
    tx.ask_ahead(NEWEST, values![kiosk].into());
}

fn range(row: &Row) -> Result<(u32, u32), Failure> {
    Ok((row.get("first_n")?, row.get("last_n")?))
}

/// What a kiosk is told that was deleted, by the change up to which it says that it has let go of
/// what was; none where it has let go of all.
pub(super) async fn told(
    tx: &mut dyn Tx,
    kiosk: i64,
    let_go: Option<u64>,
) -> Result<Option<Gone>, Failure> {
    if let_go.is_none() {
        return Ok(None);
    }
    let row = tx.row(NEWEST, &values![kiosk]).await?;
    let newest: Option<u64> = row.map(|row| row.get("seq")).transpose()?;
    let Some(after) = newest.and_then(|newest| keeping::told_after(let_go, newest)) else {
        return Ok(None);
    };
    let sql = "select run.uuid, gone.first_n, gone.last_n, gone.seq \
               from gone cross join run where run.kiosk = gone.kiosk and run.no = gone.run \
               and gone.kiosk = $1 and gone.seq > $2 \
               order by gone.seq, gone.run, gone.first_n limit $3";
    let mut rows = tx.rows(sql, &values![kiosk, after, RANGES_MAX + 1]).await?;
    let changes = rows.iter().map(|row| row.get("seq")).collect::<Result<Vec<u64>, _>>()?;
    rows.truncate(keeping::told(&changes));
    let Some(last) = rows.last() else {
        return Ok(None);
    };
    let upto = last.get("seq")?;
    let mut events: Vec<Settled> = Vec::new();
    for row in &rows {
        let (run, range) = (RunId(row.get("uuid")?).to_string(), range(row)?);
        match events.iter_mut().find(|of_run| of_run.run == run) {
            Some(of_run) => of_run.ranges.push(range),
            None => events.push(Settled { run, ranges: vec![range] }),
        }
    }
    Ok(Some(Gone { upto, events }))
}
