//! What the journal does when nobody presses: checks what waits, carries over what a damaged
//! journal still had, offers everything again to a hub that went back in time.
//!
//! All of it is done a piece at a time, so that a press never waits behind more than one of them,
//! and all of it can be begun anew after a power cut.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::rescue::repair;
use super::rescue::repair::Bad;
use super::rescue::salvage::{Found, Salvage};
use super::{Error, Journal, Run, State, books_sql, row, schema, sort};
use crate::feedback::event::{Event, Loss, Stretches, gaps};
use crate::feedback::moment::Reading;
use crate::feedback::rating::{RatingId, RunId};

/// How many rows are looked at in one go.
const ROWS_AT_ONCE: usize = 1_000;

/// A damaged file larger than this held more than an empty schema.
const EMPTY_BYTES_MAX: u64 = 64 * 1024;

/// What is still to be done.
#[derive(Debug, Default)]
pub(super) struct Chores {
    salvage: Option<Box<Salvage>>,
    check: Option<Check>,
    offer: Option<Offer>,
    wants_check: bool,
    was_checked_again: bool,
}

/// Looks whether every number that should wait is there, and whole.
#[derive(Debug, Default)]
struct Check {
    next_row: i64,
    /// Whether it began with the first row of all, and not with the first that should wait.
    is_whole: bool,
    /// How many rows that should wait are not whole.
    damaged: u64,
    /// How far each run had come when the check began.
    taken: BTreeMap<RunId, u32>,
    seen: BTreeMap<RunId, Stretches>,
}

/// Finds what is still held of each run.
#[derive(Debug)]
struct Offer {
    next_row: i64,
    epoch: i64,
    stored: Option<i64>,
    held: BTreeMap<RunId, Stretches>,
}

impl Chores {
    /// What is to be done with a journal that has just been opened.
    pub(super) fn at_open(
        connection: &Connection,
        mut bad: Vec<Bad>,
        unsent_row: i64,
    ) -> rusqlite::Result<Self> {
        let salvaged = books_sql::meta(connection, "salvaged")?.unwrap_or(0);
        bad.retain(|bad| bad.number > salvaged);
        let salvage = (!bad.is_empty()).then(|| Box::new(Salvage::new(&bad)));
        let check = Check { next_row: unsent_row, ..Check::default() };
        Ok(Self { salvage, check: Some(check), ..Self::default() })
    }

    /// Has everything checked once more, unless that was done and found what it could.
    pub(super) const fn check_again(&mut self) {
        self.wants_check = !self.was_checked_again;
    }

    /// Begins to offer everything again; false when that is under way already.
    pub(super) fn offer_again(&mut self, epoch: i64, stored: Option<i64>) -> bool {
        let is_new = self.offer.as_ref().is_none_or(|offer| offer.epoch != epoch);
        if is_new {
            self.offer = Some(Offer { next_row: 0, epoch, stored, held: BTreeMap::new() });
        }
        is_new
    }
}

impl Journal {
    /// Whether there is something to do while nobody presses.
    #[must_use]
    pub const fn has_chores(&self) -> bool {
        let Chores { salvage, check, offer, wants_check, .. } = &self.chores;
        salvage.is_some() || check.is_some() || offer.is_some() || *wants_check
    }

    /// Whether a damaged journal has not been carried over to its end.
    #[must_use]
    pub(super) const fn is_salvaging(&self) -> bool {
        self.chores.salvage.is_some()
    }

    /// Does the next piece of what there is to do; `reading` dates what it finds lost.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file has to be set aside; the others as for an append.
    pub fn chore(&mut self, reading: Reading) -> Result<(), Error> {
        if self.run.is_none() {
            return Ok(());
        }
        let done = self.next_piece(reading);
        if let Err(Error::Full(_)) = &done {
            // What there was no room for is begun anew when it is tried again.
            let bad = repair::all(&self.folder).unwrap_or_default();
            self.chores = Chores::at_open(&self.connection, bad, self.unsent_row)
                .map_err(|source| sort(&self.folder, "read", source))?;
        }
        done
    }

    fn next_piece(&mut self, reading: Reading) -> Result<(), Error> {
        if let Some(salvage) = self.chores.salvage.take() {
            return self.go_on_salvaging(salvage, reading);
        }
        if let Some(check) = self.chores.check.take() {
            return self.go_on_checking(check, reading);
        }
        if let Some(offer) = self.chores.offer.take() {
            return self.go_on_offering(offer);
        }
        if std::mem::take(&mut self.chores.wants_check) {
            self.chores.was_checked_again = true;
            self.chores.check = Some(Check { next_row: self.unsent_row, ..Check::default() });
        }
        Ok(())
    }

    fn go_on_checking(&mut self, mut check: Check, reading: Reading) -> Result<(), Error> {
        if check.taken.is_empty() {
            check.taken = self.run_books()?.into_iter().map(|run| (run.run, run.taken)).collect();
        }
        let page = self.page(check.next_row - 1, ROWS_AT_ONCE)?;
        for kept in &page {
            match &kept.entry {
                Ok(entry) => check.seen.entry(entry.id.run).or_default().add(entry.id.n),
                Err(_) if kept.state == State::Waiting => check.damaged += 1,
                Err(_) => {}
            }
        }
        if let Some(last) = page.last() {
            check.next_row = last.row + 1;
            self.chores.check = Some(check);
            return Ok(());
        }
        let mut losses = Vec::new();
        for books in self.run_books()? {
            let Some(&taken) = check.taken.get(&books.run) else {
                continue;
            };
            let seen = check.seen.remove(&books.run).unwrap_or_default();
            losses.extend(losses_of(&books, taken, &seen));
        }
        let lost: u64 = losses.iter().map(|loss| u64::from(loss.count())).sum();
        if lost > 0 && !check.is_whole {
            // Before anything is called lost, it is looked for everywhere.
            self.unsent_row = 0;
            self.chores.check = Some(Check { is_whole: true, ..Check::default() });
            return Ok(());
        }
        if lost > check.damaged {
            // Rows that are not even there are damage to more than themselves, and a look at every
            // page by itself may still find them.
            let (folder, what) = (self.folder.clone(), "has lost rows without a trace".to_owned());
            return Err(Error::Damaged { folder, what });
        }
        self.report(&losses, reading)
    }

    /// Writes losses down as events of this run, in one commit.
    fn report(&mut self, losses: &[Loss], reading: Reading) -> Result<(), Error> {
        let Some(run) = self.run.filter(|_| !losses.is_empty()) else {
            return Ok(());
        };
        let last_row = self.last_row;
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let taken = report(&transaction, &run, last_row, losses, reading)?;
            transaction.commit()?;
            Ok(taken)
        };
        let taken = write(&mut self.connection)
            .map_err(|source| sort(&self.folder, "report a loss in", source))?;
        self.last_row += i64::from(taken - run.taken);
        self.run = Some(Run { taken, ..run });
        // What is damaged next is another loss.
        self.chores.was_checked_again = false;
        for loss in losses {
            tracing::error!(?loss, events = loss.count(), "the card lost events");
        }
        self.write_mark();
        self.read_books()
    }

    fn go_on_salvaging(
        &mut self,
        mut salvage: Box<Salvage>,
        reading: Reading,
    ) -> Result<(), Error> {
        let failed = |source| sort(&self.folder, "salvage into", source);
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
        let failed = |source| sort(&self.folder, "end the salvage into", source);
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

    fn go_on_offering(&mut self, mut offer: Offer) -> Result<(), Error> {
        let page = self.page(offer.next_row - 1, ROWS_AT_ONCE)?;
        for entry in page.iter().filter_map(|kept| kept.entry.as_ref().ok()) {
            let RatingId { run, n } = entry.id;
            offer.held.entry(run).or_default().add(n);
        }
        if let Some(last) = page.last() {
            offer.next_row = last.row + 1;
            self.chores.offer = Some(offer);
            return Ok(());
        }
        let mut write = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            for run in books_sql::runs(&transaction)? {
                let held = offer.held.remove(&run.run).unwrap_or_default();
                let settled = wait_again(&transaction, &run, &held)?;
                books_sql::write_run(&transaction, &books_sql::RunRow { settled, ..run })?;
            }
            books_sql::set_meta(&transaction, "hub_epoch", offer.epoch)?;
            if let Some(stored) = offer.stored {
                books_sql::set_meta(&transaction, "hub_stored", stored)?;
            }
            books_sql::set_meta(&transaction, "unsent_row", 0)?;
            // Anchors are part of what a hub can have lost.
            transaction.execute("update anchor set is_told = 0", [])?;
            transaction.commit()
        };
        write(&mut self.connection)
            .map_err(|source| sort(&self.folder, "offer again from", source))?;
        self.unsent_row = 0;
        self.read_books()?;
        tracing::warn!(waiting = self.books.waiting, "what is held waits for head office again");
        Ok(())
    }
}

/// Has what is held of a run wait again, and returns where its mark is to stand: before the stretch
/// that is held up to the old mark. Of what lies before that some was let go of, and is waited for
/// in vain; the rest is offered event by event. What is set aside or lost stays so.
fn wait_again(
    connection: &Connection,
    run: &books_sql::RunRow,
    held: &Stretches,
) -> rusqlite::Result<u32> {
    let mut known = held.list().to_vec();
    known.extend(books_sql::aside_of(connection, run.key)?.iter().map(|(n, _)| (*n, *n)));
    known.extend(books_sql::lost_of(connection, run.key)?);
    known.sort_unstable();
    let settled = gaps(1, run.settled, &known).last().map_or(0, |(_, last)| *last);
    let sql = "insert into set_aside (run, n, reason, is_again) values (?, ?, ?, 1) \
               on conflict do nothing";
    for n in held.list().iter().flat_map(|(first, last)| *first..=*last) {
        if n > settled {
            break;
        }
        connection.prepare_cached(sql)?.execute(params![run.key, n, "offered again"])?;
    }
    Ok(settled)
}

/// What should be there of a run, and is not.
fn losses_of(books: &super::RunBooks, taken: u32, present: &Stretches) -> Vec<Loss> {
    let missing = books.missing(taken, present.list()).into_iter();
    missing.map(|(first, last)| Loss::Range { run: books.run, first, last }).collect()
}

/// Adds the losses as events of a run after a row; returns how far the run has come.
fn report(
    connection: &Connection,
    run: &Run,
    mut row: i64,
    losses: &[Loss],
    reading: Reading,
) -> rusqlite::Result<u32> {
    let mut taken = run.taken;
    for loss in losses {
        (taken, row) = (taken + 1, row + 1);
        let id = RatingId { run: run.id, n: taken };
        let entry = super::Entry { id, reading, event: Event::Lost(*loss) };
        if !row::insert(connection, row, run.key, None, &entry)? {
            return Err(rusqlite::Error::QueryReturnedNoRows);
        }
        books_sql::add_loss(connection, *loss)?;
        if let Loss::Range { run, first, .. } = loss {
            // A mark that stands right before the loss moves over it.
            books_sql::advance(connection, [RatingId { run: *run, n: *first }].iter())?;
        }
    }
    Ok(taken)
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
        // No checksum covers the row number. One that cannot be is given up, and only the order
        // suffers.
        let is_possible = (1..=after_bad * books_sql::ROWS_APART).contains(row);
        if is_possible && row::insert(connection, *row, run, question, entry)? {
            continue;
        }
        let sql = "select 1 from event where row = ? and run = ? and n = ?";
        if connection.prepare_cached(sql)?.exists(params![row, run, entry.id.n])? {
            continue;
        }
        // Two lives of the file have used the same row. That is rare enough for a long look.
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
    // A boot that cannot be named any more is one of its own, of which nothing is known.
    let (boot_key, boot) = boot
        .map_or((None, crate::feedback::rating::BootId(run.0)), |(key, boot)| (Some(key), boot));
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

/// Closes the books of every run of a damaged journal, and returns what is lost of them.
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
        let books = super::RunBooks { run, taken, settled, set_aside, again, lost };
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

/// The next key for a run that was lived before this journal was made: below all of its own.
fn next_key(connection: &Connection, after_bad: i64) -> rusqlite::Result<i64> {
    let sql = "select coalesce(max(id), 0) + 1 from run where id < ?";
    connection.query_row(sql, [after_bad * books_sql::KEYS_APART], |row| row.get(0))
}
