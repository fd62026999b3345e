//! The journal as a reader sees it: the running kiosk's, through its thread, or a file that no
//! kiosk has open. Long reads go page by page, so that no press waits for them.

use std::cell::RefCell;
use std::sync::Arc;

use super::Journal;
use super::batch::{Batch, Settlement};
use super::books::{Audit, Books};
use super::error::Error;
use super::row::{Entry, Kept, NEWER};
use super::thread::{Gone, JournalThread};
use crate::feedback::moment::{Moment, Timeline};
use crate::feedback::rating::RatingId;

/// How many rows are read in one go.
const ROWS_MAX: usize = 500;

/// Why the journal cannot be read or written now.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file cannot be read or written.
    #[error(transparent)]
    Journal(#[from] Error),
    /// The file could not be opened.
    #[error(transparent)]
    Unopened(Arc<Error>),
    /// The kiosk is ending.
    #[error(transparent)]
    Gone(#[from] Gone),
}

/// The journal to read: the running kiosk's, by way of its thread, or the file itself.
#[derive(Debug)]
pub enum JournalSource {
    /// The running kiosk's.
    Running(JournalThread),
    /// The file, opened for this.
    File(Box<RefCell<Journal>>),
}

impl From<Journal> for JournalSource {
    fn from(journal: Journal) -> Self {
        Self::File(Box::new(RefCell::new(journal)))
    }
}

impl JournalSource {
    pub(in crate::kiosk) fn page(&self, after: i64) -> Result<Vec<Kept>, Unreadable> {
        self.rows(after, ROWS_MAX)
    }

    pub(in crate::kiosk) fn rows(
        &self,
        after: i64,
        rows_max: usize,
    ) -> Result<Vec<Kept>, Unreadable> {
        Ok(match self {
            Self::Running(journal) => journal.page(after, rows_max)??,
            Self::File(journal) => journal.borrow().page(after, rows_max)?,
        })
    }

    /// How the books stand, where the file can be read now: a closed journal does not tell.
    pub(in crate::kiosk) fn books_now(&self) -> Result<Books, Unreadable> {
        self.batch(0).map(|batch| batch.books)
    }

    pub(in crate::kiosk) fn books(&self) -> Result<(Books, Timeline), Unreadable> {
        Ok(match self {
            Self::Running(journal) => journal.books()?,
            Self::File(journal) => {
                let journal = journal.borrow();
                (journal.books(), journal.timeline().clone())
            }
        })
    }

    /// What goes into a delivery; see [`Journal::batch`].
    pub(in crate::kiosk) fn batch(&self, events_max: usize) -> Result<Batch, Unreadable> {
        Ok(match self {
            Self::Running(journal) => journal.batch_now(events_max)??,
            Self::File(journal) => journal.borrow_mut().batch(events_max)?,
        })
    }

    /// Marks what a receipt settled; see [`Journal::settle`].
    pub(in crate::kiosk) fn settle(&self, settlement: Settlement) -> Result<(), Unreadable> {
        match self {
            Self::Running(journal) => journal.settle_now(settlement)?.map(drop)?,
            Self::File(journal) => journal.borrow_mut().settle(&settlement)?,
        }
        Ok(())
    }

    pub(in crate::kiosk) fn audit(&self) -> Result<Audit, Unreadable> {
        Ok(match self {
            Self::Running(journal) => journal.audit()??,
            Self::File(journal) => journal.borrow().audit()?,
        })
    }

    /// Hands every whole row to `take`, oldest first, with the time it is dated to.
    pub(in crate::kiosk) fn each<E: From<Unreadable>>(
        &self,
        timeline: &Timeline,
        mut take: impl FnMut(&Kept, &Entry, Moment) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each_row(|kept| match &kept.entry {
            Ok(entry) => take(kept, entry, timeline.date(kept.boot, entry.reading)),
            Err(RatingId { run, n }) if kept.is_newer => {
                tracing::warn!(%run, n, "{NEWER}; it is skipped");
                Ok(())
            }
            Err(RatingId { run, n }) => {
                tracing::warn!(%run, n, "a row of the journal is damaged and is skipped");
                Ok(())
            }
        })
    }

    /// Hands every row to `take`, oldest first.
    pub(in crate::kiosk) fn each_row<E: From<Unreadable>>(
        &self,
        mut take: impl FnMut(&Kept) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after = 0;
        loop {
            let page = self.page(after)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.row;
            page.iter().try_for_each(&mut take)?;
        }
    }
}
