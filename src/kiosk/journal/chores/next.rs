//! Chooses the next chore: salvage first, then the check, then letting go, then offering again.

use super::{Check, Chores};
use crate::feedback::moment::Reading;
use crate::kiosk::journal::append::Journal;
use crate::kiosk::journal::error::{Error, classify};
use crate::kiosk::journal::rescue::repair;

impl Journal {
    /// Whether there is something to do while nobody presses.
    #[must_use]
    pub const fn has_chores(&self) -> bool {
        let Chores { salvage, check, let_go, offer, wants_wipe, wants_check, .. } = &self.chores;
        let is_wanted = *wants_wipe || *wants_check;
        salvage.is_some() || check.is_some() || let_go.is_some() || offer.is_some() || is_wanted
    }

    /// Whether a damaged journal is still being salvaged: more may wait then than the books say.
    #[must_use]
    pub const fn is_salvaging(&self) -> bool {
        self.chores.salvage.is_some()
    }

    /// Does the next piece of a chore; `reading` dates the losses that it finds.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file has to be quarantined; the others as for an append.
    pub fn chore(&mut self, reading: Reading) -> Result<(), Error> {
        if self.run.is_none() {
            return Ok(());
        }
        let done = self.next_piece(reading);
        if let Err(Error::Full(_)) = &done {
            // A chore that found no space starts again at the next try.
            let bad = repair::all(&self.folder).unwrap_or_default();
            self.chores = Chores::at_open(&self.connection, bad, self.unsent_row)
                .map_err(|source| classify(&self.folder, "read", source))?;
        }
        done
    }

    fn next_piece(&mut self, reading: Reading) -> Result<(), Error> {
        if let Some(salvage) = self.chores.salvage.take() {
            return self.continue_salvage(salvage, reading);
        }
        if let Some(check) = self.chores.check.take() {
            return self.continue_check(check, reading);
        }
        // Before anything is offered again, so that nothing is that was deleted.
        if let Some(let_go) = self.chores.let_go.take() {
            return self.continue_letting_go(let_go);
        }
        if let Some(offer) = self.chores.offer.take() {
            return self.continue_offer(offer);
        }
        if self.chores.wants_wipe {
            return self.wipe();
        }
        if std::mem::take(&mut self.chores.wants_check) {
            self.chores.was_checked_again = true;
            self.chores.check = Some(Check { next_row: self.unsent_row, ..Check::default() });
        }
        Ok(())
    }
}
