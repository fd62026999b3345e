//! The statements of the feed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::identity::prove;
use super::{event_rows, upkeep};
use crate::feedback::rating::RunId;
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::feed::{Changes, Deleted, Position, Read};
use crate::hub::archive::replica::Identity;
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::values;
use crate::wire::report::Reported;

/// How many changes get their places at once.
const STAMPED_MAX: u32 = 1_000;

/// The most changes of a page of the feed.
const CHANGES_MAX: u32 = 1_000;

/// A stretch of numbers of a run: kiosk, run, first and last.
type Span = (i64, i64, u32, u32);

impl Archive {
    /// What has changed after a position, or from the beginning: whole changes, until so many
    /// events are together.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub async fn changes(&self, after: Option<Position>, events_max: usize) -> Result<Read, Error> {
        self.read("read the feed", move |tx| {
            Box::pin(async move { changes(tx, after, events_max).await })
        })
        .await
    }

    /// The same of a replica, if it shows the archive of this identity.
    pub(in crate::hub::archive) async fn changes_of(
        &self,
        identity: Identity,
        after: Option<Position>,
        events_max: usize,
    ) -> Result<Read, Error> {
        self.read("read the feed", move |tx| {
            Box::pin(async move {
                prove(tx, identity).await?;
                changes(tx, after, events_max).await
            })
        })
        .await
    }

    /// Gives places in the feed to changes that have none yet; returns how many got one. On SQLite
    /// every change has its place when it is committed.
    ///
    /// # Errors
    /// When the archive cannot be written.
    pub async fn stamp(&self) -> Result<u64, Error> {
        if self.stamps_at_once() {
            return Ok(0);
        }
        let numbered = self.write("number the feed", |tx| Box::pin(number(tx))).await?;
        let Some((stamped, place)) = numbered else {
            return Ok(0);
        };
        // Only after the numbers are committed may anybody read up to them.
        self.write("publish the feed", move |tx| Box::pin(publish(tx, stamped, place))).await?;
        Ok(stamped)
    }
}

/// Gives places to all changes that have none yet, where nobody else writes.
pub(super) async fn stamp_all(tx: &mut dyn Tx) -> Result<(), Failure> {
    while let Some((stamped, place)) = number(tx).await? {
        publish(tx, stamped, place).await?;
        if stamped == 0 {
            break;
        }
    }
    Ok(())
}

/// Lets the feed be read up to a place, the last of so many that were given just now. Where one
/// cannot be seen, a server of a distributed database was lost in the midst of the commit: then
/// the feed waits until what was committed there half way is whole.
async fn publish(tx: &mut dyn Tx, stamped: u64, place: i64) -> Result<(), Failure> {
    let before = place.saturating_sub_unsigned(stamped);
    let sql = "select count(*) as seen from delivery where pos > $1 and pos <= $2";
    let row = tx.row(sql, &values![before, place]).await?;
    if row.map_or(Ok(0), |row| row.get::<u64>("seen"))? < stamped {
        return Ok(());
    }
    let sql = "update feed set pos = $1 where part = 1 and pos < $1";
    tx.execute(sql, &values![place]).await.map(drop)
}

/// Numbers changes that are committed, one process at a time; returns how many, and the last number
/// that is given out.
async fn number(tx: &mut dyn Tx) -> Result<Option<(u64, i64)>, Failure> {
    tx.take_turn().await?;
    let head = tx.row("select pos from feed where part = 1", &[]).await?;
    let head: i64 = head.ok_or_else(nothing)?.get("pos")?;
    // Whoever came before may have ended before it published what it had numbered.
    let newest = tx.row("select max(pos) as pos from delivery", &[]).await?;
    let newest: Option<i64> = newest.ok_or_else(nothing)?.get("pos")?;
    let mut place = head.max(newest.unwrap_or(0));
    let sql = "select kiosk, seq from delivery where pos is null order by kiosk, seq limit $1";
    let rows = tx.rows(sql, &values![STAMPED_MAX]).await?;
    let mut each = Vec::new();
    for row in &rows {
        place += 1;
        each.push(values![place, row.get::<i64>("kiosk")?, row.get::<i64>("seq")?].to_vec());
    }
    let sql = "update delivery set pos = $1 where kiosk = $2 and seq = $3 and pos is null";
    let stamped = tx.execute_each(sql, &each).await?;
    if stamped < u64::try_from(each.len()).unwrap_or(u64::MAX) {
        // It was numbered half way when this began, so that its number was not seen.
        return Err(Failure::Content("a change has its place in the feed already".to_owned()));
    }
    Ok((place > head).then_some((stamped, place)))
}

fn nothing() -> Failure {
    Failure::Content("the archive has no feed".to_owned())
}

async fn changes(
    tx: &mut dyn Tx,
    after: Option<Position>,
    events_max: usize,
) -> Result<Read, Failure> {
    let epoch = upkeep::epoch(tx).await?;
    let head = tx.row("select pos from feed where part = 1", &[]).await?;
    let head: u64 = head.ok_or_else(nothing)?.get("pos")?;
    let after = after.unwrap_or(Position { epoch, place: 0 });
    if after.epoch != epoch || after.place > head {
        return Ok(Read::BeginAgain(Position { epoch, place: 0 }));
    }
    let sql = "select kiosk, touched, pos from delivery where pos > $1 and pos <= $2 \
               order by pos limit $3";
    let rows = tx.rows(sql, &values![after.place, head, CHANGES_MAX]).await?;
    let (mut spans, mut place, mut events) = (Vec::new(), after.place, 0);
    for row in &rows {
        let touched = touched(&row.get::<String>("touched")?)?;
        let of_row: usize = touched.iter().map(|(_, first, last)| length(*first, *last)).sum();
        if events > 0 && events + of_row > events_max {
            break;
        }
        events += of_row;
        let kiosk = row.get("kiosk")?;
        spans.extend(touched.into_iter().map(|(run, first, last)| (kiosk, run, first, last)));
        place = row.get("pos")?;
    }
    let spans = joined(spans);
    let (events, deleted) = (read(tx, &spans).await?, deleted(tx, &spans).await?);
    let (next, is_more) = (Position { epoch, place }, place < head);
    Ok(Read::Changes(Changes { next, events, deleted, is_more }))
}

/// What a change has touched, as it is written.
fn touched(text: &str) -> Result<Vec<(i64, u32, u32)>, Failure> {
    serde_json::from_str(text)
        .map_err(|_| Failure::Content(format!("{text:?} names no events that were touched")))
}

fn length(first: u32, last: u32) -> usize {
    usize::try_from(last.saturating_sub(first)).unwrap_or(usize::MAX).saturating_add(1)
}

/// The same numbers, each once, however often they were touched.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for (kiosk, run, first, last) in spans {
        match joined.last_mut() {
            Some((of_kiosk, of_run, _, end))
                if (*of_kiosk, *of_run) == (kiosk, run) && first <= end.saturating_add(1) =>
            {
                *end = last.max(*end);
            }
            _ => joined.push((kiosk, run, first, last)),
        }
    }
    joined
}

/// How many spans one statement names.
const SPANS_MAX: usize = 400;

/// The spans as a table `span` that a statement begins with; all numbers are ours.
fn table(spans: &[Span]) -> String {
    let mut text = "with span(kiosk, run, first_n, last_n) as (values ".to_owned();
    for (place, (kiosk, run, first, last)) in spans.iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        // Writing into a string cannot fail.
        let _ = write!(text, "{comma}({kiosk}, {run}, {first}, {last})");
    }
    text + ") "
}

async fn read(tx: &mut dyn Tx, spans: &[Span]) -> Result<Vec<Reported>, Failure> {
    let (columns, from) = (event_rows::reported_columns(), event_rows::REPORTED);
    let mut events = Vec::new();
    for spans in spans.chunks(SPANS_MAX) {
        let sql = format!(
            "{}select {columns} from span cross join {from} \
             where event.kiosk = span.kiosk and event.run = span.run \
             and event.n between span.first_n and span.last_n \
             order by event.kiosk, event.run, event.n",
            table(spans)
        );
        let rows = tx.rows_once(&sql, &[]).await?;
        let reported = event_rows::reported(tx, &rows).await?;
        events.extend(reported.into_iter().map(|(_, event)| event));
    }
    Ok(events)
}

async fn deleted(tx: &mut dyn Tx, spans: &[Span]) -> Result<Vec<Deleted>, Failure> {
    let mut found = BTreeMap::new();
    for spans in spans.chunks(SPANS_MAX) {
        let sql = format!(
            "{}select kiosk.id, run.uuid, gone.first_n, gone.last_n, \
             span.first_n as first_touched, span.last_n as last_touched \
             from span join gone on gone.kiosk = span.kiosk and gone.run = span.run \
             and gone.first_n <= span.last_n \
             and gone.last_n >= span.first_n join kiosk on kiosk.no = gone.kiosk \
             join run on run.kiosk = gone.kiosk and run.no = gone.run",
            table(spans)
        );
        for row in tx.rows_once(&sql, &[]).await? {
            let (first, last): (u32, u32) = (row.get("first_n")?, row.get("last_n")?);
            let first = first.max(row.get("first_touched")?);
            let last = last.min(row.get("last_touched")?);
            let run = RunId(row.get("uuid")?).to_string();
            let kiosk: String = row.get("id")?;
            found.insert((kiosk, run, first), last);
        }
    }
    let deleted =
        found.into_iter().map(|((kiosk, run, first), last)| Deleted { kiosk, run, first, last });
    Ok(deleted.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_touched_twice_is_read_once() {
        let spans = vec![(1, 7, 3, 4), (1, 7, 1, 3), (1, 8, 5, 5), (2, 7, 5, 5), (1, 7, 9, 9)];
        assert_eq!(joined(spans), [(1, 7, 1, 4), (1, 7, 9, 9), (1, 8, 5, 5), (2, 7, 5, 5)]);
    }

    #[test]
    fn a_table_of_spans_names_each() {
        let sql = table(&[(1, 2, 3, 4), (5, 6, 7, 8)]);
        let named =
            "with span(kiosk, run, first_n, last_n) as (values (1, 2, 3, 4), (5, 6, 7, 8)) ";
        assert_eq!(sql, named);
    }
}
