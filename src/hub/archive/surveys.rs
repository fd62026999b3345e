//! Surveys: everything that was ever published, and what a kiosk is given.
//!
//! Isolation: each method is one transaction. Publications are numbered as they are committed,
//! since whoever publishes locks a row of `meta` until then, and never changed or deleted.

pub use crate::hub::rules::scope::Scope;

/// A survey as it was published, or withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its number, which counts up; 0 is none.
    pub number: u64,
    /// When, in milliseconds since 1970 UTC.
    pub published_ms: i64,
    /// The kiosks that it is meant for.
    pub scope: Scope,
    /// The survey as JSON; none where it was withdrawn.
    pub content: Option<String>,
}
