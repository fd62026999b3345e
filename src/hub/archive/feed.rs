//! The feed: every change of what is stored, in the order in which it was committed.
//!
//! A change is a delivery that brought something, or a bout of dating, judging or deleting. Readers
//! take its events in the place of what they had under the same identity, and forget what was
//! deleted. A place in the feed counts up for ever; it holds in the archive's epoch only, since a
//! restored archive gives the same places to other changes.
//!
//! Isolation: [`Archive::changes`](super::Archive::changes) reads one state.
//! [`Archive::stamp`](super::Archive::stamp) gives places one at a time, whatever process asks, to
//! changes that are committed, and publishes them after that: numbers that are drawn before the
//! commit would be seen in another order than they are committed in, and a reader would miss some.

use crate::wire::report::Reported;

/// How far a reader of the feed has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The archive's epoch.
    pub epoch: u64,
    /// The place of the last change that was read; 0 is before the first.
    pub place: u64,
}

/// Events that were deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The kiosk's short name.
    pub kiosk: String,
    /// The run, 32 hexadecimal digits.
    pub run: String,
    /// The first number.
    pub first: u32,
    /// The last number.
    pub last: u32,
}

/// A page of the feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// Where to go on.
    pub next: Position,
    /// The events that were added or changed, as they are now.
    pub events: Vec<Reported>,
    /// What was deleted.
    pub deleted: Vec<Deleted>,
    /// Whether there was more when this was read.
    pub is_more: bool,
}

/// What a reader of the feed gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// What comes after its position.
    Changes(Changes),
    /// The archive has another epoch, or less than the reader has read: it begins again, and takes
    /// everything that it has for deleted.
    BeginAgain(Position),
}
