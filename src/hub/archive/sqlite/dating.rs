//! When events were taken: worked out when they arrive, and again whenever more is known.

use rusqlite::{Row, Transaction, params};

use crate::feedback::moment::{self, Anchor, Quality, Reading, Source, Timeline};
use crate::feedback::rating::BootId;

/// How many events of uncertain time are dated again in one go, those without limits first: years
/// of a kiosk that learns the time once a week.
const UNCERTAIN_MAX: i64 = 50_000;

pub(super) fn add_anchor(
    transaction: &Transaction<'_>,
    boot: i64,
    anchor: &Anchor,
) -> rusqlite::Result<bool> {
    let sql = "insert into anchor (boot, boot_ms, utc_ms, error_ms, source) \
               values (?, ?, ?, ?, ?) on conflict do nothing";
    let boot_ms = i64::try_from(anchor.boot_ms).unwrap_or(i64::MAX);
    let (utc_ms, error_ms, source) = (anchor.utc_ms, anchor.error_ms, anchor.source.name());
    Ok(transaction.execute(sql, params![boot, boot_ms, utc_ms, error_ms, source])? == 1)
}

pub(super) fn anchors(transaction: &Transaction<'_>, boot: i64) -> rusqlite::Result<Vec<Anchor>> {
    let sql =
        "select boot_ms, utc_ms, error_ms, source from anchor where boot = ? order by boot_ms";
    let mut statement = transaction.prepare_cached(sql)?;
    let mut rows = statement.query([boot])?;
    let mut anchors = Vec::new();
    while let Some(row) = rows.next()? {
        let (boot_ms, source): (i64, String) = (row.get(0)?, row.get(3)?);
        if let Some(source) = Source::named(&source) {
            let (utc_ms, error_ms) = (row.get(1)?, row.get(2)?);
            anchors.push(Anchor { boot_ms: boot_ms.cast_unsigned(), utc_ms, error_ms, source });
        }
    }
    Ok(anchors)
}

/// Dates the events again that a new anchor is the nearest to, and leaves all others alone; all of
/// them if it is the first of a source as trusted.
pub(super) fn date_again(
    transaction: &Transaction<'_>,
    boot: i64,
    new: &Anchor,
) -> rusqlite::Result<()> {
    let anchors = anchors(transaction, boot)?;
    let alike: Vec<&Anchor> = anchors.iter().filter(|other| other.source == new.source).collect();
    let middle = |other: &&Anchor| other.boot_ms.midpoint(new.boot_ms);
    let before = alike.iter().rfind(|other| other.boot_ms < new.boot_ms);
    let after = alike.iter().find(|other| other.boot_ms > new.boot_ms);
    let whole = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    let (from, to) = (before.map_or(0, middle), after.map_or(u64::MAX, |other| middle(other) + 1));
    let sql = "select event.run, n, boot_ms, wall_ms from event join run on run.id = event.run \
               where run.boot = ? and boot_ms between ? and ?";
    let mut statement = transaction.prepare_cached(sql)?;
    let events: Vec<(i64, u32, Reading)> = statement
        .query_map(params![boot, whole(from), whole(to)], |row| {
            Ok((row.get(0)?, row.get(1)?, reading(row, 2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let sql = "update event set utc_ms = ?, is_exact = ?, earliest_ms = null, latest_ms = null \
               where run = ? and n = ?";
    let mut update = transaction.prepare_cached(sql)?;
    for (run, n, reading) in events {
        let moment = moment::date(reading, &anchors);
        let is_exact = moment.quality == Quality::Exact;
        update.execute(params![moment.utc_ms, is_exact, run, n])?;
    }
    Ok(())
}

/// Bounds the events of boots that never learnt the time by the boots around them, and by when
/// they were received.
pub(super) fn bound_again(transaction: &Transaction<'_>, kiosk: &str) -> rusqlite::Result<()> {
    let sql = "select event.run, event.n, boot_ms, wall_ms, boot.uuid, received_ms \
               from event join run on run.id = event.run join boot on boot.id = run.boot \
               where event.kiosk = ? and is_exact = 0 \
               order by earliest_ms is not null limit ?";
    let mut statement = transaction.prepare_cached(sql)?;
    let uncertain: Vec<(i64, u32, Reading, BootId, i64)> = statement
        .query_map(params![kiosk, UNCERTAIN_MAX], |row| {
            let boot = BootId(row.get(4)?);
            Ok((row.get(0)?, row.get(1)?, reading(row, 2)?, boot, row.get(5)?))
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

/// The boots of a kiosk in the order in which their runs became known, which is the order of its
/// journal, and what is known of their time.
fn timeline(transaction: &Transaction<'_>, kiosk: &str) -> rusqlite::Result<Timeline> {
    let sql = "select boot.id, boot.uuid from run join boot on boot.id = run.boot \
               where run.kiosk = ? order by run.id";
    let mut statement = transaction.prepare_cached(sql)?;
    let boots: Vec<(i64, BootId)> = statement
        .query_map([kiosk], |row| Ok((row.get(0)?, BootId(row.get(1)?))))?
        .collect::<rusqlite::Result<_>>()?;
    let mut timeline = Timeline::default();
    let mut seen = std::collections::BTreeSet::new();
    for (key, boot) in boots {
        timeline.see(boot);
        if seen.insert(key) {
            for anchor in anchors(transaction, key)? {
                timeline.add(boot, anchor);
            }
        }
    }
    Ok(timeline)
}

fn reading(row: &Row<'_>, at: usize) -> rusqlite::Result<Reading> {
    let boot_ms: i64 = row.get(at)?;
    Ok(Reading { boot_ms: boot_ms.cast_unsigned(), wall_ms: row.get(at + 1)? })
}
