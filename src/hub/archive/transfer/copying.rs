//! Copies tables page by page, in the order of their keys.

use super::manner::{Error, Hearer, Manner, failed};
use crate::hub::archive::error::Failure;
use crate::hub::archive::sql::marks;
use crate::hub::archive::sql::tables::{TABLES, Table};
use crate::hub::archive::value::{Type, Value};
use crate::hub::archive::{Archive, tx::Tx};

/// So many rows of a table are in memory at once whose rows may be large.
const HEAVY_AT_ONCE: u32 = 50;

/// A row: its columns in the order of the table's.
pub(super) type Cells = Vec<Value>;

/// Where rows are read.
pub(super) enum Source<'a> {
    /// An archive that nobody writes into meanwhile.
    Still(&'a Archive),
    /// One state of an archive.
    State(&'a mut dyn Tx),
}

impl Source<'_> {
    /// The rows after this one, at most so many.
    pub(super) async fn page(
        &mut self,
        table: &'static Table,
        after: Option<&Cells>,
        at_once: u32,
    ) -> Result<Vec<Cells>, Error> {
        const ACTION: &str = "read the archive";
        let key = after.map(|row| key_of(table, row));
        match self {
            Self::Still(archive) => {
                let read = archive.read(ACTION, move |tx| {
                    Box::pin(async move { page(tx, table, key, at_once).await })
                });
                Ok(read.await?)
            }
            Self::State(tx) => page(&mut **tx, table, key, at_once).await.map_err(failed(ACTION)),
        }
    }
}

/// The most rows of a table that are read at once.
pub(super) fn at_once(table: &Table, manner: &Manner) -> u32 {
    let most = if table.is_heavy { HEAVY_AT_ONCE } else { u32::MAX };
    manner.rows_at_once.clamp(1, most)
}

/// Copies what is not there yet.
pub(super) async fn all(
    source: &mut Source<'_>,
    target: &Archive,
    progress: &mut Progress,
) -> Result<(), Error> {
    for table in &TABLES {
        let at_once = at_once(table, &progress.manner);
        // Pages come in the order of the key, each whole: the last row says how far it has come.
        let mut last = last(target, table).await?;
        loop {
            progress.may_go_on()?;
            let rows = source.page(table, last.as_ref(), at_once).await?;
            let Some(row) = rows.last() else { break };
            let (row, count) = (row.clone(), rows.len());
            if write(target, table, last.take(), rows).await? {
                last = Some(row);
                progress.count(table.name(), count);
            } else {
                last = self::last(target, table).await?;
            }
        }
    }
    Ok(())
}

/// Writes rows that come after this one; nothing, and no, where another one is the last by now: a
/// process that was killed may have had more on its way, and two may do the same.
async fn write(
    target: &Archive,
    table: &'static Table,
    after: Option<Cells>,
    rows: Vec<Cells>,
) -> Result<bool, Error> {
    let written = target.write("write the copy", move |tx| {
        Box::pin(async move {
            marks::may_come(tx).await?;
            let key = |row: &Option<Cells>| row.as_ref().map(|row| key_of(table, row));
            if key(&newest(tx, table).await?) != key(&after) {
                return Ok(false);
            }
            tx.insert(&table.filled, rows).await.map(|()| true)
        })
    });
    Ok(written.await?)
}

/// The last row of a table.
async fn last(archive: &Archive, table: &'static Table) -> Result<Option<Cells>, Error> {
    let found = archive.read("see how far the copy is", move |tx| {
        Box::pin(async move { newest(tx, table).await })
    });
    Ok(found.await?)
}

async fn newest(tx: &mut dyn Tx, table: &'static Table) -> Result<Option<Cells>, Failure> {
    let down: Vec<String> = table.key.iter().map(|key| format!("{key} desc")).collect();
    let only = table.only.map(|only| format!("where {only} ")).unwrap_or_default();
    let (columns, name, down) = (columns(table), table.name(), down.join(", "));
    let sql = format!("select {columns} from {name} {only}order by {down} limit 1");
    let rows = tx.rows(&sql, &[]).await?;
    Ok(rows.into_iter().next().map(|row| plain(table, row.into_values())))
}

async fn page(
    tx: &mut dyn Tx,
    table: &'static Table,
    after: Option<Vec<Value>>,
    at_once: u32,
) -> Result<Vec<Cells>, Failure> {
    let key = table.key.join(", ");
    let places: Vec<String> = (1..=table.key.len()).map(|place| format!("${place}")).collect();
    let begins = after.as_ref().map(|_| match places.as_slice() {
        [place] => format!("{key} > {place}"),
        places => format!("({key}) > ({})", places.join(", ")),
    });
    let tests: Vec<String> = table.only.map(str::to_owned).into_iter().chain(begins).collect();
    let tests =
        if tests.is_empty() { String::new() } else { format!("where {} ", tests.join(" and ")) };
    let (columns, name) = (columns(table), table.name());
    let sql = format!("select {columns} from {name} {tests}order by {key} limit {at_once}");
    let rows = tx.rows(&sql, &after.unwrap_or_default()).await?;
    Ok(rows.into_iter().map(|row| plain(table, row.into_values())).collect())
}

fn columns(table: &Table) -> String {
    let names: Vec<&str> = table.filled.columns.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// The same values as both engines have them. SQLite does not know of which type it is that
/// nothing is, and PostgreSQL has no text with a zero in it: what stands for one there does so here
/// too. No key has one.
fn plain(table: &Table, values: Vec<Value>) -> Cells {
    let plain = |(value, (column, _)): (Value, &(&'static str, _))| match value {
        Value::Null(_) => Value::Null(Type::Number),
        Value::Text(text) if text.contains('\0') && !table.key.contains(column) => {
            Value::Text(text.replace('\0', "\u{FFFD}"))
        }
        value => value,
    };
    values.into_iter().zip(table.filled.columns).map(plain).collect()
}

/// The key of a row.
pub(super) fn key_of(table: &Table, row: &Cells) -> Vec<Value> {
    let columns = table.filled.columns;
    let value = |key: &&str| {
        let place = columns.iter().position(|(name, _)| name == key)?;
        row.get(place).cloned()
    };
    table.key.iter().filter_map(value).collect()
}

/// How far it is, told when it is time.
pub(super) struct Progress {
    pub(super) manner: Manner,
    doing: &'static str,
    done: u64,
    total: u64,
}

impl Progress {
    /// The way from one archive into another, of which some may be done.
    pub(super) async fn over(
        source: &Archive,
        target: &Archive,
        manner: &Manner,
    ) -> Result<Self, Error> {
        const ACTION: &str = "count what is to be copied";
        let total = source.read_slowly(ACTION, |tx| Box::pin(count(tx))).await?;
        let done = target.read_slowly(ACTION, |tx| Box::pin(count(tx))).await?;
        Ok(Self::new(manner, done, total))
    }

    /// The way of one state into an empty archive.
    pub(super) async fn of_state(tx: &mut dyn Tx, manner: &Manner) -> Result<Self, Error> {
        let total = count(tx).await.map_err(failed("count what is to be copied"))?;
        Ok(Self::new(manner, 0, total))
    }

    fn new(manner: &Manner, done: u64, total: u64) -> Self {
        let manner = manner.clone();
        Self { manner, doing: "rows copied", done, total }
    }

    /// From here on something else is done, from the beginning.
    pub(super) fn begin(&mut self, doing: &'static str, total: Option<u64>) {
        (self.doing, self.done) = (doing, 0);
        self.total = total.unwrap_or(self.total);
    }

    pub(super) fn may_go_on(&self) -> Result<(), Error> {
        if (self.manner.goes_on)() { Ok(()) } else { Err(Error::Stopped) }
    }

    /// So many more of this are done.
    pub(super) fn count(&mut self, what: &str, more: usize) {
        self.done = self.done.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
        let Hearer { tell, is_due } = &self.manner.hearer;
        if is_due() {
            tell(&self.told(what));
        }
    }

    /// How far it is, in words.
    fn told(&self, what: &str) -> String {
        let Self { doing, done, total, .. } = self;
        let percent = (done.saturating_mul(100) / (*total).max(1)).min(100);
        format!("{doing}: {done} of {total}, {percent} %; now: {what}")
    }
}

/// How many rows all tables have.
async fn count(tx: &mut dyn Tx) -> Result<u64, Failure> {
    let mut all = 0;
    for table in &TABLES {
        let only = table.only.map(|only| format!(" where {only}")).unwrap_or_default();
        let sql = format!("select count(*) as rows_of_it from {}{only}", table.name());
        let row = tx.row(&sql, &[]).await?;
        all += row.map_or(Ok(0), |row| row.get::<u64>("rows_of_it"))?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn it_is_told_when_it_is_time_how_far_it_is() {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let (hears, turn) = (Arc::clone(&told), AtomicU32::new(0));
        let hearer = Hearer {
            tell: Arc::new(move |line| hears.lock().unwrap().push(line.to_owned())),
            is_due: Arc::new(move || turn.fetch_add(1, Ordering::Relaxed) == 1),
        };
        let manner = Manner {
            from: String::new(),
            to: String::new(),
            rows_at_once: 1,
            hearer,
            goes_on: Arc::new(|| true),
        };
        let mut progress = Progress::new(&manner, 30, 200);
        progress.count("run", 10);
        assert!(told.lock().unwrap().is_empty());
        progress.count("event", 20);
        progress.count("event", 20);
        assert_eq!(*told.lock().unwrap(), ["rows copied: 60 of 200, 30 %; now: event"]);
        progress.begin("kiosks recounted", Some(0));
        assert_eq!(progress.told("exit"), "kiosks recounted: 0 of 0, 0 %; now: exit");
    }
}
