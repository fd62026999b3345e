//! Calls and notes: what a shop has to tell beside its ratings.

use crate::feedback::call::Called;
use crate::feedback::note::About;

/// The calls and notes of a shop in a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallsAndNotes {
    /// How often a shopper asked for somebody.
    pub asked: u32,
    /// How often somebody came.
    pub coming: u32,
    /// How often nobody answered.
    pub missed: u32,
    /// The newest step of each kiosk at which anybody asked.
    pub newest: Vec<Step>,
    /// The newest notes that have words, in the order in which they were written.
    pub notes: Vec<Note>,
    /// How many older notes there are.
    pub notes_before: u32,
}

/// The last step of a shopper's call at a kiosk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where in the shop the kiosk stands.
    pub touchpoint: String,
    /// When, in milliseconds since 1970 UTC.
    pub utc_ms: i64,
    /// What became of the call.
    pub called: Called,
}

/// A note of the shop manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where in the shop it was written.
    pub touchpoint: String,
    /// When, in milliseconds since 1970 UTC.
    pub utc_ms: i64,
    /// What it is about.
    pub about: About,
    /// Its words.
    pub text: String,
}
