//! Offers all events that are still held to a hub that was restored from a backup.

use rusqlite::{Connection, params};

use super::{Offer, ROWS_AT_ONCE};
use crate::feedback::event::{Stretches, gaps};
use crate::feedback::rating::RatingId;
use crate::kiosk::journal::append::Journal;
use crate::kiosk::journal::books_sql;
use crate::kiosk::journal::error::{Error, classify};

impl Journal {
    pub(super) fn continue_offer(&mut self, mut offer: Offer) -> Result<(), Error> {
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
            // A restored hub counts its deletions anew.
            transaction.execute("update meta set value = 0 where key = ?", [books_sql::GONE])?;
            // A restored hub may have lost anchors too.
            transaction.execute("update anchor set is_told = 0", [])?;
            transaction.commit()
        };
        write(&mut self.connection)
            .map_err(|source| classify(&self.folder, "offer again from", source))?;
        self.unsent_row = 0;
        self.read_books()?;
        tracing::warn!(
            waiting = self.books.waiting,
            "every event that this kiosk holds waits for head office again"
        );
        Ok(())
    }
}

/// Why an event waits again that the hub had confirmed.
pub(super) const OFFERED_AGAIN: &str = "offered again";

/// Has the held events of a run wait again, and returns the new number up to which the run is
/// settled: the one before the last unbroken stretch that is held. Before that stretch some events
/// were deleted and cannot be sent again; those that are still held there are offered one by one.
/// Events that are set aside or lost stay so.
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
        connection.prepare_cached(sql)?.execute(params![run.key, n, OFFERED_AGAIN])?;
    }
    Ok(settled)
}
