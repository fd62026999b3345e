//! The statements that delete events: those that somebody wants deleted, and those that have had
//! their time.

use std::collections::{BTreeMap, BTreeSet};

use super::deliveries::Change;
use super::facts;
use super::{kiosks, upkeep};
use crate::feedback::event::Kind;
use crate::feedback::rating::{RatingId, RunId};
use crate::hub::archive::Archive;
use crate::hub::archive::deleting::Doomed;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, Value, values};
use crate::hub::archive::zones::ShopZones;
use crate::hub::rules::keeping::{self, AT_ONCE, Class, Kept, Reached, Why};

/// What was written or called for, as the index `event_kept` knows it.
const TOLD: &str = "(follow_up = 'comment' or kind in (3, 4))";

/// Ratings, and what was tapped with them.
const RATED: &str = "kind in (1, 2) and coalesce(follow_up, '') <> 'comment'";

/// Under which key the archive notes how far the last pass has deleted.
const KEPT: &str = "kept_ms";

impl Archive {
    /// Those of these events of a kiosk that are stored, by what can be said of them.
    ///
    /// # Errors
    /// When the kiosk is unknown, or the archive cannot be read.
    pub async fn doomed(&self, kiosk: String, events: Vec<RatingId>) -> Result<Vec<Doomed>, Error> {
        self.read("look for events to delete", move |tx| {
            Box::pin(async move {
                let number = number(tx, &kiosk).await?;
                let mut found = Vec::new();
                for id in events {
                    found.extend(doomed(tx, number, id).await?);
                }
                Ok(found)
            })
        })
        .await
    }

    /// Deletes those of these events of a kiosk that are stored; returns how many there were.
    ///
    /// # Errors
    /// When the kiosk is unknown, or the archive fails; what was deleted until then is deleted.
    pub async fn delete(&self, kiosk: String, events: Vec<RatingId>) -> Result<u64, Error> {
        let found = self.read("look for events to delete", move |tx| {
            Box::pin(async move {
                let number = number(tx, &kiosk).await?;
                Ok((number, in_runs(tx, number, &events).await?))
            })
        });
        let (kiosk, mut events) = found.await?;
        self.1.look();
        let mut count = 0;
        while !events.is_empty() {
            let first = keeping::at_once(&events).to_vec();
            events.drain(..first.len());
            let zones = self.1.clone();
            count += self
                .write("delete events", move |tx| {
                    Box::pin(async move { delete(tx, kiosk, &first, Why::Wanted, &zones).await })
                })
                .await?;
        }
        Ok(count)
    }

    /// By which time the last pass has deleted what has had its time, in milliseconds since 1970
    /// UTC; none if there was no pass yet.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub async fn kept_until(&self) -> Result<Option<i64>, Error> {
        self.look("see what was deleted", |tx| {
            Box::pin(async move { upkeep::noted(tx, KEPT).await })
        })
        .await
    }

    /// Notes by which time a pass has deleted what has had its time; never one before the last.
    ///
    /// # Errors
    /// When the archive cannot be written.
    pub async fn note_kept(&self, until_ms: i64) -> Result<(), Error> {
        self.write("note what was deleted", move |tx| {
            Box::pin(async move {
                let last_ms = upkeep::noted(tx, KEPT).await?.unwrap_or(i64::MIN);
                upkeep::note(tx, KEPT, until_ms.max(last_ms)).await
            })
        })
        .await
    }

    /// The next kiosk after this one, by their numbers.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub async fn kiosk_after(&self, kiosk: i64) -> Result<Option<i64>, Error> {
        self.look("look for the next kiosk", move |tx| {
            Box::pin(async move {
                let sql = "select no from kiosk where no > $1 order by no limit 1";
                tx.row(sql, &values![kiosk]).await?.map(|row| row.get("no")).transpose()
            })
        })
        .await
    }

    /// Deletes the next events of a kiosk, by its number, that have had their time, after what was
    /// reached; returns how many these were, and what is reached now, or none when all is done.
    ///
    /// # Errors
    /// When the archive fails; what was deleted until then is deleted, and it can be begun again.
    pub async fn keep_more(
        &self,
        kiosk: i64,
        kept: Kept,
        reached: Reached,
        now_ms: i64,
    ) -> Result<(u64, Option<Reached>), Error> {
        let search = Search { kiosk, kept, now_ms };
        // Most of the time there is nothing, and finding that out locks nothing.
        let found = self.read("look for what has had its time", move |tx| {
            Box::pin(async move { search.next(tx, reached).await })
        });
        let (over, next) = found.await?;
        if over.is_empty() {
            return Ok((0, next));
        }
        self.1.look();
        let zones = self.1.clone();
        self.write("delete what has had its time", move |tx| {
            Box::pin(async move {
                lock(tx, kiosk).await?;
                let (over, next) = search.next(tx, reached).await?;
                let first = keeping::at_once(&over).to_vec();
                let count = delete(tx, kiosk, &first, Why::Kept, &zones).await?;
                // What is left of these is found again from the same place on.
                Ok((count, if first.len() < over.len() { Some(reached) } else { next }))
            })
        })
        .await
    }
}

async fn number(tx: &mut dyn Tx, kiosk: &str) -> Result<i64, Failure> {
    let number = kiosks::number(tx, kiosk).await?;
    number.ok_or_else(|| Failure::Content(format!("there is no kiosk {kiosk}")))
}

async fn lock(tx: &mut dyn Tx, kiosk: i64) -> Result<(), Failure> {
    tx.lock("select kiosk from book where kiosk = $1", &values![kiosk]).await.map(drop)
}

/// Deletes events of a kiosk, by their runs' numbers and their own, in one change.
async fn delete(
    tx: &mut dyn Tx,
    kiosk: i64,
    events: &[(i64, u32)],
    why: Why,
    zones: &ShopZones,
) -> Result<u64, Failure> {
    let mut by_run = BTreeMap::<i64, BTreeSet<u32>>::new();
    for (run, n) in events {
        by_run.entry(*run).or_default().insert(*n);
    }
    let mut change = Change::begin(tx, kiosk, zones).await?;
    let mut count = 0;
    for (run, numbers) in by_run {
        count += change.delete(run, &numbers, why).await?;
    }
    change.finish(0).await?;
    Ok(count)
}

async fn doomed(tx: &mut dyn Tx, kiosk: i64, id: RatingId) -> Result<Option<Doomed>, Failure> {
    let sql = "select event.kind, event.other_kind, event.follow_up, event.utc_ms, \
               (select count(*) from event as answer where answer.kiosk = event.kiosk \
               and answer.run = event.run and answer.rating_n = event.n) as answers \
               from run join event on event.kiosk = run.kiosk and event.run = run.no \
               where run.kiosk = $1 and run.uuid = $2 and event.n = $3";
    let row = tx.row(sql, &values![kiosk, id.run.0, id.n]).await?;
    let doomed = |row: Row| {
        Ok(Doomed {
            id,
            kind: facts::kind(&row)?,
            follow_up: row.get("follow_up")?,
            utc_ms: row.get("utc_ms")?,
            answers: row.get("answers")?,
        })
    };
    row.map(doomed).transpose()
}

/// These events by the numbers of their runs, rising, each once; without those of unknown runs.
async fn in_runs(
    tx: &mut dyn Tx,
    kiosk: i64,
    events: &[RatingId],
) -> Result<Vec<(i64, u32)>, Failure> {
    let mut runs = BTreeMap::<RunId, Option<i64>>::new();
    let mut found = BTreeSet::new();
    for RatingId { run, n } in events {
        let no = match runs.get(run) {
            Some(no) => *no,
            None => {
                let sql = "select no from run where kiosk = $1 and uuid = $2";
                let row = tx.row(sql, &values![kiosk, run.0]).await?;
                let no = row.map(|row| row.get("no")).transpose()?;
                runs.insert(*run, no);
                no
            }
        };
        found.extend(no.map(|no| (no, *n)));
    }
    Ok(found.into_iter().collect())
}

/// The search of a kiosk's events for what has had its time.
#[derive(Clone, Copy)]
struct Search {
    kiosk: i64,
    kept: Kept,
    now_ms: i64,
}

/// What has had its time among some events, by run and number, rising, and how far that went; none
/// where this was all.
type Found = (Vec<(i64, u32)>, Option<Reached>);

/// An event, as far as keeping goes.
struct Seen {
    run: i64,
    n: u32,
    utc_ms: i64,
    class: Class,
    is_over: bool,
}

impl Search {
    /// Looks at the next events after what was reached.
    async fn next(self, tx: &mut dyn Tx, reached: Reached) -> Result<Found, Failure> {
        match reached {
            Reached::Told(utc_ms, run, n) => self.told(tx, (utc_ms, run, n)).await,
            Reached::ToCome(run, n) => self.to_come(tx, (run, n)).await,
            Reached::Rated(run, n) => self.rated(tx, (run, n)).await,
        }
    }

    /// Before which time everything of these classes is young, if any of it ever gets old.
    fn until_ms(self, classes: &[Class]) -> Option<i64> {
        classes.iter().filter_map(|class| self.kept.until_ms(*class, self.now_ms)).max()
    }

    /// Comments, notes and calls, from the oldest on.
    async fn told(self, tx: &mut dyn Tx, after: (i64, i64, u32)) -> Result<Found, Failure> {
        let done = (Vec::new(), Some(Reached::ToCome(0, 0)));
        let Some(until_ms) = self.until_ms(&[Class::Comment, Class::Note]) else {
            return Ok(done);
        };
        let (utc_ms, run, n) = after;
        let condition = format!(
            "{TOLD} and (event.utc_ms, event.run, event.n) > ($2, $3, $4) and event.utc_ms < $5 \
             order by event.utc_ms, event.run, event.n limit $6"
        );
        let values = values![self.kiosk, utc_ms, run, n, until_ms, AT_ONCE];
        let seen = self.seen(tx, &condition, &values).await?;
        let next = match seen.last() {
            Some(last) if seen.len() == AT_ONCE => Reached::Told(last.utc_ms, last.run, last.n),
            _ => Reached::ToCome(0, 0),
        };
        Ok((over(&seen), Some(next)))
    }

    /// Those whose clock shows a time to come, but which were received long ago.
    async fn to_come(self, tx: &mut dyn Tx, (run, n): (i64, u32)) -> Result<Found, Failure> {
        let Some(until_ms) = self.until_ms(&[Class::Comment, Class::Note]) else {
            return Ok((Vec::new(), Some(Reached::Rated(0, 0))));
        };
        let condition = format!(
            "{TOLD} and event.is_exact = 0 and event.latest_ms is null and event.utc_ms >= $2 \
             and (event.run, event.n) > ($3, $4) order by event.run, event.n limit $5"
        );
        let values = values![self.kiosk, until_ms, run, n, AT_ONCE];
        let seen = self.seen(tx, &condition, &values).await?;
        let next = match seen.last() {
            Some(last) if seen.len() == AT_ONCE => Reached::ToCome(last.run, last.n),
            _ => Reached::Rated(0, 0),
        };
        Ok((over(&seen), Some(next)))
    }

    /// Ratings and what was tapped with them, of each run from its beginning until one is young.
    async fn rated(self, tx: &mut dyn Tx, (run, n): (i64, u32)) -> Result<Found, Failure> {
        let Some(until_ms) = self.until_ms(&[Class::Rating]) else {
            return Ok((Vec::new(), None));
        };
        let run = if n > 0 { Some(run) } else { self.next_run(tx, run, until_ms).await? };
        let Some(run) = run else {
            return Ok((Vec::new(), None));
        };
        let condition = "event.run = $2 and event.n > $3 order by event.n limit $4";
        let seen = self.seen(tx, condition, &values![self.kiosk, run, n, AT_ONCE]).await?;
        let is_young = |seen: &Seen| seen.class == Class::Rating && !seen.is_over;
        let old = seen.iter().position(is_young).unwrap_or(seen.len());
        let old = seen.get(..old).unwrap_or_default();
        let next = match old.last() {
            Some(last) if old.len() == AT_ONCE => Reached::Rated(run, last.n),
            _ => Reached::Rated(run, 0),
        };
        let rated: Vec<(i64, u32)> = old
            .iter()
            .filter(|seen| seen.class == Class::Rating)
            .map(|seen| (seen.run, seen.n))
            .collect();
        Ok((rated, Some(next)))
    }

    /// The next run after this one whose first rating may have had its time.
    async fn next_run(
        self,
        tx: &mut dyn Tx,
        after: i64,
        until_ms: i64,
    ) -> Result<Option<i64>, Failure> {
        let sql = format!(
            "select no from run where kiosk = $1 and no > $2 and \
             (select utc_ms from event where event.kiosk = run.kiosk and event.run = run.no \
             and {RATED} order by event.n limit 1) < $3 order by no limit 1"
        );
        let row = tx.row(&sql, &values![self.kiosk, after, until_ms]).await?;
        row.map(|row| row.get("no")).transpose()
    }

    async fn seen(
        self,
        tx: &mut dyn Tx,
        condition: &str,
        values: &[Value],
    ) -> Result<Vec<Seen>, Failure> {
        let sql = format!(
            "select event.run, event.n, event.kind, event.other_kind, event.follow_up, \
             event.utc_ms, event.is_exact, event.earliest_ms, event.latest_ms, \
             delivery.received_ms from event left join delivery \
             on delivery.kiosk = event.kiosk and delivery.seq = event.seq \
             where event.kiosk = $1 and {condition}"
        );
        let seen = |row: &Row| {
            let kind = Kind::named(&facts::kind(row)?);
            let class = Class::of(kind, row.get::<Option<String>>("follow_up")?.as_deref());
            let moment = facts::moment(row)?;
            let received_ms: Option<i64> = row.get("received_ms")?;
            let latest_ms = keeping::latest_ms(moment, received_ms.unwrap_or(moment.utc_ms));
            let is_over = self.kept.is_over(class, latest_ms, self.now_ms);
            let (run, n) = (row.get("run")?, row.get("n")?);
            Ok(Seen { run, n, utc_ms: moment.utc_ms, class, is_over })
        };
        tx.rows(&sql, values).await?.iter().map(seen).collect()
    }
}

/// Those of these events that have had their time, by run and number, rising.
fn over(seen: &[Seen]) -> Vec<(i64, u32)> {
    let over = seen.iter().filter(|seen| seen.is_over).map(|seen| (seen.run, seen.n));
    over.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests;
