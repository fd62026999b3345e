//! The errors of the desk: why the shop manager gets no answer.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::kiosk::journal::{Error, Gone, Unreadable};

/// The most days that can be asked for at once: ten years.
pub const DAYS_MAX: u64 = 3_653;

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum Unanswerable {
    /// The date is invalid.
    #[error("{0:?} is not a date such as 2026-11-20")]
    Date(String),
    /// The time is invalid.
    #[error("{0:?} is not a time such as 2026-11-22T17:05 or 2026-11-22T17:05:30+02:00")]
    Time(String),
    /// The time says no offset, and nobody knows the zone.
    #[error(
        "the shop's time zone is not known, so write {0:?} with its distance from UTC, such as \
         2026-11-22T17:05:30+02:00, or set `zone` in kiosk.toml"
    )]
    Zoneless(String),
    /// The time cannot be right.
    #[error("{0} lies before this program was made, or decades after it: check the date")]
    Impossible(String),
    /// The day has not begun.
    #[error("{0} is in the future")]
    ToCome(NaiveDate),
    /// The range is empty or too long.
    #[error("{from} to {to} is not a range of 1 to {DAYS_MAX} days")]
    Range {
        /// The first.
        from: NaiveDate,
        /// The last.
        to: NaiveDate,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] Error),
    /// The journal could not be opened.
    #[error(transparent)]
    Unopened(Arc<Error>),
    /// Journals of former places cannot be read; the rest was done.
    #[error("not complete: {}", .0.join("; "))]
    Former(Vec<String>),
    /// The kiosk is ending.
    #[error(transparent)]
    Gone(#[from] Gone),
    /// Too many wait already.
    #[error("the desk is busy; try again in a moment")]
    Busy,
    /// The stick cannot be written.
    #[error("the stick cannot be written: {0}")]
    Stick(String),
    /// The answer cannot be written.
    #[error("cannot write the answer")]
    Write(#[from] std::io::Error),
    /// Only a running kiosk can be told the time.
    #[error("no kiosk is running: start smilepost-kiosk, then tell it the time")]
    NotRunning,
}

impl From<Unreadable> for Unanswerable {
    fn from(error: Unreadable) -> Self {
        match error {
            Unreadable::Journal(error) => Self::Journal(error),
            Unreadable::Unopened(error) => Self::Unopened(error),
            Unreadable::Gone(gone) => Self::Gone(gone),
        }
    }
}
