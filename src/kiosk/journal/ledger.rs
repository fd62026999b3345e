//! The statements that keep the journal's books: runs, marks, anchors.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Books, Run};
use crate::feedback::moment::{Anchor, Source, Timeline};
use crate::feedback::rating::{BootId, RatingId, RunId};

/// How many anchors at most go into one delivery.
const ANCHORS_MAX: usize = 50;

/// Writes down what the last run took, which only its last row knows, unless all of it was settled
/// and pruned.
pub(super) fn close_books(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "with last as (select run, n from event order by row desc limit 1), \
               took as (select run.id, max(settled_n, coalesce((select n from last \
               where last.run = run.id), 0)) as n from run order by run.id desc limit 1) \
               update run set taken = took.n from took where run.id = took.id and taken <> took.n";
    connection.execute(sql, []).map(drop)
}

/// Begins a run, in one commit.
pub(super) fn begin(connection: &mut Connection, id: RunId, boot: BootId) -> rusqlite::Result<Run> {
    let transaction = connection.transaction()?;
    transaction.execute("insert into boot (uuid) values (?) on conflict do nothing", [boot.0])?;
    let sql = "select id from boot where uuid = ?";
    let boot_key: i64 = transaction.query_row(sql, [boot.0], |row| row.get(0))?;
    transaction.execute("insert into run (uuid, boot) values (?, ?)", params![id.0, boot_key])?;
    let key = transaction.last_insert_rowid();
    transaction.commit()?;
    Ok(Run { key, id, boot_key, boot, taken: 0 })
}

/// The books of all runs; what the present one has taken is not written down yet.
pub(super) fn books(connection: &Connection, run: Option<&Run>) -> rusqlite::Result<Books> {
    let sql = "select coalesce(sum(case id when ? then ? else taken end), 0), \
               coalesce(sum(settled_n), 0), (select count(*) from set_aside), \
               (select count(*) from set_aside join run on run.id = set_aside.run \
               where n > settled_n), \
               (select count(*) from anchor where is_told = 0) from run";
    let present = params![run.map(|run| run.key), run.map(|run| run.taken)];
    connection.query_row(sql, present, |row| {
        let (taken, done, aside): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // Set aside before their turn came, so that the mark has not passed them yet.
        let ahead: i64 = row.get(3)?;
        let whole = |value: i64| u64::try_from(value).unwrap_or(0);
        Ok(Books {
            taken: whole(taken),
            settled: whole(done - (aside - ahead)),
            set_aside: whole(aside),
            waiting: whole(taken - done - ahead),
            untold: whole(row.get(4)?),
        })
    })
}

const ANCHORS: &str = "select anchor.id, boot.uuid, anchor.boot_ms, anchor.utc_ms, \
                       anchor.error_ms, anchor.source \
                       from anchor join boot on boot.id = anchor.boot";

pub(super) fn timeline(connection: &Connection) -> rusqlite::Result<Timeline> {
    let mut timeline = Timeline::default();
    for (_, boot, anchor) in anchors(connection, &format!("{ANCHORS} order by anchor.id"))? {
        timeline.add(boot, anchor);
    }
    Ok(timeline)
}

pub(super) fn untold(connection: &Connection) -> rusqlite::Result<Vec<(i64, BootId, Anchor)>> {
    let oldest = format!("{ANCHORS} where is_told = 0 order by anchor.id limit {ANCHORS_MAX}");
    anchors(connection, &oldest)
}

pub(super) fn anchors(
    connection: &Connection,
    sql: &str,
) -> rusqlite::Result<Vec<(i64, BootId, Anchor)>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut anchors = Vec::new();
    while let Some(row) = rows.next()? {
        let (boot_ms, source): (i64, String) = (row.get(2)?, row.get(5)?);
        if let (Ok(boot_ms), Some(source)) = (u64::try_from(boot_ms), Source::named(&source)) {
            let anchor = Anchor { boot_ms, utc_ms: row.get(3)?, error_ms: row.get(4)?, source };
            anchors.push((row.get(0)?, BootId(row.get(1)?), anchor));
        }
    }
    Ok(anchors)
}

pub(super) fn add_anchor(
    connection: &Connection,
    boot_key: i64,
    anchor: &Anchor,
) -> rusqlite::Result<()> {
    let sql = "insert into anchor (boot, boot_ms, utc_ms, error_ms, source) values (?, ?, ?, ?, ?)";
    let boot_ms = i64::try_from(anchor.boot_ms).unwrap_or(i64::MAX);
    let (utc_ms, error_ms, source) = (anchor.utc_ms, anchor.error_ms, anchor.source.name());
    connection.execute(sql, params![boot_key, boot_ms, utc_ms, error_ms, source])?;
    Ok(())
}

/// Moves each run's mark forward over events that are done, as far as there is no gap.
pub(super) fn advance<'a>(
    connection: &Connection,
    done: impl Iterator<Item = &'a RatingId>,
) -> rusqlite::Result<()> {
    let mut by_run = std::collections::BTreeMap::<RunId, std::collections::BTreeSet<u32>>::new();
    for id in done {
        by_run.entry(id.run).or_default().insert(id.n);
    }
    for (run, numbers) in by_run {
        let sql = "select id, settled_n from run where uuid = ?";
        let found = connection.query_row(sql, [run.0], |row| Ok((row.get(0)?, row.get(1)?)));
        let Some((key, mut mark)): Option<(i64, u32)> = found.optional()? else {
            continue;
        };
        let sql = "select 1 from set_aside where run = ? and n = ?";
        let mut is_aside = connection.prepare_cached(sql)?;
        while numbers.contains(&(mark + 1)) || is_aside.exists(params![key, mark + 1])? {
            mark += 1;
        }
        connection.execute("update run set settled_n = ? where id = ?", params![mark, key])?;
    }
    Ok(())
}

/// The first row at or after this one that waits, or the one after the last row.
pub(super) fn next_unsent(connection: &Connection, from: i64) -> rusqlite::Result<i64> {
    let sql = "select event.row from event join run on run.id = event.run \
               where event.row >= ? and event.n > run.settled_n order by event.row limit 1";
    let next = connection.query_row(sql, [from], |row| row.get(0)).optional()?;
    let last = || {
        let sql = "select coalesce(max(row), 0) + 1 from event";
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|last| last.max(from))
    };
    next.map_or_else(last, Ok)
}
