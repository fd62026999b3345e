//! The statements that date events: when they arrive, and again whenever more is known.
//!
//! A delivery dates its own events by the anchors of their boot, or bounds them by the boots on
//! either side that know the time. What else becomes known by it concerns events that are stored
//! already; of these a delivery dates so many, and [`more`] goes on with the rest.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::RangeInclusive;

use super::deliveries::Change;
use super::facts::{self, Held};
use super::work;
use crate::feedback::moment::{self, Anchor, Moment, Quality, Reading, Source, Timeline, Told};
use crate::feedback::rating::BootId;
use crate::hub::archive::error::Failure;
use crate::hub::archive::tx::{Filled, Stored, Tx};
use crate::hub::archive::value::{Row, Value, values};
use crate::hub::archive::work::DATING;
use crate::hub::rules::dating::{
    self, ANCHORS_OF_BOOT_MAX, ANCHORS_READ_MAX, AT_ONCE_MAX, RUNS_AT_ONCE_MAX,
};

pub(super) const ANCHOR: Filled = Filled {
    table: "anchor",
    columns: &[
        ("kiosk", Stored::Int),
        ("boot", Stored::Int),
        ("boot_ms", Stored::Big),
        ("utc_ms", Stored::Big),
        ("error_ms", Stored::Big),
        ("source", Stored::Text),
    ],
};

const BOOT: &str = "select uuid, first_run from boot where kiosk = $1 and no = $2";

const ANCHORS: &str = "select boot_ms, utc_ms, error_ms, source from anchor \
     where kiosk = $1 and boot = $2 order by boot_ms, source";

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
    /// Asks ahead for what [`Clocks::of`] asks.
    pub(super) fn ask_ahead(&self, tx: &mut dyn Tx, kiosk: i64, boot: i64) {
        if !self.of_boots.contains_key(&boot) {
            tx.ask_ahead(BOOT, values![kiosk, boot].into());
            tx.ask_ahead(ANCHORS, values![kiosk, boot].into());
        }
    }

    /// The clock of a kiosk's boot by its number. A delivery that needs too many anchors is
    /// interrupted, like one that takes too long.
    pub(super) async fn of(
        &mut self,
        tx: &mut dyn Tx,
        kiosk: i64,
        boot: i64,
    ) -> Result<&Clock, Failure> {
        match self.of_boots.entry(boot) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(free) => {
                let clock = Clock::of(tx, kiosk, boot).await?;
                self.read = within(self.read.saturating_add(clock.anchors))?;
                Ok(free.insert(clock))
            }
        }
    }
}

/// So many anchors, if a delivery may have them read.
const fn within(anchors: u32) -> Result<u32, Failure> {
    if anchors <= ANCHORS_READ_MAX { Ok(anchors) } else { Err(Failure::Late) }
}

impl Clock {
    /// The clock of a kiosk's boot by its number.
    pub(super) async fn of(tx: &mut dyn Tx, kiosk: i64, boot: i64) -> Result<Self, Failure> {
        let row = tx.row(BOOT, &values![kiosk, boot]).await?;
        let row = row.ok_or_else(|| Failure::Content("a boot is missing".to_owned()))?;
        let uuid = BootId(row.get("uuid")?);
        let first_run: Option<i64> = row.get("first_run")?;
        let mut own = Timeline::default();
        let anchors = anchors(tx, kiosk, boot).await?;
        anchors.iter().for_each(|anchor| own.add(uuid, *anchor));
        let is_told = !anchors.is_empty();
        let (before, after) = match first_run {
            Some(first_run) if !is_told => neighbours(tx, kiosk, first_run).await?,
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
async fn neighbours(
    tx: &mut dyn Tx,
    kiosk: i64,
    first_run: i64,
) -> Result<(Neighbour, Neighbour), Failure> {
    let pair = |row: Row| Ok::<_, Failure>((row.get(0)?, row.get(1)?));
    let values = values![kiosk, first_run];
    let sql = "select first_run, ended_ms from boot where kiosk = $1 and first_run < $2 \
               and began_ms is not null order by first_run desc limit 1";
    let before = tx.row(sql, &values).await?.map(pair).transpose()?;
    let sql = "select first_run, began_ms from boot where kiosk = $1 and first_run > $2 \
               and began_ms is not null order by first_run limit 1";
    let after = tx.row(sql, &values).await?.map(pair).transpose()?;
    Ok((before, after))
}

/// The anchors of a boot, in the order of their instants.
async fn anchors(tx: &mut dyn Tx, kiosk: i64, boot: i64) -> Result<Vec<Anchor>, Failure> {
    let mut anchors = Vec::new();
    for row in tx.rows(ANCHORS, &values![kiosk, boot]).await? {
        let source: String = row.get("source")?;
        // A source that only a newer version knows tells this one nothing.
        if let Some(source) = Source::named(&source) {
            let boot_ms = row.get::<i64>("boot_ms")?.cast_unsigned();
            let (utc_ms, error_ms) = (row.get("utc_ms")?, row.get("error_ms")?);
            anchors.push(Anchor { boot_ms, utc_ms, error_ms, source });
        }
    }
    Ok(anchors)
}

/// Adds anchors to a kiosk's boot, as far as there is room, and dates again what they reach;
/// returns how many are new. Counts those that it reads.
pub(super) async fn add_anchors(
    change: &mut Change<'_>,
    boot: i64,
    told: &[Anchor],
    read: &mut u32,
) -> Result<usize, Failure> {
    let kiosk = change.kiosk;
    let mut kept = anchors(change.tx, kiosk, boot).await?;
    *read = within(read.saturating_add(u32::try_from(kept.len()).unwrap_or(u32::MAX)))?;
    let mut new = Vec::new();
    for &anchor in told {
        let is_same =
            |known: &Anchor| (known.boot_ms, known.source) == (anchor.boot_ms, anchor.source);
        // The first that a source told of an instant stays.
        if kept.len() < ANCHORS_OF_BOOT_MAX && !kept.iter().any(is_same) {
            kept.push(anchor);
            new.push(anchor);
        }
    }
    let Some(after) = Told::of(&kept).filter(|_| !new.is_empty()) else {
        return Ok(0);
    };
    let row = |anchor: &Anchor| -> Vec<Value> {
        let Anchor { boot_ms, utc_ms, error_ms, source } = *anchor;
        values![kiosk, boot, boot_ms, utc_ms, error_ms, source.name()].into()
    };
    change.tx.insert(&ANCHOR, new.iter().map(row).collect()).await?;
    let sql = "select first_run, began_ms, ended_ms from boot where kiosk = $1 and no = $2";
    let before = change.tx.row(sql, &values![kiosk, boot]).await?;
    let before = before.ok_or_else(|| Failure::Content("a boot is missing".to_owned()))?;
    let (began_ms, ended_ms): (Option<i64>, Option<i64>) =
        (before.get("began_ms")?, before.get("ended_ms")?);
    let sql = "update boot set began_ms = $1, ended_ms = $2 where kiosk = $3 and no = $4";
    change.tx.execute(sql, &values![after.began_ms, after.ended_ms, kiosk, boot]).await?;
    if let Some(first_run) = before.get::<Option<i64>>("first_run")? {
        date_again(change, boot, dating::reach(&new, &kept)).await?;
        if began_ms != Some(after.began_ms) || ended_ms != Some(after.ended_ms) {
            bound_around(change.tx, kiosk, first_run).await?;
        }
    }
    Ok(new.len())
}

/// Notes the place of a boot among those that its kiosk has lived, once its first run is known.
pub(super) async fn place(tx: &mut dyn Tx, kiosk: i64, boot: i64, run: i64) -> Result<(), Failure> {
    let sql = "update boot set first_run = $1 where kiosk = $2 and no = $3 \
               and first_run is null returning began_ms";
    let placed = tx.row(sql, &values![run, kiosk, boot]).await?;
    let began_ms: Option<i64> = placed.map_or(Ok(None), |row| row.get("began_ms"))?;
    if began_ms.is_some() {
        bound_around(tx, kiosk, run).await?;
    }
    Ok(())
}

/// Dates the events of a boot at these instants again: so many at once, and the rest later.
async fn date_again(
    change: &mut Change<'_>,
    boot: i64,
    reach: RangeInclusive<u64>,
) -> Result<(), Failure> {
    let kiosk = change.kiosk;
    let sql = "select no from run where kiosk = $1 and boot = $2 order by no desc limit $3";
    let runs = change.tx.rows(sql, &values![kiosk, boot, RUNS_AT_ONCE_MAX + 1]).await?;
    let runs: Vec<i64> = runs.iter().map(|row| row.get("no")).collect::<Result<_, _>>()?;
    let clock = Clock::of(change.tx, kiosk, boot).await?;
    let (columns, from) = (facts::COLUMNS, facts::FROM);
    let sql = format!(
        "select {columns} from {from} where event.kiosk = $1 and event.run = $2 \
         and event.boot_ms between $3 and $4 order by event.boot_ms, event.n limit $5"
    );
    let mut left = AT_ONCE_MAX;
    for &run in &runs {
        let values = values![kiosk, run, *reach.start(), *reach.end(), left];
        let events = change.held(&sql, &values).await?;
        left = left.saturating_sub(u32::try_from(events.len()).unwrap_or(u32::MAX));
        write(change, &clock, run, events).await?;
        if left == 0 {
            break;
        }
    }
    if left > 0 && runs.len() <= usize::try_from(RUNS_AT_ONCE_MAX).unwrap_or(usize::MAX) {
        return Ok(());
    }
    // Two questions: SQLite reads every run when it is asked for both at once.
    let (first, last) = (
        end(change.tx, "min", kiosk, Some(boot)).await?,
        end(change.tx, "max", kiosk, Some(boot)).await?,
    );
    match first.zip(last) {
        Some((first, last)) => put_off(change.tx, kiosk, first, last).await,
        None => Ok(()),
    }
}

/// The first (`min`) or the last (`max`) run of a kiosk, or of one of its boots.
async fn end(
    tx: &mut dyn Tx,
    end: &'static str,
    kiosk: i64,
    boot: Option<i64>,
) -> Result<Option<i64>, Failure> {
    let (of_boot, mut values) = match boot {
        Some(_) => (" and boot = $2", values![kiosk].to_vec()),
        None => ("", values![kiosk].to_vec()),
    };
    values.extend(boot.map(Value::Number));
    let sql = format!("select {end}(no) as no from run where kiosk = $1{of_boot}");
    tx.row(&sql, &values).await?.map_or(Ok(None), |row| row.get("no"))
}

/// Has the events between the boots around this place bounded again, if any are uncertain.
async fn bound_around(tx: &mut dyn Tx, kiosk: i64, first_run: i64) -> Result<(), Failure> {
    let sql = "select n from event where kiosk = $1 and is_exact = 0 limit 1";
    if tx.row(sql, &values![kiosk]).await?.is_none() {
        return Ok(());
    }
    let (before, after) = neighbours(tx, kiosk, first_run).await?;
    let first = before.map_or(0, |(run, _)| run + 1);
    let last = match after {
        Some((run, _)) => run - 1,
        None => end(tx, "max", kiosk, None).await?.unwrap_or(first_run).max(first_run),
    };
    put_off(tx, kiosk, first, last).await
}

/// Notes that the events of these runs are to be dated again, besides those that are noted already.
async fn put_off(tx: &mut dyn Tx, kiosk: i64, first: i64, last: i64) -> Result<(), Failure> {
    let sql = "insert into redating (kiosk, run, n, last_run) values ($1, $2, 0, $3) \
               on conflict (kiosk) do update set \
               last_run = case when excluded.last_run > redating.last_run \
               then excluded.last_run else redating.last_run end, \
               n = case when excluded.run <= redating.run then 0 else redating.n end, \
               run = case when excluded.run < redating.run \
               then excluded.run else redating.run end";
    tx.execute(sql, &values![kiosk, first, last]).await.map(drop)
}

/// Dates so many of the kiosk's events again that were put off.
pub(super) async fn more(change: &mut Change<'_>) -> Result<(), Failure> {
    let kiosk = change.kiosk;
    let sql = "select run, n, last_run from redating where kiosk = $1";
    let Some(noted) = change.tx.row(sql, &values![kiosk]).await? else {
        return Ok(());
    };
    let (mut run, mut n, last_run): (i64, u32, i64) =
        (noted.get("run")?, noted.get("n")?, noted.get("last_run")?);
    let (columns, from) = (facts::COLUMNS, facts::FROM);
    let of_run = format!(
        "select {columns} from {from} where event.kiosk = $1 and event.run = $2 \
         and event.n > $3 order by event.n limit $4"
    );
    let mut left = AT_ONCE_MAX;
    for _ in 0..RUNS_AT_ONCE_MAX {
        let sql = "select no, boot from run where kiosk = $1 and no between $2 and $3 \
                   order by no limit 1";
        let Some(next) = change.tx.row(sql, &values![kiosk, run, last_run]).await? else {
            let sql = "delete from redating where kiosk = $1";
            return change.tx.execute(sql, &values![kiosk]).await.map(drop);
        };
        let (next, boot): (i64, i64) = (next.get("no")?, next.get("boot")?);
        n = if next == run { n } else { 0 };
        run = next;
        let events = change.held(&of_run, &values![kiosk, run, n, left]).await?;
        let clock = Clock::of(change.tx, kiosk, boot).await?;
        let read = u32::try_from(events.len()).unwrap_or(u32::MAX).saturating_add(clock.anchors);
        let last = events.last().map(|held| held.n);
        write(change, &clock, run, events).await?;
        left = left.saturating_sub(read);
        if left == 0 {
            n = last.unwrap_or(n);
            break;
        }
        (run, n) = (run + 1, 0);
    }
    let sql = "update redating set run = $1, n = $2 where kiosk = $3";
    change.tx.execute(sql, &values![run, n, kiosk]).await?;
    // The rest is done in the background.
    let due_ms = change.received_ms();
    work::want(change.tx, DATING, &kiosk.to_string(), due_ms).await
}

/// The next kiosk after this one whose events were put off, by short name; after the last comes the
/// first, so that none waits for another for ever.
pub(super) async fn waiting(
    tx: &mut dyn Tx,
    after: &str,
) -> Result<Option<(i64, String)>, Failure> {
    let sql = "select kiosk.no, kiosk.id from redating join kiosk on kiosk.no = redating.kiosk \
               order by case when kiosk.id <= $1 then 1 else 0 end, kiosk.id limit 1";
    let next = tx.row(sql, &values![after]).await?;
    next.map(|row| Ok((row.get("no")?, row.get("id")?))).transpose()
}

/// Writes the times of a run's events where they have changed; what stays as it is costs no write.
async fn write(
    change: &mut Change<'_>,
    clock: &Clock,
    run: i64,
    events: Vec<Held>,
) -> Result<(), Failure> {
    let mut changes = Vec::new();
    for old in events {
        let moment = clock.date(old.reading, old.received_ms);
        let hour = change.hour(moment.utc_ms);
        if (moment, hour) != (old.moment, old.hour) {
            changes.push((old.clone(), old.dated(moment, hour)));
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    let kiosk = change.kiosk;
    let row = |(_, new): &(Held, Held)| -> Vec<Value> {
        let Moment { utc_ms, quality } = new.moment;
        let (earliest, latest) = quality.bounds().unzip();
        let is_exact = quality == Quality::Exact;
        values![utc_ms, new.hour, is_exact, earliest, latest, kiosk, run, new.n].into()
    };
    let rows: Vec<Vec<Value>> = changes.iter().map(row).collect();
    change.alter(run, changes).await?;
    let sql = "update event set utc_ms = $1, hour = $2, is_exact = $3, earliest_ms = $4, \
               latest_ms = $5 where kiosk = $6 and run = $7 and n = $8";
    change.tx.execute_each(sql, &rows).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::archive::{Archive, Kiosk, Shop};

    #[tokio::test]
    async fn kiosks_whose_events_were_put_off_have_their_turns() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        let [id, name, zone] = ["s", "s", "UTC"].map(str::to_owned);
        assert!(archive.add_shop(Shop { id, name, zone, group: None }).await.unwrap());
        for id in ["c", "b", "a"] {
            let [id, shop, touchpoint] = [id, "s", id].map(str::to_owned);
            assert!(archive.add_kiosk(Kiosk { id, shop, touchpoint }).await.unwrap());
        }
        let put_off = archive.write("put off", |tx| {
            Box::pin(async move {
                put_off(tx, 1, 1, 9).await?;
                put_off(tx, 3, 1, 9).await
            })
        });
        put_off.await.unwrap();
        for (after, next) in [("", "a"), ("a", "c"), ("b", "c"), ("c", "a"), ("d", "a")] {
            let found = archive.read("look", move |tx| Box::pin(waiting(tx, after)));
            assert_eq!(found.await.unwrap().unwrap().1, next, "after {after}");
        }
        // There is nothing to be dated, so each turn comes to an end.
        for _ in 0..2 {
            assert!(archive.date_more("a".to_owned()).await.unwrap().is_some());
        }
        assert_eq!(archive.date_more("a".to_owned()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_put_off_twice_is_dated_from_the_first_to_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        let noted = archive.write("put off", |tx| {
            Box::pin(async move {
                let mut all = Vec::new();
                for (first, last) in [(5, 9), (7, 12), (5, 8), (3, 4)] {
                    tx.execute("update redating set n = 70", &[]).await?;
                    put_off(tx, 1, first, last).await?;
                    let sql = "select run, n, last_run from redating";
                    let row = tx.row(sql, &[]).await?.unwrap();
                    all.push((row.get(0)?, row.get(1)?, row.get(2)?));
                }
                Ok(all)
            })
        });
        let noted: Vec<(i64, u32, i64)> = noted.await.unwrap();
        assert_eq!(noted, [(5, 0, 9), (5, 70, 12), (5, 0, 12), (3, 0, 12)]);
    }
}
