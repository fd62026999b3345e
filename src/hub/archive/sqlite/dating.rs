//! The statements that date events: when they arrive, and again whenever more is known.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, Row, Transaction, params};

use crate::feedback::moment::{self, Anchor, Moment, Quality, Reading, Source, Timeline};
use crate::feedback::rating::BootId;
use crate::hub::rules::dating::{self, UNCERTAIN_MAX};

/// Adds an anchor; false when it was known.
pub(super) fn add_anchor(
    transaction: &Transaction<'_>,
    boot: i64,
    anchor: &Anchor,
) -> rusqlite::Result<bool> {
    let Anchor { boot_ms, utc_ms, error_ms, source } = *anchor;
    let sql = "insert into anchor (boot, boot_ms, utc_ms, error_ms, source) \
               values (?, ?, ?, ?, ?) on conflict do nothing";
    let values = params![boot, whole(boot_ms), utc_ms, error_ms, source.name()];
    Ok(transaction.execute(sql, values)? == 1)
}

/// The anchors of a boot, in the order of their instants.
pub(super) fn anchors(connection: &Connection, boot: i64) -> rusqlite::Result<Vec<Anchor>> {
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

/// Dates the events again that a new anchor reaches.
pub(super) fn date_again(
    transaction: &Transaction<'_>,
    boot: i64,
    new: &Anchor,
) -> rusqlite::Result<()> {
    let anchors = anchors(transaction, boot)?;
    let reach = dating::reach(new, &anchors);
    let sql = "select event.run, n, boot_ms, wall_ms from event join run on run.id = event.run \
               where run.boot = ? and boot_ms between ? and ?";
    let mut statement = transaction.prepare_cached(sql)?;
    let events: Vec<(i64, u32, Reading)> = statement
        .query_map(params![boot, whole(*reach.start()), whole(*reach.end())], |row| {
            Ok((row.get("run")?, row.get("n")?, reading(row)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let sql = "update event set utc_ms = ?, is_exact = ?, earliest_ms = null, latest_ms = null \
               where run = ? and n = ?";
    let mut update = transaction.prepare_cached(sql)?;
    for (run, n, reading) in events {
        let Moment { utc_ms, quality } = moment::date(reading, &anchors);
        update.execute(params![utc_ms, quality == Quality::Exact, run, n])?;
    }
    Ok(())
}

/// Bounds the events of boots that never learnt the time by the boots around them, and by when
/// they were received.
pub(super) fn bound_again(transaction: &Transaction<'_>, kiosk: &str) -> rusqlite::Result<()> {
    let sql = "select event.run, event.n, boot_ms, wall_ms, boot.uuid as boot, received_ms \
               from event join run on run.id = event.run join boot on boot.id = run.boot \
               where event.kiosk = ? and is_exact = 0 \
               order by earliest_ms is not null limit ?";
    let mut statement = transaction.prepare_cached(sql)?;
    let uncertain: Vec<(i64, u32, Reading, BootId, i64)> = statement
        .query_map(params![kiosk, UNCERTAIN_MAX], |row| {
            let boot = BootId(row.get("boot")?);
            Ok((row.get("run")?, row.get("n")?, reading(row)?, boot, row.get("received_ms")?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    if uncertain.is_empty() {
        return Ok(());
    }
    let timeline = timeline(transaction, kiosk)?;
    // What stays as it is costs nothing.
    let sql = "update event set utc_ms = ?1, earliest_ms = ?2, latest_ms = ?3 \
               where run = ?4 and n = ?5 and (utc_ms, earliest_ms, latest_ms) is not (?1, ?2, ?3)";
    let mut update = transaction.prepare_cached(sql)?;
    for (run, n, reading, boot, received_ms) in uncertain {
        let moment = timeline.date_before(Some(received_ms), boot, reading);
        let (earliest, latest) = moment.quality.bounds().unzip();
        update.execute(params![moment.utc_ms, earliest, latest, run, n])?;
    }
    Ok(())
}

/// The boots of a kiosk and what is known of their time. Runs became known in the order of the
/// kiosk's journal, so their keys rise with it.
fn timeline(connection: &Connection, kiosk: &str) -> rusqlite::Result<Timeline> {
    let sql = "select boot.id, boot.uuid from run join boot on boot.id = run.boot \
               where run.kiosk = ? order by run.id";
    let mut statement = connection.prepare_cached(sql)?;
    let boots: Vec<(i64, BootId)> = statement
        .query_map([kiosk], |row| Ok((row.get("id")?, BootId(row.get("uuid")?))))?
        .collect::<rusqlite::Result<_>>()?;
    let mut known = BTreeMap::new();
    for &(key, boot) in &boots {
        if let Entry::Vacant(unknown) = known.entry(boot) {
            unknown.insert(anchors(connection, key)?);
        }
    }
    Ok(dating::timeline(boots.into_iter().map(|(_, boot)| boot), &known))
}

fn reading(row: &Row<'_>) -> rusqlite::Result<Reading> {
    let boot_ms: i64 = row.get("boot_ms")?;
    Ok(Reading { boot_ms: boot_ms.cast_unsigned(), wall_ms: row.get("wall_ms")? })
}

/// A count as SQLite keeps it.
pub(super) fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
