//! What became of everything that a kiosk has taken, by the archive's own count.

use rusqlite::{Connection, params};

use crate::feedback::event::{gaps, stretches};
use crate::feedback::rating::RunId;
use crate::wire::report::{Reconciled, ReconciledRun, Told};

pub(super) fn reconcile(connection: &Connection, kiosk: &str) -> rusqlite::Result<Reconciled> {
    // One look at one state: deliveries go on arriving meanwhile.
    let connection = &*connection.unchecked_transaction()?;
    let sql = "select taken, waiting, set_aside, lost from kiosk where id = ?";
    let told = connection.query_row(sql, [kiosk], |row| {
        let count = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
        Ok(Told { taken: count(0)?, waiting: count(1)?, set_aside: count(2)?, lost: count(3)? })
    })?;
    let mut account = Reconciled { kiosk: kiosk.to_owned(), told, ..Reconciled::default() };
    let sql = "select id, uuid, taken from run where kiosk = ? order by id";
    let mut statement = connection.prepare(sql)?;
    let runs: Vec<(i64, RunId, u32)> = statement
        .query_map([kiosk], |row| Ok((row.get(0)?, RunId(row.get(1)?), row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (key, run, taken) in runs {
        let run = reconcile_run(connection, key, run, taken)?;
        account.taken += u64::from(run.taken);
        account.stored += run.stored;
        account.set_aside += count(&run.set_aside);
        account.lost += count(&run.lost);
        account.missing += count(&run.missing);
        if !(run.set_aside.is_empty() && run.lost.is_empty() && run.missing.is_empty()) {
            account.runs.push(run);
        }
    }
    let known = account.stored + account.set_aside + account.lost + account.missing;
    // What stands for another event is aside at the kiosk, and its number is not missing here.
    let sql = "select count(*) from (select distinct run, n from conflict where kiosk = ?)";
    let conflicts: i64 = connection.query_row(sql, [kiosk], |row| row.get(0))?;
    let aside_here = account.set_aside + conflicts.cast_unsigned();
    let explained = told.waiting + told.set_aside.saturating_sub(aside_here);
    account.holds = account.taken == known && account.missing <= explained;
    Ok(account)
}

fn reconcile_run(
    connection: &Connection,
    key: i64,
    run: RunId,
    taken: u32,
) -> rusqlite::Result<ReconciledRun> {
    let sql = "select n from event where run = ? order by n";
    let mut statement = connection.prepare_cached(sql)?;
    let numbers: Vec<u32> =
        statement.query_map([key], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let stored = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
    let here = stretches(numbers);
    // What is not here was refused, or is lost, or is missing; one after the other is taken off.
    let absent = gaps(1, taken, &here);
    let sql = "select n from refused where run = ? order by n";
    let mut statement = connection.prepare_cached(sql)?;
    let refused: Vec<u32> =
        statement.query_map([run.0], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let set_aside = within(&absent, &stretches(refused));
    let absent = without(&absent, &set_aside);
    let sql = "select first_n, last_n from lost where run = ? order by first_n";
    let mut statement = connection.prepare_cached(sql)?;
    let lost: Vec<(u32, u32)> = statement
        .query_map(params![run.0], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let lost = within(&absent, &lost);
    let missing = without(&absent, &lost);
    Ok(ReconciledRun { run: run.to_string(), taken, stored, missing, lost, set_aside })
}

fn count(ranges: &[(u32, u32)]) -> u64 {
    ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
}

/// What of these ranges is in the others too; all in rising order.
fn within(ranges: &[(u32, u32)], others: &[(u32, u32)]) -> Vec<(u32, u32)> {
    without(ranges, &without(ranges, others))
}

/// What of these ranges is not in the others; all in rising order.
fn without(ranges: &[(u32, u32)], others: &[(u32, u32)]) -> Vec<(u32, u32)> {
    ranges.iter().flat_map(|&(first, last)| gaps(first, last, others)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_split_where_others_lie_in_them() {
        let ranges = [(1, 10), (20, 30)];
        assert_eq!(within(&ranges, &[(5, 22), (30, 40)]), [(5, 10), (20, 22), (30, 30)]);
        assert_eq!(without(&ranges, &[(5, 22), (30, 40)]), [(1, 4), (23, 29)]);
        assert_eq!(without(&ranges, &[]), ranges);
        assert_eq!(within(&ranges, &[]), []);
    }
}
