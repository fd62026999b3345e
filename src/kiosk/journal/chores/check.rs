//! The check: every number that should wait must be present and whole.

use super::losses::losses_of;
use super::{Check, ROWS_AT_ONCE};
use crate::feedback::moment::Reading;
use crate::kiosk::journal::append::Journal;
use crate::kiosk::journal::error::Error;
use crate::kiosk::journal::row::State;

impl Journal {
    pub(super) fn continue_check(
        &mut self,
        mut check: Check,
        reading: Reading,
    ) -> Result<(), Error> {
        if check.taken.is_empty() {
            check.taken = self.run_books()?.into_iter().map(|run| (run.run, run.taken)).collect();
        }
        let page = self.page(check.next_row - 1, ROWS_AT_ONCE)?;
        for kept in &page {
            match &kept.entry {
                Ok(entry) => check.seen.entry(entry.id.run).or_default().add(entry.id.n),
                // It is there, and whole.
                Err(id) if kept.is_newer => check.seen.entry(id.run).or_default().add(id.n),
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
            // Before anything is reported lost, the whole journal is searched.
            self.unsent_row = 0;
            self.chores.check = Some(Check { is_whole: true, ..Check::default() });
            return Ok(());
        }
        if lost > check.damaged {
            // So the file has lost whole rows, and more than these may be damaged. Salvage reads
            // every page by itself, and may still find them.
            let folder = self.folder.clone();
            let what = "has missing rows".to_owned();
            return Err(Error::Damaged { folder, what });
        }
        self.report(&losses, reading)
    }
}
