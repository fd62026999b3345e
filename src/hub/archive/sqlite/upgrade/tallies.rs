//! Adds what events count as to the tallies.

use std::collections::BTreeMap;

use rusqlite::{Connection, params, params_from_iter};

use crate::hub::rules::tallying::{Cell, Differences};

/// Adds the differences of each kiosk.
pub(super) fn add(
    connection: &Connection,
    changes: &BTreeMap<i64, Differences>,
) -> rusqlite::Result<()> {
    for (kiosk, changes) in changes {
        cells(connection, "tally", "hour", "", *kiosk, changes.hours())?;
        let again = ", revision = revision + 1";
        cells(connection, "tally_day", "day", again, *kiosk, &changes.days())?;
        let sql = "insert into tally_reason (kiosk, hour, line, face, choice, times) \
                   values (?, ?, ?, ?, ?, ?) \
                   on conflict do update set times = times + excluded.times";
        let mut statement = connection.prepare_cached(sql)?;
        for (reason, times) in changes.reasons() {
            let at = (reason.hour, reason.line, reason.face, reason.choice);
            statement.execute(params![kiosk, at.0, at.1, at.2, at.3, times])?;
        }
    }
    Ok(())
}

fn cells(
    connection: &Connection,
    table: &str,
    unit: &str,
    again: &str,
    kiosk: i64,
    cells: &BTreeMap<(i32, i64), Cell>,
) -> rusqlite::Result<()> {
    let names = Cell::NAMES.join(", ");
    let sums = Cell::NAMES.map(|name| format!("{name} = {name} + excluded.{name}")).join(", ");
    let places = vec!["?"; Cell::NAMES.len()].join(", ");
    let (also, first) = if again.is_empty() { ("", "") } else { (", revision", ", 1") };
    let sql = format!(
        "insert into {table} (kiosk, {unit}, line, {names}{also}) \
         values (?, ?, ?, {places}{first}) \
         on conflict do update set {sums}{again}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    for ((at, line), Cell(numbers)) in cells {
        let key = [kiosk, i64::from(*at), *line];
        statement.execute(params_from_iter(key.iter().chain(numbers)))?;
    }
    Ok(())
}
