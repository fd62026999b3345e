//! Copies the whole events of a damaged journal into the fresh one, and reports the missing ones.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::losses::{losses_of, report};
use crate::feedback::event::{Loss, Stretches};
use crate::feedback::moment::Reading;
use crate::feedback::rating::{BootId, RunId};
use crate::kiosk::journal::append::Journal;
use crate::kiosk::journal::books::RunBooks;
use crate::kiosk::journal::books_sql::{self, Run};
use crate::kiosk::journal::error::{Error, classify};
use crate::kiosk::journal::rescue::salvage::{Found, Salvage};
use crate::kiosk::journal::{row, schema};

/// A damaged file larger than this held more than an empty schema.
const EMPTY_BYTES_MAX: u64 = 64 * 1024;

impl Journal {
    pub(super) fn continue_salvage(
        &mut self,
        mut salvage: Box<Salvage>,
        reading: Reading,
    ) -> Result<(), Error> {
        let failed = |source| classify(&self.folder, "salvage into", source);
        match salvage.read_on() {
            Some(found) => {
                let (after_bad, after) = (self.after_bad, self.last_row);
                let write = |connection: &mut Connection| {
                    let transaction = connection.transaction()?;
                    let last = carry(&transaction, &salvage, &found, after_bad, after)?;
                    transaction.commit()?;
                    Ok(last)
                };
                if !found.is_empty() {
                    self.last_row =
                        schema::unflushed(&mut self.connection, write).map_err(failed)?;
                    self.unsent_row = 0;
                }
                self.chores.salvage = Some(salvage);
                Ok(())
            }
            None => self.end_salvage(&salvage, reading),
        }
    }

    /// Closes the books of what was carried over, and reports what was not.
    fn end_salvage(&mut self, salvage: &Salvage, reading: Reading) -> Result<(), Error> {
        let Some(run) = self.run else {
            return Ok(());
        };
        let (last_row, after_bad) = (self.last_row, self.after_bad);
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let losses = close(&transaction, salvage, after_bad)?;
            let taken = report(&transaction, &run, last_row, &losses, reading)?;
            books_sql::set_meta(&transaction, "salvaged", salvage.number)?;
            books_sql::set_meta(&transaction, "unsent_row", 0)?;
            transaction.commit()?;
            Ok((losses, taken))
        };
        let failed = |source| classify(&self.folder, "end the salvage into", source);
        let (losses, taken) = write(&mut self.connection).map_err(failed)?;
        self.last_row += i64::from(taken - run.taken);
        self.run = Some(Run { taken, ..run });
        self.unsent_row = 0;
        self.timeline = books_sql::timeline(&self.connection).map_err(failed)?;
        let carried: u64 = salvage.seen.values().map(Stretches::count).sum();
        let lost: u32 = losses.iter().map(|loss| loss.count()).sum();
        let (number, spoilt) = (salvage.number, salvage.spoilt);
        tracing::warn!(number, carried, lost, spoilt, "a damaged journal was salvaged");
        self.write_mark();
        self.read_books()
    }
}

/// Adds what was found to the journal, each event under the keys and the row that it had; returns
/// the last row in use.
fn carry(
    connection: &Connection,
    salvage: &Salvage,
    found: &[Found],
    after_bad: i64,
    mut last_row: i64,
) -> rusqlite::Result<i64> {
    let mut runs = BTreeMap::<RunId, i64>::new();
    let mut highest = BTreeMap::<RunId, u32>::new();
    for Found { row, run_key, question_key, entry } in found {
        let run = match runs.get(&entry.id.run) {
            Some(key) => *key,
            None => {
                let key = add_run(connection, salvage, entry.id.run, *run_key, after_bad)?;
                runs.insert(entry.id.run, key);
                key
            }
        };
        let reached = highest.entry(entry.id.run).or_default();
        *reached = entry.id.n.max(*reached);
        let question =
            question_key.and_then(|key| Some((key, salvage.ground.questions.get(&key)?)));
        let question = match question {
            Some((key, question)) => {
                Some(books_sql::add_question(connection, question, Some(key), after_bad)?)
            }
            None => None,
        };
        // No checksum covers the row number. An impossible one is replaced; only the order suffers.
        let is_possible = (1..=after_bad * books_sql::ROWS_APART).contains(row);
        if is_possible && row::insert(connection, *row, run, question, entry)? {
            continue;
        }
        let sql = "select 1 from event where row = ? and run = ? and n = ?";
        if connection.prepare_cached(sql)?.exists(params![row, run, entry.id.n])? {
            continue;
        }
        // Two versions of the file have used the same row. That is rare, so the search may be slow.
        let sql = "select 1 from event where run = ? and n = ?";
        if !connection.prepare_cached(sql)?.exists(params![run, entry.id.n])? {
            last_row += 1;
            row::insert(connection, last_row, run, question, entry)?;
        }
    }
    for (run, taken) in highest {
        if let Some(row) = books_sql::run_of(connection, run)?.filter(|row| row.taken < taken) {
            books_sql::write_run(connection, &books_sql::RunRow { taken, ..row })?;
        }
    }
    Ok(last_row)
}

/// The key of a run that is carried over, with its boot.
fn add_run(
    connection: &Connection,
    salvage: &Salvage,
    run: RunId,
    key: i64,
    after_bad: i64,
) -> rusqlite::Result<i64> {
    if let Some(known) = books_sql::run_of(connection, run)? {
        return Ok(known.key);
    }
    let found = salvage.ground.runs.values().find(|found| found.run == run);
    let boot =
        found.and_then(|found| Some((found.boot_key, *salvage.ground.boots.get(&found.boot_key)?)));
    // A boot whose id is lost is taken for another boot, of unknown time.
    let (boot_key, boot) = boot.map_or((None, BootId(run.0)), |(key, boot)| (Some(key), boot));
    let base = after_bad * books_sql::KEYS_APART;
    let boot_key = books_sql::add_boot(connection, boot, boot_key, base)?;
    let crc = books_sql::run_checksum(run, 0, 0);
    let sql = "insert into run (id, uuid, boot, crc) values (?, ?, ?, ?) on conflict do nothing";
    if connection.execute(sql, params![key, run.0, boot_key, crc])? == 0 {
        let key = next_key(connection, after_bad)?;
        connection.execute(sql, params![key, run.0, boot_key, crc])?;
    }
    let sql = "select id from run where uuid = ?";
    connection.query_row(sql, [run.0], |row| row.get(0))
}

/// Closes the books of every run of a damaged journal, and returns the losses.
fn close(
    connection: &Connection,
    salvage: &Salvage,
    after_bad: i64,
) -> rusqlite::Result<Vec<Loss>> {
    let ground = &salvage.ground;
    let mut reached = BTreeMap::<RunId, (u32, u32, i64)>::new();
    let sound = ground.runs.iter().filter(|(_, run)| run.taken > 0);
    let found = sound.map(|(key, run)| (run.run, run.taken, run.settled, *key));
    let marked = salvage.reached.iter().map(|mark| (mark.run, mark.taken, mark.settled, 0));
    let seen = salvage.seen.iter().map(|(run, seen)| (*run, seen.highest().unwrap_or(0), 0, 0));
    for (run, taken, settled, key) in found.chain(marked).chain(seen) {
        let known = reached.entry(run).or_default();
        *known = (known.0.max(taken), known.1.max(settled), known.2.max(key));
    }
    let mut losses = Vec::new();
    let is_nothing = reached.is_empty() && salvage.bytes <= EMPTY_BYTES_MAX;
    if !salvage.has_mark && !is_nothing {
        losses.push(Loss::Unknown);
    }
    for (run, (taken, settled, key)) in &reached {
        let key = if *key == 0 { next_key(connection, after_bad)? } else { *key };
        add_run(connection, salvage, *run, key, after_bad)?;
        if let Some(row) = books_sql::run_of(connection, *run)? {
            let (taken, settled) = (row.taken.max(*taken), row.settled.max(*settled));
            books_sql::write_run(connection, &books_sql::RunRow { taken, settled, ..row })?;
        }
    }
    for loss in &salvage.losses {
        books_sql::add_loss(connection, *loss)?;
    }
    for (key, n, reason, is_again) in &ground.set_aside {
        let run = ground.runs.get(key).map(|run| run.run);
        let seen = run.and_then(|run| salvage.seen.get(&run));
        if seen.is_some_and(|seen| seen.contains(*n)) {
            let sql = "insert into set_aside (run, n, reason, is_again) \
                       select id, ?, ?, ? from run where uuid = ? on conflict do nothing";
            connection.execute(sql, params![n, reason, is_again, run.map(|run| run.0)])?;
        }
    }
    for (run, (taken, settled, _)) in reached {
        let Some(row) = books_sql::run_of(connection, run)? else {
            continue;
        };
        let aside = books_sql::aside_of(connection, row.key)?;
        let again = aside.iter().filter(|(_, is_again)| *is_again).map(|(n, _)| *n).collect();
        let (set_aside, lost) = (Vec::new(), books_sql::lost_of(connection, row.key)?);
        let books = RunBooks { run, taken, settled, set_aside, again, lost };
        let seen = salvage.seen.get(&run).cloned().unwrap_or_default();
        losses.extend(losses_of(&books, taken, &seen));
    }
    for (key, anchors) in &ground.anchors {
        if let Some(boot) = ground.boots.get(key) {
            let key = books_sql::add_boot(
                connection,
                *boot,
                Some(*key),
                after_bad * books_sql::KEYS_APART,
            )?;
            for anchor in anchors {
                books_sql::add_anchor(connection, key, anchor)?;
            }
        }
    }
    Ok(losses)
}

/// The next key for a run that is older than this journal: below all of its own keys.
fn next_key(connection: &Connection, after_bad: i64) -> rusqlite::Result<i64> {
    let sql = "select coalesce(max(id), 0) + 1 from run where id < ?";
    connection.query_row(sql, [after_bad * books_sql::KEYS_APART], |row| row.get(0))
}
