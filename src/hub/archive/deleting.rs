//! Deleting: what has had its time goes, and what somebody wants deleted.
//!
//! Isolation: each deletion is a change of one kiosk like a delivery. It locks the kiosk's row in
//! `book`, takes out of the tallies what the events counted, deletes their rows, and writes down
//! their numbers, so that they are never stored again. It has a number and a place in the feed.

use crate::feedback::rating::RatingId;

/// An event that may be deleted, by what can be said of it without showing what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doomed {
    /// Its identity.
    pub id: RatingId,
    /// The word of its kind.
    pub kind: String,
    /// Of an answer: what was asked.
    pub follow_up: Option<String>,
    /// When it was, in milliseconds since 1970 UTC.
    pub utc_ms: i64,
    /// How many answers belong to it.
    pub answers: u32,
}
