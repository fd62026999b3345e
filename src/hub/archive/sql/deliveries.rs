//! Deliveries, and every other change of what is stored of a kiosk: one at a time, each with a
//! number and a place in the feed.

use std::collections::{BTreeMap, BTreeSet};

use super::clocks::Clocks;
use super::facts::{self, Held, Sheet};
use super::{gone, tallies};
use crate::feedback::event::stretches;
use crate::hub::archive::error::Failure;
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Value, values};
use crate::hub::archive::zones::ShopZones;
use crate::hub::rules::arrivals::stretches_around;
use crate::hub::rules::keeping::Why;
use crate::hub::rules::tallying::Differences;

/// A change of what is stored of one kiosk, whose row in `book` is locked.
pub(super) struct Change<'a> {
    pub(super) tx: &'a mut dyn Tx,
    /// The kiosk's number.
    pub(super) kiosk: i64,
    /// The number that this change gets, if it comes to any.
    pub(super) seq: i64,
    /// When the delivery came, in milliseconds since 1970 UTC; where there is none, the last one:
    /// what is worked out of it later is no younger.
    received_ms: i64,
    clocks: Clocks,
    /// The numbers of the events that it touches, by run.
    touched: BTreeMap<i64, BTreeSet<u32>>,
    differences: Differences,
}

impl<'a> Change<'a> {
    /// Begins a change of a kiosk whose row is locked, after the delivery of this number.
    pub(super) async fn of(
        tx: &'a mut dyn Tx,
        kiosk: i64,
        last_seq: i64,
        received_ms: i64,
        zones: &ShopZones,
    ) -> Result<Self, Failure> {
        let clocks = Clocks::read(tx, kiosk, zones).await?;
        Ok(Self {
            tx,
            kiosk,
            seq: last_seq + 1,
            received_ms,
            clocks,
            touched: BTreeMap::new(),
            differences: Differences::default(),
        })
    }

    /// Locks a kiosk's row, and begins a change.
    pub(super) async fn begin(
        tx: &'a mut dyn Tx,
        kiosk: i64,
        zones: &ShopZones,
    ) -> Result<Self, Failure> {
        let row = tx.lock("select seq from book where kiosk = $1", &values![kiosk]).await?;
        let row = row.ok_or_else(|| Failure::Content("a kiosk has no book".to_owned()))?;
        let last_seq: i64 = row.get("seq")?;
        let sql = "select received_ms from delivery where kiosk = $1 and seq = $2";
        let last = tx.row(sql, &values![kiosk, last_seq]).await?;
        let received_ms = last.map_or(Ok(0), |last| last.get("received_ms"))?;
        Self::of(tx, kiosk, last_seq, received_ms, zones).await
    }

    /// The events that a question finds.
    pub(super) async fn held(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Held>, Failure> {
        let rows = self.tx.rows(sql, values).await?;
        rows.iter().map(|row| facts::held(row, self.received_ms)).collect()
    }

    /// When the delivery came, in milliseconds since 1970 UTC.
    pub(super) const fn received_ms(&self) -> i64 {
        self.received_ms
    }

    /// The hour of the shop's clocks at an instant, in milliseconds since 1970 UTC.
    pub(super) fn hour(&self, utc_ms: i64) -> i32 {
        self.clocks.hour(utc_ms)
    }

    /// Takes note of new events of a run, before they are stored.
    pub(super) async fn add(&mut self, run: i64, new: Vec<Held>) -> Result<(), Failure> {
        let at = (self.kiosk, run);
        let sheet = Sheet::around(self.tx, at, &new, self.received_ms).await?;
        self.note(run, sheet, new);
        Ok(())
    }

    /// Takes note of changes of stored events of a run, each as it was and as it is, before they
    /// are written.
    pub(super) async fn alter(
        &mut self,
        run: i64,
        changes: Vec<(Held, Held)>,
    ) -> Result<(), Failure> {
        let (old, new): (Vec<Held>, Vec<Held>) = changes.into_iter().unzip();
        let at = (self.kiosk, run);
        let mut sheet = Sheet::around(self.tx, at, &old, self.received_ms).await?;
        sheet.put(old);
        self.note(run, sheet, new);
        Ok(())
    }

    /// Deletes those of these events of a run that are stored, for this reason; returns how many
    /// there were. What they counted goes, and what counted otherwise because of them counts anew:
    /// a press that one of them had taken back, an answer whose rating goes.
    pub(super) async fn delete(
        &mut self,
        run: i64,
        numbers: &BTreeSet<u32>,
        why: Why,
    ) -> Result<u64, Failure> {
        let sql = format!(
            "select {} from {} where event.kiosk = $1 and event.run = $2 \
             and event.n between $3 and $4",
            facts::COLUMNS,
            facts::FROM
        );
        let mut going = Vec::new();
        for (first, last) in stretches_around(numbers) {
            going.extend(self.held(&sql, &values![self.kiosk, run, first, last]).await?);
        }
        going.retain(|held| numbers.contains(&held.n));
        let numbers: BTreeSet<u32> = going.iter().map(|held| held.n).collect();
        let at = (self.kiosk, run);
        let mut sheet = Sheet::around(self.tx, at, &going, self.received_ms).await?;
        sheet.put(going);
        sheet.without(&numbers, &mut self.differences);
        gone::delete(self.tx, at, &numbers, (why, self.seq)).await?;
        let count = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
        if count > 0 {
            self.touched.entry(run).or_default().extend(numbers);
        }
        Ok(count)
    }

    fn note(&mut self, run: i64, sheet: Sheet, now: Vec<Held>) {
        self.touched.entry(run).or_default().extend(now.iter().map(|held| held.n));
        sheet.change(now, &mut self.differences);
    }

    /// Writes what the change comes to, with how many events it has added. One that touches no
    /// event leaves no trace.
    pub(super) async fn finish(self, added: u64) -> Result<(), Failure> {
        let Self { tx, kiosk, seq, received_ms, touched, differences, .. } = self;
        let Some(touched) = touched_text(&touched) else {
            return Ok(());
        };
        if !differences.is_empty() {
            tallies::add(tx, kiosk, &differences).await?;
        }
        let sql = "update book set seq = $1 where kiosk = $2";
        tx.execute_later(sql, vec![values![seq, kiosk].into()]).await?;
        let pos = if tx.stamps_at_once() { Some(next_in_feed(tx).await?) } else { None };
        let sql = "insert into delivery (kiosk, seq, received_ms, added, touched, pos) \
                   values ($1, $2, $3, $4, $5, $6)";
        tx.execute_later(sql, vec![values![kiosk, seq, received_ms, added, touched, pos].into()])
            .await
    }
}

/// The next place in the feed, where transactions come one after the other.
async fn next_in_feed(tx: &mut dyn Tx) -> Result<i64, Failure> {
    let sql = "update feed set pos = pos + 1 where part = 1 returning pos";
    let row = tx.row(sql, &[]).await?;
    row.ok_or_else(|| Failure::Content("the archive has no feed".to_owned()))?.get("pos")
}

/// The touched events as `[[run, first n, last n], …]`; nothing where there are none.
fn touched_text(touched: &BTreeMap<i64, BTreeSet<u32>>) -> Option<String> {
    let ranges = touched.iter().flat_map(|(run, numbers)| {
        stretches(numbers.iter().copied()).into_iter().map(|(first, last)| (*run, first, last))
    });
    let ranges: Vec<(i64, u32, u32)> = ranges.collect();
    if ranges.is_empty() { None } else { serde_json::to_string(&ranges).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touched_events_are_told_as_ranges() {
        let mut touched = BTreeMap::from([(7, BTreeSet::new())]);
        assert_eq!(touched_text(&touched), None);
        touched.insert(3, BTreeSet::from([1, 2, 3, 9]));
        touched.insert(9, BTreeSet::from([u32::MAX]));
        let text = "[[3,1,3],[3,9,9],[9,4294967295,4294967295]]";
        assert_eq!(touched_text(&touched).as_deref(), Some(text));
    }
}
