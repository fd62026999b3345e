//! The SQL of the journal's books: runs, losses, anchors, and the number up to which each run is
//! settled.
//!
//! Run rows and losses carry checksums too: a flipped bit would otherwise settle events that no hub
//! has seen.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::books::Books;
use super::rescue::high_water::{RUNS_MAX, Reached};
use super::row;
use crate::feedback::event::Loss;
use crate::feedback::moment::{Anchor, Source, Timeline};
use crate::feedback::rating::{BootId, RatingId, RunId, Wording};

/// How many anchors at most go into one delivery.
const ANCHORS_MAX: usize = 50;

/// The keys of boots, runs and questions of a journal that follows on a damaged one begin at its
/// number times this, and its rows at its number times [`ROWS_APART`], so that whatever is carried
/// over from the damaged one keeps its keys and its place in the order.
pub(super) const KEYS_APART: i64 = 1 << 20;

/// See [`KEYS_APART`].
pub(super) const ROWS_APART: i64 = 1 << 32;

/// The run that writes, and how far it has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) key: i64,
    pub(super) id: RunId,
    pub(super) boot_key: i64,
    pub(super) boot: BootId,
    pub(super) taken: u32,
}

/// How many of the newest rows are looked at to find out how far the last run had come.
pub(super) const LAST_ROWS: usize = 64;

/// A run's row, and whether its checksum is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunRow {
    pub(super) key: i64,
    pub(super) run: RunId,
    pub(super) boot_key: i64,
    pub(super) taken: u32,
    pub(super) settled: u32,
    pub(super) is_sound: bool,
}

/// The checksum of a run's row.
pub(super) fn run_checksum(run: RunId, taken: u32, settled: u32) -> u32 {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(&run.0);
    bytes[16..20].copy_from_slice(&taken.to_le_bytes());
    bytes[20..].copy_from_slice(&settled.to_le_bytes());
    crc32c::crc32c(&bytes)
}

fn loss_checksum(run_key: i64, first: u32, last: u32) -> u32 {
    let words =
        [run_key.to_le_bytes(), i64::from(first).to_le_bytes(), i64::from(last).to_le_bytes()];
    crc32c::crc32c(&words.concat())
}

const RUNS: &str = "select id, uuid, boot, taken, settled_n, crc from run";

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    // A value out of range is damage, and a damaged row is not trusted.
    let whole = |at| row.get::<_, i64>(at).ok().and_then(|n| u32::try_from(n).ok());
    let run = RunId(row.get(1).unwrap_or_default());
    let (taken, settled) = (whole(3), whole(4));
    let crc: Option<i64> = row.get(5).unwrap_or(Some(-1));
    let is_whole = taken.is_some() && settled.is_some();
    let (taken, settled) = (taken.unwrap_or(0), settled.unwrap_or(0));
    let is_sound = is_whole && crc == Some(i64::from(run_checksum(run, taken, settled)));
    Ok(RunRow {
        key: row.get(0)?,
        run,
        boot_key: row.get(2).unwrap_or(0),
        taken,
        settled,
        is_sound,
    })
}

/// Every run, oldest first.
pub(super) fn runs(connection: &Connection) -> rusqlite::Result<Vec<RunRow>> {
    let mut statement = connection.prepare_cached(&format!("{RUNS} order by id"))?;
    statement.query_map([], run_row)?.collect()
}

pub(super) fn run_of(connection: &Connection, run: RunId) -> rusqlite::Result<Option<RunRow>> {
    let mut statement = connection.prepare_cached(&format!("{RUNS} where uuid = ?"))?;
    statement.query_row([run.0], run_row).optional()
}

/// The last run and how far it had come, which only its rows know.
///
/// Damaged rows at the end count: their numbers had been handed out.
pub(super) fn last_taken(connection: &Connection) -> rusqlite::Result<Option<(RunRow, u32)>> {
    let Some(last) = runs(connection)?.pop() else {
        return Ok(None);
    };
    let limit = i64::try_from(LAST_ROWS).unwrap_or(i64::MAX);
    let newest =
        row::select(connection, "where event.row > ? order by event.row desc limit ?", -1, limit)?;
    let mut damaged = 0;
    for kept in newest {
        match kept.entry {
            // It is whole, even if nothing in it can be read, or is left.
            Err(id) if kept.is_newer && id.run == last.run => {
                return Ok(Some((last, id.n.saturating_add(damaged))));
            }
            // A row that names another known run belongs to that run.
            Err(id) if id.run == last.run || id.run == RunId([0; 16]) => damaged += 1,
            Ok(entry) if entry.id.run == last.run => {
                return Ok(Some((last, entry.id.n.saturating_add(damaged))));
            }
            Ok(_) | Err(_) => break,
        }
    }
    Ok(Some((last, damaged.max(last.taken))))
}

/// Writes how far a run has come, with its checksum.
pub(super) fn write_run(connection: &Connection, run: &RunRow) -> rusqlite::Result<()> {
    let RunRow { key, run, taken, settled, .. } = run;
    let crc = run_checksum(*run, *taken, *settled);
    let sql = "update run set taken = ?, settled_n = ?, crc = ? where id = ?";
    connection.prepare_cached(sql)?.execute(params![taken, settled, crc, key])?;
    Ok(())
}

/// Gives every run of the first schema its checksum.
pub(super) fn fill_checksums(connection: &Connection) -> rusqlite::Result<()> {
    runs(connection)?.iter().try_for_each(|run| write_run(connection, run))
}

/// Begins a run, in one commit; `after_bad` is the number of the damaged journal that this one
/// follows on, or 0.
pub(super) fn begin(
    connection: &mut Connection,
    id: RunId,
    boot: BootId,
    after_bad: i64,
) -> rusqlite::Result<Run> {
    let transaction = connection.transaction()?;
    let base = after_bad * KEYS_APART;
    let boot_key = add_boot(&transaction, boot, None, base)?;
    let sql = "insert into run (id, uuid, boot, crc) \
               values ((select max(coalesce(max(id), 0), ?) + 1 from run), ?, ?, ?)";
    let crc = run_checksum(id, 0, 0);
    transaction.execute(sql, params![base, id.0, boot_key, crc])?;
    let key = transaction.last_insert_rowid();
    transaction.commit()?;
    Ok(Run { key, id, boot_key, boot, taken: 0 })
}

/// The key of a boot, which is added with the key it had before, or the next one from `base` on.
pub(super) fn add_boot(
    connection: &Connection,
    boot: BootId,
    key: Option<i64>,
    base: i64,
) -> rusqlite::Result<i64> {
    let known = |connection: &Connection| {
        let sql = "select id from boot where uuid = ?";
        connection.prepare_cached(sql)?.query_row([boot.0], |row| row.get(0)).optional()
    };
    // Where the key is in use for another boot, the next free one is taken.
    for key in [key, None] {
        if let Some(key) = known(connection)? {
            return Ok(key);
        }
        let sql = "insert into boot (id, uuid) \
                   values (coalesce(?, (select max(coalesce(max(id), 0), ?) + 1 from boot)), ?) \
                   on conflict do nothing";
        connection.prepare_cached(sql)?.execute(params![key, base, boot.0])?;
    }
    known(connection)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// The books of all runs; the run that writes has not saved its own count yet.
pub(super) fn books(connection: &Connection, run: Option<&Run>) -> rusqlite::Result<Books> {
    let sql = "select \
        (select coalesce(sum(case id when ? then ? else taken end), 0) from run), \
        (select coalesce(sum(settled_n), 0) from run), \
        (select count(*) from set_aside where is_again = 0), \
        (select count(*) from set_aside join run on run.id = set_aside.run \
            where is_again = 0 and n > settled_n), \
        (select count(*) from set_aside join run on run.id = set_aside.run \
            where is_again = 1 and n <= settled_n), \
        (select coalesce(sum(last_n - first_n + 1), 0) from lost), \
        (select coalesce(sum((last_n <= settled_n) * (last_n - first_n + 1)), 0) \
            from lost join run on run.id = lost.run), \
        (select count(*) from anchor where is_told = 0)";
    let present = params![run.map(|run| run.key), run.map(|run| run.taken)];
    connection.prepare_cached(sql)?.query_row(present, |row| {
        let count = |at| row.get::<_, i64>(at);
        let taken = count(0)?;
        let passed = count(1)?;
        // Of the events set aside, those that settling has not passed yet; of those to be sent
        // again, and of the lost ones, those that it has.
        let (aside, aside_ahead, again_passed) = (count(2)?, count(3)?, count(4)?);
        let (lost, lost_passed) = (count(5)?, count(6)?);
        let whole = |value: i64| u64::try_from(value).unwrap_or(0);
        Ok(Books {
            taken: whole(taken),
            settled: whole(passed - (aside - aside_ahead) - again_passed - lost_passed),
            set_aside: whole(aside),
            waiting: whole(taken - passed - aside_ahead + again_passed - (lost - lost_passed)),
            lost: whole(lost),
            untold: whole(count(7)?),
        })
    })
}

/// The content of the high-water mark: how far the newest runs have come.
pub(super) fn reached(
    connection: &Connection,
    run: Option<&Run>,
) -> rusqlite::Result<Vec<Reached>> {
    let sql = format!("{RUNS} order by id desc limit {RUNS_MAX}");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], run_row)?;
    rows.map(|row| {
        let RunRow { key, run: id, taken, settled, .. } = row?;
        let taken = run.filter(|run| run.key == key).map_or(taken, |run| run.taken);
        Ok(Reached { run: id, taken, settled })
    })
    .collect()
}

const ANCHORS: &str = "select anchor.id, boot.uuid, anchor.boot_ms, anchor.utc_ms, \
                       anchor.error_ms, anchor.source \
                       from anchor join boot on boot.id = anchor.boot";

pub(super) fn timeline(connection: &Connection) -> rusqlite::Result<Timeline> {
    let mut timeline = Timeline::default();
    let mut statement = connection.prepare_cached("select uuid from boot order by id")?;
    for boot in statement.query_map([], |row| row.get(0))? {
        timeline.see(BootId(boot?));
    }
    for (_, boot, anchor) in anchors(connection, &format!("{ANCHORS} order by anchor.id"))? {
        timeline.add(boot, anchor);
    }
    Ok(timeline)
}

pub(super) fn untold(connection: &Connection) -> rusqlite::Result<Vec<(i64, BootId, Anchor)>> {
    let oldest = format!("{ANCHORS} where is_told = 0 order by anchor.id limit {ANCHORS_MAX}");
    anchors(connection, &oldest)
}

fn anchors(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<(i64, BootId, Anchor)>> {
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

/// Notes that events are done with, and settles each run as far as it has no gap.
pub(super) fn advance<'a>(
    connection: &Connection,
    done: impl Iterator<Item = &'a RatingId>,
) -> rusqlite::Result<()> {
    let mut by_run = BTreeMap::<RunId, BTreeSet<u32>>::new();
    for id in done {
        by_run.entry(id.run).or_default().insert(id.n);
    }
    for (run, numbers) in by_run {
        let Some(row) = run_of(connection, run)? else {
            continue;
        };
        let mut settled = row.settled;
        let sql = "select 1 from set_aside where run = ? and n = ?";
        let mut is_aside = connection.prepare_cached(sql)?;
        loop {
            let next = settled + 1;
            if numbers.contains(&next) || is_aside.exists(params![row.key, next])? {
                settled = next;
            } else if let Some(last) = lost_until(connection, row.key, next)? {
                settled = last;
            } else {
                break;
            }
        }
        if settled != row.settled {
            write_run(connection, &RunRow { settled, ..row })?;
        }
    }
    Ok(())
}

/// The end of the lost range that begins with this number, if one does.
fn lost_until(connection: &Connection, run_key: i64, n: u32) -> rusqlite::Result<Option<u32>> {
    let sql = "select max(last_n) from lost where run = ? and first_n <= ? and last_n >= ?";
    connection.prepare_cached(sql)?.query_row(params![run_key, n, n], |row| row.get(0))
}

/// Writes down that a range of a run is lost.
pub(super) fn add_loss(connection: &Connection, loss: Loss) -> rusqlite::Result<()> {
    let Loss::Range { run, first, last } = loss else {
        return Ok(());
    };
    let Some(row) = run_of(connection, run)? else {
        return Ok(());
    };
    let crc = loss_checksum(row.key, first, last);
    let sql = "insert into lost (run, first_n, last_n, crc) values (?, ?, ?, ?) \
               on conflict do nothing";
    connection.execute(sql, params![row.key, first, last, crc])?;
    // What is lost will not be sent again.
    let sql = "delete from set_aside where run = ? and n between ? and ? and is_again = 1";
    connection.execute(sql, params![row.key, first, last])?;
    Ok(())
}

/// The ranges of a run that are lost, in rising order.
pub(super) fn lost_of(connection: &Connection, run_key: i64) -> rusqlite::Result<Vec<(u32, u32)>> {
    let sql = "select first_n, last_n from lost where run = ? order by first_n";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([run_key], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Deletes damaged records of losses; the check finds the gap again.
pub(super) fn drop_unsound_losses(connection: &Connection) -> rusqlite::Result<usize> {
    let mut unsound = Vec::new();
    let mut statement = connection.prepare("select run, first_n, last_n, crc from lost")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (key, first): (i64, i64) = (row.get(0)?, row.get(1)?);
        let (last, crc): (i64, i64) = (row.get(2)?, row.get(3)?);
        let range = u32::try_from(first).ok().zip(u32::try_from(last).ok());
        let is_sound = range.is_some_and(|(first, last)| {
            first <= last && crc == i64::from(loss_checksum(key, first, last))
        });
        if !is_sound {
            unsound.push((key, first));
        }
    }
    for (key, first) in &unsound {
        connection
            .execute("delete from lost where run = ? and first_n = ?", params![key, first])?;
    }
    Ok(unsound.len())
}

/// The numbers of a run that are set aside, or to be sent again, in rising order.
pub(super) fn aside_of(
    connection: &Connection,
    run_key: i64,
) -> rusqlite::Result<Vec<(u32, bool)>> {
    let sql = "select n, is_again from set_aside where run = ? order by n";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([run_key], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// The first row at or after this one that waits, or the one after the last row.
pub(super) fn next_unsent(connection: &Connection, from: i64) -> rusqlite::Result<i64> {
    let waits = row::WAITS;
    let sql = format!(
        "select event.row from event join run on run.id = event.run \
         left join set_aside on set_aside.run = event.run and set_aside.n = event.n \
         where event.row >= ? and ({waits}) order by event.row limit 1"
    );
    let next = connection.prepare_cached(&sql)?.query_row([from], |row| row.get(0)).optional()?;
    let last = || {
        let sql = "select coalesce(max(row), 0) + 1 from event";
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|last| last.max(from))
    };
    next.map_or_else(last, Ok)
}

/// The number up to which what head office deleted was let go of, in the table `meta`; 0 is none.
pub(super) const GONE: &str = "gone";

/// A number of the table `meta`.
pub(super) fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    let sql = "select value from meta where key = ?";
    connection.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional()
}

pub(super) fn set_meta(connection: &Connection, key: &str, value: i64) -> rusqlite::Result<()> {
    let sql = "insert into meta (key, value) values (?, ?) \
               on conflict do update set value = excluded.value";
    connection.prepare_cached(sql)?.execute(params![key, value])?;
    Ok(())
}

/// The key of a question, which is added with the key it had before, or the next one.
pub(super) fn add_question(
    connection: &Connection,
    question: &Wording,
    key: Option<i64>,
    after_bad: i64,
) -> rusqlite::Result<i64> {
    let Wording { id, version, language } = question;
    let base = after_bad * KEYS_APART;
    let known = |connection: &Connection| {
        let sql = "select id from question where name = ? and version = ? and language = ?";
        connection.query_row(sql, params![id, version, language], |row| row.get(0)).optional()
    };
    // Where the key is in use for another question, the next free one is taken.
    for key in [key, None] {
        if let Some(key) = known(connection)? {
            return Ok(key);
        }
        let sql = "insert into question (id, name, version, language) \
                   values (coalesce(?, (select max(coalesce(max(id), 0), ?) + 1 from question)), \
                   ?, ?, ?) on conflict do nothing";
        connection.execute(sql, params![key, base, id, version, language])?;
    }
    known(connection)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}
