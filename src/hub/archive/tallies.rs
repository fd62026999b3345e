//! Tallies: the days of shops, counted, with their calls and notes.
//!
//! Isolation: each method is one or two reads, each of one state of the archive. The number of
//! queries does not grow with the number of shops.

use chrono::NaiveDate;

use crate::feedback::tally::Lines;
use crate::hub::rules::tallying::Cell;

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

/// A shop and a day of its clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopDate {
    /// The shop's short name.
    pub shop: String,
    /// The day.
    pub date: NaiveDate,
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

/// A line in words: the question's short name, the version of its wording, the number of faces.
pub type LineWords = (String, u32, u8);

/// What a recount of one kiosk's events has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recounted {
    /// The kiosk's short name.
    pub kiosk: String,
    /// How many events were counted.
    pub events: u64,
    /// What its tallies have in all.
    pub tallied: Cell,
    /// What counting its events gives.
    pub counted: Cell,
    /// The cells of which the two differ; none in a sound archive.
    pub wrong: Vec<Wrong>,
}

/// A number that is tallied otherwise than its events count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Which tally it is.
    pub of: TallyOf,
    /// What was asked; none for what has no question.
    pub line: Option<LineWords>,
    /// What it counts: one of [`Cell::NAMES`], or a choice after a face.
    pub what: String,
    /// What is tallied.
    pub tallied: i64,
    /// What counting the events gives.
    pub counted: i64,
}

/// A tally of an hour or of a day, by the shop's clocks, counted from 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TallyOf {
    /// An hour.
    Hour(i32),
    /// A day.
    Day(i32),
}
