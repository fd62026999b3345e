//! Lets go of events that head office has deleted: what was said in them is gone from the files,
//! and the books stay as they are.
//!
//! Only what is settled is let go of, whatever is asked for. Where something else is named, the
//! number of the deletions is not noted: head office names them again, and by then it is settled.
//! The number is noted in the commit of the last rows, so that it never promises too much. What is
//! deleted in the database is overwritten; what the WAL still has of it is wiped afterwards.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::offer::OFFERED_AGAIN;
use super::{LetGo, LettingGo, ROWS_AT_ONCE};
use crate::feedback::event::Stretches;
use crate::feedback::rating::RatingId;
use crate::kiosk::journal::append::Journal;
use crate::kiosk::journal::books_sql::{self, GONE, RunRow};
use crate::kiosk::journal::error::{Error, classify};
use crate::kiosk::journal::row::gone;
use crate::kiosk::journal::schema;

/// A row as the search sees it.
struct Found {
    row: i64,
    run_key: i64,
    n: u32,
    clocks: (i64, i64),
    is_gone: bool,
}

/// What may be done with an event that head office has deleted.
enum Fate {
    /// It is settled.
    Goes,
    /// It waits only because it is offered again: nobody wants it any more.
    GoesUnsent,
    /// Head office never had it.
    Stays,
    /// It may be on its way.
    Waits,
}

/// What one piece of the search has done.
struct Piece {
    last: Option<i64>,
    gone: u64,
    is_any_waiting: bool,
}

impl Journal {
    /// Begins to let go of what head office has deleted, unless that was done before.
    ///
    /// What comes while other deletions are let go of is named again with another receipt; and the
    /// numbers of a hub that was restored are not those that it was told.
    pub(in crate::kiosk::journal) fn let_go(&mut self, asked: &LetGo) -> Result<(), Error> {
        let known = books_sql::meta(&self.connection, GONE)
            .map_err(|source| classify(&self.folder, "read", source))?;
        let is_news = known.unwrap_or(0) != asked.upto.cast_signed();
        let is_free = self.chores.let_go.is_none() && self.chores.offer.is_none();
        if is_news && is_free {
            self.chores.let_go = Some(LettingGo { asked: asked.clone(), ..LettingGo::default() });
        }
        Ok(())
    }

    pub(super) fn continue_letting_go(&mut self, mut search: LettingGo) -> Result<(), Error> {
        let present = self.run;
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let piece = next_piece(&transaction, &search)?;
            if let Some(run) = present.filter(|_| piece.gone > 0)
                && let Some(row) = books_sql::run_of(&transaction, run.id)?
            {
                // An older program cannot tell from many such rows how far the run has come.
                books_sql::write_run(&transaction, &RunRow { taken: run.taken, ..row })?;
            }
            let is_any_waiting = search.is_any_waiting || piece.is_any_waiting;
            if piece.last.is_none() && !is_any_waiting {
                books_sql::set_meta(&transaction, GONE, search.asked.upto.cast_signed())?;
            }
            transaction.commit()?;
            Ok(piece)
        };
        let piece = schema::unflushed(&mut self.connection, write)
            .map_err(|source| classify(&self.folder, "let go of events in", source))?;
        search.gone += piece.gone;
        search.is_any_waiting |= piece.is_any_waiting;
        if piece.gone > 0 {
            self.chores.wants_wipe = true;
            self.read_books()?;
        }
        if let Some(last) = piece.last {
            self.chores.let_go = Some(LettingGo { after: last, ..search });
            return Ok(());
        }
        if search.gone > 0 {
            let (events, upto) = (search.gone, search.asked.upto);
            tracing::info!(events, upto, "what head office has deleted is let go of here too");
            // It knows how far the runs are settled, should this file be damaged.
            self.write_mark();
        }
        Ok(())
    }

    /// Moves everything into the database and empties the WAL, which has older versions of pages.
    pub(super) fn wipe(&mut self) -> Result<(), Error> {
        let sql = "pragma wal_checkpoint(truncate)";
        // It cannot be busy, since nobody else has it open.
        self.connection
            .query_row(sql, [], |_| Ok(()))
            .map_err(|source| classify(&self.folder, "wipe", source))?;
        self.chores.wants_wipe = false;
        Ok(())
    }
}

/// Looks at some more rows; without a last one, these were all.
fn next_piece(transaction: &Transaction<'_>, search: &LettingGo) -> rusqlite::Result<Piece> {
    let runs = named(transaction, &search.asked)?;
    let page = if runs.is_empty() { Vec::new() } else { rows(transaction, search.after)? };
    let is_full = page.len() == ROWS_AT_ONCE;
    let last = page.last().map(|found| found.row).filter(|_| is_full);
    let mut piece = Piece { last, gone: 0, is_any_waiting: false };
    for Found { row, run_key, n, clocks, is_gone } in page {
        let Some((run, _)) = runs.get(&run_key).filter(|(_, named)| named.contains(n)) else {
            continue;
        };
        // What was let go of before a power cut may still be in the WAL, so it counts too.
        let fate = if is_gone { Fate::Goes } else { fate(transaction, run, n)? };
        match fate {
            Fate::Stays => continue,
            Fate::Waits => {
                piece.is_any_waiting = true;
                continue;
            }
            Fate::Goes => {}
            Fate::GoesUnsent => {
                let sql = "delete from set_aside where run = ? and n = ?";
                transaction.prepare_cached(sql)?.execute(params![run.key, n])?;
            }
        }
        piece.gone += 1;
        if !is_gone {
            gone::empty(transaction, row, RatingId { run: run.run, n }, clocks)?;
        }
    }
    Ok(piece)
}

/// The runs that are named and known here, by their keys.
fn named<'a>(
    connection: &Connection,
    asked: &'a LetGo,
) -> rusqlite::Result<BTreeMap<i64, (RunRow, &'a Stretches)>> {
    let mut named = BTreeMap::new();
    for (run, numbers) in &asked.events {
        if let Some(row) = books_sql::run_of(connection, *run)? {
            named.insert(row.key, (row, numbers));
        }
    }
    Ok(named)
}

/// The next rows.
fn rows(connection: &Connection, after: i64) -> rusqlite::Result<Vec<Found>> {
    let sql = "select row, run, n, boot_ms, wall_ms, kind is 'gone' from event \
               where row > ? order by row limit ?";
    let limit = i64::try_from(ROWS_AT_ONCE).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(sql)?;
    let found = |row: &rusqlite::Row<'_>| {
        // What is out of range is damaged, and belongs to no run and has no number.
        let whole = |at| row.get(at).unwrap_or_default();
        let n = row.get(2).unwrap_or_default();
        let clocks = (whole(3), whole(4));
        Ok(Found { row: row.get(0)?, run_key: whole(1), n, clocks, is_gone: row.get(5)? })
    };
    statement.query_map(params![after, limit], found)?.collect()
}

fn fate(connection: &Connection, run: &RunRow, n: u32) -> rusqlite::Result<Fate> {
    let sql = "select is_again, reason = ? from set_aside where run = ? and n = ?";
    let aside = |row: &rusqlite::Row<'_>| Ok((row.get::<_, bool>(0)?, row.get::<_, bool>(1)?));
    let mut statement = connection.prepare_cached(sql)?;
    let aside = statement.query_row(params![OFFERED_AGAIN, run.key, n], aside).optional()?;
    Ok(match aside {
        Some((false, _)) => Fate::Stays,
        Some((true, true)) if n <= run.settled => Fate::GoesUnsent,
        None if n <= run.settled => Fate::Goes,
        Some((true, _)) | None => Fate::Waits,
    })
}
