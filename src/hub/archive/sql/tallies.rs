//! The statements that keep tallies, and those that count days by them.

use std::collections::BTreeMap;

use crate::hub::archive::error::Failure;
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, Value, values};
use crate::hub::rules::tallying::{Cell, Differences, NUMBERS, ReasonShare};

/// Cells by hour and line, or by day and line.
pub(super) type Cells = BTreeMap<(i32, i64), Cell>;

/// So many cells are added to by one statement.
const ROWS_AT_ONCE: usize = 16;

/// How often each reason was given.
pub(super) type Reasons = BTreeMap<ReasonShare, i64>;

/// Adds to the tallies of a kiosk, whose book is locked.
pub(super) async fn add(
    tx: &mut dyn Tx,
    kiosk: i64,
    differences: &Differences,
) -> Result<(), Failure> {
    add_hours(tx, kiosk, differences.hours()).await?;
    add_days(tx, kiosk, &differences.days()).await?;
    add_reasons(tx, kiosk, differences.reasons()).await
}

/// Adds to the cells of hours.
pub(super) async fn add_hours(tx: &mut dyn Tx, kiosk: i64, cells: &Cells) -> Result<(), Failure> {
    if cells.is_empty() {
        return Ok(());
    }
    add_rows(tx, ("tally", "hour", false), rows(kiosk, cells)).await
}

/// Adds to the cells of days, of which each gets another revision.
pub(super) async fn add_days(tx: &mut dyn Tx, kiosk: i64, cells: &Cells) -> Result<(), Failure> {
    if cells.is_empty() {
        return Ok(());
    }
    add_rows(tx, ("tally_day", "day", true), rows(kiosk, cells)).await
}

/// Adds to how often each reason was given.
pub(super) async fn add_reasons(
    tx: &mut dyn Tx,
    kiosk: i64,
    times: &Reasons,
) -> Result<(), Failure> {
    let reasons: Vec<Vec<Value>> = times
        .iter()
        .map(|(of, times)| values![kiosk, of.hour, of.line, of.face, of.choice, *times].to_vec())
        .collect();
    if !reasons.is_empty() {
        let sql = "insert into tally_reason (kiosk, hour, line, face, choice, times) \
                   values ($1, $2, $3, $4, $5, $6) \
                   on conflict (kiosk, hour, line, face, choice) \
                   do update set times = tally_reason.times + excluded.times";
        tx.execute_later(sql, reasons).await?;
    }
    Ok(())
}

fn rows(kiosk: i64, cells: &Cells) -> Vec<Vec<Value>> {
    let row = |(&(when, line), cell): (&(i32, i64), &Cell)| {
        let place = values![kiosk, when, line].into_iter();
        place.chain(cell.0.map(Value::Number)).collect()
    };
    cells.iter().map(row).collect()
}

/// Adds to the cells of these rows, many by one statement where that costs less.
async fn add_rows(
    tx: &mut dyn Tx,
    table: (&str, &str, bool),
    rows: Vec<Vec<Value>>,
) -> Result<(), Failure> {
    let at_once = if tx.takes_many_rows() { ROWS_AT_ONCE } else { 1 };
    let many = rows.chunks_exact(at_once);
    let rest = many.remainder().to_vec();
    let many: Vec<Vec<Value>> = many.map(<[_]>::concat).collect();
    tx.execute_later(&upsert(table, at_once), many).await?;
    tx.execute_later(&upsert(table, 1), rest).await
}

/// The statement that adds to so many cells, with the revision of a table that has one.
fn upsert((table, when, has_revision): (&str, &str, bool), cells: usize) -> String {
    const WIDTH: usize = NUMBERS + 3;
    let added = |name: &str| format!("{name} = {table}.{name} + excluded.{name}");
    let mut names = Cell::NAMES.to_vec();
    if has_revision {
        names.push("revision");
    }
    let cell = |cell: usize| {
        let places = (1..=WIDTH).map(|place| format!("${}", cell * WIDTH + place));
        let places: Vec<String> = places.chain(has_revision.then(|| "1".to_owned())).collect();
        format!("({})", places.join(", "))
    };
    let cells: Vec<String> = (0..cells).map(cell).collect();
    let sets: Vec<String> = names.iter().map(|name| added(name)).collect();
    format!(
        "insert into {table} (kiosk, {when}, line, {}) values {} \
         on conflict (kiosk, {when}, line) do update set {}",
        names.join(", "),
        cells.join(", "),
        sets.join(", ")
    )
}

/// The columns of a cell, of this table, that [`cell`] reads.
pub(super) fn columns(table: &str) -> String {
    Cell::NAMES.map(|name| format!("{table}.{name}")).join(", ")
}

/// The cell of a row.
pub(super) fn cell(row: &Row) -> Result<Cell, Failure> {
    let mut cell = Cell::default();
    for (number, name) in cell.0.iter_mut().zip(Cell::NAMES) {
        *number = row.get(name)?;
    }
    Ok(cell)
}

#[cfg(test)]
mod tests;
