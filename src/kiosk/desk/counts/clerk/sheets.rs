//! The sheets of the desk as the clerk fills them in, and the check of the PIN on the screen.

use super::Clerk;
use crate::feedback::moment;
use crate::kiosk::desk::counts::count::Note;
use crate::kiosk::desk::counts::error::Unanswerable;
use crate::kiosk::desk::sheets::sheet::{Alerts, Health, Notes, Pad, Sheet, Stick, Tab, Written};
use crate::kiosk::pin::{self, Denied};

/// How many days the reasons are counted over: four whole weeks.
const WHY_DAYS: u64 = 28;

/// How many weeks the calendar shows before the present one.
const WEEKS_BEFORE: u64 = 4;

/// The most notes that a sheet shows.
const NOTES_MAX: usize = 20;

impl Clerk {
    /// The pad for the PIN, as it is at first.
    pub fn pad(&mut self) -> Sheet {
        let now = self.boot_ms();
        Sheet::Pad(match self.screen.wait_ms(now) {
            _ if !pin::is_set(&self.place.data_dir) => Pad::Unset,
            0 => Pad::Asked,
            ms => Denied::Wait { ms }.into(),
        })
    }

    /// The first sheet if the PIN is right, else the pad again.
    pub fn enter(&mut self, pin: &str) -> Sheet {
        let now = self.boot_ms();
        match self.screen.enter(pin, now) {
            // A right PIN must show at once, even while the journal is still being counted.
            Ok(()) if !self.is_counted => Sheet::Counting,
            Ok(()) => self.sheet(Tab::Today),
            Err(denied) => Sheet::Pad(denied.into()),
        }
    }

    /// A sheet. Where the journal cannot be read it is [`Tab::Health`], which says so.
    pub fn sheet(&mut self, tab: Tab) -> Sheet {
        let sheet = match tab {
            Tab::Today => {
                self.today().map(|summary| Sheet::Today(Box::new(summary), Alerts::default()))
            }
            Tab::Days => {
                let today = self.today_is();
                let into_week = chrono::Datelike::weekday(&today).num_days_from_monday();
                let days = 7 * WEEKS_BEFORE + u64::from(into_week);
                self.days_before(days).map(|summary| Sheet::Days(Box::new(summary)))
            }
            Tab::Why => self.days_before(WHY_DAYS).map(|summary| Sheet::Why(Box::new(summary))),
            Tab::Health => return self.health(),
            Tab::Notes => self.notes().map(Sheet::Notes),
        };
        sheet.unwrap_or_else(|error| {
            tracing::warn!(%error, "a sheet of the desk cannot be written");
            self.health()
        })
    }

    fn health(&mut self) -> Sheet {
        let (books, silent) = self.state();
        let stick = if self.place.stick().is_some() { Stick::Found } else { Stick::None };
        Sheet::Health(Box::new(Health {
            books,
            silent,
            stick,
            wrong_tries: pin::wrong_tries(&self.place.data_dir),
            ..Health::default()
        }))
    }

    /// The notes, the newest first, each with its day and time by the shop's clocks.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn notes(&mut self) -> Result<Notes, Unanswerable> {
        self.catch_up(false)?;
        let zone = &self.shop.zone;
        let written = self.count.notes().iter().rev().filter(|note| !note.noted.text().is_empty());
        let told = written.map(|Note { id, utc_ms, noted }| Written {
            id: *id,
            when: moment::local_text(*utc_ms, zone),
            noted: noted.clone(),
        });
        Ok(Notes { written: told.take(NOTES_MAX).collect(), notice: self.newest_notice() })
    }
}
