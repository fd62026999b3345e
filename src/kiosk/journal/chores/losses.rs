//! Reports the events that the card lost, as events of the present run.

use rusqlite::Connection;

use crate::feedback::event::{Event, Loss, Stretches};
use crate::feedback::moment::Reading;
use crate::feedback::rating::RatingId;
use crate::kiosk::journal::append::Journal;
use crate::kiosk::journal::books::RunBooks;
use crate::kiosk::journal::books_sql::{self, Run};
use crate::kiosk::journal::error::{Error, classify};
use crate::kiosk::journal::row::{self, Entry};

impl Journal {
    /// Writes losses down as events of this run, in one commit.
    pub(super) fn report(&mut self, losses: &[Loss], reading: Reading) -> Result<(), Error> {
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
            .map_err(|source| classify(&self.folder, "report a loss in", source))?;
        self.last_row += i64::from(taken - run.taken);
        self.run = Some(Run { taken, ..run });
        // Damage after this is another loss.
        self.chores.was_checked_again = false;
        for loss in losses {
            tracing::error!(?loss, events = loss.count(), "the card lost events");
        }
        self.write_mark();
        self.read_books()
    }
}

/// The events of a run that are missing.
pub(super) fn losses_of(books: &RunBooks, taken: u32, present: &Stretches) -> Vec<Loss> {
    let missing = books.missing(taken, present.list()).into_iter();
    missing.map(|(first, last)| Loss::Range { run: books.run, first, last }).collect()
}

/// Adds the losses as events of a run after a row; returns how far the run has come.
pub(super) fn report(
    connection: &Connection,
    run: &Run,
    mut row: i64,
    losses: &[Loss],
    reading: Reading,
) -> rusqlite::Result<u32> {
    let mut taken = run.taken;
    for loss in losses {
        taken += 1;
        row += 1;
        let id = RatingId { run: run.id, n: taken };
        let entry = Entry { id, reading, event: Event::Lost(*loss) };
        if !row::insert(connection, row, run.key, None, &entry)? {
            return Err(rusqlite::Error::QueryReturnedNoRows);
        }
        books_sql::add_loss(connection, *loss)?;
        if let Loss::Range { run, first, .. } = loss {
            // Lets settling pass over the loss.
            books_sql::advance(connection, [RatingId { run: *run, n: *first }].iter())?;
        }
    }
    Ok(taken)
}
