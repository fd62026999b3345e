//! The statements that date events: when they arrive, and again whenever more is known.
//!
//! A delivery dates its own events by the anchors of their boot, or bounds them by the boots on
//! either side that know the time. What else becomes known by it concerns events that are stored
//! already; of these a delivery dates so many, and [`more`] goes on with the rest.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use crate::feedback::moment::{self, Anchor, Moment, Quality, Reading, Source, Timeline, Told};
use crate::feedback::rating::BootId;
use crate::hub::rules::dating::{
    self, ANCHORS_OF_BOOT_MAX, ANCHORS_READ_MAX, AT_ONCE_MAX, RUNS_AT_ONCE_MAX,
};

/// What is known of the time of one boot and of those around it.
pub(super) struct Clock {
    boot: BootId,
    own: Timeline,
    is_told: bool,
    /// When the last boot before it that knows the time had ended.
    before_ms: Option<i64>,
    /// When the next boot that knows the time began.
    after_ms: Option<i64>,
    /// How many anchors were read for it.
    anchors: u32,
}

/// The clocks that a delivery has needed so far, each read once.
#[derive(Default)]
pub(super) struct Clocks {
    of_boots: BTreeMap<i64, Clock>,
    read: u32,
}

impl Clocks {
    /// The clock of a boot by its key. A delivery that needs too many anchors is interrupted, like
    /// one that takes too long.
    pub(super) fn of(&mut self, connection: &Connection, boot: i64) -> rusqlite::Result<&Clock> {
        match self.of_boots.entry(boot) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(free) => {
                let clock = Clock::of(connection, boot)?;
                self.read = within(self.read.saturating_add(clock.anchors))?;
                Ok(free.insert(clock))
            }
        }
    }
}

/// So many anchors, if a delivery may have them read.
fn within(anchors: u32) -> rusqlite::Result<u32> {
    if anchors <= ANCHORS_READ_MAX {
        return Ok(anchors);
    }
    let interrupted = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT);
    Err(rusqlite::Error::SqliteFailure(interrupted, None))
}

impl Clock {
    /// The clock of a boot by its key.
    pub(super) fn of(connection: &Connection, boot: i64) -> rusqlite::Result<Self> {
        let sql = "select uuid, kiosk, first_run from boot where id = ?";
        let mut statement = connection.prepare_cached(sql)?;
        let (uuid, kiosk, first_run): (BootId, Option<String>, Option<i64>) = statement
            .query_row([boot], |row| {
                Ok((BootId(row.get("uuid")?), row.get("kiosk")?, row.get("first_run")?))
            })?;
        let mut own = Timeline::default();
        let anchors = anchors(connection, boot)?;
        anchors.iter().for_each(|anchor| own.add(uuid, *anchor));
        let is_told = !anchors.is_empty();
        let (before, after) = match kiosk.zip(first_run) {
            Some((kiosk, first_run)) if !is_told => neighbours(connection, &kiosk, first_run)?,
            _ => (None, None),
        };
        let (before_ms, after_ms) =
            (before.map(|(_, ended_ms)| ended_ms), after.map(|(_, began_ms)| began_ms));
        let anchors = u32::try_from(anchors.len()).unwrap_or(u32::MAX);
        Ok(Self { boot: uuid, own, is_told, before_ms, after_ms, anchors })
    }

    /// When a reading was taken that was received at this time, in milliseconds since 1970 UTC.
    pub(super) fn date(&self, reading: Reading, received_ms: i64) -> Moment {
        if self.is_told {
            return self.own.date(self.boot, reading);
        }
        moment::between(self.before_ms, self.after_ms, Some(received_ms), reading)
    }
}

/// A boot that knows the time: its first run, and one of its limits.
type Neighbour = Option<(i64, i64)>;

/// The nearest boots of a kiosk on either side that know the time: the end of the one before, and
/// the beginning of the one after.
fn neighbours(
    connection: &Connection,
    kiosk: &str,
    first_run: i64,
) -> rusqlite::Result<(Neighbour, Neighbour)> {
    let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let sql = "select first_run, ended_ms from boot indexed by boot_told where kiosk = ? \
               and first_run < ? and began_ms is not null order by first_run desc limit 1";
    let mut statement = connection.prepare_cached(sql)?;
    let before = statement.query_row(params![kiosk, first_run], pair).optional()?;
    let sql = "select first_run, began_ms from boot indexed by boot_told where kiosk = ? \
               and first_run > ? and began_ms is not null order by first_run limit 1";
    let mut statement = connection.prepare_cached(sql)?;
    let after = statement.query_row(params![kiosk, first_run], pair).optional()?;
    Ok((before, after))
}

/// The anchors of a boot, in the order of their instants.
fn anchors(connection: &Connection, boot: i64) -> rusqlite::Result<Vec<Anchor>> {
    let sql =
        "select boot_ms, utc_ms, error_ms, source from anchor where boot = ? order by boot_ms";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([boot])?;
    let mut anchors = Vec::new();
    while let Some(row) = rows.next()? {
        let source: String = row.get("source")?;
        // A source that only a newer version knows tells this one nothing.
        if let Some(source) = Source::named(&source) {
            let boot_ms = row.get::<_, i64>("boot_ms")?.cast_unsigned();
            let (utc_ms, error_ms) = (row.get("utc_ms")?, row.get("error_ms")?);
            anchors.push(Anchor { boot_ms, utc_ms, error_ms, source });
        }
    }
    Ok(anchors)
}

/// Adds anchors to a kiosk's boot, as far as there is room, and dates again what they reach;
/// returns how many are new. Counts those that it reads.
pub(super) fn add_anchors(
    transaction: &Transaction<'_>,
    kiosk: &str,
    boot: i64,
    told: &[Anchor],
    read: &mut u32,
) -> rusqlite::Result<usize> {
    let mut kept = anchors(transaction, boot)?;
    *read = within(read.saturating_add(u32::try_from(kept.len()).unwrap_or(u32::MAX)))?;
    let mut new = Vec::new();
    let sql = "insert into anchor (boot, boot_ms, utc_ms, error_ms, source) \
               values (?, ?, ?, ?, ?) on conflict do nothing";
    let mut insert = transaction.prepare_cached(sql)?;
    for &anchor in told {
        if kept.len() >= ANCHORS_OF_BOOT_MAX {
            break;
        }
        let Anchor { boot_ms, utc_ms, error_ms, source } = anchor;
        let values = params![boot, whole(boot_ms), utc_ms, error_ms, source.name()];
        if insert.execute(values)? == 1 {
            kept.push(anchor);
            new.push(anchor);
        }
    }
    let Some(after) = Told::of(&kept).filter(|_| !new.is_empty()) else {
        return Ok(0);
    };
    let sql = "select first_run, began_ms, ended_ms from boot where id = ?";
    let (first_run, began_ms, ended_ms): (Option<i64>, Option<i64>, Option<i64>) = transaction
        .prepare_cached(sql)?
        .query_row([boot], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let sql = "update boot set began_ms = ?, ended_ms = ? where id = ?";
    transaction.prepare_cached(sql)?.execute(params![after.began_ms, after.ended_ms, boot])?;
    if let Some(first_run) = first_run {
        date_again(transaction, kiosk, boot, dating::reach(&new, &kept))?;
        if began_ms != Some(after.began_ms) || ended_ms != Some(after.ended_ms) {
            bound_around(transaction, kiosk, first_run)?;
        }
    }
    Ok(new.len())
}

/// Notes the place of a boot among those that its kiosk has lived, once its first run is known.
pub(super) fn place(
    transaction: &Transaction<'_>,
    kiosk: &str,
    boot: i64,
    run: i64,
) -> rusqlite::Result<()> {
    let sql = "update boot set first_run = ? where id = ? and first_run is null \
               returning began_ms is not null";
    let placed = transaction.prepare_cached(sql)?.query_row(params![run, boot], |row| row.get(0));
    if placed.optional()? == Some(true) {
        bound_around(transaction, kiosk, run)?;
    }
    Ok(())
}

/// Dates the events of a boot at these instants again: so many at once, and the rest later.
fn date_again(
    transaction: &Transaction<'_>,
    kiosk: &str,
    boot: i64,
    reach: std::ops::RangeInclusive<u64>,
) -> rusqlite::Result<()> {
    let sql = "select id from run where boot = ? order by id desc limit ?";
    let mut statement = transaction.prepare_cached(sql)?;
    let runs = statement.query_map(params![boot, RUNS_AT_ONCE_MAX + 1], |row| row.get(0))?;
    let runs: Vec<i64> = runs.collect::<rusqlite::Result<_>>()?;
    let clock = Clock::of(transaction, boot)?;
    let sql = "select n, boot_ms, wall_ms, received_ms from event indexed by event_by_instant \
               where run = ? and boot_ms between ? and ? order by boot_ms limit ?";
    let mut statement = transaction.prepare_cached(sql)?;
    let mut left = AT_ONCE_MAX;
    for &run in &runs {
        let (first, last) = (whole(*reach.start()), whole(*reach.end()));
        let events: Vec<_> = statement
            .query_map(params![run, first, last, left], kept)?
            .collect::<rusqlite::Result<_>>()?;
        left -= u32::try_from(events.len()).unwrap_or(left).min(left);
        write(transaction, &clock, run, &events)?;
        if left == 0 {
            break;
        }
    }
    if left > 0 && runs.len() <= usize::try_from(RUNS_AT_ONCE_MAX).unwrap_or(usize::MAX) {
        return Ok(());
    }
    // Two questions: SQLite reads every run when it is asked for both at once.
    let end = |end: &str| {
        let sql = format!("select {end}(id) from run where boot = ?");
        transaction.prepare_cached(&sql)?.query_row([boot], |row| row.get(0))
    };
    let (first, last) = (end("min")?, end("max")?);
    put_off(transaction, kiosk, first, last)
}

/// Has the events between the boots around this place bounded again, if any are uncertain.
fn bound_around(
    transaction: &Transaction<'_>,
    kiosk: &str,
    first_run: i64,
) -> rusqlite::Result<()> {
    let sql = "select 1 from event indexed by event_of_uncertain_time \
               where kiosk = ? and is_exact = 0 limit 1";
    if !transaction.prepare_cached(sql)?.exists([kiosk])? {
        return Ok(());
    }
    let (before, after) = neighbours(transaction, kiosk, first_run)?;
    let first = before.map_or(0, |(run, _)| run + 1);
    let last = after.map_or(i64::MAX, |(run, _)| run - 1);
    put_off(transaction, kiosk, first, last)
}

/// Notes that the events of these runs are to be dated again, besides those that are noted already.
fn put_off(
    transaction: &Transaction<'_>,
    kiosk: &str,
    first: i64,
    last: i64,
) -> rusqlite::Result<()> {
    let sql = "insert into redating (kiosk, run, n, last_run) values (?, ?, 0, ?) \
               on conflict do update set last_run = max(last_run, excluded.last_run), \
               n = iif(excluded.run <= run, 0, n), run = min(run, excluded.run)";
    transaction.prepare_cached(sql)?.execute(params![kiosk, first, last]).map(drop)
}

/// Dates so many of a kiosk's events again that were put off.
pub(super) fn more(transaction: &Transaction<'_>, kiosk: &str) -> rusqlite::Result<()> {
    let sql = "select run, n, last_run from redating where kiosk = ?";
    let mut statement = transaction.prepare_cached(sql)?;
    let noted = statement.query_row([kiosk], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let Some((mut run, mut n, last_run)): Option<(i64, u32, i64)> = noted.optional()? else {
        return Ok(());
    };
    let mut left = AT_ONCE_MAX;
    for _ in 0..RUNS_AT_ONCE_MAX {
        let sql = "select id, boot from run where kiosk = ? and id between ? and ? \
                   order by id limit 1";
        let mut statement = transaction.prepare_cached(sql)?;
        let next = statement
            .query_row(params![kiosk, run, last_run], |row| Ok((row.get(0)?, row.get(1)?)));
        let Some((next, boot)) = next.optional()? else {
            let sql = "delete from redating where kiosk = ?";
            return transaction.prepare_cached(sql)?.execute([kiosk]).map(drop);
        };
        n = if next == run { n } else { 0 };
        run = next;
        let sql = "select n, boot_ms, wall_ms, received_ms from event \
                   where run = ? and n > ? order by n limit ?";
        let mut statement = transaction.prepare_cached(sql)?;
        let events: Vec<_> =
            statement.query_map(params![run, n, left], kept)?.collect::<rusqlite::Result<_>>()?;
        let clock = Clock::of(transaction, boot)?;
        write(transaction, &clock, run, &events)?;
        let read = u32::try_from(events.len()).unwrap_or(u32::MAX).saturating_add(clock.anchors);
        left = left.saturating_sub(read);
        if left == 0 {
            n = events.last().map_or(n, |(n, ..)| *n);
            break;
        }
        (run, n) = (run + 1, 0);
    }
    let sql = "update redating set run = ?, n = ? where kiosk = ?";
    transaction.prepare_cached(sql)?.execute(params![run, n, kiosk]).map(drop)
}

/// The next kiosk after this one whose events were put off, by short name; after the last comes the
/// first, so that none waits for another for ever.
pub(super) fn waiting(connection: &Connection, after: &str) -> rusqlite::Result<Option<String>> {
    let sql = "select kiosk from redating order by kiosk <= ?, kiosk limit 1";
    connection.query_row(sql, [after], |row| row.get(0)).optional()
}

/// An event's number, what its kiosk read of its clocks, and when it was received.
type Kept = (u32, Reading, i64);

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let boot_ms: i64 = row.get("boot_ms")?;
    let reading = Reading { boot_ms: boot_ms.cast_unsigned(), wall_ms: row.get("wall_ms")? };
    Ok((row.get("n")?, reading, row.get("received_ms")?))
}

/// Writes the times of a run's events where they have changed; what stays as it is costs no write.
fn write(
    transaction: &Transaction<'_>,
    clock: &Clock,
    run: i64,
    events: &[Kept],
) -> rusqlite::Result<()> {
    let sql = "update event set utc_ms = ?1, is_exact = ?2, earliest_ms = ?3, latest_ms = ?4 \
               where run = ?5 and n = ?6 \
               and (utc_ms, is_exact, earliest_ms, latest_ms) is not (?1, ?2, ?3, ?4)";
    let mut update = transaction.prepare_cached(sql)?;
    for &(n, reading, received_ms) in events {
        let Moment { utc_ms, quality } = clock.date(reading, received_ms);
        let (earliest, latest) = quality.bounds().unzip();
        let is_exact = quality == Quality::Exact;
        update.execute(params![utc_ms, is_exact, earliest, latest, run, n])?;
    }
    Ok(())
}

/// A count as SQLite keeps it.
pub(super) fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::{connect, migrate};
    use super::*;

    #[test]
    fn kiosks_whose_events_were_put_off_have_their_turns() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = connect(&folder.path().join("hub.sqlite")).unwrap();
        migrate(&mut connection, 0).unwrap();
        let sql = "insert into shop (id, name, zone) values ('s', 's', 'UTC');
            insert into kiosk (id, shop, touchpoint)
                values ('a', 's', 'a'), ('b', 's', 'b'), ('c', 's', 'c');
            insert into redating (kiosk, run, n, last_run) values ('a', 1, 0, 9), ('c', 1, 0, 9);";
        connection.execute_batch(sql).unwrap();
        let next = |after: &str| waiting(&connection, after).unwrap().unwrap();
        assert_eq!(["", "a", "b", "c", "d"].map(next), ["a", "c", "c", "a", "a"]);
        connection.execute("delete from redating", []).unwrap();
        assert_eq!(waiting(&connection, "a").unwrap(), None);
    }
}
