//! Tallies: the days of shops, counted, with their calls and notes.
//!
//! Isolation: each method is one or two reads, each of one state of the archive. The number of
//! queries does not grow with the number of shops.

use super::calls_and_notes::CallsAndNotes;
use super::error::Error;
use crate::feedback::tally::Lines;

/// A shop and a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The shop's short name.
    pub shop: String,
    /// When it begins, in milliseconds since 1970 UTC.
    pub from_ms: i64,
    /// When it has ended, in milliseconds since 1970 UTC.
    pub to_ms: i64,
}

/// Ratings of questions that have no line of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// How many questions.
    pub questions: u32,
    /// How many ratings.
    pub ratings: u32,
}

/// A shop's day, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// The ratings that count, by question, wording and scale.
    pub lines: Lines,
    /// The ratings that count and have no line of their own.
    pub others: Others,
    /// Presses kept but not counted.
    pub misuse: u32,
    /// Presses that were taken back.
    pub replaced: u32,
    /// Ratings whose time is not exact: bounded, or only the wall clock's.
    pub uncertain: u32,
    /// Of these, those whose time is known between two limits.
    pub bounded: u32,
    /// Events that this version cannot read yet.
    pub unread: u32,
}

/// Counts what is kept.
pub trait Tallies {
    /// Counts the ratings of each of these spans, in their order.
    fn days(&self, spans: Vec<Span>) -> impl Future<Output = Result<Vec<Day>, Error>> + Send;

    /// The calls and notes of each of these spans, in their order, with at most so many notes each.
    fn calls_and_notes(
        &self,
        spans: Vec<Span>,
        notes_max: usize,
    ) -> impl Future<Output = Result<Vec<CallsAndNotes>, Error>> + Send;
}
